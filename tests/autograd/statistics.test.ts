// Reductions where their gradients are delicate, and their errors.

import * as assert from "uvu/assert";
import { clip, cosineEmbeddingLoss, crossEntropy, glu, grad, hardtanh, huberLoss, hypot, klDiv,
  logsumexp, mseLoss, nllLoss, norm, prod, relu6, smoothL1Loss, std, sum, swiglu, tensor, variance,
  zeros } from "../../autograd/index.ts";
import type { LossReduction, Tensor } from "../../autograd/index.ts";
import { IndexError, ShapeError } from "../../engine/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { assertRejects, assertThrows } from "../throws.ts";

const test = suite("statistics and losses");

const exact = { rtol: 0, atol: 0 } as const;

test("the gradient of a product beside no, one and two zeros is the product of the others",
  async () => {
    const rows = [[2, 3, -1, 4], [2, 0, -1, 4], [0, 3, 0, 4]];
    const x = tensor(rows);
    const total = (t: Tensor) => sum(prod(t, { axis: 1 }));
    const first = grad(total)(x);
    const second = grad((t: Tensor) => sum(grad(total)(t)))(x);

    assertClose(await first.read(), [-12, -8, 24, -6, 0, -8, 0, 0, 0, 0, 0, 0], exact);
    const expected = Array.from({ length: 12 }, (_, i) => secondOf(rows, i));
    assertClose(await second.read(), expected, exact);
  });

/** Sum over j != i of the product of all elements of the row but i and j. */
function secondOf(rows: readonly (readonly number[])[], place: number): number {
  const row = rows[Math.floor(place / 4)] ?? [];
  const i = place % 4;
  return row.reduce((total, _, j) => (j === i ? total
    : total + row.reduce((p, v, k) => (k === i || k === j ? p : p * v), 1)), 0);
}

test("a norm of zeros, a deviation of equal numbers and a hypotenuse of zeros have gradient 0",
  async () => {
    for (const p of [0.5, 1, 1.5, 2, 3, Infinity]) {
      const g = grad((x: Tensor) => norm(x, { p }))(zeros([4]));
      assertClose(await g.read(), [0, 0, 0, 0], exact);
    }
    assertClose(await grad((x: Tensor) => std(x))(tensor([2, 2, 2])).read(), [0, 0, 0], exact);
    assertClose(await grad((x: Tensor) => sum(hypot(x, 0)))(zeros([2])).read(), [0, 0], exact);
  });

test("a logsumexp of -infinity alone has gradient 0, and a row beside it its own", async () => {
  const x = tensor([[-Infinity, -Infinity], [0, -Infinity]]);
  const g = grad((t: Tensor) => sum(logsumexp(t, { axis: 1 })))(x);

  assertClose(await g.read(), [0, 0, 1, 0], exact);
});

test("a clip has a slope inside its interval only, not at its ends", async () => {
  const x = tensor([-2, -1, 0, 2, 3]);

  assertClose(await grad((t: Tensor) => sum(clip(t, { min: -1, max: 2 })))(x).read(),
    [0, 0, 1, 0, 0], exact);
  assertClose(await grad((t: Tensor) => sum(relu6(t)))(tensor([0, 3, 6])).read(), [0, 1, 0], exact);
  assertClose(await grad((t: Tensor) => sum(hardtanh(t)))(tensor([-1, 0.5])).read(), [0, 1], exact);
});

test("variance keeps its digits far from 0", async () => {
  const x = tensor(Array.from({ length: 1000 }, (_, i) => 1e6 + (i % 2)));

  assertClose(await variance(x).item(), 0.25, { rtol: 1e-4, atol: 0 });
});

test("a mean loss over nothing is NaN, and a sum 0", async () => {
  const none = zeros([0, 3]);

  assert.ok(Number.isNaN(await mseLoss(none, none).item()));
  assert.is(await mseLoss(none, none, { reduction: "sum" }).item(), 0);
});

test("a label out of range is an IndexError at the next read, also a negative one", async () => {
  const scores = zeros([2, 3]);
  for (const labels of [[0, 3], [0, -1]]) {
    const ids = tensor(Int32Array.from(labels));
    await assertRejects(nllLoss(scores, ids).read(), IndexError, /out of range/);
    await assertRejects(crossEntropy(scores, ids, { labelSmoothing: 0.1 }).read(), IndexError,
      /out of range/);
  }
});

test("losses want one shape, a known reduction and a positive delta", () => {
  const [a, b] = [zeros([2, 3]), zeros([3])];

  assertThrows(() => mseLoss(a, b), ShapeError,
    "mseLoss: shapes differ: input [2, 3] and target [3]. Expand one of them.");
  const reduction = "most" as LossReduction;
  for (const [name, f] of Object.entries({ mseLoss, klDiv })) {
    assertThrows(() => f(a, a, { reduction }), RangeError,
      `${name}: unknown reduction: most. Use "mean", "sum" or "none".`);
  }
  assertThrows(() => nllLoss(a, zeros([2], { dtype: "i32" }), { reduction }), RangeError,
    /^nllLoss: unknown reduction/);
  assertThrows(() => huberLoss(a, a, { delta: 0 }), RangeError,
    "huberLoss: delta is not positive: 0. Use 1.");
  assertThrows(() => smoothL1Loss(a, a, { beta: -1 }), RangeError,
    "smoothL1Loss: beta is not positive: -1. Use 1.");
  assertThrows(() => cosineEmbeddingLoss(a, a, zeros([3], { dtype: "i32" })), ShapeError,
    "cosineEmbeddingLoss: labels do not fit the vectors: [3] and [2, 3]. "
      + "Give one label for each pair.");
});

test("a cross-entropy checks smoothing, weights and chances", () => {
  const [x, y] = [zeros([2, 3]), zeros([2], { dtype: "i32" })];

  assertThrows(() => crossEntropy(x, y, { labelSmoothing: 1.5 }), RangeError,
    "crossEntropy: labelSmoothing is not in [0, 1]: 1.5. Use 0.1.");
  assertThrows(() => crossEntropy(x, y, { weight: zeros([2]) }), ShapeError,
    "crossEntropy: the weights do not fit the classes: [2] for [3]. Give one for each class.");
  assertThrows(() => crossEntropy(x, zeros([3, 2])), ShapeError,
    "crossEntropy: shapes differ: logits [2, 3] and target [3, 2]. Expand one of them.");
  assertThrows(() => crossEntropy(x, x, { ignoreIndex: 1 }), RangeError,
    "crossEntropy: ignoreIndex goes with labels, not with chances: 1. Leave it out.");
});

test("a clip wants its ends in order, a norm a known order, a gate an even axis", () => {
  assertThrows(() => clip(zeros([2]), { min: 1, max: 0 }), RangeError,
    "clip: min is above max: 1 and 0. Exchange them.");
  assertThrows(() => clip(zeros([2]), { min: NaN }), RangeError, /^clip: min is above max: NaN/);
  for (const p of [-1, NaN]) {
    assertThrows(() => norm(zeros([2]), { p }), RangeError,
      `norm: not an order: ${p}. Use a positive number, 0, Infinity or -Infinity.`);
  }
  assertThrows(() => norm(zeros([0]), { p: Infinity }), ShapeError, /^norm: no elements/);
  for (const [name, f] of Object.entries({ glu, swiglu })) {
    assertThrows(() => f(zeros([2, 3])), ShapeError,
      `${name}: the axis does not fall into halves: axis -1 of [2, 3]. Give one of even size.`);
  }
});

test.run();
