import plain from "../kernels/epilogue.wgsl" with { type: "text" };
import shared from "../kernels/matmul.wgsl" with { type: "text" };
import registerKernel from "../kernels/matmul.register.wgsl" with { type: "text" };
import tiledKernel from "../kernels/matmul.tiled.wgsl" with { type: "text" };
import type { Device } from "./device.ts";
import { checkDtype, isHalf } from "./dtype.ts";
import { contiguousCopy, widenedCopy } from "./elementwise.ts";
import type { Body } from "./elementwise_text.ts";
import { ShapeError } from "./errors.ts";
import { MAX_GROUPS } from "./grid.ts";
import type { KernelSource } from "./pipeline.ts";
import { f32Bits } from "./recorder.ts";
import { type Layout, type Shape, at, broadcastShapes, broadcastStrides, mergeAxes, show, sizeOf }
  from "./shape.ts";
import type { Tensor } from "./tensor.ts";
import { unroll } from "./unroll.ts";

/** What to make of the product besides storing it. */
export interface MatmulOptions {
  /** Factor of the product. Default 1. */
  readonly alpha?: number;
  /** Factor of `d`. Default 1. */
  readonly beta?: number;
  /** Added to the product; f32, broadcast to its shape `[..., m, n]`. */
  readonly d?: Tensor | undefined;
  /**
   * The caller knows the result to be symmetric: only tiles on and above the diagonal are
   * computed, and mirrored. Default false.
   */
  readonly symmetric?: boolean;
  /** Applied to every element of the sum before it is stored: `fn op(x: T) -> T`. */
  readonly epilogue?: Body;
}

/** Register tile and workgroup of one variant. */
interface Variant {
  readonly name: string;
  readonly text: string;
  /** Rows and columns of C a thread computes. */
  readonly tile: readonly [number, number];
  /** Threads of a workgroup along columns and rows. */
  readonly group: readonly [number, number];
}

const TILED: Variant = { name: "tiled", text: tiledKernel, tile: [4, 4], group: [16, 16] };

function register(tile: Variant["tile"], group: Variant["group"]): Variant {
  const name = `register${tile.join("x")}.${group.join("x")}`;
  return { name, text: registerKernel, tile, group };
}

/** GPUs win by tiles in workgroup memory, software adapters by large tiles in registers. */
function chooseVariant(device: Device, m: number, n: number, k: number): Variant {
  if (!device.info.software) {
    return m < 32 || n < 32 || k < 16 ? register([4, 4], [8, 8]) : TILED;
  }
  // As wide as the matrix, or lanes would have nothing to do.
  const rows = m >= 8 ? 8 : 4;
  if (n > 32) return register([rows, 8], [8, 4]);
  return n > 16 ? register([rows, 4], [8, 4]) : register([rows, 4], [4, 8]);
}

/**
 * `epilogue(alpha a b + beta d)` over the last two axes; leading axes broadcast.
 *
 * @param a `[..., m, k]` f32, f16 or bf16; views are read by their strides, never copied for a
 *   transpose. f16 is read as it is where the adapter has `shader-f16`; else halves are widened
 * @param b `[..., k, n]`, as `a`
 * @returns `[..., m, n]` f32, contiguous
 * @throws ShapeError if inner sizes differ or batches do not broadcast; DtypeError for other dtypes
 */
export function matmulFused(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { d, symmetric = false } = options;
  for (const t of d ? [a, b, d] : [a, b]) checkOperand(t);
  checkSizes(a.shape, b.shape, symmetric);
  const [m, n] = [size(a.layout, -2), size(b.layout, -1)];
  const batch = broadcastShapes("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2));
  const out = a.device.empty("matmul", [...batch, m, n], "f32");
  if (d) checkAddend(d.shape, out.shape);
  if (out.size > 0) runReadable([a, b, ...(d ? [d] : [])], options, out);
  return out;
}

/** Widens what the kernels cannot read. */
function runReadable(operands: readonly Tensor[], options: MatmulOptions, out: Tensor): void {
  const native = out.device.features.has("shader-f16");
  const list = operands.map((t, i) => {
    const readable = !isHalf(t.dtype) || (native && t.dtype === "f16" && i < 2);
    return readable ? t : widenedCopy(t);
  });
  const [a, b, d] = list as [Tensor, Tensor, Tensor | undefined];
  run(a, b, d, options, out);
  list.forEach((t, i) => {
    if (t !== operands[i]) t.dispose();
  });
}

function run(a: Tensor, b: Tensor, d: Tensor | undefined, options: MatmulOptions, out: Tensor) {
  const { symmetric = false, epilogue, alpha = 1, beta = 1 } = options;
  const batch = out.shape.slice(0, -2);
  const layouts = [a.layout, b.layout, d ? broadcastTo(d.layout, out.shape) : b.layout];
  const walk = mergeAxes(batch, layouts.map((l) => broadcastStrides(stack(l), batch)));
  if (walk.shape.length > 3) return runOnCopies(a, b, d, options, out);
  const [m, n, k] = [size(out.layout, -2), size(out.layout, -1), size(a.layout, -1)];
  const variant = chooseVariant(a.device, m, n, k);
  const switches = {
    SYMMETRIC: symmetric, HAS_D: d !== undefined,
    A_DOWN: stride(a.layout, -1) === 1, B_ACROSS: stride(b.layout, -1) === 1,
  };
  const types = [a.dtype, b.dtype];
  const key = `matmul.${variant.name}:${Object.values(switches)}:${types}:${epilogue?.name ?? ""}`;
  const kernel = a.device.kernels.get(key, () => source(variant, switches, types, epilogue));
  const sizes = [...Array<number>(3 - walk.shape.length).fill(1), ...walk.shape];
  const steps = layouts.flatMap((l, i) => {
    const strides = walk.strides[i] ?? [];
    return [l.offset, ...Array<number>(3 - strides.length).fill(0), ...strides];
  });
  const rowsAndColumns = layouts.flatMap((l) => [stride(l, -2), stride(l, -1)]);
  const params = (column: number, row: number, first: number) => [
    m, n, k, 0, f32Bits(alpha), f32Bits(beta), ...rowsAndColumns,
    first, ...sizes, ...steps, column, row,
  ].map((w) => w >>> 0);
  const buffers = [a, b, d ?? b, out].map((t) => t.storage("matmul").buffer);
  const across = Math.ceil(n / (variant.tile[1] * variant.group[0]));
  const down = Math.ceil(m / (variant.tile[0] * variant.group[1]));
  for (const [column, columns] of pieces(across)) {
    for (const [row, rows] of pieces(down)) {
      for (const [first, count] of pieces(sizeOf(batch))) {
        const grid = [columns, rows, count] as const;
        a.device.dispatch({ kernel, buffers, params: params(column, row, first), grid });
      }
    }
  }
}

/** Start and length of parts that each fit along one dimension of a grid. */
function pieces(count: number): readonly (readonly [start: number, length: number])[] {
  return Array.from({ length: Math.ceil(count / MAX_GROUPS) }, (_, i) => {
    return [i * MAX_GROUPS, Math.min(MAX_GROUPS, count - i * MAX_GROUPS)] as const;
  });
}

/** Batch axes too tangled for the kernel: broadcast the operands' batches by copying. */
function runOnCopies(
  a: Tensor, b: Tensor, d: Tensor | undefined, options: MatmulOptions, out: Tensor,
): void {
  const whole = (t: Tensor) => {
    const shape = [...out.shape.slice(0, -2), ...t.shape.slice(-2)];
    const view = t.view("matmul", broadcastTo(t.layout, shape));
    const copy = contiguousCopy(view);
    view.dispose();
    return copy;
  };
  const copies = [whole(a), whole(b), ...(d ? [whole(d)] : [])];
  const [wholeA = a, wholeB = b, wholeD] = copies;
  run(wholeA, wholeB, wholeD, options, out);
  for (const copy of copies) copy.dispose();
}

function source(
  variant: Variant, switches: Record<string, boolean>, types: readonly string[],
  epilogue: Body | undefined,
): KernelSource {
  const { text, tile, group } = variant;
  const sizes = { TM: tile[0], TN: tile[1], WX: group[0], WY: group[1] };
  const prelude = [
    types.includes("f16") ? "enable f16;" : "",
    `alias InA = ${types[0]};`, `alias InB = ${types[1]};`,
    ...Object.entries(sizes).map(([name, value]) => `const ${name} = ${value}u;`),
    ...Object.entries(switches).map(([name, value]) => `const ${name} = ${value};`),
  ].join("\n");
  const last = epilogue
    ? epilogue.wgsl.replace(/\bop\b/g, "epilogue").replace(/\bT\b/g, "f32")
    : plain;
  const code = [prelude, last, shared, unroll(text, tile[0], tile[1])].join("\n");
  return { name: `matmul.${variant.name}`, code, bindings: "rrrw" };
}

function size(layout: Layout, axis: number): number {
  return at(layout.shape, layout.shape.length + axis);
}

function stride(layout: Layout, axis: number): number {
  return at(layout.strides, layout.strides.length + axis);
}

/** The leading axes of a layout. */
function stack({ shape, strides, offset }: Layout): Layout {
  return { shape: shape.slice(0, -2), strides: strides.slice(0, -2), offset };
}

function broadcastTo(layout: Layout, shape: Shape): Layout {
  return { shape, strides: broadcastStrides(layout, shape), offset: layout.offset };
}

function checkOperand(t: Tensor): void {
  t.storage("matmul");
  checkDtype("matmul", t.dtype, ["f32"]);
}

function checkSizes(a: Shape, b: Shape, symmetric: boolean): void {
  if (a.length < 2 || b.length < 2) {
    throw new ShapeError(
      `matmul: operands need two axes or more: a ${show(a)} x b ${show(b)}. `
        + `Add an axis with reshape.`,
    );
  }
  const [inner, other] = [a.at(-1), b.at(-2)];
  if (inner !== other) {
    throw new ShapeError(
      `matmul: inner sizes differ: a ${show(a)} x b ${show(b)} (${inner} != ${other}). `
        + `Transpose b or check the layer's fanIn.`,
    );
  }
  if (!symmetric || a.at(-2) === b.at(-1)) return;
  throw new ShapeError(
    `matmul: a symmetric result must be square: a ${show(a)} x b ${show(b)}. Drop \`symmetric\`.`,
  );
}

function checkAddend(d: Shape, out: Shape): void {
  if (show(broadcastShapes("matmul", d, out)) === show(out)) return;
  throw new ShapeError(
    `matmul: d does not broadcast to the product: d ${show(d)} to ${show(out)}. Reshape d.`,
  );
}
