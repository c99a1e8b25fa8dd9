import * as assert from "uvu/assert";
import { type Tensor, matmul, mseLoss, mul, scale, sum, tensor } from
  "../../autograd/index.ts";
import { compose, frobenius, linear, sharpnessEstimate } from
  "../../nn/index.ts";
import type { Weights } from "../../nn/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { draw, drawTree } from "./helpers.ts";

const test = suite("smoothness");

// Half a quadratic form with eigenvalues 3 and -5 along turned axes.
const [COS, SIN] = [0.6, 0.8];
const form = (w: Weights): Tensor => {
  const a = [3 * COS * COS - 5 * SIN * SIN, 8 * COS * SIN, 8 * COS * SIN,
    3 * SIN * SIN - 5 * COS * COS];
  const { x } = w as { x: Tensor };
  return scale(sum(mul(x, matmul(x, tensor(a, { shape: [2, 2] })))), 0.5);
};

test("the sharpness of a quadratic form is its largest absolute eigenvalue", async () => {
  const at = { x: tensor([0.3, -1], { shape: [1, 2] }) };
  const { value, history } = await sharpnessEstimate(form, at, { iterations: 30 });

  assertClose(value, 5, { rtol: 1e-5, atol: 0 });
  assert.is(history.length, 30);
  assert.ok(history.every((h, k) => h <= 5.0001 && h >= (history[k - 1] ?? 0) * 0.9999));
});

test("a loss without curvature has sharpness zero", async () => {
  const at = { x: tensor([1, 2]) };
  const { value } = await sharpnessEstimate((w: Weights) => sum((w as { x: Tensor }).x), at, {
    iterations: 3,
  });

  assert.is(value, 0);
});

test("in a modular norm of one Frobenius layer it is the Euclidean one", async ({ rng }) => {
  const module = linear(3, 4, { norm: frobenius });
  const [x, y, weights] = [draw(rng, [6, 4]), draw(rng, [6, 3]), drawTree(rng, module)];
  const loss = (w: Weights) => mseLoss(module.forward(x, w), y);
  const options = { iterations: 40 };
  const plain = await sharpnessEstimate(loss, weights, options);
  const modular = await sharpnessEstimate(loss, weights, { ...options, module });

  assertClose(modular.value, plain.value, { rtol: 1e-3, atol: 0 });
});

test("a modular sharpness bounds how far sampled steps move the gradient", async ({ rng }) => {
  const module = compose(linear(2, 3), linear(3, 3));
  const [x, y, weights] = [draw(rng, [5, 3]), draw(rng, [5, 2]), drawTree(rng, module)];
  const loss = (w: Weights) => mseLoss(module.forward(x, w), y);
  const { value, history } = await sharpnessEstimate(loss, weights, { module, iterations: 30 });

  assert.ok(history.every((h, k) => h >= (history[k - 1] ?? 0) * 0.999)); // it never falls
  assert.ok(value >= 0.9 * Math.max(...history));
  const worst = await sharpnessEstimate(loss, weights, { module, iterations: 1 });
  assert.ok(worst.value <= value * 1.001);
});

test("no iterations are refused", async () => {
  const error = await sharpnessEstimate(form, {}, { iterations: 0 }).catch((e: Error) => e);

  assert.is((error as Error).name, "RangeError");
});

test.run();
