import { checkDtype, isHalf } from "./dtype.ts";
import { contiguousCopy, elementwise, widenedCopy } from "./elementwise.ts";
import { ShapeError } from "./errors.ts";
import type { Source } from "./fusion/pending.ts";
import type { Body } from "./fusion/program.ts";
import { broadcastTo, canWalk } from "./matmul/product.ts";
import type { Variant } from "./matmul/variant.ts";
import { type Shape, at, broadcastShapes, checkShape, show, sizeOf } from "./shape.ts";
import type { Tensor } from "./tensor.ts";
import { checkOneDevice, isWorthJoining, sourcesOf, waitFor } from "./waiting.ts";

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
 * `epilogue(alpha a b + beta d)` over the last two axes; leading axes broadcast. A large product
 * waits until its result is needed, as elementwise ones do: what is done to its elements by then
 * is done before they are stored.
 *
 * @param a `[..., m, k]` f32, f16 or bf16; views are read by their strides, never copied for a
 *   transpose. f16 is read as it is where the adapter has `shader-f16`; else halves are widened
 * @param b `[..., k, n]`, as `a`
 * @returns `[..., m, n]` f32, contiguous
 * @throws ShapeError if inner sizes differ or batches do not broadcast; DtypeError for other dtypes
 */
export function matmulFused(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { d, symmetric = false, epilogue } = options;
  const operands = d ? [a, b, d] : [a, b];
  const { device } = a;
  for (const t of operands) checkOperand(t);
  checkOneDevice("matmul", operands);
  checkSizes(a.shape, b.shape, symmetric);
  const batch = broadcastShapes("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2));
  const shape = [...batch, at(a.shape, a.shape.length - 2), at(b.shape, b.shape.length - 1)];
  if (d) checkAddend(d.shape, shape);
  device.check("matmul");
  checkShape("matmul", shape);
  if (sizeOf(shape) === 0) return device.empty("matmul", shape, "f32");
  const y = onReadable(operands, shape, options);
  if (!epilogue) return y;
  const z = elementwise(device, { body: epilogue, operands: [y], type: "f32", out: "f32" });
  y.dispose();
  return z;
}

/** Widens what the kernels cannot read, and copies batches that they cannot step through. */
function onReadable(operands: readonly Tensor[], shape: Shape, options: MatmulOptions): Tensor {
  const native = operands[0]?.device.features.has("shader-f16") ?? false;
  const copies: Tensor[] = [];
  const copied = (make: () => Tensor) => {
    const copy = make();
    copies.push(copy);
    return copy;
  };
  let list = operands.map((t, i) => {
    const readable = !isHalf(t.dtype) || (native && t.dtype === "f16" && i < 2);
    return readable ? t : copied(() => widenedCopy(t));
  });
  if (!canWalk(shape, list.map(({ layout }) => layout))) {
    list = list.map((t) => copied(() => wholeBatch(t, shape)));
  }
  const y = waiting(list, shape, options);
  for (const copy of copies) copy.dispose();
  return y;
}

/** A contiguous copy with the batch of the result. */
function wholeBatch(t: Tensor, shape: Shape): Tensor {
  const whole = [...shape.slice(0, -2), ...t.shape.slice(-2)];
  const view = t.view("matmul", broadcastTo(t.layout, whole));
  const copy = contiguousCopy(view);
  view.dispose();
  return copy;
}

/** The result, which waits if that may be worth it. */
function waiting(operands: readonly Tensor[], shape: Shape, options: MatmulOptions): Tensor {
  const { alpha = 1, beta = 1, symmetric = false, epilogue, variant } = options;
  const sources = sourcesOf("matmul", operands);
  const [a, b, d] = sources as [Source, Source, Source?]; // as many as matmulFused gives
  const { device } = operands[0] as Tensor;
  const head = device.matmuls.product({ a, b, d, shape, alpha, beta, symmetric, variant });
  const waits = epilogue !== undefined || isWorthJoining(device, sizeOf(shape));
  return waitFor(device, head, sources, shape, "f32", waits);
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
