// Chains of elementwise operations in one dispatch: what is fused, what is not, and that the bits
// are those of the operations one by one.

import * as assert from "uvu/assert";
import { type Tensor, add, atan2, cast, clip, div, dropout, evaluate, exp, expand, floor,
  geluTanh, gt, matmul, maximum, mul, neg, normal, openDevice, relu, reshape, rng, sigmoid, slice,
  sqrt, square, sub, sum, tanh, tensor, transpose, valueAndGrad, where, zeros } from
  "../../autograd/index.ts";
import { DisposedError, GpuError, ShapeError, scope } from "../../engine/index.ts";
import { suite } from "../harness.ts";
import { assertThrows } from "../throws.ts";
import { assertSame, dispatches } from "./fused.ts";

const test = suite("fusion");

test("a chain is one dispatch, whatever it is made of", ({ device }) => {
  const [a, b, c] = [1, 2, 3].map((seed) => evaluate(normal(rng(seed), [5, 7]))) as Tensor[] as
    [Tensor, Tensor, Tensor];
  const mask = evaluate(gt(a, b));

  assert.is(dispatches(device, () => add(mul(a, b), c)), 1);
  assert.is(dispatches(device, () => relu(mul(tanh(sub(sqrt(square(a)), 1)), c))), 1);
  assert.is(dispatches(device, () => cast(floor(mul(a, 9)), "i32")), 1);
  assert.is(dispatches(device, () => where(mask, exp(neg(a)), maximum(b, 0))), 1);
});

test("the bits are those of the operations one by one", async ({ device }) => {
  const shape = [13, 20];
  await assertSame(
    device,
    [(a, b, c) => add(mul(a, b), c), [shape, 1], [shape, 2], [shape, 3]],
    [(a) => sub(mul(exp(neg(sqrt(add(square(mul(a, 0.5)), 1)))), 3), 1), [shape, 1]],
    [(a) => sub(add(a, 4096), 4096), [shape, 1]], // not a again
    [(a, b) => geluTanh(add(sigmoid(a), div(b, 3))), [shape, 1], [shape, 2]],
    [(a, b) => clip(atan2(maximum(a, b), add(a, 1)), { min: -1, max: 1 }), [shape, 1], [shape, 2]],
  );
});

test("broadcast operands and views are read in place, with the same bits", async ({ device }) => {
  const bias = (x: Tensor, b: Tensor) => relu(add(x, b));
  await assertSame(
    device,
    [bias, [[13, 20], 1], [[20], 2]], // a row that repeats, in vectors
    [bias, [[13, 21], 1], [[21], 2]], // and not
    [bias, [[13, 20], 1], [[13, 1], 2]], // one element for a row
    [bias, [[3, 5, 8], 1], [[5, 1], 2]], // the same, repeated
    [bias, [[3, 5, 8], 1], [[5, 8], 2]],
    [bias, [[3, 5, 8], 1], [[3, 1, 8], 2]],
    [(x) => add(mul(transpose(x), 2), 1), [[6, 10], 1]],
    [(x, y) => add(mul(transpose(x), 2), y), [[6, 10], 1], [[10, 6], 2]],
    [(x, y) => mul(add(slice(x, [null, [1, 9, 2]]), 1), y), [[6, 10], 1], [[4], 2]],
    [(x, b) => mul(add(x, 1), expand(b, [13, 20])), [[13, 20], 1], [[13, 1], 2]],
  );
});

test("a chain goes through a reshape", async ({ device }) => {
  const x = evaluate(normal(rng(1), [6, 10]));
  assert.is(dispatches(device, () => relu(reshape(add(x, 1), [60]))), 1);
  assert.is(dispatches(device, () => relu(reshape(add(transpose(x), 1), [5, 2, 6]))), 1);

  await assertSame(
    device,
    [(a, b) => add(reshape(add(a, b), [15, 4]), 1), [[6, 10], 1], [[10], 2]],
    [(a, b) => add(reshape(add(transpose(a), b), [4, 15]), 1), [[6, 10], 1], [[6], 2]],
  );
});

test("an operand that is broadcast or seen otherwise is computed by itself", async ({ device }) => {
  const [x, b] = [evaluate(normal(rng(1), [8, 12])), evaluate(normal(rng(2), [12]))];
  assert.is(dispatches(device, () => add(x, exp(b))), 2);
  assert.is(dispatches(device, () => add(transpose(exp(x)), 1)), 2);
  assert.is(dispatches(device, () => add(x, zeros([12]))), 1); // no memory to be read

  await assertSame(
    device,
    [(a, c) => add(mul(a, 2), exp(c)), [[8, 12], 1], [[12], 2]],
    [(a) => add(transpose(exp(a)), a), [[9, 9], 1]],
    [(a) => add(a, add(zeros([12], { device: a.device }), 1)), [[8, 12], 1]],
  );
});

test("a chain longer than a kernel takes is cut", async ({ device }) => {
  const x = tensor([0, 1]);
  const count = dispatches(device, () => {
    let y: Tensor = x;
    for (let i = 0; i < 100; i++) y = add(y, 1);
    return y;
  });
  const many = Array.from({ length: 30 }, (_, i) => tensor([i, -i]));

  assert.ok(count >= 6 && count <= 8, `${count}`);
  const total = scope(() => many.reduce((y, t) => add(y, t)));
  assert.equal([...await total.read()], [435, -435]);
});

test("a value that is used again and again does not make the chain longer", ({ device }) => {
  const x = evaluate(tensor([1, 2]));

  assert.is(dispatches(device, () => {
    let y: Tensor = x;
    for (let i = 0; i < 10; i++) y = add(y, y);
    return y;
  }), 1);
});

for (const dtype of ["f16", "bf16"] as const) {
  test(`${dtype}: every operation rounds`, async ({ device }) => {
    await assertSame(device, [(a, b) => {
      const [x, y] = [cast(a, dtype), cast(b, dtype)];
      return cast(add(mul(x, y), exp(x)), "f32");
    }, [[5, 8], 1], [[5, 8], 2]],
    [(a) => cast(mul(transpose(cast(mul(a, 3), dtype)), 0.1), "f32"), [[5, 7], 1]]);
  });
}

test("integers, bool and random numbers are steps like others", async ({ device }) => {
  const x = evaluate(tensor([1, -2, 3, -4], { dtype: "i32" }));
  assert.is(dispatches(device, () => cast(gt(mul(x, 3), 0), "f32")), 1);
  assert.equal(await cast(gt(mul(x, 3), 0), "f32").toArray(), [1, 0, 1, 0]);
  assert.is(dispatches(device, () => add(normal(rng(1), [9]), 1)), 1);
  await assertSame(
    device,
    [(a) => mul(dropout(add(a, 1), { rate: 0.5, rng: rng(3) }), 2), [[9, 5], 1]],
  );
});

test("gradients have the same bits", async ({ device }) => {
  await assertSame(device, [(x, w, b) => {
    const { grads } = valueAndGrad((p: { w: Tensor; b: Tensor }) => {
      return sum(geluTanh(add(matmul(relu(x), p.w), p.b)));
    })({ w, b });
    return add(grads.w, grads.b);
  }, [[12, 8], 1], [[8, 8], 2], [[8], 3]]);
});

test("errors are thrown at the call", async ({ device }) => {
  const x = normal(rng(1), [4]);
  const gone = zeros([4]);
  gone.dispose();
  const limit = Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize);

  assertThrows(() => add(mul(x, 2), zeros([3])), ShapeError, /^add: shapes do not broadcast/);
  assertThrows(() => add(mul(x, 2), gone), DisposedError, /^add: the tensor/);
  if (limit / 4 < 2 ** 31) {
    const wide = expand(reshape(x, [4, 1]), [4, limit / 16 + 1]);
    assertThrows(() => add(wide, 1), GpuError, /^tensor: too large for this adapter/);
  }
  const other = await openDevice();
  assertThrows(() => add(mul(x, 2), zeros([4], { device: other })), Error,
    "add: the tensors are on different devices. Make all of them on one.");
  other.close();
});

test("too many axes are refused at the call, and a chain of few axes goes on", async () => {
  const strides = (n: number) => Array.from({ length: n }, () => 3);
  const x = normal(rng(1), strides(9).map((d) => d + 1 - 1));
  const part = slice(x, strides(9).map(() => [0, 3, 2] as const));

  assertThrows(() => add(part, 1), ShapeError, /^add: too many axes that cannot be merged/);
  const y = scope(() => add(mul(x, 2), 1));
  assert.is(y.size, 3 ** 9);
  await y.read();
});

test("without fusion every operation is a dispatch of its own, at once", async () => {
  const device = await openDevice({ fusion: false });
  const x = tensor([1, 2], { device });
  const y = add(mul(x, 2), 1);

  assert.is(device.counts.dispatches, 2);
  assert.equal([...await y.read()], [3, 5]);
  device.close();
});

test.run();
