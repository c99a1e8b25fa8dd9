// One test: time limit, scope, GPU errors, leak check, and the seed in the message of a failure.

import { openScope } from "../../engine/index.ts";
import type { Device } from "../../engine/index.ts";
import { env } from "../host.ts";
import { mixSeed, testRng } from "../rng.ts";
import type { TestRng } from "../rng.ts";
import type { Declared, SuiteOptions, TestContext } from "./types.ts";

const DEFAULT_SECONDS = 30; // the slowest adapter we test on takes up to a second for a pipeline

const baseSeed = /* @__PURE__ */ readSeed(env("SEED"));

function readSeed(text: string | undefined): number {
  if (text === undefined) return 1;
  if (text === "random") return Math.floor(Math.random() * 2 ** 31);
  const seed = Number(text);
  if (Number.isInteger(seed)) return seed;
  throw new RangeError(`SEED: not an integer: ${text}. Pass an integer or "random".`);
}

function makeContext(rng: TestRng, seed: number, device: Device | undefined): TestContext {
  return {
    rng,
    seed,
    get device() {
      if (device !== undefined) return device;
      throw new Error("harness: the suite has device: false. Leave the option out to get one.");
    },
  };
}

async function within(seconds: number, work: () => void | Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_, reject) => {
    const late = new Error(`the test did not end within ${seconds} s`);
    timer = setTimeout(() => reject(late), seconds * 1000);
  });
  try {
    await Promise.race([(async () => work())(), limit]);
  } finally {
    clearTimeout(timer);
  }
}

// Runs `work` in a scope on the device and fails if anything it made outlives the scope.
async function withoutLeaks(device: Device, work: () => Promise<void>): Promise<void> {
  await device.idle().catch(() => undefined); // an error of the test before, which has failed
  const before = device.memory();
  const scope = openScope();
  try {
    await work();
    await device.idle(); // an error of the GPU belongs to the test that caused it
  } catch (error) {
    closeQuietly(scope);
    throw error;
  }
  scope.close();
  const after = device.memory();
  if (after.tensors === before.tensors && after.live === before.live) return;
  throw new Error(
    `the test leaks: ${after.tensors - before.tensors} tensors, ` +
      `${after.live - before.live} bytes. Dispose what was kept.`,
  );
}

// After a failure the test may have left scopes of its own open; the first failure is the news.
function closeQuietly(scope: { close(): void }): void {
  try {
    scope.close();
  } catch {
    return;
  }
}

function explained(failure: unknown, rng: TestRng): Error {
  const error = failure instanceof Error ? failure : new Error(String(failure));
  if (rng.draws > 0) error.message += ` (SEED=${baseSeed} replays it)`;
  return error;
}

/**
 * Runs one test.
 *
 * @param suiteName with the test's name it fixes the random stream
 * @param options of the suite
 * @param test as declared
 * @param device the shared device, undefined for a suite without one
 * @throws Error when the test fails, takes too long, or leaks
 */
export async function runOne(
  suiteName: string,
  options: SuiteOptions,
  test: Declared,
  device: Device | undefined,
): Promise<void> {
  const seed = mixSeed(baseSeed, `${suiteName}: ${test.name}`);
  const rng = testRng(seed);
  const context = makeContext(rng, seed, device);
  const usual = options.seconds ?? Number(env("SECONDS") ?? DEFAULT_SECONDS);
  const limit = test.options.seconds ?? usual;
  const work = (): Promise<void> => within(limit, () => test.body(context));
  try {
    await (device === undefined ? work() : withoutLeaks(device, work));
  } catch (failure) {
    throw explained(failure, rng);
  }
}
