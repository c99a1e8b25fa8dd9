// Spectral descent with elementwise preconditioning.

import { type Tensor, add, sqrt } from "../autograd/index.ts";
import { CONVERGED, type Norm, type PolarSet, spectral } from "../nn/index.ts";
import { NORMS } from "./by_norms.ts";
import { FRACTION, NOT_NEGATIVE, POLAR, checkOptions, objectAs } from "./check.ts";
import { ruleOf } from "./common.ts";
import { checkRanks, perNorm, resizedBy } from "./dualize.ts";
import { ratio, rootMeanSquareInto, rootSumInto } from "./elementwise.ts";
import type { Geometry, GeometryOptions, PerPath } from "./geometry.ts";
import { type NormOf, matrixOptimizer } from "./matrices.ts";
import type { Optimizer } from "./optimizer.ts";
import { COMMON, type CommonOptions } from "./options.ts";
import type { Leaf, Stage } from "./pipeline.ts";
import { overRms, overSums } from "./second_moments.ts";

/** Options of `adaSpectral`, and of `rmsSpectral` but for `beta`. */
export interface AdaSpectralOptions extends CommonOptions, GeometryOptions {
  /** Learning rate of all weights, >= 0. */
  readonly lr: number;
  /** Added to the root of the squares, under another root, >= 0. Default 1e-4. */
  readonly damping?: number;
  /** Added to the root of the squares for weights that are no matrices, >= 0. Default 1e-8. */
  readonly eps?: number;
  /** How matrices are orthogonalized. Default `CONVERGED`. */
  readonly polar?: PolarSet;
  /** Rules for paths: the optimizer's name, "rmsprop" or "adagrad", or "frozen". */
  readonly routes?: PerPath<string>;
}

/** Options of `rmsSpectral`. */
export interface RmsSpectralOptions extends AdaSpectralOptions {
  /** Decay of the average of squares, in [0, 1). Default 0.99. */
  readonly beta?: number;
}

const RANGES = {
  lr: NOT_NEGATIVE, damping: NOT_NEGATIVE, eps: NOT_NEGATIVE, polar: POLAR,
  norms: NORMS, routes: /* @__PURE__ */ objectAs('{ head: "rmsprop" }'), ...COMMON,
} as const;

/**
 * Spectral descent of gradients divided by `D = sqrt(damping + rms)`, rms the root of the average
 * of their squares: `W -= lr (g / D)^# / D`, `#` the sharp operator of the spectral norm. Weights
 * that are no matrices follow RMSprop.
 *
 * @throws RangeError for an option out of range; TypeError for one unknown or missing
 * Source: Carlson et al. 2015, "Preconditioned spectral descent for deep learning"; where the
 * damping goes is as in public implementations
 */
export function rmsSpectral(module: Geometry, options: RmsSpectralOptions): Optimizer {
  const op = "rmsSpectral";
  checkOptions(op, options, { ...RANGES, beta: FRACTION }, ["lr"]);
  const { lr, beta = 0.99, eps = 1e-8 } = options;
  const square: Squares = (rms, g, refused) => rootMeanSquareInto(rms, g, beta, refused);
  const rest = ruleOf("rmsprop", lr, { average: overRms({ beta, eps }) });
  return matrixOptimizer(op, module, options as object, (normOf) => {
    return ruleOf(op, lr, { average: sharpUnder(square, options, normOf) });
  }, rest);
}

/**
 * `rmsSpectral` with the sum of squares in place of their average. Weights that are no matrices
 * follow Adagrad.
 *
 * @throws RangeError for an option out of range; TypeError for one unknown or missing
 * Source: Carlson et al. 2015, "Preconditioned spectral descent for deep learning"
 */
export function adaSpectral(module: Geometry, options: AdaSpectralOptions): Optimizer {
  const op = "adaSpectral";
  checkOptions(op, options, RANGES, ["lr"]);
  const { lr, eps = 1e-8 } = options;
  const rest = ruleOf("adagrad", lr, { average: overSums({ eps }) });
  return matrixOptimizer(op, module, options as object, (normOf) => {
    return ruleOf(op, lr, { average: sharpUnder(rootSumInto, options, normOf) });
  }, rest);
}

/** How squares are kept, by their root. */
type Squares = typeof rootSumInto;

function sharpUnder(
  square: Squares, { damping = 1e-4, polar = CONVERGED }: AdaSpectralOptions, normOf: NormOf,
): Stage {
  const resized = resizedBy(() => 1, spectral);
  const seen = (path: string): Norm => resized(normOf(path));
  return {
    check: (leaves) => checkRanks(leaves, seen),
    slots: (shape) => ({ rms: shape }),
    run: (leaves, { refused }) => {
      const scales = leaves.map(({ value: g, state }) => {
        const { rms } = state as { readonly rms: Tensor };
        square(rms, g, refused);
        return sqrt(add(rms, damping));
      });
      // 0 where nothing has been seen
      const divided = (list: readonly Leaf[]): Leaf[] => list.map((leaf, i) => {
        return { ...leaf, value: ratio(leaf.value, scales[i] as Tensor, 1, 1, 0) };
      });
      const under = divided(leaves);
      const sharp = perNorm(under, seen, (norm, list) => norm.sharpAll(list, polar));
      return divided(under.map((leaf, i) => ({ ...leaf, value: sharp[i] as Tensor })));
    },
  };
}
