// The table and the lines of JSON.

import * as assert from "uvu/assert";
import { type Circumstances, jsonReport, toJson } from "../../bench/report.ts";
import type { Result } from "../../bench/run_case.ts";
import { digits, tableReport } from "../../bench/table.ts";
import { suite } from "../harness.ts";

const test = suite("bench report", { device: false });

const about: Circumstances = {
  adapter: "Pretended GPU 9", host: "node", software: true, commit: "abc123",
};
const result: Result = {
  name: "matmul", size: "256x1024", timer: "gpu", median: 1.23456789, p90: 2, spread: 0.25,
  runs: 812, gflops: 27.18281828, gbps: 0.5, matricesPerSecond: undefined,
  roofline: { share: 0.75, bound: "compute" }, dispatches: 3, hostUs: 4.5, hostUsPerOp: undefined,
  peakBytes: 3145728,
};

test("a line of JSON has the case, its numbers and where they come from", () => {
  assert.equal(JSON.parse(JSON.stringify(toJson(result, about, new Date(0)))), {
    name: "matmul", size: "256x1024", adapter: "Pretended GPU 9", host: "node", software: true,
    timer: "gpu", median_ms: 1.23457, p90_ms: 2, spread: 0.25, runs: 812, gflops: 27.1828,
    gbps: 0.5, roofline: 0.75, bound: "compute", dispatches: 3, host_us_per_dispatch: 4.5,
    peak_bytes: 3145728, commit: "abc123", date: "1970-01-01T00:00:00.000Z",
  });
});

test("matrices have a rate, operations a time, and without git there is no commit", () => {
  const more = { ...result, matricesPerSecond: 400, hostUsPerOp: 1.5 };
  const json = toJson(more, { ...about, commit: undefined }, new Date(0));

  assert.is(json.matrices_per_s, 400);
  assert.is(json.host_us_per_op, 1.5);
  assert.not("commit" in JSON.parse(JSON.stringify(json)));
});

test("with JSON, what is no result goes to the other stream", () => {
  const [lines, notes]: [string[], string[]] = [[], []];
  const report = jsonReport(about, (line) => lines.push(line), (line) => notes.push(line));
  report.leftOut([
    { name: "matmul", size: "2048", secondsPerRun: 4.321 },
    { name: "matmul", size: "4096", secondsPerRun: 34.4 },
    { name: "sum", size: "8", secondsPerRun: 1 },
  ]);
  report.result(result);

  assert.is(lines.length, 1);
  assert.equal(notes, [
    "Left out, as one run takes so long here at best; ask for it by --size:",
    "  matmul: 2048 (4.3 s), 4096 (34 s)",
    "  sum: 8 (1 s)",
  ]);
});

test("the table names the adapter, warns of a software adapter, and its columns line up", () => {
  const lines: string[] = [];
  const names = ["matmul", "longer name"];
  const options = { timer: "gpu", names, sizes: ["64"], matrices: true, ops: true } as const;
  const report = tableReport(about, options, (line) => lines.push(line));
  report.result({ ...result, size: "64", roofline: undefined });
  const rates = { matricesPerSecond: 123456, hostUsPerOp: 7.5 };
  report.result({ ...result, name: "longer name", size: "64", ...rates });

  const [header = "", ...rows] = lines.slice(lines.indexOf("") + 1);
  assert.match(lines[0] ?? "", "Pretended GPU 9 (software adapter), node, commit abc123");
  assert.match(lines[1] ?? "", "say nothing about a GPU");
  assert.equal(rows.map((row) => row.length), [header.length, header.length]);
  assert.match(rows[0] ?? "", "reference");
  assert.match(rows[1] ?? "", /123456 +75 % compute/);
  assert.match(rows[1] ?? "", / 7\.5$/);
});

test("numbers keep three digits and need no exponent", () => {
  assert.equal([1234.5, 12.345, 0.012345, 0.00012, 1.2e-6, 0, NaN, Infinity].map(digits),
    ["1235", "12.3", "0.0123", "0.00012", "1.2e-6", "0", "-", "-"]);
});

test.run();
