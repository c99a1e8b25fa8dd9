// Jacobians and Hessians, and their products with vectors, against closed forms.

import * as assert from "uvu/assert";
import { type Tensor, add, exp, grad, hessian, hvp, jacobian, jvp, matmul, mul, scope, sin, square,
  sum, tensor, vjp, zeros } from "../../autograd/index.ts";
import { ShapeError } from "../../engine/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { assertThrows } from "../throws.ts";

const test = suite("products with derivatives");

/** A handful of float32 operations on values of about 1. */
const close = { rtol: 1e-5, atol: 1e-6 } as const;

test("jvp of a function of one tensor", async () => {
  const { value, tangent } = jvp((x: Tensor) => sin(x), tensor([0.5, 1]), tensor([2, -3]));

  assertClose(await value.read(), [Math.sin(0.5), Math.sin(1)], close);
  assertClose(await tangent.read(), [2 * Math.cos(0.5), -3 * Math.cos(1)], close);
});

test("jvp maps trees to trees", async () => {
  const at = { a: tensor([1, 2]), b: tensor([3, 4]) };
  const { value, tangent } = jvp(
    ({ a, b }: typeof at) => ({ product: mul(a, b), sums: { all: sum(a) } }),
    at, { a: tensor([1, 0]), b: tensor([0, 1]) });

  assert.equal(await value.product.toArray(), [3, 8]);
  assert.equal(await tangent.product.toArray(), [3, 2]); // da b + a db
  assert.is(await tangent.sums.all.item(), 1);
});

test("jvp and vjp are adjoint", async ({ rng }) => {
  const draw = (n: number) => tensor(Float32Array.from({ length: n }, () => rng.normal()));
  const [x, v, u] = [draw(7), draw(7), draw(7)];
  const f = (t: Tensor) => mul(exp(sin(t)), sum(t));
  const { tangent } = jvp(f, x, v);
  const back = vjp(f, x).pullback(u);

  const left = await sum(mul(tangent, u)).item();
  assertClose(await sum(mul(back, v)).item(), left, { rtol: 1e-5, atol: 1e-5 });
});

test("a jvp can be differentiated", async () => {
  // d/dx of cos(x) v is -sin(x) v.
  const f = (x: Tensor) => sum(jvp((t: Tensor) => sin(t), x, tensor([2])).tangent);

  assertClose(await grad(f)(tensor([0.3])).read(), [-2 * Math.sin(0.3)], close);
});

test("a jvp of a gradient, inside a gradient", async () => {
  // f = x^4: f'' v = 12 x^2 v, and its derivative 24 x v.
  const f = (x: Tensor) => sum(square(square(x)));
  const g = (x: Tensor) => sum(jvp(grad(f), x, tensor([5])).tangent);

  assertClose(await g(tensor([2])).item(), 240, close);
  assertClose(await grad(g)(tensor([2])).read(), [240], close);
});

test("jvp of what does not depend on the input is zero", async () => {
  assert.equal(await jvp((_: Tensor) => tensor([1, 2]), tensor(1), tensor(1)).tangent.toArray(),
    [0, 0]);
});

test("a direction of another shape is refused", () => {
  const f = (x: Tensor) => sum(square(x));
  assertThrows(() => jvp(f, zeros([2]), zeros([3])), ShapeError,
    "jvp: the tangent does not have its input's shape: [3] for [2]. Make the shapes equal.");
  assertThrows(() => hvp((p: { w: Tensor }) => f(p.w), { w: zeros([2]) }, { w: zeros([]) }),
    ShapeError,
    "hvp: the direction w does not have its input's shape: [] for [2]. Make the shapes equal.");
});

test("hvp gives value, gradients and product on a tree", async () => {
  const at = { a: tensor([1, 2]), b: tensor([3, 4]) };
  const f = (p: typeof at) => sum(mul(square(p.a), p.b)); // a^2 b
  const result = hvp(f, at, { a: tensor([1, 1]), b: tensor([0, 2]) });

  assert.is(await result.value.item(), 19);
  assert.equal(await result.grads.a.toArray(), [6, 16]); // 2 a b
  assert.equal(await result.grads.b.toArray(), [1, 4]); // a^2
  assert.equal(await result.hvp.a.toArray(), [6, 16]); // 2 b va + 2 a vb
  assert.equal(await result.hvp.b.toArray(), [2, 4]); // 2 a va
});

test("value, gradient and product of an hvp can be differentiated", async () => {
  // x^3 at 2 along 1: the derivatives of 6 x, 3 x^2 and x^3.
  const f = (x: Tensor) => sum(mul(x, square(x)));
  const part = (pick: "value" | "grads" | "hvp") => (x: Tensor) => sum(hvp(f, x, tensor(1))[pick]);
  const x = tensor(2);

  assert.is(await grad(part("hvp"))(x).item(), 6);
  assert.is(await grad(part("grads"))(x).item(), 12);
  assert.is(await grad(part("value"))(x).item(), 12);
});

test("the Jacobian of a product is the matrix, output axes first", async () => {
  const a = tensor([[1, 2, 3], [4, 5, 6]]);

  assert.equal(await jacobian((x: Tensor) => matmul(a, x))(tensor([1, 1, 1])).toArray(),
    [[1, 2, 3], [4, 5, 6]]);
});

test("a Jacobian by a tree, with scalars and empty tensors", async () => {
  const at = { x: tensor([[1, 2]]), c: tensor(3), none: zeros([0, 2]) };
  const j = jacobian((p: typeof at) => mul(square(p.x), p.c))(at);

  assert.equal(j.x.shape, [1, 2, 1, 2]);
  assert.equal(await j.x.toArray(), [[[[6, 0]], [[0, 12]]]]);
  assert.equal(await j.c.toArray(), [[1, 4]]);
  assert.equal(j.none.shape, [1, 2, 0, 2]);
  assert.equal(jacobian((x: Tensor) => square(x))(zeros([0])).shape, [0, 0]);
  assert.equal(await jacobian((x: Tensor) => square(x))(tensor(3)).toArray(), 6);
});

test("rows of a Jacobian are freed one by one", ({ device }) => {
  const x = zeros([32, 32]); // 4096 bytes
  const wide = (t: Tensor) => sum(exp(exp(exp(add(t, 1)))), { axis: 0 });
  const start = device.memory().pooled;
  for (let i = 0; i < 2; i++) scope(() => jacobian(wide)(x)).dispose(); // fills the pool
  const before = device.memory();
  scope(() => jacobian(wide)(x)).dispose();

  const after = device.memory();
  assert.equal(after.tensors, before.tensors);
  assert.equal(after.pooled, before.pooled);
  const grown = before.pooled - start;
  assert.ok(grown < 4 * 32 * 4096, `${grown} bytes pooled`); // 2 of 32 x 4096 held
});

test("a Hessian of a tensor, and of a tree", async () => {
  const h = hessian((x: Tensor) => mul(sum(x), sum(square(x))))(tensor([1, 2]));
  // H = 2 (x 1' + 1 x') + 2 sum(x) I
  assert.equal(await h.toArray(), [[10, 6], [6, 14]]);

  const at = { a: tensor([2, 3]), deep: { b: tensor(5) } };
  const t = hessian((p: typeof at) => mul(sum(square(p.a)), p.deep.b))(at);
  assert.equal(await t.a.a.toArray(), [[10, 0], [0, 10]]);
  assert.equal(await t.a.deep.b.toArray(), [4, 6]);
  assert.equal(await t.deep.b.a.toArray(), [4, 6]);
  assert.is(await t.deep.b.deep.b.item(), 0);
});

test("a Hessian can be differentiated", async () => {
  const f = (x: Tensor) => sum(hessian((t: Tensor) => sum(mul(t, square(t))))(x)); // sum of 6 x

  assert.equal(await grad(f)(tensor([1, 2])).toArray(), [6, 6]);
});

test("a Jacobian of a tree of results is refused", () => {
  const f = (x: Tensor) => ({ y: x }) as unknown as Tensor;

  assertThrows(() => jacobian(f)(zeros([2])), TypeError,
    "jacobian: the function must return a tensor: it returned a tree. "
      + "Take the Jacobian of one part at a time.");
});

test.run();
