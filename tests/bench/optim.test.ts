// The bench of optimizers: its formulas are what is kept, its rows line up.

import * as assert from "uvu/assert";
import { normal, rng as makeRng, scope, treeLeaves, treeMap } from "../../autograd/index.ts";
import { SUBJECTS, type Subject } from "../../bench/optim/subjects.ts";
import { type OptimResult, expectedBytes, gptSetting, isEnough, measureMemory, measureTimes } from
  "../../bench/optim/measure.ts";
import { optimHeading, optimJson, optimReport, optimRow } from "../../bench/optim/report.ts";
import { FAMILY } from "../../bench/optimizers/family.ts";
import { timerFor } from "../../bench/timer.ts";
import { gpt } from "../../nn/index.ts";
import { suite } from "../harness.ts";


const test = suite("bench optim");

const module = /* @__PURE__ */ gpt({ vocab: 12, heads: 2, embed: 8, blocks: 1 });
const maxSide = 16; // below the width of its MLP

test("every optimizer of the package is there, once", () => {
  const names = FAMILY.map(({ name }) => name);

  assert.is(new Set(names).size, 34);
  assert.is(names.length, 34);
});

for (const { name, make, state } of FAMILY) {
  test(`${name} keeps as many numbers as its formula says`, () => {
    const weights = module.initialize(makeRng(1));
    const moments = (path: string) => {
      const [m = 1, n = 1] = module.entries.find((entry) => entry.path === path)?.shape ?? [];
      return { outputs: normal(makeRng(2), [m, m]), inputs: normal(makeRng(3), [n, n]) };
    };
    using optimizer = make({ module, lr: 1e-3, moments, maxSide });
    scope(() => optimizer.step(weights, treeMap((w) => normal(makeRng(4), w.shape), weights)));
    const trees = Object.values(optimizer.state.trees).flatMap((tree) => treeLeaves(tree));
    const expected = module.entries.map(({ shape, norm }) => {
      return state.numbers({ shape, matrix: norm.resized !== undefined, maxSide });
    });

    assert.is(trees.reduce((sum, { size }) => sum + size, 0), expected.reduce((a, b) => a + b));
  });
}

const subject = (name: string): Subject => {
  const found = SUBJECTS.find((one) => one.name.startsWith(name));
  if (!found) throw new Error(`no subject: ${name}`);
  return found;
};

test("memory is what the device counts: 16 bytes for Adam, 8, 6 and 4 for light Scion", async (
  { device },
) => {
  const before = device.memory().live;
  const setting = gptSetting(32, 8, 1);
  const held = device.memory().live - before;
  const sums = { "adam": 16, "adam, bf16": 12, "scion, light, all f32": 8,
    "scion, light, f32 w": 6, "scion, light, all bf16": 4 };
  for (const [name, bytes] of Object.entries(sums)) {
    const { measured, peak } = await measureMemory(device, setting, subject(name));
    const { weights, gradients, state } = measured;
    const sum = weights + gradients + state;

    assert.ok(sum >= bytes && sum <= 1.1 * bytes, `${name}: ${sum}`); // size classes
    assert.ok(peak >= sum, `${name}: peak ${peak}`);
    const { weights: w, gradients: g, state: s } = expectedBytes(subject(name), setting.module);
    assert.is(w + g + s, bytes);
  }
  assert.is(device.memory().live, before + held);
}, { seconds: 120 });

test("an optimizer is timed in turns with Adam", async ({ device }) => {
  const setting = gptSetting(8, 4, 1);
  const effort = { minRounds: 1, maxRounds: 2, seconds: 0, maxSeconds: 0 };
  const before = device.memory().live;
  const times = await measureTimes(device, setting, subject("sgd"), subject("adam"),
    timerFor(device), effort);

  assert.ok(times.update.median > 0 && times.step.median > 0 && times.dispatches > 0);
  assert.ok(times.updateRatio > 0 && times.stepRatio > 0);
  assert.is(device.memory().live, before);
}, { seconds: 60 });

test("enough is enough rounds in enough seconds, or one that took long", () => {
  const effort = { minRounds: 3, maxRounds: 5, seconds: 2, maxSeconds: 10 };
  const cases = [[0, 99], [2, 3], [3, 1], [3, 2], [5, 0], [1, 10]] as const;

  assert.equal(cases.map(([rounds, seconds]) => isEnough(rounds, seconds, effort)),
    [false, false, false, true, true, true]);
});

const about = { adapter: "Pretended GPU 9", host: "node", software: true, commit: "abc" };
const summary = { median: 1.5, p90: 2, spread: 0.25 };
const result: OptimResult = {
  name: "adam", formula: "8", expected: { weights: 4, gradients: 4, state: 8 },
  measured: { weights: 4, gradients: 4, state: 8.25 }, peak: 20.5, update: summary, step: summary,
  updateRatio: 1, stepRatio: 1.25, dispatches: 12,
};

test("the table names the adapter, and its rows line up with the titles", () => {
  const lines = optimHeading(about, "GPT", ["adam", "longer name"]);
  const title = lines.at(-1) ?? "";
  const row = optimRow(result, ["adam", "longer name"]);

  assert.match(lines[0] ?? "", "Pretended GPU 9 (software adapter), node, commit abc");
  assert.is(row.indexOf("8.25") + 4, title.indexOf("state") + 5);
  assert.match(row, /1\.00 .* 1\.25 +12 {2}8$/);
});

test("a line of JSON has the numbers and where they come from", () => {
  assert.equal(optimJson(result, about, "128x64x8", new Date(0)), {
    name: "adam", size: "128x64x8", adapter: "Pretended GPU 9", host: "node", software: true,
    weight_bytes: 4, gradient_bytes: 4, state_bytes: 8.25, peak_bytes: 20.5, formula: "8",
    formula_bytes: 8, update_ms: 1.5, update_spread: 0.25, update_ratio: 1, step_ms: 1.5,
    step_spread: 0.25, step_ratio: 1.25, dispatches: 12, commit: "abc",
    date: "1970-01-01T00:00:00.000Z",
  });
});

test("with JSON, results and remarks go to streams of their own", () => {
  const [lines, notes]: [string[], string[]] = [[], []];
  const output = {
    json: true, print: (line: string) => void lines.push(line),
    note: (line: string) => void notes.push(line),
  };
  const report = optimReport(about, "1x1x1", "GPT", ["adam"], output);
  report.note("left out");
  report.result(result);

  assert.is(JSON.parse(lines.join("")).name, "adam");
  assert.equal(notes, ["left out"]);
});

test.run();
