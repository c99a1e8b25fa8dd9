import type { Device } from "./device.ts";
import { checkDtype, isHalf } from "./dtype.ts";
import { contiguousCopy, widenedCopy } from "./elementwise.ts";
import type { Body } from "./fusion/program.ts";
import { ShapeError } from "./errors.ts";
import type { Job, Strides } from "./matmul/launch.ts";
import type { Way } from "./matmul/problem.ts";
import type { Variant } from "./matmul/variant.ts";
import { type Layout, type Shape, type Walk, at, broadcastShapes, broadcastStrides, mergeAxes, show,
  sizeOf } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

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
  /** @internal The kernel to use, for tests and for timing; it must be able to. */
  readonly variant?: Variant;
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
  checkOperand(a);
  checkOperand(b);
  if (d) checkOperand(d);
  checkSizes(a.shape, b.shape, symmetric);
  const batch = broadcastShapes("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2));
  const out = a.device.empty("matmul", [...batch, size(a.layout, -2), size(b.layout, -1)], "f32");
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
  const batch = out.shape.slice(0, -2);
  const layouts = [a.layout, b.layout, ...(d ? [broadcastTo(d.layout, out.shape)] : [])];
  const walk = batchWalk(batch, layouts);
  if (walk.shape.length > 3) return runOnCopies(a, b, d, options, out);
  const strides = layouts.map((layout, i) => stridesOf(layout, walk.strides[i] ?? []));
  const [left, right, addend] = strides as [Strides, Strides, Strides | undefined];
  const [m, n, k] = [size(out.layout, -2), size(out.layout, -1), size(a.layout, -1)];
  const { symmetric = false, alpha = 1, beta = 1, epilogue } = options;
  record(out.device, {
    problem: {
      m, n, k, batch: sizeOf(batch), symmetric,
      a: wayOf(a, left, left.col === 1, m, k), b: wayOf(b, right, right.row === 1, n, k),
    },
    batch: padded(walk.shape, 1), a: left, b: right, d: addend, alpha, beta, epilogue,
    software: out.device.info.software,
  }, { a, b, d, c: out }, options.variant);
}

/** The tensors in a product's bindings. */
interface Bound {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly d: Tensor | undefined;
  readonly c: Tensor;
}

function record(device: Device, job: Job, bound: Bound, variant: Variant | undefined): void {
  const { list, scratch } = device.matmuls.plan(job, variant);
  const parts = scratch > 0 ? device.empty("matmul", [scratch], "f32") : undefined;
  const tensors = { ...bound, parts };
  for (const { key, source, roles, params, grid } of list) {
    const kernel = device.kernels.get(key, source);
    const buffers = roles.map((role) => {
      return (tensors[role] as Tensor).storage("matmul").buffer; // a plan names what is there
    });
    device.dispatch({ kernel, buffers, params, grid });
  }
  parts?.dispose();
}

/** The batch axes that the operands step through, merged where they can be. */
function batchWalk(batch: Shape, layouts: readonly Layout[]): Walk {
  if (batch.length === 0) return { shape: [], strides: layouts.map(() => []) };
  return mergeAxes(batch, layouts.map((l) => broadcastStrides(stack(l), batch)));
}

function stridesOf(layout: Layout, batch: readonly number[]): Strides {
  return {
    row: stride(layout, -2), col: stride(layout, -1), batch: [layout.offset, ...padded(batch, 0)],
  };
}

/** Three numbers, the last ones being those of the list. */
function padded(list: readonly number[], filler: number): number[] {
  return [...Array<number>(3 - list.length).fill(filler), ...list];
}

/**
 * @param down whether terms of a sum lie side by side
 * @param lines rows of A or columns of B
 */
function wayOf(
  { dtype }: Tensor, { row, col, batch }: Strides, down: boolean, lines: number, k: number,
): Way {
  const beside = row === 1 || col === 1;
  const [count, length, step] = down ? [lines, k, Math.max(row, col)]
    : [k, lines, Math.max(row, col)];
  const whole = length % 4 === 0 && (step % 4 === 0 || count === 1);
  return { dtype, down, vec4: beside && whole && batch.every((s) => s % 4 === 0) };
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
