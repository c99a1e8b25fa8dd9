// Steps sized by the weights: the rate of a layer goes with the norm of its weight.

import { type Tensor, add, eq, minimum, mul, scale, where } from "../autograd/index.ts";
import { ADAM_RANGES, type AdamRuleOptions } from "./adam.ts";
import { moments } from "./average.ts";
import { FRACTION, NOT_NEGATIVE, POSITIVE, checkOptions } from "./check.ts";
import { single } from "./common.ts";
import { moveBy } from "./descend.ts";
import { blend, blendInto, descendInto, replaceInto } from "./elementwise.ts";
import type { Optimizer } from "./optimizer.ts";
import { COMMON, type CommonOptions } from "./options.ts";
import { type SlotShapes, type Stage, eachLeaf } from "./pipeline.ts";
import { quotient, trusted, wholeNorm } from "./whole.ts";

/** Options of `lars`. */
export interface LarsOptions extends CommonOptions {
  /** Learning rate, >= 0. */
  readonly lr: number;
  /** Decay of the sum of steps, in [0, 1). Default 0.9. */
  readonly momentum?: number;
  /** Multiple of the weight added to its gradient, >= 0. Default 0. */
  readonly weightDecay?: number;
  /** Norm of a step per norm of the weight, >= 0. Default 0.001. */
  readonly trust?: number;
}

/**
 * Momentum whose gradients have been sized by the weight: `r = trust |W| / (|g| + decay |W|)`,
 * `v = momentum v + lr r (g + decay W)`, `W -= v`; r = 1 where one of the norms is 0.
 *
 * @throws RangeError for an option out of range; TypeError for one unknown or missing
 * Source: You, Gitman, Ginsburg 2017, "Large batch training of convolutional networks",
 * algorithm 1
 */
export function lars(options: LarsOptions): Optimizer {
  checkOptions("lars", options, {
    lr: NOT_NEGATIVE, momentum: FRACTION, weightDecay: NOT_NEGATIVE,
    trust: NOT_NEGATIVE, ...COMMON,
  }, ["lr"]);
  const { momentum = 0.9, weightDecay = 0, trust = 0.001 } = options;
  const average: Stage = {
    slots: (shape) => ({ momentum: shape }),
    run: eachLeaf(({ weight, value: g, state, lrFactor }, { live, refused }) => {
      const { momentum: v } = state as { readonly momentum: Tensor };
      const [size, length] = [wholeNorm(weight), wholeNorm(g)];
      const whole = add(length, scale(size, weightDecay));
      const u = blend(g, weight, 1, weightDecay);
      const share = where(eq(length, 0), 1, scale(quotient(size, whole, 1), trust));
      const sized = mul(u, where(eq(size, 0), 1, share));
      blendInto(v, sized, momentum, live(({ rate }) => rate * lrFactor), refused);
      return v;
    }),
  };
  return single("lars", options, { average, step: moveBy() });
}

/** Options of `lamb`. */
export interface LambOptions extends AdamRuleOptions, CommonOptions {}

/**
 * Adam whose step, with the decay in it, is sized by the weight: `lr |W| / |u| u`, and `lr u` where
 * one of the norms is 0. Defaults: eps 1e-6, weightDecay 0.01, the rest as `adam`.
 *
 * @throws RangeError for an option out of range; TypeError for an unknown one
 * Source: You et al. 2020, "Large batch optimization for deep learning", algorithm 2
 */
export function lamb(options: LambOptions = {}): Optimizer {
  checkOptions("lamb", options, { ...ADAM_RANGES, ...COMMON });
  const { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-6, weightDecay = 0.01 } = options;
  const dualize: Stage = {
    run: eachLeaf(({ weight, value }) => {
      const u = blend(value, weight, 1, weightDecay);
      return trusted(u, wholeNorm(weight), wholeNorm(u));
    }),
  };
  return single("lamb", { ...options, lr }, { average: moments({ betas, eps }), dualize });
}

/** Options of `fromage`. */
export interface FromageOptions extends CommonOptions {
  /** Learning rate, >= 0: the norm of a step per norm of the weight. Default 0.01. */
  readonly lr?: number;
  /** Largest norm of a weight per norm of its start, > 0. Default: none. */
  readonly bound?: number;
}

/**
 * Steps in proportion to the weight, `W -= lr |W| / |g| g`, then `W /= sqrt(1 + lr^2)`, which keeps
 * its norm where W and g are orthogonal. Where one of the norms is 0, the step is `lr g`.
 *
 * @throws RangeError for an option out of range; TypeError for an unknown one
 * Source: Bernstein et al. 2020, "On the distance between two neural networks and the stability of
 * learning", algorithm 1
 */
export function fromage(options: FromageOptions = {}): Optimizer {
  checkOptions("fromage", options, { lr: NOT_NEGATIVE, bound: POSITIVE, ...COMMON });
  const { lr = 0.01, bound } = options;
  const dualize: Stage = {
    run: eachLeaf(({ weight, value: g }) => trusted(g, wholeNorm(weight), wholeNorm(g))),
  };
  return single("fromage", { ...options, lr }, { dualize, step: shrinking(bound) });
}

function shrinking(bound: number | undefined): Stage {
  return {
    slots: (): SlotShapes => (bound === undefined ? {} : { start: [] }),
    run: (leaves, { live, decide, refused }) => {
      const isFirst = bound !== undefined && decide(({ step }) => step === 1);
      for (const { weight, value, gain, state, lrFactor } of leaves) {
        const shareAt = (rate: number) => 1 / Math.sqrt(1 + (rate * lrFactor) ** 2);
        const share = live(({ rate }) => shareAt(rate));
        const step = live(({ rate }) => shareAt(rate) * rate * lrFactor * gain);
        const { start } = state;
        if (start && isFirst) replaceInto(start, wholeNorm(weight)); // refused or not
        descendInto(weight, value, share, step, refused);
        if (!start || bound === undefined) continue;
        const most = quotient(scale(start, bound), wholeNorm(weight), 1);
        replaceInto(weight, mul(weight, minimum(most, 1)), refused);
      }
      return leaves;
    },
  };
}
