// Times several libraries on one task in turn: A B C, A B C, ...

import type { Device } from "../../autograd/index.ts";
import { BenchError, type Expected } from "../harness.ts";
import { checkSpots } from "../check.ts";
import { runsPerSample } from "../measure.ts";
import { quantile } from "../statistics.ts";
import type { Task, Work } from "./contestant.ts";
import type { DispatchCounter } from "./dispatches.ts";

/** Milliseconds that a sample should take: short runs are timed many at once. */
const SAMPLE_MS = 40;
/** A library whose samples took so many seconds together takes part in no more rounds ... */
const MOST_SECONDS = 30;
/** ... once it was in so many. */
const FEWEST_ROUNDS = 2;

/** Clocks and the count of dispatches. */
export interface Meters {
  /** Wall time, milliseconds. */
  readonly now: () => number;
  /** Time of all of the process's threads, milliseconds. */
  readonly cpu: () => number;
  readonly dispatches: DispatchCounter;
  /** Waits for what a library has started, in the same way for all. */
  readonly wait: Device["wait"];
}

/** What came of timing one library. */
export interface Timing {
  /** Milliseconds of one run. */
  readonly median: number;
  readonly quartiles: readonly [number, number];
  /** Milliseconds that the process's threads worked for one run, median. */
  readonly cpu: number;
  /** From the first call to the first result, milliseconds: compiling, above all. */
  readonly first: number;
  /** Of one run. */
  readonly dispatches: number;
  readonly rounds: number;
  /** In each round. */
  readonly runs: number;
}

/** A library at work, ready to be timed. */
export interface Entry {
  readonly work: Work;
  readonly first: number;
  readonly dispatches: number;
  readonly runs: number;
}

/**
 * Runs a work as often as there are values to check, checks them, and counts its dispatches.
 *
 * @param name of case and library, for messages
 * @throws BenchError if a result is wrong, or if twice the runs are not twice the dispatches
 */
export async function prepare(
  name: string, task: Task, work: Work, meters: Meters,
): Promise<Entry> {
  const start = meters.now();
  await meters.wait(runAll(work, 1));
  const first = meters.now() - start;
  await check(name, task, work);
  const once = await sample(work, 1, meters);
  const twice = await sample(work, 2, meters);
  checkCount(name, { once: once.dispatches, runs: 2, counted: twice.dispatches });
  const time = async (count: number): Promise<number> => (await sample(work, count, meters)).ms;
  const runs = twice.ms > SAMPLE_MS ? 1 : await runsPerSample(time, SAMPLE_MS);
  return { work, first, dispatches: once.dispatches, runs };
}

/** Compares what was just run with its float64 values. */
async function check(name: string, task: Task, work: Work): Promise<void> {
  if (task.kind !== "train") {
    checkSpots(name, await work.read(), task.expected, task.tolerance);
    return;
  }
  const losses = [...Array.from(await work.read())];
  while (losses.length < task.losses.length) {
    await work.run();
    await work.settle();
    losses.push(...Array.from(await work.read()));
  }
  const expected: Expected = (i) => task.losses[i] ?? NaN;
  checkSpots(`${name}, losses`, losses, expected);
}

function checkCount(
  name: string, { once, runs, counted }: { once: number; runs: number; counted: number },
): void {
  if (counted === runs * once) return;
  throw new BenchError(
    `${name}: not all of the work is done each time: one run takes ${once} dispatches, ${runs} `
      + `runs take ${counted}. Its time means nothing.`,
  );
}

interface Sample {
  readonly ms: number;
  readonly cpuMs: number;
  readonly dispatches: number;
}

async function runAll(work: Work, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await work.run();
  await work.settle();
}

/** All of so many runs, from the first call to the end of the last dispatch. */
async function sample(work: Work, count: number, meters: Meters): Promise<Sample> {
  const [before, cpu, start] = [meters.dispatches.count, meters.cpu(), meters.now()];
  await meters.wait(runAll(work, count));
  return {
    ms: meters.now() - start, cpuMs: meters.cpu() - cpu,
    dispatches: meters.dispatches.count - before,
  };
}

/**
 * Times all entries in turn, round after round.
 *
 * @param entries by name, in the order of their turns
 * @throws BenchError if a sample has not the dispatches of its runs
 */
export async function timeInTurn(
  entries: ReadonlyMap<string, Entry>, rounds: number, meters: Meters,
): Promise<ReadonlyMap<string, Timing>> {
  const samples = new Map<string, Sample[]>();
  for (let round = 0; round < rounds; round++) {
    for (const [name, { work, runs, dispatches }] of entries) {
      const done = samples.get(name) ?? [];
      const seconds = done.reduce((sum, { ms }) => sum + ms, 0) / 1000;
      if (done.length >= FEWEST_ROUNDS && seconds > MOST_SECONDS) continue;
      const next = await sample(work, runs, meters);
      checkCount(name, { once: dispatches, runs, counted: next.dispatches });
      samples.set(name, [...done, next]);
    }
  }
  return new Map([...entries].map(([name, entry]) => {
    return [name, timingOf(entry, samples.get(name) ?? [])];
  }));
}

function timingOf({ first, dispatches, runs }: Entry, samples: readonly Sample[]): Timing {
  const sorted = (of: (sample: Sample) => number): number[] => {
    return samples.map((sample) => of(sample) / runs).sort((a, b) => a - b);
  };
  const [ms, cpu] = [sorted((sample) => sample.ms), sorted((sample) => sample.cpuMs)];
  return {
    median: quantile(ms, 0.5), quartiles: [quantile(ms, 0.25), quantile(ms, 0.75)],
    cpu: quantile(cpu, 0.5), first, dispatches, rounds: samples.length, runs,
  };
}
