// compile: what cannot be recorded or replayed is refused, with what to do about it.

import * as assert from "uvu/assert";
import { type Device, DisposedError, type Tensor, add, compile, dispose, grad, keep, mul,
  openDevice, rng, slice, sum, tensor } from "../../autograd/index.ts";
import { suite } from "../harness.ts";
import { assertThrows } from "../throws.ts";

const test = suite("compile refuses");

/** Numbers of a tensor that is not needed any more. */
async function taken(t: Tensor): Promise<number[]> {
  const list = [...await t.read()];
  t.dispose();
  return list;
}

test("a step that keeps new tensors at every call is refused", () => {
  const hoard: Tensor[] = [];
  using step = compile((x: Tensor) => {
    hoard.push(keep(add(x, 1)));
  });
  const x = tensor([1]);
  for (let i = 0; i < 3; i++) step(x);

  assertThrows(() => step(x), Error,
    "compile: 3 calls came to nothing that can be replayed: each keeps new tensors, or uses "
      + "tensors from outside that are freed after it. Make what the step keeps before it and "
      + "change it in place, and pass what is new at every call as an argument.");
  dispose(hoard);
});

test("a step that finds other tensors outside at every call is refused", async () => {
  let batch = tensor([0]);
  using step = compile(() => add(batch, 1));
  for (let i = 0; i < 3; i++) {
    assert.equal(await taken(step()), [i + 1]);
    batch.dispose();
    batch = tensor([i + 1]);
  }

  assertThrows(() => step(), Error, /^compile: 3 calls came to nothing that can be replayed: /);
});

test("what cannot be replayed is an error in the step, and says what to do", ({ device }) => {
  const x = tensor([1, 2]);
  const inner = compile((t: Tensor) => add(t, 1));
  const from = rng(1);
  const cases: readonly (readonly [() => unknown, RegExp])[] = [
    [() => void x.read(), /^read: not inside a compiled step\. Return the tensor, and read it/],
    [() => void x.toArray(), /^read: not inside/],
    [() => device.flush(), /^flush: not inside a compiled step\. /],
    [() => device.trim(), /^flush: not inside a compiled step\. /],
    [() => void device.idle(), /^idle: not inside a compiled step\. Wait after the step\.$/],
    [() => inner(x), /^compile: a compiled step inside another one\. Compile the outer one/],
    [() => from.next(), /^rng: not inside a compiled step\. Draw the number before the step, and/],
    [() => from.int(3), /^rng: not inside a compiled step\. /],
    [() => (from.state = rng(2).state), /^rng\.state: not inside a compiled step\. Set it before/],
    [() => 3, /^compile: the step returned something that a replay cannot work out: number\. /],
    [() => [new Map()], /^compile: the step returned something .*: object\. Return tensors, /],
    [async () => add(x, 1), /^compile: the step returned a promise\. Keep it synchronous, /],
  ];
  for (const [body, message] of cases) {
    const step = compile(body);
    assertThrows(() => step(), Error, message);
    assert.is(step.plans, 0);
    step.dispose();
  }
  inner.dispose();
  assert.equal(from.state, rng(1).state);
});

test("an error of the step is its own, and leaves nothing behind", async ({ device }) => {
  let bad = true;
  using step = compile((x: Tensor) => {
    const y = add(x, 1);
    if (bad) throw new RangeError("mine");
    return y;
  });
  const x = tensor([1]);
  const before = device.memory();
  assertThrows(() => step(x), RangeError, "mine");

  assert.is(device.memory().live, before.live);
  bad = false;
  assert.equal(await taken(step(x)), [2]);
  assert.equal(await taken(step(x)), [2]);
});

test("calls that cannot be are refused", async () => {
  const whole = tensor([1, 2, 3, 4]);
  const part = slice(whole, [[0, 2]]);
  const gone = tensor([1]);
  gone.dispose();
  const step = compile((x: unknown) => add(x as Tensor, part));
  const anyStep = step as unknown as (...args: unknown[]) => Tensor;

  assertThrows(() => anyStep(new Map()), TypeError,
    "compile: argument 0 is neither a tensor nor a number, string, boolean, list or plain object: "
      + "Map. Pass tensors, or let the step close over it.");
  assertThrows(() => anyStep({ f: () => 1 }), TypeError,
    /^compile: argument 0\.f is neither .*: function\./);
  assertThrows(() => anyStep(gone), DisposedError, /^compile: the tensor \[1\] f32 was disposed\./);
  assertThrows(() => anyStep(slice(whole, [[2, 4]])), Error,
    "compile: the step uses the memory of an argument by another tensor: [2]. Pass that one as an "
      + "argument, too, or neither.");
  assertThrows(() => grad((x: Tensor) => sum(anyStep(x)))(tensor([1, 2])), Error,
    "compile: a compiled step inside a transform, which would not see it. Take the gradient inside "
      + "the step.");
  const device: Device = await openDevice();
  const there = tensor([1], { device });
  assertThrows(() => anyStep([whole, there]), Error,
    /^compile: the arguments are on different devices\./);
  assertThrows(() => anyStep(there), Error, /^compile: the arguments are on another device than /);
  device.close();
  step.dispose();
  step.dispose();
  assertThrows(() => step(part), DisposedError,
    "compile: the step was disposed. Compile it again.");
});

test("more records than plans are refused, with what they differ by", () => {
  using step = compile((x: Tensor, by: number) => mul(x, by), { plans: 2 });
  const x = tensor([1, 2]);
  for (const by of [1, 2, 1, 2]) step(x, by);

  assertThrows(() => step(x, 3), Error,
    "compile: more records than plans: 2. The calls differ: argument 1: 3, before 1: 1, 1: 2. Keep "
      + "shapes and layouts the same, and pass numbers that change as tensors. Or raise the option "
      + "plans.");
  assertThrows(() => step(tensor([1]), 1), Error,
    /argument 0: \[1\] f32 in 0, before 0: \[2\] f32 in 0\. /);
  assert.is(step.plans, 2);
  for (const plans of [0, 1.5, NaN]) {
    assertThrows(() => compile(() => undefined, { plans }), RangeError, /^compile: plans is not a/);
  }
});

test("records whose outside is gone make room for others", async () => {
  let w = tensor([1]);
  using step = compile((x: Tensor) => add(x, w), { plans: 1 });
  assert.equal(await taken(step(tensor([1]))), [2]);
  w.dispose();
  w = tensor([5]);

  assert.equal(await taken(step(tensor([1, 1]))), [6, 6]);
  assert.is(step.plans, 1);
});

test.run();
