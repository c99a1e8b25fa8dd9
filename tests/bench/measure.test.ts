// How often work is run, and what is refused, on a pretended device with a pretended clock.

import * as assert from "uvu/assert";
import { BenchError } from "../../bench/harness.ts";
import { EFFORT, isEnough, measure, runsPerSample } from "../../bench/measure.ts";
import { wallTimer } from "../../bench/timer.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";

const test = suite("bench measure", { device: false });
const rounding = { rtol: 1e-9, atol: 0 };

/** A device on which a dispatch takes the host and then the GPU a fixed time. */
function pretended({ hostMs = 0, gpuMs = 0 }) {
  let time = 0;
  let queued = 0;
  const counts = { dispatches: 0, submits: 0 };
  const device = {
    counts,
    flush: () => undefined,
    idle: async () => {
      time += queued * gpuMs;
      queued = 0;
    },
  };
  const dispatch = (): void => {
    time += hostMs;
    queued++;
    counts.dispatches++;
  };
  return { device, dispatch, now: () => time };
}

async function measured(device: ReturnType<typeof pretended>, run: () => void) {
  const timer = wallTimer(device.device, device.now);
  return await measure("case", device.device, run, timer, EFFORT, device.now);
}

test("short runs are timed many at once, for a second", async () => {
  const fake = pretended({ hostMs: 0.02, gpuMs: 0.08 });
  const { samples, runs, dispatches, hostUs } = await measured(fake, () => {
    fake.dispatch();
    fake.dispatch();
  });

  assertClose(samples, samples.map(() => 0.2), rounding);
  assertClose(hostUs, 20, rounding);
  assert.is(dispatches, 2);
  assert.ok(runs >= 5000 && runs <= 5500, `${runs} runs of 0.2 ms`);
});

test("long runs end at the cap, with fewer than the usual runs", async () => {
  const slow = pretended({ gpuMs: 500 });
  const slower = pretended({ gpuMs: 60000 });

  assert.is((await measured(slow, slow.dispatch)).runs, 6);
  assert.is((await measured(slower, slower.dispatch)).runs, EFFORT.fewestRuns);
});

test("middling runs are at least 20, at least a second", async () => {
  const fake = pretended({ gpuMs: 100 });

  assert.is((await measured(fake, fake.dispatch)).runs, 20);
  assert.not(isEnough(1000, 0.9, EFFORT));
  assert.not(isEnough(19, 2.9, EFFORT));
  assert.ok(isEnough(20, 1, EFFORT));
});

test("a sample has as many runs as fill it, but not without end", async () => {
  const timed = (ms: number) => async (runs: number) => runs * ms;

  assert.is(await runsPerSample(timed(30), 20), 1);
  assert.is(await runsPerSample(timed(1), 20), 20);
  assert.is(await runsPerSample(timed(0), 20), 4096);
});

test("work that is not done each time is refused", async () => {
  const lazy = pretended({ gpuMs: 100 });
  let seen = 0;
  const everyOther = (): void => void (seen++ % 2 === 0 && lazy.dispatch());
  const nothing = pretended({ gpuMs: 100 });
  const tiring = pretended({ gpuMs: 100 });
  let left = 8;

  const refused = async (work: Promise<unknown>, text: RegExp): Promise<void> => {
    await work.then(() => assert.unreachable(), (error: unknown) => {
      assert.instance(error, BenchError);
      assert.match((error as BenchError).message, text);
    });
  };
  await refused(measured(lazy, everyOther), /case: runs do not all do the same: 1 dispatches in 2/);
  await refused(measured(nothing, () => undefined), /0 dispatches in 2 runs/);
  const until = (): void => void (left-- > 0 && tiring.dispatch());
  await refused(measured(tiring, until), /0 dispatches in 1 runs/);
});

test.run();
