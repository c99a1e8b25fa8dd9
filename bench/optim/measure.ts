// Memory and time of one optimizer on one model, beside Adam in the same minutes.

import { type Device, type Tensor, type Tree, crossEntropy, dispose, keep, rng, scope, tensor,
  valueAndGrad } from "../../autograd/index.ts";
import { type Module, type Weights, gpt } from "../../nn/index.ts";
import { type Summary, median, summarize } from "../statistics.ts";
import type { Timer } from "../timer.ts";
import { type Bytes, type Subject, MAX_SIDE } from "./subjects.ts";

/** The model that is trained, and a batch for it. */
export interface Setting {
  readonly module: Module;
  readonly inputs: Tensor;
  readonly labels: Tensor;
}

/** How often is enough. */
export interface Effort {
  readonly minRounds: number;
  readonly maxRounds: number;
  /** Seconds after which it is enough, with `minRounds`. */
  readonly seconds: number;
  /** Seconds after which it is enough in any case, with one round. */
  readonly maxSeconds: number;
}

/** The usual one. */
export const EFFORT: Effort = { minRounds: 3, maxRounds: 15, seconds: 6, maxSeconds: 30 };

/** What there is to say of an optimizer. */
export interface OptimResult {
  readonly name: string;
  readonly formula: string;
  /** Bytes a parameter, by the formula. */
  readonly expected: Bytes;
  /** The same by the device's count. */
  readonly measured: Bytes;
  /** Most bytes a parameter at a time of the update, with all of the above. */
  readonly peak: number;
  /** Milliseconds of the update alone. */
  readonly update: Summary;
  /** Milliseconds of loss, gradient and update. */
  readonly step: Summary;
  /** Both over those of Adam, measured in turns. */
  readonly updateRatio: number;
  readonly stepRatio: number;
  readonly dispatches: number;
}

/** Heads and blocks of the GPT, and the number of its tokens. */
const [HEADS, BLOCKS, VOCAB] = [4, 2, 65] as const;

/** A GPT of two blocks and random tokens, in the current scope. */
export function gptSetting(width: number, context: number, batch: number): Setting {
  const module = gpt({ vocab: VOCAB, heads: HEADS, embed: width, blocks: BLOCKS });
  const random = rng(1);
  const draw = (): Tensor => {
    const ids = Int32Array.from({ length: batch * context }, () => random.int(VOCAB));
    return tensor(ids, { shape: [batch, context] });
  };
  return { module, inputs: draw(), labels: draw() };
}

/** The gradient of the loss. */
function gradientOf({ module, inputs, labels }: Setting): (weights: Weights) => Tree {
  const lossAndGrads = valueAndGrad((weights: Weights) => {
    return crossEntropy(module.forward(inputs, weights), labels);
  });
  return (weights) => lossAndGrads(weights).grads;
}

/** What the formula says. */
export function expectedBytes({ bytes }: Subject, { entries }: Module): Bytes {
  return bytes(entries.map(({ shape, norm }) => {
    return { shape, matrix: norm.resized !== undefined, maxSide: MAX_SIDE };
  }));
}

/** The memory of an optimizer, by the device's count. */
export async function measureMemory(
  device: Device, setting: Setting, subject: Subject,
): Promise<{ readonly measured: Bytes; readonly peak: number }> {
  const { bytes } = device.pool;
  const start = await settled(device);
  using running = subject.start(setting.module);
  const weights = await settled(device) - start;
  const size = setting.module.toList(running.weights).reduce((sum, t) => sum + t.size, 0);
  const grads = scope(() => keep(gradientOf(setting)(running.weights)));
  const fresh = await settled(device) - start - weights;
  running.prepare();
  const buffer = await settled(device) - start - weights - fresh;
  device.trim();
  bytes.peak = bytes.live;
  running.update(grads);
  const after = await settled(device);
  const peak = bytes.peak - start;
  dispose(grads);
  const gradients = buffer > 0 ? buffer : fresh;
  const state = after - start - weights - fresh - buffer;
  const each = { weights: weights / size, gradients: gradients / size, state: state / size };
  return { measured: each, peak: peak / size };
}

/** Bytes in use once everything recorded has been done. */
async function settled(device: Device): Promise<number> {
  await device.idle();
  return device.memory().live;
}

/** Times an optimizer and Adam in turns. */
export async function measureTimes(
  device: Device, setting: Setting, subject: Subject, adam: Subject, timer: Timer,
  effort: Effort,
): Promise<Pick<OptimResult, "update" | "step" | "updateRatio" | "stepRatio" | "dispatches">> {
  const gradient = gradientOf(setting);
  using own = subject.start(setting.module);
  using other = adam.start(setting.module);
  const grads = scope(() => keep(gradient(own.weights)));
  const sampler = (period: number, work: () => void) => async () => {
    const { ms } = await timer.time(() => {
      for (let i = 0; i < period; i++) scope(work);
    });
    return ms / period;
  };
  const both = [[own, subject.period], [other, 1]] as const;
  const updates = both.map(([one, n]) => sampler(n, () => one.update(grads)));
  const steps = both.map(([one, n]) => sampler(n, () => one.update(gradient(one.weights))));
  const works = [...updates, ...steps];
  for (const work of works) await work(); // compiles the kernels
  const before = device.counts.dispatches;
  await updates[0]?.();
  const dispatches = (device.counts.dispatches - before) / subject.period;
  const times = works.map((): number[] => []);
  const start = performance.now();
  for (let round = 0; !isEnough(round, (performance.now() - start) / 1000, effort); round++) {
    for (const [i, work] of works.entries()) times[i]?.push(await work());
  }
  dispose(grads);
  const [update = [], adamUpdate = [], step = [], adamStep = []] = times;
  return {
    update: summarize(update), step: summarize(step), dispatches,
    updateRatio: median(update) / median(adamUpdate), stepRatio: median(step) / median(adamStep),
  };
}

/** Whether so many rounds in so many seconds will do. */
export function isEnough(rounds: number, seconds: number, effort: Effort): boolean {
  if (rounds >= effort.maxRounds) return true;
  if (rounds >= effort.minRounds && seconds >= effort.seconds) return true;
  return rounds >= 1 && seconds >= effort.maxSeconds;
}
