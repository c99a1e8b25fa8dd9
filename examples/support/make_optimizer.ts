// The four optimizers of the training programs, by name.

import type { Module } from "../../nn/index.ts";
import { type Optimizer, adam, linearDecay, modularDescent, muon, sgd } from
  "../../optim/index.ts";
import type { Optimizer as Name } from "./option_types.ts";

/**
 * Makes an optimizer whose learning rate falls linearly to 0.
 *
 * @param module whose weights it moves
 * @param lr learning rate of the first step
 * @param steps of the whole training
 */
export function makeOptimizer(name: Name, module: Module, lr: number, steps: number): Optimizer {
  const schedule = linearDecay({ total: steps });
  switch (name) {
    case "modula": return modularDescent(module, { lr, schedule });
    // AdamW takes the embedding, at a tenth of the rate: its updates are per entry.
    case "muon": return muon(module, { lr, schedule, adamw: { lr: lr / 10 } });
    case "adam": return adam({ lr, schedule });
    case "sgd": return sgd({ lr, momentum: 0.9, schedule });
  }
}
