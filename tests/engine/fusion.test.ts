// Chains of elementwise operations in one dispatch: what is fused, what is not, and that the bits
// are those of the operations one by one.

import * as assert from "uvu/assert";
import { type Device, type Tensor, add, assign, atan2, cast, clip, div, dropout, evaluate, exp,
  expand, floor, geluTanh, gt, matmul, maximum, mul, neg, normal, openDevice, relu, reshape, rng,
  sigmoid, slice, sqrt, square, sub, sum, tanh, tensor, transpose, valueAndGrad, where, zeros } from
  "../../autograd/index.ts";
import { DisposedError, GpuError, ShapeError, copyInto, elementwiseInto, scope } from
  "../../engine/index.ts";
import { suite } from "../harness.ts";
import { assertThrows } from "../throws.ts";

const test = suite("fusion");

/** Dispatches that a function records, its results and all they wait for included. */
function dispatches(device: Device, work: () => unknown): number {
  device.flush();
  const before = device.counts.dispatches;
  evaluate(scope(work));
  return device.counts.dispatches - before;
}

async function bits(y: Tensor): Promise<number[]> {
  const data = await y.read();
  return [...new Uint32Array(data.buffer)];
}

type Program = (...inputs: Tensor[]) => Tensor;
type Case = readonly [Program, ...(readonly [shape: readonly number[], seed: number])[]];

/** Runs functions of random tensors fused and not, and compares the bits. */
async function assertSame(device: Device, ...cases: readonly Case[]): Promise<void> {
  const plain = await openDevice({ fusion: false });
  for (const [f, ...inputs] of cases) {
    const results = [device, plain].map((on) => scope(() => {
      return f(...evaluate(inputs.map(([shape, seed]) => {
        return normal(rng(seed), shape, { device: on });
      })));
    }));
    const [fused, single] = await Promise.all(results.map(bits));
    for (const t of results) t.dispose();
    assert.equal(fused, single, String(f));
  }
  plain.close();
}

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

test("what nobody needs is never computed, and holds nothing", ({ device }) => {
  const x = evaluate(normal(rng(1), [1000]));
  const before = { ...device.memory(), ...device.counts };

  const y = exp(x);
  add(y, 1).dispose();
  y.dispose();
  device.flush();

  const after = { ...device.memory(), ...device.counts };
  assert.equal([after.tensors, after.live, after.dispatches],
    [before.tensors, before.live, before.dispatches]);
});

test("an input lives until what waits for it is computed", async ({ device }) => {
  const before = device.memory().live;
  const x = tensor([1, 2, 3]);
  const y = add(x, 1);
  x.dispose();
  const noise = [tensor([7, 7, 7]), tensor([8, 8, 8])]; // not in its memory

  assert.equal([...await y.read()], [2, 3, 4]);
  y.dispose();
  for (const t of noise) t.dispose();
  assert.is(device.memory().live, before);
});

test("waiting does not take more memory than there was at the peak", async () => {
  const peaks = await Promise.all([true, false].map(async (fusion) => {
    const device = await openDevice({ fusion });
    let total = evaluate(zeros([4096], { device }));
    for (let i = 0; i < 30; i++) {
      const more = tensor(new Float32Array(4096).fill(i), { device });
      const next = add(total, more);
      for (const t of [total, more]) t.dispose();
      total = next;
    }
    assert.is((await total.read())[7], 435);
    const { peak } = device.memory();
    device.close();
    return peak;
  }));

  assert.is(peaks[0], peaks[1]);
});

test("a result in between that is held is computed once, with the last", async ({ device }) => {
  const [a, b] = [evaluate(normal(rng(1), [64])), evaluate(normal(rng(2), [64]))];
  const before = device.counts.dispatches;

  const middle = exp(mul(a, b));
  const y = evaluate(add(middle, 1));
  const z = evaluate(mul(middle, 2)); // reads what was written

  assert.is(device.counts.dispatches, before + 2);
  const [m, n, o] = await Promise.all([middle.read(), y.read(), z.read()]);
  assert.equal([...n], [...m].map((v) => Math.fround(v + 1)));
  assert.equal([...o], [...m].map((v) => Math.fround(v * 2)));
});

test("one that is as cheap to work out again is not written for that", async ({ device }) => {
  const x = evaluate(normal(rng(1), [4096]));
  const shifted = add(x, 1);
  const live = device.memory().live;
  const y = evaluate(relu(shifted));

  assert.is(device.memory().live, live + 4096 * 4);
  assert.equal([...await shifted.read()], [...await x.read()].map((v) => Math.fround(v + 1)));
  assert.equal([...await y.read()], [...await shifted.read()].map((v) => Math.max(v, 0)));
});

test("more held results than a kernel can write are all right", async () => {
  const x = normal(rng(1), [40]);
  const steps = [x];
  for (let i = 0; i < 12; i++) steps.push(tanh(add(steps.at(-1) as Tensor, 0.25)));
  const last = sum(steps.at(-1) as Tensor);
  await last.read();

  let [expected] = [[...await x.read()]];
  for (const step of steps.slice(1)) {
    const got = [...await step.read()];
    const want = expected.map((v) => Math.tanh(Math.fround(v + 0.25)));
    got.forEach((v, i) => assert.ok(Math.abs(v - (want[i] ?? NaN)) < 1e-6));
    expected = got;
  }
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

test("a write in place comes after what reads the memory", async () => {
  const w = tensor([1, 2, 3, 4]);
  const before = mul(w, 10);
  const again = add(before, 1);
  assign(w, tensor([5, 6, 7, 8]));
  const after = mul(w, 10);

  assert.equal([...await again.read()], [11, 21, 31, 41]);
  assert.equal([...await before.read()], [10, 20, 30, 40]);
  assert.equal([...await after.read()], [50, 60, 70, 80]);
});

test("a write of another kernel comes after, too", async ({ device }) => {
  const w = evaluate(tensor([1, 2, 3, 4]));
  const before = mul(w, 10);
  const kernel = device.kernels.get("test.clear", () => ({
    name: "test.clear", bindings: "w",
    code: `@group(0) @binding(0) var<storage, read_write> y: array<f32>;
      @group(0) @binding(1) var<uniform> p: vec4<u32>;
      @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) i: u32) {
        y[i] = f32(p.x); }`,
  }));
  device.dispatch({ kernel, buffers: [w.storage("test").buffer], params: [0], grid: [1, 1, 1] });

  assert.equal([...await before.read()], [10, 20, 30, 40]);
  assert.equal([...await w.read()], [0, 0, 0, 0]);
});

test("the target of a write in place may be read by the chain", async ({ device }) => {
  const w = evaluate(tensor([1, 2, 3, 4]));
  assert.is(dispatches(device, () => assign(w, sub(w, mul(tensor([1, 1, 2, 2]), w)))), 1);
  assert.equal([...await w.read()], [0, 0, -3, -4]);

  const held = mul(w, 2); // of the old elements
  assign(w, add(held, 1));
  assert.equal([...await held.read()], [0, 0, -6, -8]);
  assert.equal([...await w.read()], [1, 1, -5, -7]);
});

test("other places of the target are read before they are written", async () => {
  const w = tensor([[1, 2], [3, 4]]);
  assign(w, mul(transpose(w), 2));
  assert.equal(await w.toArray(), [[2, 6], [4, 8]]);

  const x = tensor([1, 2, 3, 4, 5, 6]);
  copyInto(slice(x, [[0, 5]]), add(slice(x, [[1, 6]]), 10));
  assert.equal([...await x.read()], [12, 13, 14, 15, 16, 6]);
  const y = tensor([1, 2, 3, 4]);
  copyInto(slice(y, [[1, 3]]), add(slice(y, [[1, 3]]), slice(y, [[2, 4]])));
  assert.equal([...await y.read()], [1, 5, 7, 4]);
});

test("a target that waits itself is computed first", async () => {
  const x = zeros([4]);
  copyInto(slice(x, [[1, 3]]), tensor([5, 6]));
  const body = { name: "test_plus", wgsl: "fn op(a: T, b: T) -> T { return a + b; }" };
  elementwiseInto(x, { body, operands: [x, mul(x, 2)], type: "f32", out: "f32" });

  assert.equal([...await x.read()], [0, 15, 18, 0]);
});

test("views of what waits show its elements", async () => {
  const y = mul(tensor([[1, 2, 3], [4, 5, 6]]), 2);
  const [t, part, flat] = [transpose(y), slice(y, [[1, 2]]), reshape(y, [6])];
  y.dispose();

  assert.equal(await add(t, 1).toArray(), [[3, 9], [5, 11], [7, 13]]);
  assert.equal(await part.toArray(), [[8, 10, 12]]);
  assert.equal(await neg(flat).toArray(), [-2, -4, -6, -8, -10, -12]);
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
