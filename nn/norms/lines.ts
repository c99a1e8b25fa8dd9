// Euclidean norms of the lines of a tensor (rows, columns, whole matrices), computed so that
// neither 1e-30 nor 1e30 is lost to float32.

import { type Tensor, abs, cast, div, lt, max, mul, rsqrt, scope, sqrt, sumSquares, where, zeros }
  from "../../autograd/index.ts";

/** Axes that make up one line, counted from the end: `[-1]` a row, `[-2]` a column. */
export type LineAxes = readonly number[];

/** Smallest number float32 holds at full precision; GPUs may take what is below it for zero. */
const SMALLEST_NORMAL = 2 ** -126;

/** The elements divided by their line's largest absolute value, and what is needed to go back. */
export interface Levelled {
  /** At most 1 in absolute value; NaN all along a line that has a NaN or an infinity. */
  readonly x: Tensor;
  /** Largest absolute value of each line, 1 where `zero`; axes kept. */
  readonly largest: Tensor;
  /** Where a line is zero; axes kept. */
  readonly zero: Tensor;
}

/** Half precision as f32, in which everything here is computed; anything else as it is. */
export function widened(x: Tensor): Tensor {
  return x.dtype === "f16" || x.dtype === "bf16" ? cast(x, "f32") : x;
}

/** Divides every line by its largest absolute value; f32. */
export function levelled(given: Tensor, axis: LineAxes): Levelled {
  const x = widened(given);
  const found = max(abs(x), { axis, keepDims: true });
  const zero = lt(found, SMALLEST_NORMAL);
  const largest = where(zero, 1, found);
  return { x: div(x, largest), largest, zero };
}

/**
 * Every line divided by its Euclidean norm, times a factor. Lines of zeros stay zero; a line with
 * a NaN or an infinity becomes all NaN. There is no epsilon: scaling a line changes nothing.
 *
 * @param x any shape that has the axes; f32, f16 or bf16
 * @param axis which axes make up one line
 * @returns same shape, f32
 */
export function unitLines(x: Tensor, axis: LineAxes, factor = 1): Tensor {
  if (x.size === 0) return zeros(x.shape, { device: x.device });
  return scope(() => {
    const level = levelled(x, axis);
    const inverse = rsqrt(sumSquares(level.x, { axis, keepDims: true }));
    return mul(level.x, where(level.zero, 0, mul(inverse, factor)));
  });
}

/**
 * The Euclidean norm of every line.
 *
 * @param x any shape that has the axes; f32, f16 or bf16
 * @param axis which axes make up one line
 * @returns the shape with these axes of size 1, f32; NaN for a line with a NaN or an infinity
 */
export function lineNorms(x: Tensor, axis: LineAxes): Tensor {
  return scope(() => {
    if (x.size === 0) return sqrt(sumSquares(x, { axis, keepDims: true }));
    const level = levelled(x, axis);
    const norms = mul(sqrt(sumSquares(level.x, { axis, keepDims: true })), level.largest);
    return where(level.zero, 0, norms);
  });
}
