// Schedules for the polar iteration that aim at a band around one.

import { evaluate } from "./minimax.ts";
import { type PolarSet, polarExpress } from "./polar_coefficients.ts";

/** What a CANS schedule is made for. */
export interface CansOptions {
  /** Where singular values shall end: in [1 - delta, 1 + delta], 0 < delta < 1. Default 0.1. */
  readonly delta?: number;
  /** Degree of every step. Default 5. */
  readonly degree?: 3 | 5;
  /** How many steps, >= 1. Default 6. */
  readonly steps?: number;
  /** How the start is scaled; see `PolarSet`. Default 2. */
  readonly gelfand?: number;
}

/** A schedule and where it holds. */
export interface CansSet extends PolarSet {
  /** Singular values from here to 1 end in the band. */
  readonly lower: number;
}

/** Halvings of the logarithm of the lower end; more do not change it in float64. */
const HALVINGS = 60;

/**
 * Chebyshev-accelerated Newton-Schulz: the steps that bring the widest interval [lower, 1] into a
 * band around one, for matrices scaled by an estimate of their largest singular value.
 *
 * @throws RangeError for an option out of range
 * Source: Grishina, Smirnov, Rakhuba 2025, "Accelerating Newton-Schulz iteration for
 *   orthogonalization via Chebyshev-type polynomials"; the lower end is found by bisection
 * @example
 * const update = polar(gradient, cans({ delta: 0.3, steps: 4 }));
 */
export function cans(options: CansOptions = {}): CansSet {
  const { delta = 0.1, degree = 5, steps = 6, gelfand = 2 } = options;
  if (!(delta > 0 && delta < 1)) {
    throw new RangeError(`cans: delta is out of range: ${delta}. Use 0 < delta < 1.`);
  }
  const build = (lower: number) => polarExpress({ lower, degree, steps, cushion: 0 });
  const worst = (lower: number): number => {
    return 1 - build(lower).reduce((x, p) => evaluate(p, x), lower);
  };
  let [fails, holds] = [-30, 0]; // logarithms of lower ends; no few steps reach e^-30
  for (let k = 0; k < HALVINGS; k++) {
    const middle = (fails + holds) / 2;
    if (worst(Math.exp(middle)) > delta) fails = middle;
    else holds = middle;
  }
  const lower = Math.exp(holds);
  return { coefficients: build(lower), gelfand, lower };
}
