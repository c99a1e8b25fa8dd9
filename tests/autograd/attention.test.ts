// What attention refuses, and how it says so.

import { ShapeError, scaledDotProductAttention, zeros } from "../../autograd/index.ts";
import { suite } from "../harness.ts";
import { assertThrows } from "../throws.ts";

const test = suite("attention");

test("sizes that do not fit are named", () => {
  const sizes = "Give q [..., queries, dim], k [..., keys, dim] and v [..., keys, width].";
  const call = (q: readonly number[], k: readonly number[], v: readonly number[]) => () =>
    scaledDotProductAttention(zeros(q), zeros(k), zeros(v));

  assertThrows(call([2, 3], [4, 5], [4, 2]), ShapeError,
    "scaledDotProductAttention: sizes do not fit: q [2, 3] and k [4, 5] and v [4, 2]. " + sizes);
  assertThrows(call([2, 3], [4, 3], [5, 2]), ShapeError,
    "scaledDotProductAttention: sizes do not fit: q [2, 3] and k [4, 3] and v [5, 2]. " + sizes);
  assertThrows(call([3], [4, 3], [4, 2]), ShapeError,
    "scaledDotProductAttention: sizes do not fit: q [3] and k [4, 3] and v [4, 2]. " + sizes);
});

test("heads that form no groups are named", () => {
  const [q, k] = [zeros([1, 6, 2, 3]), zeros([1, 4, 2, 3])];

  assertThrows(() => scaledDotProductAttention(q, k, k), ShapeError,
    "scaledDotProductAttention: heads do not form groups: 6 for 4 of the keys. Use a multiple.");
});

test("leading axes that do not broadcast are named", () => {
  const [q, k] = [zeros([3, 1, 2, 3]), zeros([2, 1, 2, 3])];

  assertThrows(() => scaledDotProductAttention(q, k, k), ShapeError,
    "scaledDotProductAttention: shapes do not broadcast: [3, 1] and [2, 1] and [2, 1]. "
      + "Sizes must be equal or 1, counted from the last axis.");
});

test("a mask that does not fit the scores is named", () => {
  const [q, k] = [zeros([2, 2, 3]), zeros([2, 4, 3])];
  const call = (mask: readonly number[]) => () =>
    scaledDotProductAttention(q, k, k, { mask: zeros(mask) });

  assertThrows(call([3, 2, 4]), ShapeError, "scaledDotProductAttention: shapes do not broadcast: "
    + "[3, 2, 4] and [2, 2, 4]. Sizes must be equal or 1, counted from the last axis.");
  assertThrows(call([5, 2, 2, 4]), ShapeError, "scaledDotProductAttention: the mask does not "
    + "broadcast to the scores: [5, 2, 2, 4] to [2, 2, 4]. Give [..., queries, keys].");
});

test.run();
