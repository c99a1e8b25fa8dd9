// What lookups refuse, and what they do with many indices.

import * as assert from "uvu/assert";
import { type Tensor, embedding, gather, oneHot, scatterAdd, slice, take, tensor, vjp, zeros } from
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

/** Lookups `[outer, rows, dim]` by ids along the middle axis, of which some are negative. */
const many: readonly {
  readonly what: string;
  readonly shape: readonly [number, number, number];
  readonly count: number;
  readonly place: (i: number, draw: () => number) => number;
}[] = [
  { what: "of few rows", shape: [1, 7, 12], count: 3000, place: (_, draw) => draw() },
  { what: "of more rows than a byte tells", shape: [1, 700, 9], count: 2100,
    place: (_, draw) => draw() },
  { what: "of rows of which most are left out", shape: [1, 3000, 5], count: 33,
    place: (_, draw) => draw() },
  { what: "of one row alone", shape: [1, 9, 130], count: 2500, place: () => 4 },
  { what: "of rows in runs", shape: [1, 40, 4], count: 1600, place: (i) => Math.floor(i / 45) },
  { what: "of single elements", shape: [1, 40, 1], count: 1100, place: (_, draw) => draw() },
  { what: "along a middle axis", shape: [3, 50, 6], count: 700, place: (_, draw) => draw() },
];

for (const { what, shape, count, place } of many) {
  test(`the gradient of many lookups ${what}, with the same bits each time`, async ({ rng }) => {
    const [outer, rows, dim] = shape;
    const table = tensor(random64(rng, shape));
    const places = Array.from({ length: count }, (_, i) => place(i, () => rng.int(rows)));
    const tokens = tensor(Int32Array.from(places, (at, i) => (i % 3 === 0 ? at - rows : at)));
    const dy = random64(rng, [outer, count, dim], [-1, 1]);
    const pulled = () => vjp((t: Tensor) => take(t, tokens, { axis: 1 }), table)
      .pullback(tensor(dy));

    const [first, second] = [pulled(), pulled()];

    const index = build64(dy.shape, (i) => places[Math.floor(i / dim) % count] ?? NaN);
    const expected = scatterAdd64(dy, index, 1, rows);
    // Up to 2500 numbers of size 1 are added up, in parts of at most 256.
    assertClose(await first.read(), expected.data, { rtol: 1e-5, atol: 5e-5 });
    assert.equal(await second.read(), await first.read());
  });
}

test("more than 65535 workgroups of lookups reach the last element", async () => {
  const n = 65535 * 64 + 3;
  const y = embedding(tensor([5, 6, 7]), zeros([n], { dtype: "i32" }));

  assert.equal([...await slice(y, [[-2, n]]).read()], [5, 5]);
});

test.run();
