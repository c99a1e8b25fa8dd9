// Reading fixtures and judging a case: what must fail must not pass.

import * as assert from "uvu/assert";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { openCheck, toleranceOf } from "./check.ts";
import { decode64 } from "./decode.ts";
import { failureList, skipList } from "./report.ts";
import type { Outcome } from "./report.ts";

const test = suite("fixture reading", { device: false });

const loose = { rtol: 0, atol: 0.1 };
const strict = { rtol: 0, atol: 0.001 };
const one = { shape: [1], data: [1] };

test("generated input follows the README's generator", () => {
  const gen = { kind: "lcg32", seed: 1, div: 512 };
  const { data } = decode64({ shape: [100, 100], gen });

  assert.is(data[0], -2.109375);
  assert.ok(data.every((x) => x >= -4 && x < 4 && Number.isInteger(x * 512)));
  assert.throws(() => decode64({ shape: [1], gen: { ...gen, kind: "other" } }), /generator: other/);
});

test("names of numbers that JSON does not have become those numbers", () => {
  const data = ["NaN", "Infinity", "-Infinity", 1] as const;

  assertClose(decode64({ shape: [4], data }), [NaN, Infinity, -Infinity, 1], { rtol: 0, atol: 0 });
});

test("a tolerance comes from the file by its name, or is borrowed, or is an error", () => {
  const shared = { f32: loose, f64: strict };
  const named = { y: { f32: loose }, grad: { f32: strict } };

  assert.is(toleranceOf(shared, "f64", ["anything"]), strict);
  assert.is(toleranceOf(named, "f32", ["grad x", "grad"]), strict);
  assert.throws(() => toleranceOf(named, "f32", ["z"]), /no f32 tolerance for "z"/);
  assert.throws(() => toleranceOf(named, "f64", ["y"]), /no f64 tolerance/);
  assert.throws(() => toleranceOf(undefined, "f32", ["y"]), /no f32 tolerance/);
});

test("a difference, a wrong shape and a wrong length are failures, the worst first", () => {
  const check = openCheck({ f32: strict });
  check.values("near", one, { shape: [1], data: [1.0005] }, "f32");
  check.values("off", one, { shape: [1], data: [1.5] }, "f32");
  check.values("far", one, { shape: [1], data: [9] }, "f32");
  check.values("turned", { shape: [1, 2], data: [1, 2] }, { shape: [2, 1], data: [1, 2] }, "f32");

  assert.is(check.compared, 4);
  assert.equal(check.failures.map((line) => line.split(":")[0]), ["turned", "far", "off"]);
});

test("integers are compared exactly, whatever the tolerance", () => {
  const check = openCheck({ f32: { rtol: 1, atol: 9 } });
  check.values("i", one, { shape: [1], dtype: "i32", data: [2] }, "f32");

  assert.is(check.failures.length, 1);
});

test("a probe compares the listed entries and the Frobenius norm, nothing else", () => {
  const expected = { shape: [3], probe: { idx: [2], val: [4] }, fro: 5 };
  const good = openCheck({ f32: strict });
  good.values("y", { shape: [3], data: [3, 0, 4] }, expected, "f32");
  good.values("y", { shape: [3], data: [0, 3, 4] }, expected, "f32");
  const bad = openCheck({ f32: strict });
  bad.values("y", { shape: [3], data: [4, 0, 4] }, expected, "f32");
  bad.values("y", { shape: [3], data: [4, 0, 3] }, expected, "f32");

  assert.is(good.failures.length, 0);
  assert.is(bad.failures.length, 2);
});

test("the report lists failures with their reason and counts what is skipped by name", () => {
  const outcomes = new Map<string, Outcome>([
    ["a", { status: "failed", why: "y: 1 of 1 values differ" }],
    ["b", { status: "skipped", what: "conv2d" }],
    ["c", { status: "skipped", what: "conv2d" }],
    ["d", { status: "skipped", what: "sort" }],
    ["e", { status: "passed" }],
  ]);
  const results = [{ name: "ops.json", outcomes, seconds: 1 }];

  assert.is(failureList(results), "failed:\n  ops.json a: y: 1 of 1 values differ");
  assert.is(skipList(results), "skipped in ops.json, not there yet: conv2d x2, sort");
});

test.run();
