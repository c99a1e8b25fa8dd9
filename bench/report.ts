// Where results go, and results as lines of JSON.

import type { Device } from "../autograd/index.ts";
import type { LeftOut, Result } from "./run_case.ts";

/** Where results go. */
export interface Report {
  /** A measured case. */
  result(result: Result): void;
  /** The cases that were left out; called once, at the end, if there are any. */
  leftOut(list: readonly LeftOut[]): void;
}

/** What all results of a run have in common. */
export interface Circumstances {
  readonly adapter: string;
  readonly host: string;
  readonly software: boolean;
  /** Of the sources; undefined where there is no git. */
  readonly commit: string | undefined;
}

/** Prints one line. */
export type Print = (line: string) => void;

/** The circumstances of a run on a device. */
export function circumstances(device: Device, commit: string | undefined): Circumstances {
  const { host, software } = device.info;
  return { adapter: device.name, host, software, commit };
}

/**
 * One JSON object a line for each case.
 *
 * @param print for results
 * @param note for what is not a result
 */
export function jsonReport(about: Circumstances, print: Print, note: Print): Report {
  return {
    result: (result) => print(JSON.stringify(toJson(result, about, new Date()))),
    leftOut: (list) => describe(list).forEach((line) => note(line)),
  };
}

/**
 * What a line of JSON says of a case.
 *
 * @returns times in milliseconds and microseconds, rates in 1e9 per second, memory in bytes;
 *   values that there are not are left out
 */
export function toJson(
  result: Result, about: Circumstances, date: Date,
): Record<string, string | number | boolean | undefined> {
  const { matricesPerSecond: matrices, hostUsPerOp, roofline } = result;
  return {
    name: result.name, size: result.size,
    adapter: about.adapter, host: about.host, software: about.software,
    timer: result.timer,
    median_ms: round(result.median), p90_ms: round(result.p90), spread: round(result.spread),
    runs: result.runs,
    gflops: round(result.gflops), gbps: round(result.gbps),
    matrices_per_s: matrices && round(matrices),
    roofline: roofline && round(roofline.share), bound: roofline?.bound,
    dispatches: result.dispatches, host_us_per_dispatch: round(result.hostUs),
    host_us_per_op: hostUsPerOp && round(hostUsPerOp),
    peak_bytes: result.peakBytes, kernel: result.kernel,
    commit: about.commit, date: date.toISOString(),
  };
}

/** Six digits: more than a time is good for. */
function round(x: number): number {
  return Number(x.toPrecision(6));
}

/**
 * Lines on what was left out, and how to ask for it.
 *
 * @returns a heading, and for each bench `matmul: 2048 (14 s), 4096 (110 s)`
 */
export function describe(list: readonly LeftOut[]): string[] {
  const byName = new Map<string, string[]>();
  for (const { name, size, secondsPerRun } of list) {
    const sizes = byName.get(name) ?? [];
    byName.set(name, [...sizes, `${size} (${Number(secondsPerRun.toPrecision(2))} s)`]);
  }
  const lines = [...byName].map(([name, sizes]) => `  ${name}: ${sizes.join(", ")}`);
  return ["Left out, as one run takes so long here at best; ask for it by --size:", ...lines];
}
