// Averages of squares that gradients are divided by.

import { type Tensor, add, maximum, mul, scale, sqrt, sub } from "../autograd/index.ts";
import { corrections } from "./average.ts";
import { blendInto, ratio, rootMeanSquareInto, rootSum, rootSumInto } from "./elementwise.ts";
import { type Stage, eachLeaf } from "./pipeline.ts";
import { quotient, wholeNorm } from "./whole.ts";

/** What the stages here keep: roots of squares, and the average gradient where it is needed. */
interface State {
  readonly rms: Tensor;
  readonly mean: Tensor;
}

/** Options of `overRms`. */
export interface RmsOptions {
  /** Decay of the average of squares, in [0, 1). */
  readonly beta: number;
  /** Added to its root, >= 0. */
  readonly eps: number;
  /** Take the square of the average gradient off: divide by the deviation. Default false. */
  readonly centered?: boolean;
}

/**
 * The gradient divided by the root of the average of its squares, which starts at zero.
 *
 * Source: Hinton 2012, "Neural networks for machine learning", lecture 6e; centred: Graves 2013
 */
export function overRms({ beta, eps, centered = false }: RmsOptions): Stage {
  return {
    flat: "values",
    slots: (shape) => ({ rms: shape, ...(centered && { mean: shape }) }),
    run: eachLeaf(({ value: g, state }, { refused }) => {
      const { rms, mean } = state as unknown as State;
      rootMeanSquareInto(rms, g, beta, refused);
      if (!centered) return ratio(g, rms, 1, 1, eps);
      blendInto(mean, g, beta, 1 - beta, refused);
      return ratio(g, deviation(rms, mean), 1, 1, eps);
    }),
  };
}

/** `sqrt(rms^2 - mean^2)` without squares of either. */
function deviation(rms: Tensor, mean: Tensor): Tensor {
  const share = quotient(mean, rms, 0);
  const rest = maximum(mul(sub(1, share), add(share, 1)), 0);
  return mul(rms, sqrt(rest));
}

/** Options of `overSums`. */
export interface SumOptions {
  /** Added to the root, >= 0. */
  readonly eps: number;
  /** What the sum of squares starts from, >= 0. Default 0. */
  readonly start?: number;
  /** Falls of the rate: divided by `1 + rateDecay (step - 1)`; >= 0. Default 0. */
  readonly rateDecay?: number;
}

/**
 * The gradient divided by the root of the sum of its squares so far.
 *
 * Source: Duchi, Hazan, Singer 2011, "Adaptive subgradient methods"
 */
export function overSums({ eps, start = 0, rateDecay = 0 }: SumOptions): Stage {
  return {
    flat: "values",
    slots: (shape) => ({ rms: shape }),
    run: eachLeaf(({ value: g, state }, { live, refused }) => {
      const { rms } = state as unknown as State;
      rootSumInto(rms, g, refused);
      const root = start > 0 ? rootSum(rms, Math.sqrt(start)) : rms;
      const fall = rateDecay > 0 ? live(({ step }) => 1 / (1 + rateDecay * (step - 1))) : 1;
      return ratio(g, root, fall, 1, eps);
    }),
  };
}

/** Options of `tensorMoments`. */
export interface TensorMomentOptions {
  /** Decays of the average of gradients and of that of their mean squares, in [0, 1). */
  readonly betas: readonly [number, number];
  /** Added to the root of the average square, >= 0. */
  readonly eps: number;
}

/**
 * The average gradient divided by one number for the whole tensor, the root of the average of its
 * mean square; both corrected for having started at zero.
 */
export function tensorMoments({ betas: [beta1, beta2], eps }: TensorMomentOptions): Stage {
  return {
    slots: (shape) => ({ mean: shape, rms: [] }),
    run: eachLeaf(({ value: g, state }, { live, refused }) => {
      const { rms, mean } = state as unknown as State;
      blendInto(mean, g, beta1, 1 - beta1, refused);
      const size = scale(wholeNorm(g), 1 / Math.sqrt(Math.max(1, g.size)));
      rootMeanSquareInto(rms, size, beta2, refused);
      return ratio(mean, rms, ...corrections([beta1, beta2], { live }), eps);
    }),
  };
}
