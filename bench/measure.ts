// Runs work often enough, and no more, to say how long it takes.

import { BenchError } from "./harness.ts";
import { type Timed, type Timer, type Waits, wallTimer } from "./timer.ts";

/** How much is enough. */
export interface Effort {
  /** Runs that are counted at least, unless `maxSeconds` comes first. */
  readonly minRuns: number;
  /** Seconds of counted runs at least. */
  readonly minSeconds: number;
  /** Seconds of counted runs after which it is enough, with `fewestRuns`. */
  readonly maxSeconds: number;
  readonly fewestRuns: number;
  /** Milliseconds a sample should take: short runs are timed many at once. */
  readonly sampleMs: number;
}

/** The usual effort. A case of 1 s a run, on a software adapter, still ends after 3 runs. */
export const EFFORT: Effort = {
  minRuns: 20, minSeconds: 1, maxSeconds: 3, fewestRuns: 3, sampleMs: 20,
};

/** Runs in one sample at most. */
const MAX_RUNS_PER_SAMPLE = 4096;
/** Samples of the host's time, and runs in one of them at most. */
const [HOST_SAMPLES, HOST_RUNS] = [15, 64] as const;

/** The part of a device that is needed here. */
export interface Counted extends Waits {
  readonly counts: { readonly dispatches: number };
}

/** What came of it. */
export interface Measured {
  /** Milliseconds of one run, by sample. */
  readonly samples: readonly number[];
  /** Runs that were counted. */
  readonly runs: number;
  /** Dispatches of one run. */
  readonly dispatches: number;
  /**
   * Microseconds the host takes to record and send one dispatch: the least of several samples, as
   * whatever else the machine does adds to it.
   */
  readonly hostUs: number;
}

/**
 * Times work that has been run before.
 *
 * @param name of the case, for messages
 * @param run records the work once and frees what it made
 * @param now milliseconds
 * @throws BenchError if twice the runs are not twice the dispatches
 */
export async function measure(
  name: string, device: Counted, run: () => void, timer: Timer, effort: Effort,
  now: () => number = () => performance.now(),
): Promise<Measured> {
  const dispatches = await countDispatches(name, device, run);
  const wall = wallTimer(device, now);
  const each = await runsPerSample(async (runs) => {
    return (await wall.time(() => repeat(run, runs))).ms;
  }, effort.sampleMs);
  const samples: Timed[] = [];
  const start = now();
  const runs = () => samples.length * each;
  while (!isEnough(runs(), (now() - start) / 1000, effort)) {
    const before = device.counts.dispatches;
    samples.push(await timer.time(() => repeat(run, each)));
    checkCount(name, each, dispatches, device.counts.dispatches - before);
  }
  const few = Math.min(each, HOST_RUNS);
  const host = await times(HOST_SAMPLES, () => wall.time(() => repeat(run, few)));
  return {
    samples: samples.map(({ ms }) => ms / each), runs: runs(), dispatches,
    hostUs: Math.min(...host.map(({ hostMs }) => hostMs)) * 1000 / (few * dispatches),
  };
}

/** Whether so many runs in so many seconds will do. */
export function isEnough(runs: number, seconds: number, effort: Effort): boolean {
  if (runs >= effort.minRuns && seconds >= effort.minSeconds) return true;
  return runs >= effort.fewestRuns && seconds >= effort.maxSeconds;
}

/**
 * How many runs make a sample of the wanted length, found by trying.
 *
 * @param time milliseconds that so many runs take
 * @param wanted milliseconds
 */
export async function runsPerSample(
  time: (runs: number) => Promise<number>, wanted: number,
): Promise<number> {
  for (let runs = 1;;) {
    const ms = await time(runs);
    if (ms >= wanted / 2 || runs === MAX_RUNS_PER_SAMPLE) return runs;
    // The first runs may be slow for other reasons, so grow in steps.
    const growth = Math.min(8, Math.max(2, wanted / ms));
    runs = Math.min(MAX_RUNS_PER_SAMPLE, Math.ceil(runs * growth));
  }
}

/** Dispatches of one run; a lazy engine that does less when nobody looks would show here. */
async function countDispatches(name: string, device: Counted, run: () => void): Promise<number> {
  const counts: number[] = [];
  for (const runs of [1, 2]) {
    const before = device.counts.dispatches;
    repeat(run, runs);
    await device.idle();
    counts.push(device.counts.dispatches - before);
  }
  const [once = 0, twice = 0] = counts;
  checkCount(name, 2, once, twice);
  return once;
}

function checkCount(name: string, runs: number, dispatches: number, counted: number): void {
  if (dispatches > 0 && counted === runs * dispatches) return;
  throw new BenchError(
    `${name}: runs do not all do the same: ${counted} dispatches in ${runs} runs, `
      + `${dispatches} in one. Work was put off or left out; its time means nothing.`,
  );
}

function repeat(run: () => void, times: number): void {
  for (let i = 0; i < times; i++) run();
}

async function times<R>(count: number, body: () => Promise<R>): Promise<R[]> {
  const list: R[] = [];
  while (list.length < count) list.push(await body());
  return list;
}
