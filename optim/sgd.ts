import { coupledDecay, heavyBall } from "./average.ts";
import { FRACTION, NOT_NEGATIVE, SHARE, SWITCH, checkOptions } from "./check.ts";
import { single } from "./common.ts";
import type { Optimizer } from "./optimizer.ts";
import { COMMON, type CommonOptions } from "./options.ts";

/** Options of `sgd`. */
export interface SgdOptions extends CommonOptions {
  /** Learning rate, >= 0. */
  readonly lr: number;
  /** Decay of the sum of gradients, in [0, 1). Default 0: none; 0.9 is usual. */
  readonly momentum?: number;
  /**
   * One minus the factor of new gradients in the sum, but for the first step's; in [0, 1]. It does
   * nothing without momentum. Default 0.
   */
  readonly dampening?: number;
  /** Look ahead; needs momentum and no dampening. Default false. */
  readonly nesterov?: boolean;
  /** Multiple of the weight added to its gradient, >= 0: coupled, so in the sum, too. Default 0. */
  readonly weightDecay?: number;
}

/**
 * Gradient descent, with momentum if wanted.
 *
 * @throws RangeError for an option out of range; TypeError for one unknown or missing
 * Source: Sutskever et al. 2013, "On the importance of initialization and momentum"
 * @example
 * const optimizer = sgd({ lr: 0.1, momentum: 0.9, nesterov: true });
 */
export function sgd(options: SgdOptions): Optimizer {
  checkOptions("sgd", options, {
    lr: NOT_NEGATIVE, momentum: FRACTION, dampening: SHARE, nesterov: SWITCH,
    weightDecay: NOT_NEGATIVE, ...COMMON,
  }, ["lr"]);
  const { momentum = 0, dampening = 0, nesterov = false, weightDecay = 0 } = options;
  if (nesterov && (momentum === 0 || dampening !== 0)) {
    throw new RangeError(
      `sgd: nesterov does not fit: momentum ${momentum}, dampening ${dampening}. `
        + `Use momentum > 0 and dampening 0 with it.`,
    );
  }
  return single("sgd", options, {
    prepare: weightDecay > 0 ? [coupledDecay(weightDecay)] : [],
    average: heavyBall({ momentum, dampening, nesterov }),
  });
}
