// Scopes, dispose, the pool and what memory() reports.

import * as assert from "uvu/assert";
import { type Tensor, add, evaluate, grad, mul, reshape, square, sum, tensor, transpose, zeros }
  from "../../autograd/index.ts";
import { DisposedError, GpuError, ShapeError, dispose, keep, openScope, scope } from
  "../../engine/index.ts";
import { type PooledBuffer, sizeClass } from "../../engine/pool.ts";
import { suite } from "../harness.ts";

const test = suite("memory and scopes");

test("a scope frees all but what it returns, also in nested arrays and objects", ({ device }) => {
  const before = device.memory().tensors;
  const { list } = scope(() => {
    const a = zeros([10]);
    const b = add(a, 1);
    return { list: [b, { again: mul(b, 2) }] };
  });

  assert.is(device.memory().tensors, before + 2);
  dispose(list);
  assert.is(device.memory().tensors, before);
});

test("a scope whose function throws frees everything and passes the error on", ({ device }) => {
  const before = device.memory();

  assert.throws(() => scope(() => {
    zeros([100]);
    throw new Error("mine");
  }), "mine");

  assert.equal(device.memory().tensors, before.tensors);
  assert.equal(device.memory().live, before.live);
});

test("a scope refuses a promise", () => {
  assert.throws(
    () => scope(async () => zeros([1])),
    "scope: the function returned a promise. Keep the scope synchronous and await its result "
      + "outside.",
  );
});

test("scopes close in reverse order only, each once", () => {
  const outer = openScope();
  const inner = openScope();

  assert.throws(() => outer.close(), /^scope: closed out of order/);
  inner.close();
  outer.close();
  assert.throws(() => inner.close(), /^scope: closed out of order/);
});

test("keep takes a tensor out of its scope until it is disposed", ({ device }) => {
  const before = device.memory().tensors;
  const kept = scope(() => {
    const w = keep(zeros([3]));
    return () => w;
  })();

  assert.is(device.memory().tensors, before + 1);
  kept.dispose();
  assert.is(device.memory().tensors, before);
});

test("use after dispose names the operation and the tensor; disposing twice is fine", async () => {
  const x = zeros([2, 3]);
  x.dispose();
  x.dispose();

  const message = "add: the tensor [2, 3] f32 was disposed. "
    + "Keep it with keep(), or return it from its scope.";
  assert.throws(() => add(x, 1), (e: unknown) => {
    return e instanceof DisposedError && e.message === message;
  });
  assert.instance(await x.read().catch((e: unknown) => e), DisposedError);
});

test("views share their storage, which is freed with the last of them", async ({ device }) => {
  const before = device.memory().live;
  const x = tensor([[1, 2, 3], [4, 5, 6]]);
  const t = transpose(x);
  const flat = reshape(x, [6]);
  assert.is(device.memory().live, before + 256);
  x.dispose();

  assert.equal(await t.toArray(), [[1, 4], [2, 5], [3, 6]]);
  t.dispose();
  assert.is(device.memory().live, before + 256);
  flat.dispose();
  assert.is(device.memory().live, before);
});

test("a freed buffer is used again", ({ device }) => {
  zeros([1000]).dispose();
  const { pooled } = device.memory();

  for (let i = 0; i < 50; i++) zeros([1000]).dispose();

  assert.is(device.memory().pooled, pooled);
});

test("size classes hold what is asked for in multiples of 64 and waste at most a quarter", () => {
  for (let bytes = 1; bytes < 1e6; bytes = Math.ceil(bytes * 1.01) + 1) {
    const size = sizeClass(bytes);
    assert.ok(size >= bytes && size % 64 === 0, `${bytes} in ${size}`);
    assert.ok(size <= Math.max(256, bytes * 1.25), `${bytes} in ${size}`);
  }
});

test("saved tensors of a gradient are gone when it returns", ({ device }) => {
  const x = tensor([1, 2, 3]);
  const before = device.memory();

  const g = evaluate(grad((t: Tensor) => sum(square(mul(t, t))))(x));

  assert.is(device.memory().tensors, before.tensors + 1);
  assert.is(device.memory().live, before.live + 256);
  g.dispose();
});

test("a function that throws inside grad leaves nothing behind", ({ device }) => {
  const x = tensor([1, 2, 3]);
  const before = device.memory();

  assert.throws(() => grad((t: Tensor) => {
    square(t);
    throw new Error("mine");
  })(x), "mine");

  assert.equal(device.memory().tensors, before.tensors);
  assert.equal(device.memory().live, before.live);
});

test("a tensor larger than a binding is refused before anything happens", ({ device }) => {
  const limit = Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize);
  // Where a binding holds more than 2^31 elements, the limit on elements comes first.
  const [elements, type, message] = limit / 4 < 2 ** 31
    ? [limit / 4 + 1, GpuError, /^tensor: too large for this adapter: \d+ bytes \(limit \d+\)/]
    : [2 ** 31, ShapeError, /^fill: too many elements: \[2147483648\]/] as const;

  assert.throws(() => zeros([elements]), (e: unknown) => {
    return e instanceof type && message.test(e.message);
  });
});

test("a loop is given the same buffers again, in whatever order they came back", ({ device }) => {
  const { pool } = device;
  const take = () => [0, 1, 2, 3].map(() => pool.acquire(5000));
  const first = take();
  for (const i of [2, 0, 3, 1]) pool.release(first[i] as PooledBuffer);
  const second = take();
  second.forEach((buffer) => pool.release(buffer));

  assert.equal(second.map(({ id }) => id), first.map(({ id }) => id));
});

test.run();
