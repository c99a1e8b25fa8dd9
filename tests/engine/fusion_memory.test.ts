// Elementwise results that wait: what they hold, when they are written, and that what is written in
// place comes in its turn.

import * as assert from "uvu/assert";
import { type Tensor, add, assign, evaluate, exp, mul, neg, normal, openDevice, relu, reshape,
  rng, slice, sub, sum, tanh, tensor, transpose, zeros } from
  "../../autograd/index.ts";
import { copyInto, elementwiseInto } from "../../engine/index.ts";
import { suite } from "../harness.ts";
import { dispatches } from "./fused.ts";

const test = suite("fusion and memory");

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

test("nor does it where operands were computed, too", async () => {
  const peaks = await Promise.all([true, false].map(async (fusion) => {
    const device = await openDevice({ fusion });
    const x = tensor(new Float32Array(4096).fill(0.5), { device });
    let total = evaluate(zeros([4096], { device }));
    for (let i = 0; i < 14; i++) {
      const more = evaluate(exp(x));
      const next = add(total, more);
      for (const t of [total, more]) t.dispose();
      total = next;
    }
    await total.read();
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
  assert.is(dispatches(device, () => {
    assign(w, sub(w, mul(tensor([1, 1, 2, 2]), w)));
    evaluate(w);
  }), 1);
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

test.run();
