// vjp and its pullback, and assign, which must not change what a pullback still needs.

import * as assert from "uvu/assert";
import { type Tensor, add, assign, evaluate, exp, grad, mul, sin, slice, square, sum, tensor, vjp,
  zeros } from "../../autograd/index.ts";
import { ShapeError } from "../../engine/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { assertThrows } from "../throws.ts";

const test = suite("pullbacks");

/** A handful of float32 operations on values of about 1. */
const close = { rtol: 1e-5, atol: 1e-6 } as const;

test("a pullback gives gradients for a tree of results, paired by name", async () => {
  const f = (p: { x: Tensor }) => ({ a: square(p.x), b: mul(p.x, 3) });
  const run = () => vjp(f, { x: tensor([5]) });

  const { value, pullback } = run();
  assert.equal([await value.a.item(), await value.b.item()], [25, 15]);
  assert.is(await pullback({ a: tensor([1]), b: tensor([100]) }).x.item(), 310);
  assert.is(await run().pullback({ b: tensor([100]), a: tensor([1]) }).x.item(), 310);
});

test("two names of a result may be one tensor, or an input", async () => {
  const { pullback } = vjp((x: Tensor) => {
    const y = square(x);
    return { a: y, b: y, c: x };
  }, tensor([5]));

  assert.equal(await pullback({ a: tensor([1]), b: tensor([2]), c: tensor([7]) }).toArray(), [37]);
});

test("a pullback is used once", () => {
  const { pullback } = vjp(square, tensor([5]));
  pullback(tensor([1]));

  assertThrows(() => pullback(tensor([1])), Error,
    "vjp: the pullback was used already. Run vjp() again.");
});

test("free lets go of what was saved, once or twice", ({ device }) => {
  const x = tensor(new Float32Array(1000));
  const before = device.memory();
  const { value, pullback, free } = vjp((t: Tensor) => exp(exp(exp(t))), x);
  evaluate(value);
  assert.ok(device.memory().live > before.live + 4096);
  value.dispose();
  free();
  free();

  assert.equal([device.memory().live, device.memory().tensors], [before.live, before.tensors]);
  assertThrows(() => pullback(zeros([1000])), Error, /^vjp: the pullback was used already/);
});

test("a gradient of another shape, or none, is refused, the right one still taken", async () => {
  const { pullback } = vjp((x: Tensor) => ({ a: x, b: square(x) }), tensor([5, 6]));
  const [one, two] = [tensor([1]), tensor([1, 1])];

  assertThrows(() => pullback({ a: two, b: one }), ShapeError,
    "vjp: the gradient does not have the result's shape: [1] for [2]. "
      + "Give one gradient of the same shape for each result.");
  assertThrows(() => pullback({ a: two } as { a: Tensor; b: Tensor }), TypeError,
    /^tree: .* b is missing/);
  assert.equal(await pullback({ a: two, b: two }).toArray(), [11, 13]);
});

test("a pullback can be differentiated", async () => {
  // The pullback of sin at x with dy is dy cos x; by x it is -dy sin x, by dy cos x.
  const leaf = { x: tensor([0.5]), dy: tensor([2]) };
  const g = grad((p: typeof leaf) => sum(vjp(sin, p.x).pullback(p.dy)))(leaf);

  assertClose(await g.x.read(), [-2 * Math.sin(0.5)], close);
  assertClose(await g.dy.read(), [Math.cos(0.5)], close);
});

test("assign is refused for what a gradient is being computed with", () => {
  const message = "assign: the tensor is part of a gradient being computed. "
    + "Change it after the transform has returned.";
  const x = tensor([1, 2]);

  assertThrows(() => grad((p: Tensor) => {
    assign(p, zeros([2]));
    return sum(p);
  })(x), Error, message);
  assertThrows(() => grad((p: Tensor) => {
    const y = square(p);
    assign(slice(y, [[0, 1]]), zeros([1]));
    return sum(y);
  })(x), Error, message);
});

test("assign is fine for other tensors inside, and for all of them after", async () => {
  const [x, count] = [tensor([1, 2]), tensor([0])];
  const g = grad((p: Tensor) => {
    assign(count, add(count, 1));
    return sum(square(p));
  })(x);
  assign(x, zeros([2]));

  assert.is(await count.item(), 1);
  assert.equal(await g.toArray(), [2, 4]);
  assert.equal(await x.toArray(), [0, 0]);
});

test("a gradient that repeats one number is not written to by mistake", () => {
  const g = grad((x: Tensor) => sum(x))(zeros([3]));

  assertThrows(() => assign(g, tensor([1, 2, 3])), ShapeError,
    "copy: the target repeats elements: [3] with strides [0]. Copy it first, as by add(x, 0).");
});

test.run();
