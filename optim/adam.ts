import { coupledDecay, moments } from "./average.ts";
import { BETAS, NOT_NEGATIVE, SWITCH, checkOptions } from "./check.ts";
import { descend } from "./descend.ts";
import { noDual } from "./dualize.ts";
import { Optimizer } from "./optimizer.ts";
import { COMMON, type CommonOptions, commonOf } from "./options.ts";
import type { Rule } from "./pipeline.ts";

/** What Adam and AdamW have in common. */
export interface AdamRuleOptions {
  /** Learning rate, >= 0. Default 1e-3. */
  readonly lr?: number;
  /** Decays of the averages of gradients and of their squares, in [0, 1). Default 0.9, 0.999. */
  readonly betas?: readonly [number, number];
  /** Added to the root of the average square, >= 0. Default 1e-8. */
  readonly eps?: number;
  /** See `adam` and `adamw`; >= 0. */
  readonly weightDecay?: number;
}

/** Options of `adam` and `adamw`. */
export interface AdamOptions extends AdamRuleOptions, CommonOptions {
  /** Divide by the largest average square so far. Default false. */
  readonly amsgrad?: boolean;
}

/** Ranges of `AdamRuleOptions`. */
export const ADAM_RANGES = {
  lr: NOT_NEGATIVE, betas: BETAS, eps: NOT_NEGATIVE, weightDecay: NOT_NEGATIVE,
} as const;

const RANGES = { ...ADAM_RANGES, amsgrad: SWITCH, ...COMMON } as const;

/**
 * Adam: every element moves by the quotient of its average gradient and the root of the average
 * square.
 *
 * @param options.weightDecay multiple of the weight added to its gradient. Default 0
 * @throws RangeError for an option out of range; TypeError for an unknown one
 * Source: Kingma, Ba 2015, "Adam: a method for stochastic optimization", algorithm 1
 */
export function adam(options: AdamOptions = {}): Optimizer {
  checkOptions("adam", options, RANGES);
  const { weightDecay = 0, ...rest } = options;
  const rule = adamRule("adam", rest);
  const prepare = weightDecay > 0 ? [coupledDecay(weightDecay)] : [];
  return new Optimizer({ name: "adam", rules: [{ ...rule, prepare }], ...commonOf(options) });
}

/**
 * Adam with decoupled weight decay: weights are pulled towards zero apart from their gradients.
 *
 * @param options.weightDecay share of the weight taken off per unit of learning rate. Default 0.01
 * @throws RangeError for an option out of range; TypeError for an unknown one
 * Source: Loshchilov, Hutter 2019, "Decoupled weight decay regularization", algorithm 2
 */
export function adamw(options: AdamOptions = {}): Optimizer {
  checkOptions("adamw", options, RANGES);
  const { weightDecay = 0.01, ...rest } = options;
  const rule = adamRule("adamw", { ...rest, weightDecay });
  return new Optimizer({ name: "adamw", rules: [rule], ...commonOf(options) });
}

/** The rule of Adam with decoupled decay. Options have been checked. */
export function adamRule(
  op: string, options: AdamRuleOptions & { readonly amsgrad?: boolean },
): Rule {
  const { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0, amsgrad } = options;
  return {
    name: op, lr,
    average: moments({ betas, eps, amsgrad: amsgrad === true }),
    dualize: noDual(),
    step: descend(op, { weightDecay }),
  };
}
