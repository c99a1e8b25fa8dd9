// gradcheck: right gradients pass, wrong ones are found and named.

import * as assert from "uvu/assert";
import { type Tensor, abs, add, concat, cos, crossEntropy, customVjp, div, erf, exp, expm1, gather,
  gelu, geluTanh, gradcheck, layerNorm, log, log1p, logSigmoid, logSoftmax, matmul, max, maximum,
  mean, mul, normal, permute, pow, reciprocal, relu, rmsNorm, rng, rope, rsqrt, scale, scatterAdd,
  sigmoid, silu, sin, slice, softmax, softplus, sqrt, square, sub, sum, sumSquares, tan, tanh,
  tensor, transpose, where, gt, zeros } from "../../autograd/index.ts";
import { suite } from "../harness.ts";
import { assertRejects } from "../throws.ts";

const test = suite("gradcheck");

const positive = (shape: readonly number[]) => add(abs(normal(rng(5), shape)), 0.5);
const any = (shape: readonly number[]) => normal(rng(4), shape);

const functions: readonly ((x: Tensor) => Tensor)[] = [
  sin, cos, tan, exp, expm1, tanh, sigmoid, softplus, logSigmoid, silu, gelu, geluTanh, erf, square,
  (x) => mul(x, x), (x) => sub(x, sum(x)), (x) => softmax(x), (x) => logSoftmax(x),
  (x) => rmsNorm(x), (x) => layerNorm(x), (x) => mean(x, { axis: 0 }), (x) => sumSquares(x),
  (x) => matmul(x, transpose(x)), (x) => rope(x), (x) => concat([x, square(x)], { axis: 1 }),
  (x) => mul(slice(x, [null, [4, 0, -2]]), 3), (x) => square(permute(x, [1, 0])),
  (x) => gather(square(x), tensor([[0, 0, -1, 2, 1, 1]], { dtype: "i32" }), 0),
  (x) => scatterAdd(sin(x), tensor(new Int32Array(18), { shape: [3, 6] }), 0, 2),
  (x) => crossEntropy(x, tensor([1, 5, 0], { dtype: "i32" })),
];

const onPositive: readonly ((x: Tensor) => Tensor)[] = [
  log, log1p, sqrt, rsqrt, reciprocal, (x) => pow(x, 2.5), (x) => div(sum(x), x),
  (x) => pow(x, x),
];

test("right gradients pass, and few checks are drowned in rounding", async () => {
  for (const [list, x] of [[functions, any([3, 6])], [onPositive, positive([3, 6])]] as const) {
    for (const [i, f] of list.entries()) {
      const { ok, message, checked, inconclusive } = await gradcheck(f, x, { seed: i });
      assert.ok(ok, `function ${i}: ${message}`);
      assert.is(checked, 9);
      assert.ok(inconclusive <= 2, `function ${i}: ${message}`);
    }
  }
}, { seconds: 60 });

test("second derivatives of right ones pass", async () => {
  for (const f of [sin, tanh, (x: Tensor) => softmax(x), (x: Tensor) => layerNorm(x),
    (x: Tensor) => crossEntropy(x, tensor([1, 0], { dtype: "i32" }))]) {
    const { ok, message, checked } = await gradcheck(f, any([2, 3]), { second: true });
    assert.ok(ok, message);
    assert.is(checked, 18);
  }
});

test("functions with kinks pass away from them", async () => {
  const x = tensor([-2, -0.5, 0.4, 1.5]);
  for (const f of [relu, abs, (t: Tensor) => max(t), (t: Tensor) => maximum(t, 0.1),
    (t: Tensor) => where(gt(t, 0), square(t), t)]) {
    const { ok, message } = await gradcheck(f, x);
    assert.ok(ok, message);
  }
});

/** The sine with a gradient off by a factor at some places. */
const wrong = (factors: Tensor) => customVjp((x: Tensor) => sin(x),
  (dy, { args: [x] }) => [mul(mul(dy, cos(x)), factors)]);

test("a gradient that is off by 1 % is found", async () => {
  const { ok, message, worst } = await gradcheck(wrong(tensor(1.01)), tensor([0.5]));

  assert.not(ok);
  assert.equal(worst?.index, [0]);
  assert.match(message, /^gradcheck: 1 of 1 derivatives differ; worst the input at \[0\]: the vjp/);
});

test("one wrong element of many is found and named, with its path", async () => {
  const factors = new Float32Array(300).fill(1);
  factors[217] = -1;
  const f = wrong(tensor(factors, { shape: [20, 15] }));
  const at = { fine: tensor([1]), deep: { x: scale(any([20, 15]), 0.1) } };
  const report = await gradcheck((p: typeof at) => mul(f(p.deep.x), sum(p.fine)), at);

  assert.not(report.ok);
  assert.is(report.worst?.path, "deep.x");
  assert.equal(report.worst?.index, [14, 7]);
  assert.match(report.message, /worst deep\.x at \[14, 7\]: the vjp gives .*, differences give /);
});

test("a gradient that is left out, or taken of a constant, is found", async () => {
  const none = customVjp((x: Tensor) => square(x), () => []);
  assert.not((await gradcheck(none, any([4]))).ok);
  const spurious = customVjp((x: Tensor) => zeros(x.shape), (dy) => [dy]);
  assert.not((await gradcheck(spurious, any([4]))).ok);
});

test("a wrong second derivative is found where the first is right", async () => {
  // The gradient's value is cos(x); its own derivative is lost.
  const f = customVjp((x: Tensor) => sin(x), (dy, { args: [x] }) => {
    const frozen = customVjp((t: Tensor) => cos(t), () => []);
    return [mul(dy, frozen(x))];
  });
  assert.ok((await gradcheck(f, any([5]))).ok);
  const report = await gradcheck(f, any([5]), { second: true });

  assert.not(report.ok);
  assert.is(report.worst?.order, 2);
  assert.match(report.message, /worst second derivative by the input /);
});

test("scalars, integers and empty tensors are left in peace", async () => {
  const at = { x: tensor(2), i: tensor([1, 0], { dtype: "i32" }), none: zeros([0]) };
  const { ok, checked, message } = await gradcheck(
    (p: typeof at) => mul(square(p.x), add(sum(p.none), 1)), at);

  assert.ok(ok, message);
  assert.is(checked, 1);
});

test("steps stay where the function is finite", async () => {
  const { ok, message, inconclusive } = await gradcheck(log, tensor([0.03, 1]));

  assert.ok(ok, message);
  assert.is(inconclusive, 0);
});

test("a function that is not finite there is refused", async () => {
  await assertRejects(gradcheck(log, tensor([-1])), Error,
    "gradcheck: the function is not finite there. Check another point.");
  await assertRejects(gradcheck(sqrt, tensor([0])), Error,
    "gradcheck: the gradient is not finite there. Check another point.");
});

test.run();
