// Optimizers on a small GPT: what they take of memory beside their formulas, and of time beside
// Adam.

import type { Device } from "../autograd/index.ts";
import { openScope } from "../autograd/index.ts";
import { BenchError } from "./harness.ts";
import { type Effort, EFFORT, expectedBytes, gptSetting, measureMemory, measureTimes } from
  "./optim/measure.ts";
import { optimReport } from "./optim/report.ts";
import { MAX_SIDE, SUBJECTS, type Subject } from "./optim/subjects.ts";
import { isAsked } from "./options.ts";
import type { Circumstances, Print } from "./report.ts";
import { UsageError, numbersOf, showSize } from "./size.ts";
import type { Size } from "./harness.ts";
import type { Timer } from "./timer.ts";

/** Width, context and batch. */
const USUAL = [128, 64, 8] as const;

/** What the command line asks for, and what it is measured with. */
export interface OptimRequest {
  /** Subjects whose name `isAsked` by it; empty for all. */
  readonly only: string;
  readonly sizes: readonly Size[];
  readonly json: boolean;
  readonly timer: Timer;
  readonly about: Circumstances;
  readonly print: Print;
  readonly note: Print;
  /** Default `EFFORT`. */
  readonly effort?: Effort;
}

/** Bytes a parameter that a size class may add, where tensors are no smaller than 4 KB. */
const ROUNDING = 1.25;

/**
 * Measures optimizers one after the other, in turns with Adam.
 *
 * @returns whether every one took the memory that its formula says
 * @throws UsageError for a size or a name that does not fit
 */
export async function benchOptimizers(device: Device, request: OptimRequest): Promise<boolean> {
  const { only, sizes, json, timer, about, print, note, effort = EFFORT } = request;
  const found = SUBJECTS.filter(({ name }) => isAsked(name, only));
  if (found.length === 0) {
    throw new UsageError(`--only: optim has no line with "${only}" in its name.`);
  }
  const subjects = found.filter(({ unbounded }) => !unbounded || only !== "");
  const names = subjects.map(({ name }) => name);
  let right = true;
  for (const size of sizes.length === 0 ? [USUAL] : sizes) {
    const [width, context, batch] = sidesOf(size);
    const model = `GPT of 2 blocks: width ${width}, context ${context}, batch ${batch}. `
      + `Sides above ${MAX_SIDE} are not decomposed.`;
    const output = { json, print, note };
    const report = optimReport(about, showSize(size), model, names, output);
    for (const subject of subjects) {
      const result = await measureOne(device, subject, [width, context, batch], timer, effort);
      report.result(result);
      const { measured, expected } = result;
      if (fits(measured.state, expected.state)) continue;
      right = false;
      note(`bench: ${new BenchError(`${subject.name}: state takes ${measured.state} bytes a `
        + `parameter, not ${expected.state}. The formula is wrong, or something is kept.`)
        .message}`);
    }
    const left = found.filter((subject) => !subjects.includes(subject));
    for (const { name } of left) {
      report.note(`Left out, as it decomposes every side: ${name}. Ask for it by --only.`);
    }
  }
  return right;
}

function fits(measured: number, expected: number): boolean {
  return measured >= expected * (1 - 1e-9) && measured <= ROUNDING * expected;
}

function sidesOf(size: Size): readonly [number, number, number] {
  const [width = 0, context = 0, batch = 0, ...rest] = numbersOf(size);
  const fit = batch > 0 && rest.length === 0 && width % 8 === 0;
  if (fit) return [width, context, batch];
  throw new UsageError(
    `--size: optim takes no such size: ${showSize(size)}. Give width, context and batch, the `
      + `width a multiple of 8, as in ${showSize(USUAL)}.`,
  );
}

async function measureOne(
  device: Device, subject: Subject, [width, context, batch]: readonly [number, number, number],
  timer: Timer, effort: Effort,
) {
  const owner = openScope();
  try {
    const setting = gptSetting(width, context, batch);
    const adam = SUBJECTS.find(({ name }) => name === "adam") as Subject; // it is there
    const memory = await measureMemory(device, setting, subject);
    const times = await measureTimes(device, setting, subject, adam, timer, effort);
    const { name, formula } = subject;
    const expected = expectedBytes(subject, setting.module);
    return { name, formula, expected, ...memory, ...times };
  } finally {
    owner.close();
    device.trim();
  }
}
