// Third stage: the change of the weights.

import { descendInto } from "./elementwise.ts";
import type { Stage } from "./pipeline.ts";

/** Options of `descend`. */
export interface DescendOptions {
  /** Share of the weight taken off per unit of learning rate, >= 0: a pull towards zero. */
  readonly weightDecay?: number;
}

/**
 * `w = (1 - rate weightDecay) w - rate t`, in place, by one kernel per tensor. The decay is
 * decoupled: it is that of the old weight, whatever the direction `t`.
 *
 * @param op the optimizer's name, for errors
 */
export function descend(op: string, { weightDecay = 0 }: DescendOptions = {}): Stage {
  return {
    check: (_, { rate }) => {
      if (rate * weightDecay <= 1) return;
      throw new RangeError(
        `${op}: the decay turns weights around: lr ${rate} x weightDecay ${weightDecay} > 1. `
          + `Lower one of them.`,
      );
    },
    run: (leaves, { rate }) => {
      for (const { weight, value, gain } of leaves) {
        descendInto(weight, value, 1 - rate * weightDecay, rate * gain);
      }
      return leaves;
    },
  };
}
