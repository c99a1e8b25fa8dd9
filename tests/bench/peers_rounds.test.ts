// What bench:peers refuses and how it times, with pretended libraries and a pretended clock.

import * as assert from "uvu/assert";
import { BenchError } from "../../bench/harness.ts";
import type { Forward, Training, Work } from "../../bench/peers/contestant.ts";
import { type Passes, countDispatches } from "../../bench/peers/dispatches.ts";
import { type Meters, prepare, timeInTurn } from "../../bench/peers/rounds.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { assertRejects } from "../throws.ts";

const test = suite("bench:peers rounds", { device: false });
const rounding = { rtol: 1e-9, atol: 0 };
const DOUBLED: Forward = { kind: "fma", inputs: [], expected: (i) => 2 * i };

/** A GPU on which a dispatch takes a fixed time, and the meters on it. */
function pretended() {
  let time = 0;
  const passes: Passes = {
    dispatchWorkgroups: () => undefined, dispatchWorkgroupsIndirect: () => undefined,
  };
  const meters: Meters = {
    now: () => time, cpu: () => 2 * time, dispatches: countDispatches(passes),
    wait: (work) => work,
  };
  const turns: string[] = [];
  const library = (name: string, ms: number, options: Partial<Work> = {}): Work => ({
    run: () => {
      turns.push(name);
      passes.dispatchWorkgroups(1);
      time += ms;
    },
    settle: async () => undefined,
    read: async () => [0, 2, 4], free: () => undefined, ...options,
  });
  return { meters, passes, turns, library };
}

test("dispatches of all kinds are counted and still made", () => {
  const made: unknown[] = [];
  const passes: Passes = {
    dispatchWorkgroups: (...size) => void made.push(size),
    dispatchWorkgroupsIndirect: (_, offset) => void made.push(offset),
  };
  const counter = countDispatches(passes);
  passes.dispatchWorkgroups(2, 3);
  passes.dispatchWorkgroupsIndirect({} as GPUBuffer, 8);

  assert.is(counter.count, 2);
  assert.equal(made, [[2, 3], 8]);
});

test("libraries take turns, and their times are of one run", async () => {
  const { meters, turns, library } = pretended();
  const entries = new Map([
    ["a", await prepare("a", DOUBLED, library("a", 100), meters)],
    ["b", await prepare("b", DOUBLED, library("b", 60), meters)],
  ]);
  turns.length = 0;
  const timings = await timeInTurn(entries, 3, meters);
  const { median, quartiles, cpu, first, dispatches, rounds, runs } = timings.get("b") ?? {};

  assert.equal(turns, ["a", "b", "a", "b", "a", "b"]);
  const times = [median, ...quartiles ?? [], cpu, first].map(Number);
  assertClose(times, [60, 60, 60, 120, 60], rounding);
  assert.equal([dispatches, rounds, runs], [1, 3, 1]);
  assertClose(Number(timings.get("a")?.median), 100, rounding);
});

test("short runs are timed many at once", async () => {
  const { meters, library } = pretended();
  const entry = await prepare("a", DOUBLED, library("a", 0.5), meters);
  const timing = (await timeInTurn(new Map([["a", entry]]), 2, meters)).get("a");

  assert.ok(entry.runs >= 40 && entry.runs <= 80, `${entry.runs} runs`);
  assertClose(Number(timing?.median), 0.5, rounding);
});

test("a slow library leaves after two rounds, the others go on", async () => {
  const { meters, library } = pretended();
  const entries = new Map([
    ["slow", await prepare("slow", DOUBLED, library("slow", 20_000), meters)],
    ["fast", await prepare("fast", DOUBLED, library("fast", 100), meters)],
  ]);
  const timings = await timeInTurn(entries, 5, meters);

  assert.is(timings.get("slow")?.rounds, 2);
  assert.is(timings.get("fast")?.rounds, 5);
});

test("a wrong result is refused", async () => {
  const { meters, library } = pretended();
  const wrong = library("a", 1, { read: async () => [0, 2, 4.1] });
  const empty = library("a", 1, { read: async () => [] });

  await assertRejects(prepare("sum, a", DOUBLED, wrong, meters), BenchError,
    /^sum, a: wrong result: element 2 is 4\.1, not 4 /);
  await assertRejects(prepare("sum, a", DOUBLED, empty, meters), BenchError,
    /^sum, a: empty result: /);
});

test("the losses of training are checked one by one", async () => {
  const { meters, library } = pretended();
  const none = { shape: [], data: new Float32Array(1) };
  const task: Training = {
    kind: "train", model: "tiny", optimizer: "sgd", rate: 1, weights: {}, x: none, y: none,
    losses: [3, 2, 1],
  };
  const falling = (by: number): Work => {
    let loss = 4;
    return library("a", 1, { read: async () => [loss -= by] });
  };

  assert.is((await prepare("tiny, a", task, falling(1), meters)).dispatches, 1);
  await assertRejects(prepare("tiny, a", task, falling(1.01), meters), BenchError,
    /^tiny, a, losses: wrong result: element 0 is 2\.99, not 3 /);
});

test("a library that drops work that nobody reads is refused", async () => {
  const { meters, passes, library } = pretended();
  let pending = 0;
  const lazy = library("lazy", 1, {
    run: () => void (pending = 1), // the run before is forgotten
    settle: async () => {
      for (; pending > 0; pending--) passes.dispatchWorkgroups(1);
    },
  });

  await assertRejects(prepare("sum, lazy", DOUBLED, lazy, meters), BenchError,
    "sum, lazy: not all of the work is done each time: one run takes 1 dispatches, 2 runs take 1. "
      + "Its time means nothing.");
});

test("work that shrinks while it is timed is refused", async () => {
  const { meters, passes, library } = pretended();
  const entry = await prepare("sum, a", DOUBLED, library("a", 100), meters);
  passes.dispatchWorkgroups = () => undefined;

  await assertRejects(timeInTurn(new Map([["sum, a", entry]]), 1, meters), BenchError,
    /^sum, a: not all of the work is done each time: one run takes 1 dispatches, 1 runs take 0\./);
});

test.run();
