// Medians, quantiles and shares of the roofline.

import * as assert from "uvu/assert";
import { bestMs, shareOf } from "../../bench/roofline.ts";
import { median, quantile, summarize } from "../../bench/statistics.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";

const test = suite("bench statistics", { device: false });
const rounding = { rtol: 1e-12, atol: 1e-12 };

test("a quantile lies between its neighbours, and the ends are the ends", () => {
  const sorted = [1, 2, 4, 8];

  assertClose([0, 1 / 3, 0.5, 0.9, 1].map((q) => quantile(sorted, q)), [1, 2, 3, 6.8, 8], rounding);
  assert.is(quantile([5], 0.9), 5);
});

test("the median does not mind the order nor one wild sample", () => {
  assert.is(median([1000, 2, 1, 3, 2]), 2);
  assert.is(median([4, 1]), 2.5);
  assert.ok(Number.isNaN(median([])));
});

test("a summary gives median, ninth tenth, and the spread between the outer tenths", () => {
  const samples = Array.from({ length: 11 }, (_, i) => 20 - i); // 10 to 20, falling
  const { median: middle, p90, spread } = summarize(samples);

  assertClose([middle, p90, spread], [15, 19, 8 / 15], rounding);
  assert.is(samples[0], 20, "the samples are left in order");
});

test("the roofline is arithmetic or traffic, whichever takes longer", () => {
  const roofline = { gflops: 100, gbps: 10 };

  assertClose(bestMs({ flop: 2e9, bytes: 1e6 }, roofline), 20, rounding);
  assert.equal(shareOf({ flop: 2e9, bytes: 1e6 }, 40, roofline), { share: 0.5, bound: "compute" });
  assert.equal(shareOf({ flop: 1e6, bytes: 1e9 }, 400, roofline), { share: 0.25, bound: "memory" });
});

test.run();
