// The loop of the training programs: steps, validations now and then, Ctrl-C, and what to plot.

import { type Tensor, scope } from "../../autograd/index.ts";
import type { Interrupt } from "./interrupt.ts";
import type { LossPoint } from "../../nn/index.ts";
import type { Report } from "./report.ts";

/** What the loop runs. */
export interface TrainingLoop {
  readonly steps: number;
  /** Validations in the whole run, beside the one before it. */
  readonly validations: number;
  readonly report: Report;
  readonly interrupt: Interrupt;
  /** One step; gives the loss, a scalar. What else it makes is freed. */
  readonly trainStep: () => Tensor;
  /** The loss on data that is held out. */
  readonly validate: () => Promise<number>;
}

/** What came of it. */
export interface Training {
  /** Steps done. */
  readonly steps: number;
  readonly train: readonly LossPoint[];
  readonly validation: readonly LossPoint[];
  /** The last validation loss. */
  readonly valLoss: number;
}

/**
 * Runs the steps, or those up to Ctrl-C.
 *
 * @throws Error if a loss is not finite
 */
export async function runTraining(loop: TrainingLoop): Promise<Training> {
  const { steps, validations, report, interrupt, trainStep, validate } = loop;
  const every = Math.ceil(steps / validations);
  const train: LossPoint[] = [];
  const validation: LossPoint[] = [[0, await validate()]];
  let step = 0;
  while (step < steps && !interrupt.requested) {
    const loss = await readNumber(scope(trainStep));
    train.push([++step, loss]);
    if (step % every === 0 || step === steps || interrupt.requested) {
      const valLoss = await validate();
      validation.push([step, valLoss]);
      report.step({ step, loss, valLoss });
    } else report.step({ step, loss });
  }
  return { steps: step, train, validation, valLoss: validation.at(-1)?.[1] ?? NaN };
}

/** The value of a scalar, which is freed. */
export async function readNumber(x: Tensor): Promise<number> {
  try {
    return await x.item();
  } finally {
    x.dispose();
  }
}
