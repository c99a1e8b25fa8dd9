// The largest singular value, from both sides, by squaring the small Gram matrix.

import { type Tensor, arange, div, eq, lt, mul, reshape, scope, sqrt, square, sum, sumSquares,
  transpose, unsqueeze, where, zeros } from "../autograd/index.ts";
import { matmulFused } from "../engine/index.ts";
import { levelled } from "./norms/lines.ts";

/** Bounds of a spectral norm that meet within the error of float32. */
export interface SpectralBounds {
  /** `[...]`; a weighted mean of squared singular values under the root: never too large. */
  readonly lower: Tensor;
  /** `[...]`; Gelfand's formula in the Frobenius norm: never too small, up to rounding. */
  readonly upper: Tensor;
}

/** How often to square. */
export interface SpectralOptions {
  /**
   * Squarings k, >= 1: the upper bound is off by at most a factor `r^(2^-(k+2))`, the lower one by
   * about `2^-(k+2)`. Default 18, which is float32's precision.
   */
  readonly squarings?: number;
}

/** Axes of a matrix, kept as size 1. */
const WHOLE = { axis: [-2, -1], keepDims: true } as const;
/** Below this GPUs may take numbers for zero. */
const SMALLEST_NORMAL = 2 ** -126;

/**
 * The largest singular value of every matrix, bounded from both sides.
 *
 * @param x `[..., m, n]` f32
 * @returns bounds `[...]`; 0 for a zero matrix, NaN where there is a NaN or an infinity
 * @throws RangeError if `squarings` is not a whole number from 1 to 30
 * Source: Gelfand's formula; powers of the Gram matrix by repeated squaring
 */
export function spectralBounds(x: Tensor, options: SpectralOptions = {}): SpectralBounds {
  const { squarings = 18 } = options;
  if (!Number.isInteger(squarings) || squarings < 1 || squarings > 30) {
    throw new RangeError(
      `spectralBounds: squarings out of range: ${squarings}. Use a whole number from 1 to 30.`,
    );
  }
  const batch = x.shape.slice(0, -2);
  if (x.size === 0) {
    const none = () => zeros(batch, { device: x.device });
    return { lower: none(), upper: none() };
  }
  return scope(() => {
    const { x: level, largest, zero } = levelled(x, [-2, -1]);
    const { ratio, bound } = squareUp(smallGram(level), squarings);
    const finish = (square: Tensor) => {
      return reshape(where(zero, 0, mul(largest, sqrt(square))), batch);
    };
    return { lower: finish(ratio), upper: finish(bound) };
  });
}

/**
 * An upper bound on the largest singular value of matrices of moderate entries: the Frobenius norm
 * of the `2^squarings`-th power of the Gram matrix under its root.
 *
 * @param x `[..., m, n]`, not empty
 * @returns `[..., 1, 1]`
 */
export function gelfandBound(x: Tensor, squarings: number): Tensor {
  return scope(() => sqrt(squareUp(smallGram(x), squarings).bound));
}

/**
 * `u v^T` for the largest singular value of every matrix, by the highest power of the Gram matrix
 * that tells. Equal largest singular values share: the sum of the singular values is one.
 *
 * @param x `[..., m, n]` f32
 * @returns same shape; zeros for a zero matrix, all NaN where there is a NaN or an infinity
 */
export function dominant(x: Tensor): Tensor {
  if (x.size === 0) return zeros(x.shape, { device: x.device });
  return scope(() => {
    const [m = 1, n = 1] = x.shape.slice(-2);
    const level = levelled(x, [-2, -1]).x;
    const { ratio, power } = squareUp(smallGram(level), 18);
    const part = m <= n ? matmulFused(power, level) : matmulFused(level, power);
    const trace = sqrt(mul(ratio, square(sum(diagonal(power), WHOLE))));
    return over(part, trace);
  });
}

/** A square matrix without what is not on its diagonal. */
function diagonal(x: Tensor): Tensor {
  const places = arange(x.shape.at(-1) ?? 1, { dtype: "i32", device: x.device });
  return where(eq(unsqueeze(places, -1), places), x, 0);
}

/** `x x^T` or `x^T x`, whichever is smaller. */
function smallGram(x: Tensor): Tensor {
  const [m = 1, n = 1] = x.shape.slice(-2);
  const [a, b] = m <= n ? [x, transpose(x)] : [transpose(x), x];
  return matmulFused(a, b, { symmetric: true });
}

/** Largest eigenvalue of a positive semidefinite matrix: a mean from below, a bound from above. */
function squareUp(
  gram: Tensor, squarings: number,
): { ratio: Tensor; bound: Tensor; power: Tensor } {
  const { unit: first, norm } = normalized(gram);
  const norms = [norm];
  let power = first;
  for (let k = 0; k < squarings; k++) {
    const next = scope(() => normalized(matmulFused(power, power, { symmetric: true })));
    if (power !== first) power.dispose();
    norms.push(next.norm);
    power = next.unit;
  }
  const weighted = sum(mul(power, matmulFused(first, power)), WHOLE);
  const ratio = mul(norm, over(weighted, sumSquares(power, WHOLE)));
  // |G| <= n0 |S0|, |S0|^2 = |S0^2| = n1 |S1|, ..: so |G| <= n0 sqrt(n1 sqrt(n2 ..))
  const bound = norms.reduceRight((inner, n) => mul(n, sqrt(inner)));
  return { ratio, bound, power };
}

/** A matrix divided by its Frobenius norm, and the norm; entries are moderate here. */
function normalized(x: Tensor): { unit: Tensor; norm: Tensor } {
  const norm = sqrt(sumSquares(x, WHOLE));
  return { unit: over(x, norm), norm };
}

/** `a / b`, 0 where b is 0. */
function over(a: Tensor, b: Tensor): Tensor {
  const zero = lt(b, SMALLEST_NORMAL);
  return where(zero, 0, div(a, where(zero, 1, b)));
}
