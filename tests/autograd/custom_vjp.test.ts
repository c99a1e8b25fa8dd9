// customVjp and stopGradient: gradients written by hand, and left out.

import * as assert from "uvu/assert";
import { type Tensor, checkpoint, customVjp, exp, floor, grad, hvp, maximum, minimum, mul,
  normal, rng, scale, sin, square, stopGradient, sub, sum, tensor, vjp, zeros } from
  "../../autograd/index.ts";
import { ShapeError } from "../../engine/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { assertThrows } from "../throws.ts";

const test = suite("gradients by hand");

/** A handful of float32 operations on values of about 1. */
const close = { rtol: 1e-5, atol: 1e-6 } as const;

const gentle = customVjp((x: Tensor) => x, (dy) => [maximum(minimum(dy, 1), -1)]);

/** x^2 y, with its derivatives written out. */
const product = customVjp(
  (x: Tensor, y: Tensor) => mul(square(x), y),
  (dy, { args: [x, y] }) => [mul(dy, scale(mul(x, y), 2)), mul(dy, square(x))],
  { name: "product" },
);

/** exp(sin(x)), the sine saved, with a gradient of its own. */
const saving = customVjp(
  (x: Tensor) => {
    const s = sin(x);
    return { value: exp(s), saved: { s } };
  },
  // Not the true gradient, so that none of its parts can be taken for another.
  (dy, { args: [x], value, saved: { s } }) =>
    [mul(dy, mul(value, mul(sub(1, scale(square(s), 0.5)), scale(x, 0.5))))],
);

test("the gradient is the one written by hand", async () => {
  const g = grad((x: Tensor) => sum(mul(gentle(x), tensor([5, 0.5, -7]))))(tensor([1, 2, 3]));

  assert.equal(await g.toArray(), [1, 0.5, -1]);
});

test("outside a transform it is the function", async () => {
  assert.equal(await product(tensor([2]), tensor([3])).toArray(), [12]);
});

test("several arguments, and the derivative of the derivative", async () => {
  const at = { x: tensor([1, 2]), y: tensor([3, 4]) };
  const result = hvp((p: typeof at) => sum(product(p.x, p.y)), at,
    { x: tensor([1, 1]), y: tensor([0, 2]) });

  assert.equal(await result.grads.x.toArray(), [6, 16]);
  assert.equal(await result.grads.y.toArray(), [1, 4]);
  assert.equal(await result.hvp.x.toArray(), [6, 16]); // 2 y vx + 2 x vy
  assert.equal(await result.hvp.y.toArray(), [2, 4]); // 2 x vx
});

test("saved values count in the second derivative", async () => {
  // g = v q x/2 with v the value, whose derivative is g too; q = 1 - s^2/2, s = sin x.
  const f = (x: Tensor) => sum(saving(x));
  const v = 0.7;
  const [s, c] = [Math.sin(v), Math.cos(v)];
  const q = 1 - s * s / 2;
  const g = Math.exp(s) * q * v / 2;

  assertClose(await grad(f)(tensor(v)).item(), g, close);
  assertClose(await grad(grad(f))(tensor(v)).item(),
    g * q * v / 2 - Math.exp(s) * s * c * v / 2 + Math.exp(s) * q / 2, close);
});

test("trees as arguments; gradients left out are zeros", async () => {
  const f = customVjp(
    (p: { a: Tensor; b: Tensor }, list: readonly Tensor[]) => mul(mul(p.a, p.b), list[0] as Tensor),
    (dy, { args: [p] }) => [{ a: mul(dy, p.b) }],
  );
  const at = { a: tensor([2]), b: tensor([3]), c: tensor([5]) };
  const g = grad(({ a, b, c }: typeof at) => sum(f({ a, b }, [c])))(at);

  assert.equal([await g.a.item(), await g.b.item(), await g.c.item()], [3, 0, 0]);
});

test("a second derivative of one marked once names it; the first is fine", async () => {
  const f = customVjp((x: Tensor) => square(x),
    (dy, { args: [x] }) => [mul(dy, scale(x, 2))], { name: "mySquare", once: true });
  const g = (x: Tensor) => sum(f(x));

  assert.equal(await grad(g)(tensor([3])).toArray(), [6]);
  const beside = (x: Tensor) => sum(mul(x, grad(g)(tensor([3])))); // of something else
  assert.equal(await grad(beside)(tensor([1])).toArray(), [6]);
  assertThrows(() => grad((x: Tensor) => sum(grad(g)(x)))(tensor([3])), Error,
    "mySquare: has no second derivative: its vjp is marked `once`. "
      + "Write the vjp with ops and leave `once` out, or differentiate once.");
});

test("with once, a gradient inside that is a constant outside is fine", async () => {
  const f = customVjp((x: Tensor) => square(x),
    (dy, { args: [x] }) => [mul(dy, scale(x, 2))], { once: true });
  const g = grad((x: Tensor) => mul(x, stopGradient(grad((t: Tensor) => f(t))(x))))(tensor(3));

  assert.is(await g.item(), 6);
});

test("a tensor closed over that needs a gradient is refused", () => {
  const f = (w: Tensor) => customVjp((x: Tensor) => mul(x, w), (dy) => [dy], { name: "mine" });

  assertThrows(() => grad((w: Tensor) => sum(f(w)(tensor([1]))))(tensor([2])), Error,
    "mine: the function uses a tensor that needs a gradient and is not among its arguments: "
      + "[1] f32. Pass it as an argument.");
});

test("gradients of another shape, or of nothing, are refused", () => {
  const x = zeros([2, 3]);
  const wrong = customVjp((t: Tensor) => sum(t, { axis: 1 }), (dy) => [dy], { name: "mine" });
  assertThrows(() => grad((t: Tensor) => sum(wrong(t)))(x), ShapeError,
    "mine: the gradient of argument 0 has another shape: [2] for [2, 3]. "
      + "Sum it to the argument's shape with sumTo().");
  const more = customVjp((t: Tensor) => t, (dy) => [dy, dy], { name: "mine" });
  assertThrows(() => grad((t: Tensor) => sum(more(t)))(x), TypeError,
    "mine: the vjp gave gradients that do not belong to an argument: 0, 1 for 0. "
      + "Give a list, one for each argument.");
});

test("inside a checkpoint, with random numbers, it is itself", async () => {
  const from = rng(3);
  const noisy = customVjp((x: Tensor) => {
    const factor = normal(from, x.shape);
    return { value: mul(x, factor), saved: factor };
  }, (dy, { saved }) => [mul(dy, saved)]);
  const g = grad((x: Tensor) => sum(checkpoint((t: Tensor) => noisy(t))(x)))(zeros([4]));

  assert.equal(await g.read(), await normal(rng(3), [4]).read());
});

test("what was saved is freed on the way back", ({ device }) => {
  const before = device.memory().tensors;
  grad((x: Tensor) => sum(saving(x)))(zeros([8])).dispose();
  const { value, free } = vjp((x: Tensor) => saving(x), zeros([8]));
  value.dispose();
  free();

  assert.is(device.memory().tensors, before + 2); // the two inputs, which this test's scope owns
});

test("no gradient passes stopGradient, of a tensor or a tree", async () => {
  const x = tensor([2, 3]);
  assert.equal(await grad((t: Tensor) => sum(mul(t, stopGradient(t))))(x).toArray(), [2, 3]);
  const at = { a: x, list: tensor([1, 1]) };
  const g = grad((p: typeof at) => {
    const { a } = stopGradient(p);
    return sum(mul(a, p.list));
  })(at);
  assert.equal(await g.a.toArray(), [0, 0]);
  assert.equal(await g.list.toArray(), [2, 3]);
});

test("straight through a rounding", async () => {
  const rounded = (x: Tensor) => floor(x);
  const straight = customVjp((x: Tensor) => rounded(x), (dy) => [dy]);

  assert.equal(await grad((x: Tensor) => sum(rounded(x)))(tensor([1.5])).toArray(), [0]);
  assert.equal(await grad((x: Tensor) => sum(straight(x)))(tensor([1.5])).toArray(), [1]);
});

test.run();
