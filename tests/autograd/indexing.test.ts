// What lookups refuse, and what they do with many indices.

import * as assert from "uvu/assert";
import { type Tensor, embedding, gather, mul, oneHot, scatterAdd, slice, sum, tensor, valueAndGrad,
  zeros } from
  "../../autograd/index.ts";
import { DtypeError, ShapeError } from "../../engine/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { build64, random64 } from "../reference.ts";
import { scatterAdd64 } from "../reference/parts.ts";
import { assertThrows } from "../throws.ts";

const test = suite("lookups");

const ids = (...shape: number[]): Tensor => zeros(shape, { dtype: "i32" });

test("a table has rows, and ids are i32", () => {
  assertThrows(() => embedding(zeros([]), ids(2)), ShapeError,
    "embedding: the table has no rows: []. Give [count, dim].");
  assertThrows(() => embedding(zeros([2, 3]), zeros([2])), DtypeError,
    "embedding: dtype not supported: f32. Use i32, or cast first.");
});

test("an index to gather by has the tensor's shape but for the axis", () => {
  for (const index of [ids(3, 1), ids(2), ids(2, 2, 1)]) {
    assertThrows(() => gather(zeros([2, 3]), index, 1), ShapeError,
      `gather: the index differs beside axis 1: [${index.shape.join(", ")}] for [2, 3]. `
        + "Make the other axes equal.");
  }
  assertThrows(() => gather(zeros([2, 3]), ids(2, 3), 2), ShapeError, /^gather: no such axis: 2/);
});

test("elements to scatter have an index each", () => {
  assertThrows(() => scatterAdd(zeros([2, 3]), ids(2, 2), 1, 5), ShapeError,
    "scatterAdd: index and elements differ: [2, 2] and [2, 3]. Give one index for each element.");
  assertThrows(() => scatterAdd(zeros([2]), ids(2), 1, 5), ShapeError,
    /^scatterAdd: no such axis: 1/);
  assertThrows(() => scatterAdd(zeros([2]), ids(2), 0, -1), ShapeError,
    /^scatterAdd: a size is negative: -1 of/);
});

test("labels are i32", () => {
  assertThrows(() => oneHot(zeros([2]), 3), DtypeError,
    "oneHot: dtype not supported: f32. Use i32, or cast first.");
});

test("rows that are looked up often gather all their gradients, with the same bits each time",
  async ({ rng }) => {
    const [count, dim, n] = [7, 12, 3000];
    const table = tensor(random64(rng, [count, dim]));
    const labels = build64([n], () => rng.int(count));
    const weights = random64(rng, [n, dim], [-1, 1]);
    const tokens = tensor(Int32Array.from(labels.data));
    const factors = tensor(weights);
    const lossOf = (t: Tensor) => sum(mul(embedding(t, tokens), factors));
    const { grads } = valueAndGrad(lossOf)(table);
    const again = valueAndGrad(lossOf)(table).grads;

    const index = build64([n, dim], (i) => labels.data[Math.floor(i / dim)] ?? NaN);
    const expected = scatterAdd64(weights, index, 0, count);
    // About 430 numbers of size 1 are added up in order.
    assertClose(await grads.read(), expected.data, { rtol: 1e-5, atol: 5e-5 });
    assert.equal(await again.read(), await grads.read());
  });

test("more than 65535 workgroups of lookups reach the last element", async () => {
  const n = 65535 * 64 + 3;
  const y = embedding(tensor([5, 6, 7]), zeros([n], { dtype: "i32" }));

  assert.equal([...await slice(y, [[-2, n]]).read()], [5, 5]);
});

test.run();
