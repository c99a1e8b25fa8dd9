// What the tape keeps in memory, and for how long.

import * as assert from "uvu/assert";
import { type Device, type Tensor, add, exp, grad, matmul, mul, openDevice, relu, reshape, scope,
  sub, sum, tanh, tensor, transpose, vjp, zeros } from "../../autograd/index.ts";
import { apply } from "../../autograd/define.ts";
import type { Operand } from "../../autograd/tape.ts";
import { suite } from "../harness.ts";

const test = suite("memory of the tape");

const SIZE = 1024; // elements; 4096 bytes are a size class of their own
const BYTES = 4 * SIZE;

/**
 * A test on a device that computes every result at once: then what is kept takes its bytes.
 *
 * @param body synchronous
 */
function counting(name: string, body: (device: Device) => void): void {
  test(name, async () => {
    const device = await openDevice({ fusion: false });
    try {
      scope(() => body(device));
    } finally {
      device.close();
    }
  });
}

/** Bytes kept by `vjp` of a chain, beside its input and its result. */
function keptBy(device: Device, body: (x: Tensor) => Tensor): number {
  const x = zeros([SIZE], { device });
  const before = device.memory().live;
  const { value, free } = scope(() => vjp(body, x));
  const kept = device.memory().live - before - (value.size === 1 ? 256 : BYTES);
  free();
  value.dispose();
  x.dispose();
  return kept;
}

function repeat(times: number, f: (x: Tensor) => Tensor): (x: Tensor) => Tensor {
  return (x) => {
    let y = x;
    for (let i = 0; i < times; i++) y = f(y);
    return y;
  };
}

counting("sums and views keep nothing", (device) => {
  const c = zeros([SIZE], { device });

  assert.is(keptBy(device, repeat(20, (x) => sub(add(x, 1), c))), 0);
  assert.is(keptBy(device, repeat(20, (x) => reshape(transpose(reshape(x, [32, 32])), [SIZE]))), 0);
  assert.is(keptBy(device, (x) => sum(add(x, 1))), 0);
});

counting("an op that needs its result keeps that, which is its successor's input", (device) => {
  assert.is(keptBy(device, repeat(20, tanh)), 19 * BYTES); // the last one is the result itself
  assert.is(keptBy(device, repeat(20, (x) => relu(add(x, 1)))), 19 * BYTES);
});

counting("an op that needs its inputs keeps each once", (device) => {
  assert.is(keptBy(device, repeat(20, (x) => mul(x, x))), 19 * BYTES); // the first is the caller's
});

counting("what does not lead from the parameters to the result is not kept", (device) => {
  const c = zeros([SIZE], { device });
  const kept = keptBy(device, (x) => {
    repeat(10, tanh)(c);
    return add(x, 1);
  });

  assert.is(kept, 0);
});

/** The identity; its vjp tells how many bytes are live when the way back passes by. */
function probe(device: Device, seen: number[]): (x: Tensor) => Tensor {
  const spec = {
    name: "probe",
    forward: (x: Operand) => add(x, 0),
    vjp: (dy: Tensor) => {
      seen.push(device.memory().live);
      return [() => dy];
    },
    saves: "nothing" as const,
  };
  return (x) => apply(spec, [x]);
}

counting("saved values are freed as the way back uses them", (device) => {
  const seen: number[] = [];
  const mark = probe(device, seen);
  const x = zeros([SIZE], { device });
  const before = device.memory().live;
  grad((t: Tensor) => sum(repeat(30, (y) => mark(tanh(y)))(t)))(x).dispose();

  assert.is(seen.length, 30);
  for (const [i, bytes] of seen.entries()) {
    const saved = (30 - i) * BYTES;
    const extra = bytes - before - saved; // the gradient on its way, and some numbers
    assert.ok(extra >= 0 && extra <= 2 * BYTES, `step ${i}: ${extra} bytes above what is saved`);
  }
});

counting("the way back of a deep chain needs little more than the way there", (device) => {
  const x = zeros([SIZE], { device });
  const f = (t: Tensor) => sum(repeat(100, (y) => tanh(mul(y, 2)))(t));
  scope(() => f(x)).dispose();
  const there = device.memory().peak; // the scope holds all 200 results
  grad(f)(x);
  const { peak, live } = device.memory();

  assert.is(there >= 200 * BYTES, true);
  assert.ok(peak <= there + 4 * BYTES, `${(peak - there) / BYTES} tensors more`);
  assert.is(live, 2 * BYTES);
});

test("a second gradient also gives everything back", ({ device }) => {
  const x = tensor([[1, 2], [3, 4]]);
  const before = device.memory();
  const f = (t: Tensor) => sum(exp(matmul(t, transpose(t))));
  grad((t: Tensor) => sum(mul(grad(f)(t), t)))(x).dispose();

  const { live, tensors } = device.memory();
  assert.equal({ live, tensors }, { live: before.live, tensors: before.tensors });
});

test("steps of a loop leave live and pooled bytes as they are", ({ device }) => {
  const x = zeros([64, 64]);
  const step = () => grad((t: Tensor) => sum(relu(matmul(t, tanh(matmul(t, t))))))(x).dispose();
  for (let i = 0; i < 3; i++) step();
  const before = device.memory();
  for (let i = 0; i < 20; i++) step();

  assert.equal(device.memory(), before);
});

test.run();
