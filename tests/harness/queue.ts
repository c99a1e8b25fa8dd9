// Collects the suites of the process, runs them one after another, prints the closing line.

import type { Device } from "../../engine/index.ts";
import { claim, env, finish, onExit, print, setExitCode } from "../host.ts";
import type { Totals } from "../host.ts";
import { unmetNeeds } from "./needs.ts";
import { openShared } from "./open_shared.ts";
import { runOne } from "./run_one.ts";
import type { Collected, SuiteOptions } from "./types.ts";
import { runWithUvu } from "./uvu_runner.ts";
import type { NamedBody } from "./uvu_runner.ts";

const SLOW_SECONDS = 10; // a third of what a test may take, as other machines are slower

const suites: Collected[] = [];
const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
let state: "idle" | "scheduled" | "closed" = "idle";
let shared: Promise<Device> | undefined;

/**
 * Notes a suite and sees to it that the suites run once all files are loaded.
 *
 * @throws Error if the closing line has been printed already, or the name is taken
 */
export function register(name: string, options: SuiteOptions): Collected {
  if (state === "closed") {
    throw new Error(`suite: "${name}" was made after the run had ended. Make it at load time.`);
  }
  if (suites.some((other) => other.name === name)) {
    throw new Error(`suite: the name is taken: "${name}". Give each suite its own name.`);
  }
  const collected: Collected = { name, options, tests: [], ready: false };
  suites.push(collected);
  if (state === "idle") {
    state = "scheduled";
    setTimeout(runAll, 0);
    onExit(failIfNotClosed);
  }
  return collected;
}

function failIfNotClosed(): void {
  if (state === "closed") return;
  setExitCode(1);
  print("The process is ending before its tests did.");
}

async function runAll(): Promise<void> {
  let place = 0;
  for (const collected of suites) { // may grow while it runs
    if (await claim(place++)) await runGuarded(collected);
  }
  try {
    if (shared !== undefined) (await shared).close();
  } catch (error) {
    count(collectedFailure("closing the device", error), 0, 1);
  }
  state = "closed";
  finish(totals);
}

function collectedFailure(where: string, error: unknown): string {
  return `FAIL  ${where}: ${error instanceof Error ? error.message : String(error)}`;
}

function count(line: string, passed: number, failed: number): void {
  print(line);
  totals.passed += passed;
  totals.failed += failed;
}

async function runGuarded(collected: Collected): Promise<void> {
  const { name, tests } = collected;
  if (!collected.ready) {
    count(`FAIL  ${name}: run() was never called. End the file with test.run().`, 0, 1);
    return;
  }
  try {
    await runSuite(collected);
  } catch (error) {
    count(collectedFailure(name, error), 0, Math.max(1, tests.length)); // no adapter, for one
  }
}

async function runSuite({ name, options, tests }: Collected): Promise<void> {
  const wanted = tests.filter((test) => `${name}: ${test.name}`.includes(env("ONLY") ?? ""));
  if (wanted.length === 0) return;
  const device = options.device === false ? undefined : await sharedDevice();
  const ready: NamedBody[] = [];
  const skipped: string[] = [];
  const slow: string[] = [];
  for (const test of wanted) {
    const missing = await unmetNeeds(test.needs, device);
    if (missing.length > 0) skipped.push(`  skipped: ${test.name} (needs ${missing.join(", ")})`);
    else ready.push(timed(test.name, () => runOne(name, options, test, device), slow));
  }
  const { passed, failed, report } = await runWithUvu(name, ready, skipped.length);
  totals.skipped += skipped.length;
  count([...skipped, ...slow, report].filter((text) => text !== "").join("\n"), passed, failed);
}

/** A test that notes how long it took if that is long. */
function timed(name: string, test: NamedBody["body"], slow: string[]): NamedBody {
  const limit = Number(env("SLOW") ?? SLOW_SECONDS);
  const body = async (): Promise<void> => {
    const start = performance.now();
    try {
      await test();
    } finally {
      const seconds = (performance.now() - start) / 1000;
      if (seconds >= limit) slow.push(`  slow: ${name} (${seconds.toFixed(1)} s)`);
    }
  };
  return { name, body };
}

function sharedDevice(): Promise<Device> {
  shared ??= openShared();
  return shared;
}
