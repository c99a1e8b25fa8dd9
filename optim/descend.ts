// Third stage: the change of the weights.

import { descendInto } from "./elementwise.ts";
import type { Stage } from "./pipeline.ts";

/** Options of `descend`. */
export interface DescendOptions {
  /** Share of the weight taken off per unit of learning rate, >= 0: a pull towards zero. */
  readonly weightDecay?: number;
  /** Take it off after the step, so from the new weight, too. Default false: from the old one. */
  readonly decayLast?: boolean;
}

/**
 * `w = (1 - rate weightDecay) w - rate t`, in place, by one kernel per tensor. The decay is
 * decoupled: it is that of the weight, whatever the direction `t`.
 *
 * @param op the optimizer's name, for errors
 */
export function descend(op: string, options: DescendOptions = {}): Stage {
  const { weightDecay = 0, decayLast = false } = options;
  return {
    flat: "moves",
    check: (leaves, { rate }) => {
      leaves.forEach(({ lrFactor }) => checkDecay(op, rate * lrFactor, weightDecay));
    },
    run: (leaves, { live, refused }) => {
      for (const { weight, value, gain, lrFactor } of leaves) {
        const shareAt = (rate: number) => 1 - rate * lrFactor * weightDecay;
        const share = weightDecay > 0 ? live(({ rate }) => shareAt(rate)) : 1;
        const step = live(({ rate }) => {
          const own = rate * lrFactor;
          return (decayLast ? shareAt(rate) * own : own) * gain;
        });
        descendInto(weight, value, share, step, refused);
      }
      return leaves;
    },
  };
}

/** Throws if a decay would turn weights around. */
export function checkDecay(op: string, rate: number, weightDecay: number): void {
  if (rate * weightDecay <= 1) return;
  throw new RangeError(
    `${op}: the decay turns weights around: lr ${rate} x weightDecay ${weightDecay} > 1. `
      + `Lower one of them.`,
  );
}

/** `w = w - t`, in place, for directions that have the learning rate in them. */
export function moveBy(): Stage {
  return {
    flat: "moves",
    run: (leaves, { refused }) => {
      for (const { weight, value, gain } of leaves) descendInto(weight, value, 1, gain, refused);
      return leaves;
    },
  };
}
