// The steps of a polar iteration on a stack of matrices: each step on the matrices, or a few in a
// row on their small Gram matrices.

import { type Tensor, add, mul, scale, scope, transpose } from "../autograd/index.ts";
import { matmulFused } from "../engine/index.ts";
import { type Coefficients, evaluate } from "./minimax.ts";
import { widened } from "./norms/lines.ts";
import type { PolarSet } from "./polar_coefficients.ts";
import { type Stack, stored } from "./polar_start.ts";

/** How much longer than its other side a matrix is at least, to be worked on by its Gram matrix. */
const ELONGATED = 1.25;
/** Steps on one Gram matrix at most. */
const TOGETHER = 3;
/**
 * How much the smallest singular values may have grown since their Gram matrix was computed, in
 * units of the largest one then. The matrix's rounding grows with their squares, and could turn
 * what should be close to zero negative; up to here it is 2e-5 of a singular value, about what the
 * same steps on the matrix itself leave.
 */
const GROWTH = 16;
/** Points of [0, 1] by which the largest singular value after a step is found. */
const POINTS = /* @__PURE__ */ Array.from({ length: 64 }, (_, i) => (i + 1) / 64);

/** Steps that share a Gram matrix. */
type Run = readonly [Coefficients, ...Coefficients[]];

/**
 * Runs the steps on a stack, which is used up.
 *
 * @param factor of the result
 * @returns as the matrices of the stack lie
 */
export function iterate(
  start: Stack, { coefficients, storage }: Required<PolarSet>, factor: number,
): Tensor {
  if (coefficients.length === 0) return mul(widened(start.x), factor);
  const [short = 1, long = 1] = start.x.shape.slice(-2).sort((a, b) => a - b);
  const runs = runsOf(coefficients, isElongated(short, long));
  let { x } = start;
  runs.forEach((run, k) => {
    const last = k === runs.length - 1;
    const next = scope(() => {
      const whole = widened(x);
      const wide = k === 0 && start.tall ? transpose(whole) : whole;
      const y = runOn(wide, run, last ? factor : 1, last && start.tall);
      return last ? y : stored(y, storage);
    });
    x.dispose();
    x = next;
  });
  return x;
}

/** Whether matrices of these sides are so elongated that steps on the Gram matrix save work. */
export function isElongated(short: number, long: number): boolean {
  return long >= ELONGATED * short;
}

/**
 * The steps, cut where the Gram matrix is to be computed anew: after each on matrices that are
 * about square, where more would save nothing; on elongated ones after a few.
 */
export function runsOf(steps: readonly Coefficients[], elongated: boolean): readonly Run[] {
  const runs: [Coefficients, ...Coefficients[]][] = [];
  let values = POINTS;
  let growth = 1;
  for (const step of steps) {
    const run = runs.at(-1);
    const fits = growth <= GROWTH && growth * step[0] !== 0; // both are divided by
    if (run && elongated && run.length < TOGETHER && fits) run.push(step);
    else {
      runs.push([step]);
      growth = Math.max(...values.map(Math.abs));
    }
    growth *= Math.abs(step[0]);
    values = values.map((x) => evaluate(step, x));
  }
  return runs;
}

/** One run on `x` `[count, short, long]`; where it is `tall` the result is turned. */
function runOn(x: Tensor, run: Run, factor: number, tall: boolean): Tensor {
  const xt = transpose(x);
  const gram = matmulFused(x, xt, { symmetric: true });
  const { inner, alpha, beta } = run.length > 1 ? together(gram, run) : alone(gram, run[0]);
  const how = { alpha: factor * alpha, beta: factor * beta };
  return tall ? matmulFused(xt, inner, { ...how, d: xt }) : matmulFused(inner, x, { ...how, d: x });
}

/** What becomes of x by some steps: `beta x + alpha inner x`. */
interface Change {
  /** `[count, short, short]`, symmetric. */
  readonly inner: Tensor;
  readonly alpha: number;
  readonly beta: number;
}

/** One step; uses up the Gram matrix. */
function alone(gram: Tensor, [a, b, c]: Coefficients): Change {
  if (c === 0) return { inner: gram, alpha: b, beta: a };
  const inner = matmulFused(gram, gram, { alpha: c, beta: b, d: gram, symmetric: true });
  gram.dispose();
  return { inner, alpha: 1, beta: a };
}

/**
 * Several steps on the Gram matrix `r = x x^T`, which they use up: each, `p(r) = a + b r + c r r`,
 * makes it `p r p`. All these matrices commute, so all products are symmetric. With `p = a (1 + y)`
 * the product of the `1 + y` is kept as `1 + inner`, and the 1 left to the product with x: added to
 * a null direction it would be rounded, and later steps would enlarge that.
 */
function together(gram: Tensor, [first, ...rest]: Run): Change {
  let now = { r: gram, y: shareOf(gram, first) };
  let { y: inner } = now;
  let [a] = first;
  for (const step of rest) {
    const next = scope(() => {
      const half = matmulFused(now.r, now.y, { d: now.r, symmetric: true });
      const how = { alpha: a * a, beta: a * a, d: half, symmetric: true };
      const r = matmulFused(now.y, half, how);
      const y = shareOf(r, step);
      return { r, y, inner: matmulFused(inner, y, { d: add(inner, y), symmetric: true }) };
    });
    for (const old of [now.r, now.y, inner]) old.dispose();
    now = next;
    ({ inner } = next);
    a = step[0];
  }
  const slope = [first, ...rest].reduce((product, [own]) => product * own, 1);
  return { inner, alpha: slope, beta: slope };
}

/** The y of `p(r) = a (1 + y)`. */
function shareOf(r: Tensor, [a, b, c]: Coefficients): Tensor {
  if (c === 0) return scale(r, b / a);
  return matmulFused(r, r, { alpha: c / a, beta: b / a, d: r, symmetric: true });
}
