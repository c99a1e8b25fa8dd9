import { ARGMAX, ARGMIN, type DType, MAX, MEAN, MIN, type Reduction, SUM, SUM_SQUARES, type Shape,
  type Tensor, checkDtype, isFloat, reduce, resolveAxes, resolveAxis, scope, show } from
  "../../engine/index.ts";
import { NUMERIC, apply, checkOptions, checkTensor } from "../define.ts";
import { cast, div, eq, mul } from "./arithmetic.ts";
import type { Operand } from "../tape.ts";
import { expand, reshape } from "./views.ts";

/** Which axes a reduction folds, and whether they stay as size 1. */
export interface ReduceOptions {
  /** One axis or several; negative ones count from the end. Default: all. */
  readonly axis?: number | readonly number[] | undefined;
  /** Keep the folded axes with size 1. Default false. */
  readonly keepDims?: boolean;
}

/** The shape with the folded axes as size 1. */
export function keptShape(shape: Shape, axes: readonly number[]): Shape {
  return shape.map((d, i) => (axes.includes(i) ? 1 : d));
}

/** Runs a reduction; `back` gives the gradient from `dy` and `y`, both with the axes kept. */
export function fold(
  kind: Reduction, x: Tensor, options: ReduceOptions,
  back: (dy: Tensor, x: Tensor, y: Tensor) => Tensor, dtypes: readonly DType[],
  saves: "both" | "inputs" | "nothing",
): Tensor {
  const { name } = kind;
  const { axis, keepDims = false } = checkOptions(name, options, "axis");
  const { shape } = checkTensor(name, x);
  checkDtype(name, x.dtype, dtypes);
  const axes = resolveAxes(name, axis, shape);
  const kept = keptShape(shape, axes);
  return withKept(keepDims ? kept : undefined, () => apply({
    name,
    forward: (t) => reduce(kind, checkTensor(name, t), axes, (t as Tensor).dtype),
    vjp: (dy, [input], output) => [
      () => back(reshape(dy, kept), input as Tensor, output), // checked on entry
    ],
    saves,
  }, [x]));
}

/** A result, in another shape if one is given. */
function withKept(shape: Shape | undefined, run: () => Tensor): Tensor {
  return shape ? scope(() => reshape(run(), shape)) : run();
}

/**
 * Sum over axes, of floats in float32, in a fixed order.
 *
 * @param x any shape and dtype
 * @returns the other axes, same dtype, i32 for bool; 0 for a sum over nothing
 * @throws ShapeError if an axis does not exist
 */
export function sum(x: Tensor, options: ReduceOptions = {}): Tensor {
  const back = (dy: Tensor, input: Tensor) => expand(dy, input.shape);
  return scope(() => fold(SUM, counted("sum", x), options, back, NUMERIC, "nothing"));
}

/** True as 1 and false as 0, i32; numbers as they are. */
export function counted(op: string, x: Tensor): Tensor {
  return checkTensor(op, x).dtype === "bool" ? cast(x, "i32") : x;
}

/** Mean over axes; f32 for integers and bool. NaN for a mean over nothing. Throws as `sum`. */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  const back = (dy: Tensor, input: Tensor) => {
    return expand(mul(dy, dy.size / input.size), input.shape);
  };
  return scope(() => {
    const floats = isFloat(checkTensor("mean", x).dtype) ? x : cast(x, "f32");
    return fold(MEAN, floats, options, back, ["f32"], "nothing");
  });
}

/** Sum of squares over axes; f32, i32 or u32. Throws as `sum`. */
export function sumSquares(x: Tensor, options: ReduceOptions = {}): Tensor {
  const back = (dy: Tensor, input: Tensor) => mul(mul(input, 2), dy);
  return fold(SUM_SQUARES, x, options, back, NUMERIC, "inputs");
}

/**
 * Largest element over axes, NaN if there is one; equal largest elements share the gradient.
 *
 * @throws ShapeError if an axis does not exist or is empty; DtypeError for bool
 */
export function max(x: Tensor, options: ReduceOptions = {}): Tensor {
  return fold(MAX, x, options, shareAmong("max", x, options), NUMERIC, "both");
}

/** Smallest element over axes; as `max`. */
export function min(x: Tensor, options: ReduceOptions = {}): Tensor {
  return fold(MIN, x, options, shareAmong("min", x, options), NUMERIC, "both");
}

function shareAmong(kind: string, x: Tensor, { axis }: ReduceOptions) {
  const axes = resolveAxes(kind, axis, checkTensor(kind, x).shape);
  return (dy: Tensor, input: Tensor, y: Tensor): Tensor => {
    const ties = cast(eq(input, reshape(y, dy.shape)), "f32");
    return mul(div(ties, sum(ties, { axis: axes, keepDims: true })), dy);
  };
}

/** Options of `argmax` and `argmin`. */
export interface ArgOptions {
  /** Negative ones count from the end. Default: the flat index over all elements. */
  readonly axis?: number;
  /** Keep the axis with size 1. Default false. */
  readonly keepDims?: boolean;
}

function argReduce(kind: Reduction, x: Tensor, options: ArgOptions): Tensor {
  const { name } = kind;
  const { axis, keepDims = false } = checkOptions(name, options, "axis");
  const { shape, dtype } = checkTensor(name, x);
  checkDtype(name, dtype, NUMERIC);
  const axes = axis === undefined ? shape.map((_, i) => i) : [resolveAxis(name, axis, shape)];
  const forward = (t: Operand) => reduce(kind, t as Tensor, axes, "i32"); // checked above
  return withKept(keepDims ? keptShape(shape, axes) : undefined,
    () => apply({ name, forward }, [x]));
}

/**
 * Index of the largest element along an axis; the first of equals, and of NaNs if there are any.
 *
 * @param axis default: the flat index over all elements
 * @returns the other axes, i32
 * @throws ShapeError if the axis does not exist or is empty; DtypeError for bool
 */
export function argmax(x: Tensor, options: ArgOptions = {}): Tensor {
  return argReduce(ARGMAX, x, options);
}

/** Index of the smallest element along an axis; as `argmax`. */
export function argmin(x: Tensor, options: ArgOptions = {}): Tensor {
  return argReduce(ARGMIN, x, options);
}

/** The sum over whichever axes a shape was broadcast along: the adjoint of `expand`. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  const from = checkTensor("sumTo", x).shape;
  if (show(from) === show(shape)) return x;
  const extra = from.length - shape.length;
  const axes = from.flatMap((d, i) => (i < extra || shape[i - extra] !== d ? [i] : []));
  return scope(() => reshape(sum(x, { axis: axes }), shape));
}
