// assertClose and the random numbers of tests.

import * as assert from "uvu/assert";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { testRng } from "../rng.ts";

const test = suite("assertClose", { device: false });
const exact = { rtol: 0, atol: 0 };

test("equal values, NaN against NaN and equal infinities pass at zero tolerance", () => {
  assertClose([1, NaN, Infinity, -Infinity, -0], [1, NaN, Infinity, -Infinity, 0], exact);
});

test("an infinity or NaN against a number fails at any tolerance", () => {
  for (const bad of [NaN, Infinity, -Infinity]) {
    assert.throws(() => assertClose([bad], [1], { rtol: 1, atol: 1e9 }), /1 of 1 values differ/);
    assert.throws(() => assertClose([1], [bad], { rtol: 1, atol: 1e9 }), /1 of 1 values differ/);
  }
  assert.throws(() => assertClose([Infinity], [-Infinity], { rtol: 1, atol: 1 }));
});

test("the message names the worst place, both values, both errors and the count", () => {
  const got = { shape: [2, 3], data: [1, 2, 3, 4, 5.5, 6.1] };
  const expected = { shape: [2, 3], data: [1, 2, 3, 4, 5, 6] };

  assert.throws(
    () => assertClose(got, expected, { rtol: 1e-3, atol: 0 }),
    "2 of 6 values differ, worst at [1, 1]: got 5.5, expected 5, absolute error 5.00e-1, " +
      "relative error 1.00e-1, allowed 5.00e-3",
  );
});

test("the tolerance is atol + rtol |expected|, ends included", () => {
  assertClose([10.5], [10], { rtol: 0.025, atol: 0.25 });
  assert.throws(() => assertClose([10.5], [10], { rtol: 0.025, atol: 0.125 }));
});

test("shapes are compared when both sides carry one, lengths always", () => {
  const row = { shape: [1, 2], data: [1, 2] };
  assertClose(new Float32Array([1, 2]), row, exact);
  assertClose(3, { shape: [], data: [3] }, exact);

  assert.throws(() => assertClose({ shape: [2, 1], data: [1, 2] }, row, exact), /shapes differ/);
  assert.throws(() => assertClose([1], row, exact), /lengths differ: got 1, expected 2/);
  assert.throws(() => assertClose([1], [1], { rtol: -1, atol: 0 }), /not >= 0/);
});

test("random numbers are fixed by the seed and have the right moments", () => {
  const draw = (seed: number): number[] => Array.from({ length: 4 }, testRng(seed).uniform);
  assertClose(draw(3), draw(3), exact);
  assert.throws(() => assertClose(draw(3), draw(4), { rtol: 0, atol: 0.01 }));

  const rng = testRng(8);
  const normals = Array.from({ length: 20000 }, rng.normal);
  const mean = normals.reduce((sum, x) => sum + x, 0) / normals.length;
  const square = normals.reduce((sum, x) => sum + x * x, 0) / normals.length;
  // Four standard deviations of the two estimates.
  assertClose([mean, square - 1], [0, 0], { rtol: 0, atol: 4 * Math.sqrt(2 / normals.length) });
  assert.ok(normals.every((x) => Number.isFinite(x)));
  assert.equal([...new Set(Array.from({ length: 99 }, () => rng.int(3)))].sort(), [0, 1, 2]);
  assert.throws(() => rng.int(0), /not in \[1/);
});

test.run();
