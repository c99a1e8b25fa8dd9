// One case from its inputs to its row: is it right, is all of it done, how long does it take?

import { type Device, evaluate, openScope, scope } from "../autograd/index.ts";
import { checkSpots } from "./check.ts";
import type { Work } from "./harness.ts";
import { type Effort, type Measured, measure } from "./measure.ts";
import { type Roofline, type Share, bestMs, shareOf } from "./roofline.ts";
import { type Planned, showSize } from "./size.ts";
import { type Summary, summarize } from "./statistics.ts";
import type { Timer } from "./timer.ts";

/** What all cases of a run share. */
export interface Session {
  readonly device: Device;
  readonly timer: Timer;
  readonly effort: Effort;
  /** Undefined while it is being measured. */
  readonly roofline?: Roofline;
}

/** What there is to say of a case. */
export interface Result extends Summary {
  readonly name: string;
  readonly size: string;
  /** Which clock the milliseconds are of. */
  readonly timer: Timer["kind"];
  /** Runs that were counted. */
  readonly runs: number;
  readonly gflops: number;
  readonly gbps: number;
  readonly matricesPerSecond: number | undefined;
  readonly roofline: Share | undefined;
  /** Of one run. */
  readonly dispatches: number;
  /** Microseconds to record and send one dispatch. */
  readonly hostUs: number;
  /** The same for one of the operations that the work is counted in. */
  readonly hostUsPerOp: number | undefined;
  /** Most bytes of tensors at a time, inputs included. */
  readonly peakBytes: number;
  /** The kernel that was used, where there is a choice. */
  readonly kernel?: string | undefined;
}

/** A case that was left out, since a run takes so long at best. */
export interface LeftOut {
  readonly name: string;
  readonly size: string;
  readonly secondsPerRun: number;
}

/** Seconds that a run may take at best, unless the size was asked for. */
const LONGEST_RUN = 0.5;

/**
 * Checks and times a case.
 *
 * @throws BenchError if its result is wrong or its runs are not all the same; errors of the engine
 */
export async function runCase(
  session: Session, { bench, size, asked }: Planned,
): Promise<Result | LeftOut> {
  const { device, roofline } = session;
  const about = { name: bench.name, size: showSize(size) };
  const owner = openScope();
  let work: Work | undefined;
  try {
    work = bench.make(size);
    const best = roofline ? bestMs(work, roofline) / 1000 : 0;
    if (best > LONGEST_RUN && !asked) return { ...about, secondsPerRun: best };
    await checkOnce(`${about.name} ${about.size}`, work);
    return { ...about, ...await timeWork(session, `${about.name} ${about.size}`, work) };
  } finally {
    work?.free?.();
    owner.close();
    device.trim();
  }
}

/**
 * The first run, which also compiles the kernels.
 *
 * @param name of the case, for the message
 * @throws BenchError if the result is wrong
 */
export async function checkOnce(name: string, { run, expected, tolerance }: Work): Promise<void> {
  const y = scope(run);
  const got = await y.read();
  y.dispose();
  checkSpots(name, got, await expected(), tolerance);
}

async function timeWork(
  { device, timer, effort, roofline }: Session, name: string, work: Work,
): Promise<Omit<Result, "name" | "size">> {
  const { bytes } = device.pool;
  bytes.peak = bytes.live; // the peak of this case, not of the ones before it
  const once = () => {
    const y = scope(work.run);
    if (!y.disposed) evaluate(y); // one kept from an earlier run is found by its dispatches
    y.dispose();
  };
  const measured = await measure(name, device, once, timer, effort);
  const summary = summarize(measured.samples);
  return {
    ...summary, ...ratesOf(work, summary.median), ...counts(measured, work),
    timer: timer.kind,
    kernel: work.kernel, roofline: roofline && shareOf(work, summary.median, roofline),
    peakBytes: device.memory().peak,
  };
}

function ratesOf({ flop, bytes, matrices }: Work, ms: number) {
  const perSecond = 1000 / ms;
  return {
    gflops: flop * perSecond / 1e9,
    gbps: bytes * perSecond / 1e9,
    matricesPerSecond: matrices && matrices * perSecond,
  };
}

function counts({ runs, dispatches, hostUs }: Measured, { ops }: Work) {
  return { runs, dispatches, hostUs, hostUsPerOp: ops && hostUs * dispatches / ops };
}
