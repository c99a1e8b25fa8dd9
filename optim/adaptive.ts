// Optimizers that divide by averages of squares, beside Adam.

import { coupledDecay, heavyBall } from "./average.ts";
import { BETAS, FRACTION, NOT_NEGATIVE, SWITCH, checkOptions } from "./check.ts";
import { single } from "./common.ts";
import type { Optimizer } from "./optimizer.ts";
import { COMMON, type CommonOptions } from "./options.ts";
import type { Stage } from "./pipeline.ts";
import { overRms, overSums, tensorMoments } from "./second_moments.ts";

/** Options of `rmsprop`. */
export interface RmspropOptions extends CommonOptions {
  /** Learning rate, >= 0. Default 0.01. */
  readonly lr?: number;
  /** Decay of the average of squares, in [0, 1). Default 0.99. */
  readonly beta?: number;
  /** Added to its root, >= 0. Default 1e-8. */
  readonly eps?: number;
  /** Divide by the deviation from the average gradient. Default false. */
  readonly centered?: boolean;
  /** Decay of a sum of the steps, in [0, 1). Default 0. */
  readonly momentum?: number;
  /** Multiple of the weight added to its gradient, >= 0: coupled. Default 0. */
  readonly weightDecay?: number;
}

/**
 * Every element's gradient divided by the root of the average of its squares.
 *
 * @throws RangeError for an option out of range; TypeError for an unknown one
 * Source: Hinton 2012, "Neural networks for machine learning", lecture 6e; centred: Graves 2013,
 * "Generating sequences with recurrent neural networks", without its epsilon under the root
 */
export function rmsprop(options: RmspropOptions = {}): Optimizer {
  checkOptions("rmsprop", options, {
    lr: NOT_NEGATIVE, beta: FRACTION, eps: NOT_NEGATIVE, centered: SWITCH,
    momentum: FRACTION, weightDecay: NOT_NEGATIVE, ...COMMON,
  });
  const { lr = 0.01, beta = 0.99, eps = 1e-8, centered = false, momentum = 0 } = options;
  return single("rmsprop", { ...options, lr }, {
    prepare: coupled(options.weightDecay),
    average: overRms({ beta, eps, centered }),
    dualize: heavyBall({ momentum }), // of the quotients
  });
}

function coupled(weightDecay = 0): readonly Stage[] {
  return weightDecay > 0 ? [coupledDecay(weightDecay)] : [];
}

/** Options of `adagrad`. */
export interface AdagradOptions extends CommonOptions {
  /** Learning rate, >= 0. Default 0.01. */
  readonly lr?: number;
  /** Added to the root of the sum of squares, >= 0. Default 1e-10. */
  readonly eps?: number;
  /** What the sum of squares starts from, >= 0. Default 0. */
  readonly start?: number;
  /** The rate is divided by `1 + rateDecay (step - 1)`; >= 0. Default 0. */
  readonly rateDecay?: number;
  /** Multiple of the weight added to its gradient, >= 0: coupled. Default 0. */
  readonly weightDecay?: number;
}

/**
 * Every element's gradient divided by the root of the sum of its squares so far.
 *
 * @throws RangeError for an option out of range; TypeError for an unknown one
 * Source: Duchi, Hazan, Singer 2011, "Adaptive subgradient methods", with diagonal matrices
 */
export function adagrad(options: AdagradOptions = {}): Optimizer {
  checkOptions("adagrad", options, {
    lr: NOT_NEGATIVE, eps: NOT_NEGATIVE, start: NOT_NEGATIVE, rateDecay: NOT_NEGATIVE,
    weightDecay: NOT_NEGATIVE, ...COMMON,
  });
  const { lr = 0.01, eps = 1e-10, start = 0, rateDecay = 0 } = options;
  return single("adagrad", { ...options, lr }, {
    prepare: coupled(options.weightDecay), average: overSums({ eps, start, rateDecay }),
  });
}

/** Options of `isoAdamTensor`. */
export interface IsoAdamTensorOptions extends CommonOptions {
  /** Learning rate, >= 0. Default 1e-3. */
  readonly lr?: number;
  /** Decays of the averages of gradients and of their mean squares. Default 0.9, 0.999. */
  readonly betas?: readonly [number, number];
  /** Added to the root of the average square, >= 0. Default 1e-8. */
  readonly eps?: number;
}

/**
 * Adam with one second moment for a whole tensor, so that the direction of the average gradient
 * stays. See `iso` for the form that no linear map of a layer's inputs and outputs changes.
 *
 * @throws RangeError for an option out of range; TypeError for an unknown one
 * Source: "Isotropic Adam" as described for one scalar a tensor; the published equations were not
 * available
 */
export function isoAdamTensor(options: IsoAdamTensorOptions = {}): Optimizer {
  checkOptions("isoAdamTensor", options, {
    lr: NOT_NEGATIVE, betas: BETAS, eps: NOT_NEGATIVE, ...COMMON,
  });
  const { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8 } = options;
  return single("isoAdamTensor", { ...options, lr }, { average: tensorMoments({ betas, eps }) });
}
