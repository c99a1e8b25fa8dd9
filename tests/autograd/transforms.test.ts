// valueAndGrad and grad: what they return, whose it is, and what they refuse.

import * as assert from "uvu/assert";
import { type Tensor, abs, add, exp, expand, grad, log, max, maximum, min, mul, relu, reshape,
  scale, scope, sin, slice, square, sum, tensor, valueAndGrad, where, zeros } from
  "../../autograd/index.ts";
import { ShapeError } from "../../engine/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { assertThrows } from "../throws.ts";

const test = suite("transforms");

/** A handful of float32 operations on values of about 1. */
const close = { rtol: 1e-5, atol: 1e-6 } as const;
const exact = { rtol: 0, atol: 0 } as const;

test("value and gradients come in the parameters' tree", async () => {
  const params = { w: tensor([1, 2]), inner: { b: tensor([[3]]) } };
  const { value, grads } = valueAndGrad((p: typeof params, factor: number) =>
    scale(add(sum(square(p.w)), sum(p.inner.b)), factor))(params, 10);

  assert.is(await value.item(), 80);
  assert.equal(await grads.w.toArray(), [20, 40]);
  assert.equal(await grads.inner.b.toArray(), [[10]]);
});

test("a single tensor is a tree too", async () => {
  const { value, grads } = valueAndGrad((x: Tensor) => sum(square(x)))(tensor([3, 4]));

  assert.is(await value.item(), 25);
  assert.equal(await grads.toArray(), [6, 8]);
});

test("grad gives the gradients alone", async () => {
  assert.equal(await grad((x: Tensor) => sum(mul(x, 3)))(tensor([1, 2])).toArray(), [3, 3]);
});

test("further arguments, closures and the parameters outside are constants", async () => {
  const [x, c] = [tensor([2]), tensor([5])];
  const g = grad((p: Tensor, d: Tensor) => sum(mul(mul(p, x), mul(c, d))))(x, tensor([7]));

  assert.equal(await g.toArray(), [70]); // p x c d by p, with x, c and d fixed
});

test("one tensor under two names has two gradients", async () => {
  const x = tensor([3]);
  const g = grad((p: { a: Tensor; b: Tensor }) => sum(mul(p.a, square(p.b))))({ a: x, b: x });

  assert.equal([await g.a.item(), await g.b.item()], [9, 18]);
});

test("a value used many times adds up its gradients", async () => {
  const g = grad((x: Tensor) => sum(add(mul(x, x), add(mul(x, 3), x))))(tensor([5]));

  assert.equal(await g.toArray(), [14]);
});

test("the gradient is zero where nothing leads, in the leaf's shape", async () => {
  const params = { used: tensor([1]), idle: zeros([2, 3]), nothing: zeros([0, 2]) };
  const g = grad((p: typeof params) => sum(p.used))(params);

  assert.equal(await g.idle.toArray(), [[0, 0, 0], [0, 0, 0]]);
  assert.equal(g.nothing.shape, [0, 2]);
});

test("a result that does not depend on the parameters has zero gradients", async () => {
  const { value, grads } = valueAndGrad((_: Tensor) => tensor(4))(tensor([1, 2]));

  assert.is(await value.item(), 4);
  assert.equal(await grads.toArray(), [0, 0]);
});

test("a result that is the parameter has gradient one, and is a handle of its own", async () => {
  const x = tensor(3);
  const { value, grads } = valueAndGrad((p: Tensor) => p)(x);
  value.dispose();

  assert.is(await grads.item(), 1);
  assert.is(await x.item(), 3);
});

test("a result that is a constant of the caller's stays his", async () => {
  const c = tensor(3);
  const { value } = valueAndGrad((_: Tensor) => c)(tensor([1]));
  value.dispose();

  assert.is(await c.item(), 3);
});

test("a result of one element may have axes", async () => {
  const { value, grads } = valueAndGrad((x: Tensor) => mul(x, x))(tensor([[3]]));

  assert.equal(value.shape, [1, 1]);
  assert.equal(await grads.toArray(), [[6]]);
});

test("a result that is not one number is refused", () => {
  assertThrows(() => grad((x: Tensor) => x)(zeros([2])), ShapeError,
    "grad: the function must return one number: it returned [2]. Take sum() or mean() of it.");
  assertThrows(() => grad(() => 3 as unknown as Tensor)(zeros([2])), ShapeError,
    /: it returned number\. /);
  const later = (x: Tensor) => Promise.resolve(x) as unknown as Tensor;
  assertThrows(() => grad(later)(zeros([])), ShapeError,
    /: it returned object\. /);
});

test("after a refused call, and one that throws, the next is as good as ever", async () => {
  const x = tensor([2]);
  assertThrows(() => grad((t: Tensor) => expand(t, [3]))(x), ShapeError, /^grad: /);
  assertThrows(() => grad((_: Tensor) => {
    throw new RangeError("mine");
  })(x), RangeError, "mine");

  assert.equal(await grad((t: Tensor) => sum(square(t)))(x).toArray(), [4]);
});

test("the derivatives of x^4 to the fifth", async () => {
  let f = (x: Tensor): Tensor => square(square(x));
  const values: number[] = [];
  for (let order = 0; order <= 5; order++) {
    values.push(await f(tensor(2)).item());
    const before = f;
    f = (x) => grad(before)(x);
  }

  assert.equal(values, [16, 32, 48, 48, 24, 0]);
});

test("a gradient inside a function takes part in the gradient outside", async () => {
  // f = sum(x g(x)) with g the gradient of sum(sin x): f' = cos x - x sin x.
  const x = tensor([0.5, 1.5]);
  const g = grad((p: Tensor) => sum(mul(p, grad((q: Tensor) => sum(sin(q)))(p))))(x);

  const expected = [0.5, 1.5].map((v) => Math.cos(v) - v * Math.sin(v));
  assertClose(await g.read(), expected, close);
});

test("an inner gradient sees outer parameters as constants, the outer one all of it", async () => {
  // d/dy (x^2 y^3) = 3 x^2 y^2, and that by x = 6 x y^2.
  const g = grad((x: Tensor) => grad((y: Tensor) => mul(square(x), mul(y, square(y))))(tensor(3)))(
    tensor(2));

  assert.is(await g.item(), 108);
});

test("a Hessian's product with a direction, on a tree", async () => {
  const params = { a: tensor([1, 2]), b: tensor([3, 4]) };
  const f = (p: typeof params) => sum(mul(square(p.a), p.b)); // a_i^2 b_i
  const g = grad((p: typeof params) => sum(grad(f)(p).a))(params); // sum of 2 a_i b_i

  assert.equal(await g.a.toArray(), [6, 8]);
  assert.equal(await g.b.toArray(), [2, 4]);
});

test("branches on values that were not taken leave no NaN", async () => {
  const safe = (x: Tensor) => {
    const positive = where(tensor([0, 1], { dtype: "bool" }), x, 1);
    return sum(where(tensor([0, 1], { dtype: "bool" }), log(positive), 0));
  };

  assert.equal(await grad(safe)(tensor([-1, 2])).toArray(), [0, 0.5]);
});

test("value and gradients belong to the caller's scope, and nothing else is left", ({ device }) => {
  const params = { a: zeros([100]), b: zeros([100]) };
  const before = device.memory().tensors;
  const kept = scope(() => {
    const { value, grads } = valueAndGrad((p: typeof params) => sum(exp(add(p.a, p.b))))(params);
    assert.is(device.memory().tensors, before + 3);
    return [value, grads];
  });

  assert.is(device.memory().tensors, before + 3);
  assert.is(kept.length, 2);
});

test("of equal elements each gets its share of a maximum's gradient", async () => {
  const x = tensor([[2, 2, 1], [0, 5, 5]]);

  assert.equal(await grad((t: Tensor) => sum(max(t, { axis: 1 })))(x).toArray(),
    [[0.5, 0.5, 0], [0, 0.5, 0.5]]);
  assert.equal(await grad((t: Tensor) => min(t))(tensor([1, 1, 1, 1])).toArray(),
    [0.25, 0.25, 0.25, 0.25]);
  assert.equal(await grad((t: Tensor) => sum(maximum(t, 2)))(x).toArray(),
    [[0.5, 0.5, 0], [0, 1, 1]]);
});

test("slopes at kinks are 0", async () => {
  const x = tensor([0, -0]);

  for (const f of [abs, relu]) {
    assertClose(await grad((t: Tensor) => sum(f(t)))(x).read(), [0, 0], exact);
  }
});

test("a reshape of a strided value passes its gradient back to its place", async () => {
  const x = tensor([[1, 2, 3], [4, 5, 6]]);
  const weights = tensor([1, 2, 3, 4]);
  const g = grad((t: Tensor) => sum(mul(reshape(slice(t, [null, [0, 3, 2]]), [4]), weights)))(x);

  assert.equal(await g.toArray(), [[1, 0, 2], [3, 0, 4]]);
});

test.run();
