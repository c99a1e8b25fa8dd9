// Indices out of range are found on the device and reported by the next read.

import * as assert from "uvu/assert";
import { IndexError, type Tensor, crossEntropy, embedding, gather, grad, indexSelect, oneHot, ones,
  scatterAdd, sum, take, tensor, zeros } from "../../autograd/index.ts";
import { suite } from "../harness.ts";
import { assertRejects } from "../throws.ts";

const test = suite("indices out of range");

const ids = (...list: number[]): Tensor => tensor(Int32Array.from(list));

test("a read names the operation, the index and what would have been right", async () => {
  const x = tensor([[1, 2, 3], [4, 5, 6]]);
  const calls: readonly (readonly [() => Tensor, string])[] = [
    [() => embedding(x, ids(1, 2)),
      "embedding: index out of range: 2 for an axis of 2. Use 0 to 1, or -2 to -1."],
    [() => gather(x, tensor([[-4], [0]], { dtype: "i32" }), 1),
      "gather: index out of range: -4 for an axis of 3. Use 0 to 2, or -3 to -1."],
    [() => take(x, ids(6)),
      "take: index out of range: 6 for an axis of 6. Use 0 to 5, or -6 to -1."],
    [() => indexSelect(x, ids(2 ** 31 - 1)),
      "indexSelect: index out of range: 2147483647 for an axis of 2. Use 0 to 1, or -2 to -1."],
    [() => scatterAdd(ones([2]), ids(1, -(2 ** 31)), 0, 3),
      "scatterAdd: index out of range: -2147483648 for an axis of 3. Use 0 to 2, or -3 to -1."],
    [() => oneHot(ids(0, -1), 4), "oneHot: label out of range: -1 for 4 classes. Use 0 to 3."],
    [() => crossEntropy(x, ids(0, 3)),
      "crossEntropy: label out of range: 3 for 3 classes. Use 0 to 2."],
    [() => embedding(zeros([0, 2]), ids(0)),
      "embedding: index out of range: 0 for an axis of 0. Nothing can be picked from it."],
  ];
  for (const [call, message] of calls) await assertRejects(call().read(), IndexError, message);
});

test("many elements leave out those whose index is out of range", async () => {
  const places = Int32Array.from({ length: 3000 }, (_, i) => i % 10 - 5); // -5 to 4, for 4 places
  const sums = scatterAdd(ones([3000]), tensor(places), 0, 4);
  await assertRejects(sums.read(), IndexError, /^scatterAdd: index out of range: (-5|4) for/);

  assert.equal([...await sums.read()], [600, 600, 600, 600]);
});

test("a fault is reported once, and by any read; then the device goes on", async ({ device }) => {
  const table = tensor([5, 6, 7]);
  const wrong = embedding(table, ids(0, 3));
  await assertRejects(table.read(), IndexError, /^embedding: index out of range: 3/);

  assert.equal([...await wrong.read()], [5, NaN]);
  assert.equal([...await embedding(table, ids(-1)).read()], [7]);
  embedding(table, ids(-4));
  await assertRejects(device.idle(), IndexError, /^embedding: index out of range: -4 for/);
  await device.idle();
});

test("of several faults the first is reported", async () => {
  const table = tensor([5, 6, 7]);
  gather(table, ids(4), 0);
  embedding(table, ids(9));
  await assertRejects(sum(table).item(), IndexError, /^gather: index out of range: 4/);
});

test("labels to be ignored are no fault", async () => {
  const x = tensor([[1, 2], [3, 4]]);
  const labels = ids(-100, 1);
  const lossOf = (t: Tensor) => crossEntropy(t, labels, { ignoreIndex: -100 });
  const slope = grad((t: Tensor) => sum(grad(lossOf)(t)))(x);

  assert.equal([...await oneHot(ids(7, 1), 2, { ignoreIndex: 7 }).read()], [0, 0, 0, 1]);
  assert.equal((await slope.read()).length, 4);
});

test("a gradient says nothing of the index a second time", async () => {
  const wrong = ids(1, 3);
  const table = ones([3, 2]);
  const grads = grad((t: Tensor) => sum(embedding(t, wrong)))(table);
  await assertRejects(grads.read(), IndexError, /^embedding: index out of range: 3/);

  assert.equal([...await grads.read()], [0, 0, 1, 1, 0, 0]); // and the wrong one leaves no trace
});

test("a report survives the batch that is full, and freed memory", async ({ device }) => {
  const table = ones([4]);
  embedding(table, ids(4));
  for (let i = 0; i < 300; i++) sum(table).dispose();
  device.trim();
  embedding(table, ids(1));
  await assertRejects(table.read(), IndexError, /^embedding: index out of range: 4/);
});

test.run();
