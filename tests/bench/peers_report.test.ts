// What bench:peers prints.

import * as assert from "uvu/assert";
import { type CaseResult, type Circumstances, type Outcome, caseTable, heading, jsonLines,
  summaryTable } from "../../bench/peers/report.ts";
import { suite } from "../harness.ts";

const test = suite("bench:peers report", { device: false });

const about: Circumstances = {
  adapter: "Pretended GPU", host: "node", software: false, commit: "abc",
  versions: { "dualgrad": "0.1.0", "tfjs": "4.22.0" },
};

function timed(median: number): Outcome {
  return { timing: {
    median, quartiles: [median - 1, median + 1], cpu: 2 * median, first: 500.4, dispatches: 3,
    rounds: 7, runs: 2,
  } };
}

const result: CaseResult = {
  name: "matmul 64", kind: "matmul",
  outcomes: new Map<string, Outcome>([
    ["dualgrad", timed(10)], ["tfjs", timed(25)], ["onnx", { notPossible: "no gradients" }],
    ["jax", { wrong: "element 0 is 1, not 2" }],
  ]),
};

test("a line of JSON for each library has times, ratios and what they are of", () => {
  const lines = jsonLines(result, about, new Date(0)).map((line) => JSON.parse(line) as object);
  const common = {
    case: "matmul 64", adapter: "Pretended GPU", host: "node", software: false, commit: "abc",
    base: "dualgrad", date: "1970-01-01T00:00:00.000Z",
  };

  assert.equal(lines[1], {
    ...common, peer: "tfjs", version: "4.22.0", median_ms: 25, ratio: 2.5, correct: true,
    q1_ms: 24, q3_ms: 26, ours_ms: 10, cpu_ms: 50, cpu_ratio: 2.5, first_ms: 500.4, dispatches: 3,
    rounds: 7, runs: 2,
  });
  assert.equal(lines[2], {
    ...common, peer: "onnx", median_ms: null, ratio: null, correct: null, why: "no gradients",
  });
  assert.equal(lines[3], {
    ...common, peer: "jax", median_ms: null, ratio: null, correct: false,
    why: "element 0 is 1, not 2",
  });
  assert.is(lines.length, 4);
});

test("training is compared with ours compiled, where that went well", () => {
  const ratioTo = (compiled: Outcome): unknown => {
    const outcomes = new Map([
      ["dualgrad", timed(10)], ["dualgrad compiled", compiled], ["tfjs", timed(25)],
    ]);
    const line = jsonLines({ name: "mlp", kind: "train", outcomes }, about, new Date(0))[2] ?? "";
    const { base, ratio } = JSON.parse(line) as { base: string; ratio: number };
    return [base, ratio];
  };

  assert.equal(ratioTo(timed(5)), ["dualgrad compiled", 5]);
  assert.equal(ratioTo({ wrong: "off" }), ["dualgrad", 2.5]);
});

test("without a time of ours there is no ratio", () => {
  const outcomes = new Map<string, Outcome>([["dualgrad", { wrong: "off" }], ["tfjs", timed(25)]]);
  const lines = jsonLines({ name: "sum", kind: "sum", outcomes }, about, new Date(0));

  assert.match(lines[1] ?? "", '"median_ms":25,"ratio":null');
  assert.match(summaryTable([{ name: "sum", kind: "sum", outcomes }], ["dualgrad", "tfjs"])
    .join("\n"), "| sum | wrong | ? |");
});

test("the table has a line for each library, and says why there is no time", () => {
  const lines = caseTable(result);

  assert.match(lines[2] ?? "", /^ {2}dualgrad +10 +9\.\.11 +1\.00 +20 +1\.00 +3 +7x2 +500$/);
  assert.match(lines[3] ?? "", /^ {2}tfjs +25 +24\.\.26 +2\.50 /);
  assert.match(lines[4] ?? "", /^ {2}onnx +not possible: no gradients$/);
  assert.match(lines[5] ?? "", /^ {2}jax +wrong: element 0 is 1, not 2$/);
  assert.ok([...lines, ...heading(about)].every((line) => line.length <= 100));
});

test("the summary has the ratios side by side", () => {
  assert.equal(summaryTable([result], ["dualgrad", "tfjs", "onnx", "jax"]).slice(3), [
    "| case | ours | tfjs | onnx | jax |", "| --- | --: | --: | --: | --: |",
    "| matmul 64 | 10 ms | 2.50 | - | wrong |",
  ]);
});

test("a software adapter is called one", () => {
  const lines = heading({ ...about, software: true });

  assert.match(lines[0] ?? "", "Pretended GPU (software adapter), node, commit abc");
  assert.match(lines[1] ?? "", "its numbers say nothing about a GPU");
});

test.run();
