// Steps of one size: by the Euclidean norm, and by signs.

import { sign } from "../autograd/index.ts";
import { ema, lookBack } from "./average.ts";
import { BETAS, FRACTION, NOT_NEGATIVE, SWITCH, checkOptions } from "./check.ts";
import { single } from "./common.ts";
import { descend } from "./descend.ts";
import type { Optimizer } from "./optimizer.ts";
import { COMMON, type CommonOptions } from "./options.ts";
import { type Stage, eachLeaf } from "./pipeline.ts";
import { quotient, togetherNorm, wholeUnit } from "./whole.ts";

/** Options of `signum`, and of `signSgd` but for the momentum. */
export interface NormalizedOptions extends CommonOptions {
  /** Learning rate, >= 0: the norm of a step. */
  readonly lr: number;
  /** Decay of the average of gradients, in [0, 1). Default 0.9; `signSgd` has none. */
  readonly momentum?: number;
  /** Share of the weight taken off per unit of learning rate, >= 0; decoupled. Default 0. */
  readonly weightDecay?: number;
}

const RANGES = {
  lr: NOT_NEGATIVE, momentum: FRACTION, weightDecay: NOT_NEGATIVE, ...COMMON,
} as const;

/** Options of `normalizedSgd`. */
export interface NormalizedSgdOptions extends NormalizedOptions {
  /** Take the norm over all weights, not of each by itself. Default false. */
  readonly together?: boolean;
}

/**
 * Descent by the average gradient divided by its Euclidean norm, `W -= lr m / |m|`.
 *
 * @throws RangeError for an option out of range; TypeError for one unknown or missing
 * Source: Hazan et al. 2015, "Beyond convexity"; Cutkosky, Mehta 2020, "Momentum improves
 * normalized SGD"
 */
export function normalizedSgd(options: NormalizedSgdOptions): Optimizer {
  const op = "normalizedSgd";
  checkOptions(op, options, { ...RANGES, together: SWITCH }, ["lr"]);
  const { momentum = 0.9, weightDecay = 0, together = false } = options;
  return single(op, options, {
    average: ema({ momentum }), dualize: unit(together), step: descend(op, { weightDecay }),
  });
}

/** The value divided by its Euclidean norm; zeros stay. */
function unit(together: boolean): Stage {
  if (!together) return { run: eachLeaf(({ value }) => wholeUnit(value)) };
  return {
    run: (leaves) => {
      if (leaves.length === 0) return leaves;
      const size = togetherNorm(leaves.map(({ value }) => value));
      return leaves.map((leaf) => ({ ...leaf, value: quotient(leaf.value, size, 0) }));
    },
  };
}

/** The sign of every element: the duality map of the largest absolute element. */
export function signs(): Stage {
  return { flat: "values", run: eachLeaf(({ value }) => sign(value)) };
}

/**
 * Descent by signs: every element moves by the learning rate.
 *
 * @throws RangeError for an option out of range; TypeError for one unknown or missing
 * Source: Bernstein et al. 2018, "signSGD"
 */
export function signSgd(options: Omit<NormalizedOptions, "momentum">): Optimizer {
  const { momentum: _, ...ranges } = RANGES;
  checkOptions("signSgd", options, ranges, ["lr"]);
  return bySigns("signSgd", { ...options, momentum: 0 });
}

/**
 * Descent by the signs of the average gradient.
 *
 * @throws RangeError for an option out of range; TypeError for one unknown or missing
 * Source: Bernstein et al. 2018, "signSGD", algorithm 2
 */
export function signum(options: NormalizedOptions): Optimizer {
  checkOptions("signum", options, RANGES, ["lr"]);
  return bySigns("signum", options);
}

function bySigns(op: string, options: NormalizedOptions): Optimizer {
  const { momentum = 0.9, weightDecay = 0 } = options;
  return single(op, options, {
    average: ema({ momentum }), dualize: signs(), step: descend(op, { weightDecay }),
  });
}

/** Options of `lion`. */
export interface LionOptions extends CommonOptions {
  /** Learning rate, >= 0. Default 1e-4. */
  readonly lr?: number;
  /** Decays of what is stepped by and of what is kept, in [0, 1). Default 0.9, 0.99. */
  readonly betas?: readonly [number, number];
  /** Share of the weight taken off per unit of learning rate, >= 0; decoupled. Default 0. */
  readonly weightDecay?: number;
}

/**
 * Signs of an average that gives the newest gradient more weight than what is kept does. With a
 * decay weights stay where all elements are at most `1 / weightDecay`.
 *
 * @throws RangeError for an option out of range; TypeError for an unknown one
 * Source: Chen et al. 2023, "Symbolic discovery of optimization algorithms", algorithm 2
 */
export function lion(options: LionOptions = {}): Optimizer {
  checkOptions("lion", options, {
    lr: NOT_NEGATIVE, betas: BETAS, weightDecay: NOT_NEGATIVE, ...COMMON,
  });
  const { lr = 1e-4, betas = [0.9, 0.99], weightDecay = 0 } = options;
  return single("lion", { ...options, lr }, {
    average: lookBack({ betas }), dualize: signs(), step: descend("lion", { weightDecay }),
  });
}
