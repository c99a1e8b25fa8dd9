// Steepest descent in norms: steps sized by dual norms, and normalized ones.

import { MODULA_SIX, type PolarSet, linf } from "../nn/index.ts";
import { ema } from "./average.ts";
import { NORM_RANGES, type NormOptions, byNorms } from "./by_norms.ts";
import { FRACTION, NOT_NEGATIVE, POLAR, POSITIVE, SWITCH, checkOptions } from "./check.ts";
import { shareOf } from "./descent.ts";
import { type Measured, dualizeBy, resizedBy, sharpBy } from "./dualize.ts";
import type { Geometry } from "./geometry.ts";
import type { Optimizer } from "./optimizer.ts";
import { inverseSqrt } from "./schedule.ts";

/** Options of `steepestDescent`. */
export interface SteepestOptions extends NormOptions {
  /** Bound on the loss's second derivative in the norm, > 0: rates are one over it. */
  readonly sharpness: number;
  /**
   * One size for all weights, as in the modular norm, so that the model's norms and shares decide;
   * else every weight by its own norm alone. Default true.
   */
  readonly together?: boolean;
  /** How matrices are orthogonalized. Default `MODULA_SIX`. */
  readonly polar?: PolarSet;
}

/**
 * Minimizes `<g, dW> + sharpness / 2 |dW|^2` at every step: the direction is the duality map's, its
 * size the dual norm of the gradient over the sharpness. In the modular norm of the whole, that is
 * `dW = -(dual norm / sharpness) dualize(g)`.
 *
 * @throws RangeError for an option out of range; TypeError for one unknown or missing
 * Source: Bernstein, Newhouse 2024, "Old optimizer, new norm: an anthology"
 */
export function steepestDescent(module: Geometry, options: SteepestOptions): Optimizer {
  const op = "steepestDescent";
  checkOptions(op, options, {
    ...NORM_RANGES, sharpness: POSITIVE, together: SWITCH, polar: POLAR,
  }, ["sharpness"]);
  const { sharpness, together = true, polar = MODULA_SIX } = options;
  return byNorms(op, module, { ...options, lr: 1 / sharpness }, (entryOf) => ({
    dualize: sharpBy((path): Measured => {
      return together ? shareOf(entryOf(path)) : { norm: entryOf(path).norm, radius: 1 };
    }, { together, polar }),
  }));
}

/** Options of `stochasticSpectralDescent`. */
export interface SpectralDescentOptions extends NormOptions {
  /** Learning rate, >= 0. */
  readonly lr: number;
  /** How matrices are orthogonalized. Default `MODULA_SIX`. */
  readonly polar?: PolarSet;
}

/**
 * Stochastic spectral descent: matrices move by `lr |G|_nuclear polar(G)`, weights of other norms
 * by `lr |g|_1 sign(g)`.
 *
 * @throws RangeError for an option out of range; TypeError for one unknown or missing
 * Source: Carlson et al. 2015, "Preconditioned spectral descent for deep learning"
 */
export function stochasticSpectralDescent(
  module: Geometry, options: SpectralDescentOptions,
): Optimizer {
  const op = "stochasticSpectralDescent";
  checkOptions(op, options, { ...NORM_RANGES, lr: NOT_NEGATIVE, polar: POLAR }, ["lr"]);
  const { polar = MODULA_SIX } = options;
  const spectralOf = resizedBy(() => 1, linf);
  return byNorms(op, module, options, (entryOf) => ({
    dualize: sharpBy((path) => {
      return { norm: spectralOf(entryOf(path).norm), radius: 1 };
    }, { together: false, polar }),
  }));
}

/** Options of `nsd` and `nmd`. */
export interface NormalizedDescentOptions extends NormOptions {
  /** Learning rate, >= 0: the modular norm of the first step. */
  readonly lr: number;
  /** Decay of the average of gradients, in [0, 1). Default 0.9; `nsd` has none. */
  readonly momentum?: number;
  /** How matrices are orthogonalized. Default `MODULA_SIX`. */
  readonly polar?: PolarSet;
}

/**
 * Normalized steepest descent: `W -= lr D(g)` in the norms of a module, by default with rates that
 * fall as `1 / sqrt(step)`. On separable data it finds the largest margin in its norm.
 *
 * @throws RangeError for an option out of range; TypeError for one unknown or missing
 * Source: Fan, Schmidt, Thrampoulidis 2025, "Implicit bias of spectral descent and Muon on
 * multiclass separable data"
 */
export function nsd(
  module: Geometry, options: Omit<NormalizedDescentOptions, "momentum">,
): Optimizer {
  checkOptions("nsd", options, { ...NORM_RANGES, lr: NOT_NEGATIVE, polar: POLAR }, ["lr"]);
  return normalized("nsd", module, { ...options, momentum: 0 });
}

/**
 * Normalized momentum descent: `nsd` by the average gradient.
 *
 * @throws RangeError for an option out of range; TypeError for one unknown or missing
 * Source: as `nsd`
 */
export function nmd(module: Geometry, options: NormalizedDescentOptions): Optimizer {
  checkOptions("nmd", options, {
    ...NORM_RANGES, lr: NOT_NEGATIVE, momentum: FRACTION, polar: POLAR,
  }, ["lr"]);
  return normalized("nmd", module, options);
}

function normalized(
  op: string, module: Geometry, options: NormalizedDescentOptions,
): Optimizer {
  const { momentum = 0.9, polar = MODULA_SIX, schedule = inverseSqrt() } = options;
  return byNorms(op, module, { ...options, schedule }, (entryOf) => ({
    average: ema({ momentum }), dualize: dualizeBy((path) => shareOf(entryOf(path)), polar),
  }));
}
