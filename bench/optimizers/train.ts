// One training: a task, an optimizer, a learning rate and a seed.

import { type Device, NonFiniteError, type Tree, dispose, keep, rng, scope, treeLeaves,
  valueAndGrad } from "../../autograd/index.ts";
import type { Weights } from "../../nn/index.ts";
import { type Optimizer, linearDecay } from "../../optim/index.ts";
import type { Member } from "./family.ts";
import { MomentAverage, type Moments, probesFor, watchedForward } from "./layer_moments.ts";
import { type Batch, type Task, lossOf } from "./tasks.ts";

/** Which training. */
export interface Choice {
  readonly task: Task;
  readonly member: Member;
  readonly lr: number;
  readonly seed: number;
  readonly steps: number;
}

/** What came of it. */
export interface Outcome {
  /** On what is held out, after the last step; Infinity where it diverged. */
  readonly loss: number;
  /** Seconds of one step, data and gradient included; without the first steps. */
  readonly secondsPerStep: number;
  /** Weights, gradients and state, as the device counts them. */
  readonly bytesPerParameter: number;
}

/** Longest side of a Gram matrix: all of these tasks' are shorter. */
const MAX_SIDE = 1024;
/** Share of the steps that are not timed: kernels are compiled in them. */
const UNTIMED = 0.2;
/** Steps that are recorded before the host waits for the device. */
const AHEAD = 5;

/** Trains from random weights. */
export async function train(device: Device, choice: Choice): Promise<Outcome> {
  const { task, member, lr, seed, steps } = choice;
  const { module } = task;
  const random = rng(seed);
  using average = new MomentAverage(module);
  const before = device.memory().live;
  const weights = keep(module.initialize(random.split("weights")));
  const schedule = linearDecay({ total: steps });
  using optimizer = member.make({
    module, lr, schedule, moments: average.of, maxSide: MAX_SIDE,
  });
  const next = task.batches(random.split("batches"));
  const gradients = member.name === "iso" ? watched(task, average) : plain(task);
  const gradsOf = () => gradients(weights, next());
  try {
    const bytes = await firstStep(device, optimizer, weights, gradsOf) - before;
    const secondsPerStep = await laterSteps(device, steps, () => {
      optimizer.step(weights, gradsOf());
    });
    return { loss: await validate(task, weights), secondsPerStep,
      bytesPerParameter: bytes / module.toList(weights).reduce((sum, { size }) => sum + size, 0) };
  } catch (error) {
    if (!(error instanceof NonFiniteError)) throw error;
    return { loss: Infinity, secondsPerStep: NaN, bytesPerParameter: NaN };
  } finally {
    dispose(weights);
  }
}

/** @returns bytes in use between the step and the freeing of its gradients */
async function firstStep(
  device: Device, optimizer: Optimizer, weights: Weights, gradsOf: () => Tree,
): Promise<number> {
  const grads = scope(() => keep(gradsOf()));
  try {
    optimizer.step(weights, grads);
    await device.idle();
    return device.memory().live;
  } finally {
    treeLeaves(grads).forEach((t) => t.dispose());
  }
}

/** @returns seconds of one */
async function laterSteps(device: Device, steps: number, step: () => void): Promise<number> {
  const from = Math.max(1, Math.floor(steps * UNTIMED));
  let start = performance.now();
  for (let i = 1; i < steps; i++) {
    if (i % AHEAD === 0 || i === from) await device.idle();
    if (i === from) start = performance.now();
    scope(step);
  }
  await device.idle();
  return (performance.now() - start) / 1000 / Math.max(1, steps - from);
}

type Gradients = (weights: Weights, batch: Batch) => Tree;

function plain({ module }: Task): Gradients {
  const lossAndGrads = valueAndGrad((w: Weights, batch: Batch) => {
    return lossOf(module.forward(batch.inputs, w), batch);
  });
  return (weights, batch) => lossAndGrads(weights, batch).grads;
}

/** The same, and takes the moments of the layers in. */
function watched({ module }: Task, average: MomentAverage): Gradients {
  const lossAndGrads = valueAndGrad(({ weights, probes }: Watched, batch: Batch) => {
    return lossOf(watchedForward(module, batch.inputs, weights, probes), batch);
  });
  return (weights, batch) => {
    const { grads } = lossAndGrads({ weights, probes: probesFor(module) }, batch);
    average.update(grads.probes);
    return grads.weights;
  };
}

type Watched = { readonly weights: Weights; readonly probes: Moments };

async function validate({ module, heldOut }: Task, weights: Weights): Promise<number> {
  const loss = scope(() => {
    const batch = heldOut();
    return lossOf(module.forward(batch.inputs, weights), batch);
  });
  const value = await loss.item();
  loss.dispose();
  return Number.isFinite(value) ? value : Infinity;
}
