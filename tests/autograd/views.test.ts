// What the changes of layout and the parts of tensors refuse, and that views are views.

import * as assert from "uvu/assert";
import { type Range, type Tensor, assign, concat, expand, grad, matmul, mul, pad, permute, reshape,
  slice, split, square, squeeze, stack, sum, tensor, transpose, unsqueeze, zeros } from
  "../../autograd/index.ts";
import { DtypeError, ShapeError } from "../../engine/index.ts";
import { suite } from "../harness.ts";
import { assertThrows } from "../throws.ts";

const test = suite("views and parts");

const matrix = (): Tensor => tensor([[1, 2, 3], [4, 5, 6]]);

test("changes of layout move nothing", ({ device }) => {
  const x = matrix();
  const before = { ...device.counts, live: device.memory().live };

  transpose(x);
  permute(x, [1, 0]);
  reshape(x, [3, 2]);
  expand(x, [4, 2, 3]);
  squeeze(unsqueeze(x, 1));
  slice(x, [null, [2, 0, -1]]);
  split(x, [1, 1]);

  assert.equal({ ...device.counts, live: device.memory().live }, before);
});

test("a view shows what is assigned to its tensor, and the other way round", async () => {
  const x = matrix();
  const t = transpose(x);

  assign(x, zeros([2, 3]));
  assert.equal(await t.toArray(), [[0, 0], [0, 0], [0, 0]]);
  assign(slice(t, [[1, 2]]), tensor([[7, 8]]));
  assert.equal(await x.toArray(), [[0, 7, 0], [0, 8, 0]]);
});

test("assigning a tensor to itself changes nothing", async () => {
  const x = matrix();
  slice(x, [[0, 1]]);
  assign(x, x);

  assert.equal(await x.toArray(), [[1, 2, 3], [4, 5, 6]]);
});

test("assign refuses another dtype, another shape and what is no tensor", () => {
  const x = matrix();

  assertThrows(() => assign(x, tensor(Int32Array.of(1))), DtypeError,
    /^assign: dtype not supported: i32/);
  assertThrows(() => assign(x, zeros([2])), ShapeError, /: shapes do not broadcast: /);
  assertThrows(() => assign(x, zeros([1, 2, 3])), ShapeError,
    "assign: the source does not fit: [1, 2, 3] into [2, 3]. Make the shapes equal.");
  assertThrows(() => assign(x, 1 as unknown as Tensor), TypeError, /^assign: not a tensor: number/);
});

test("permute wants every axis once", () => {
  for (const axes of [[0], [0, 0], [0, 1, 1], []]) {
    assertThrows(() => permute(matrix(), axes), ShapeError,
      `permute: the axes are not an order of all: [${axes.join(", ")}] of [2, 3]. `
        + "Name each axis once.");
  }
  assertThrows(() => permute(matrix(), [0, 2]), ShapeError,
    /^permute: no such axis: 2 of \[2, 3\]/);
});

test("transpose wants two axes that are there", () => {
  assertThrows(() => transpose(tensor([1, 2])), ShapeError,
    /^transpose: no such axis: -2 of \[2\]/);
  assertThrows(() => transpose(matrix(), { axes: [0, 5] }), ShapeError,
    /^transpose: no such axis: 5/);
});

test("reshape wants as many elements, and one open size at most", () => {
  assertThrows(() => reshape(matrix(), [4, 2]), ShapeError,
    "reshape: the number of elements differs: [2, 3] to [4, 2] (6 != 8). Check the sizes.");
  assertThrows(() => reshape(matrix(), [4, -1]), ShapeError,
    "reshape: the number of elements differs: [2, 3] to [4, -1] (6 != a multiple of 4). "
      + "Check the sizes.");
  assertThrows(() => reshape(matrix(), [-1, -1]), ShapeError,
    "reshape: more than one size is -1: [2, 3] to [-1, -1]. Give all sizes but one.");
  assertThrows(() => reshape(zeros([0]), [0, -1]), ShapeError, /^reshape: -1 beside a size of 0 /);
  assertThrows(() => reshape(matrix(), [-2, -3]), ShapeError,
    "reshape: a size is negative: -2 of [-2, -3]. Check how it was computed.");
  assertThrows(() => reshape(matrix(), [2.5, 2.4]), ShapeError,
    /^reshape: a size is not a whole number: 2.5/);
});

test("expand enlarges axes of size 1 and puts new ones in front", () => {
  assertThrows(() => expand(matrix(), [3]), ShapeError,
    "expand: the shape is smaller than the tensor's: [2, 3] to [3]. Use sum() to shrink an axis.");
  assertThrows(() => expand(matrix(), [1, 3]), ShapeError, /^expand: the shape is smaller/);
  assertThrows(() => expand(matrix(), [4, 3]), ShapeError, /^expand: shapes do not broadcast/);
  assertThrows(() => expand(tensor(1), [-1]), ShapeError, /^expand: a size is negative: -1 /);
});

test("squeeze and unsqueeze want an axis that fits", () => {
  assertThrows(() => squeeze(matrix(), { axis: 1 }), ShapeError,
    "squeeze: the axis is not of size 1: 1 of [2, 3]. Leave it.");
  assertThrows(() => squeeze(matrix(), { axis: 2 }), ShapeError, /^squeeze: no such axis: 2/);
  assertThrows(() => unsqueeze(matrix(), 3), ShapeError, /^unsqueeze: no such axis: 3/);
});

test("slice wants ranges of whole places for axes that are there", () => {
  assertThrows(() => slice(matrix(), [null, null, [0, 1]]), ShapeError,
    "slice: more ranges than axes: 3 for [2, 3]. Leave some out.");
  const wrong: Range[] = [[0, 2, 0], [0, 2, 0.5], [NaN, 1], [0, NaN], [0.5, 2], [0, 1.5]];
  for (const range of wrong) {
    assertThrows(() => slice(matrix(), [range]), RangeError,
      `slice: not a range: [${range}]. Use whole places and a step that is not 0.`);
  }
});

test("a slice may run to infinity", async () => {
  assert.equal(await slice(matrix(), [null, [1, Infinity]]).toArray(), [[2, 3], [5, 6]]);
  assert.equal(await slice(matrix(), [[Infinity, -Infinity, -1]]).toArray(),
    [[4, 5, 6], [1, 2, 3]]);
});

test("concat wants tensors that are alike but for the axis", () => {
  assertThrows(() => concat([matrix(), zeros([2, 2])]), ShapeError,
    "concat: tensors differ beside axis 0: [2, 3] and [2, 2]. Make the other axes equal.");
  assertThrows(() => concat([matrix(), zeros([3])]), ShapeError, /^concat: tensors differ/);
  assertThrows(() => concat([]), ShapeError,
    "concat: nothing to join: the list is empty. Give a tensor.");
  assertThrows(() => concat([matrix()], { axis: 2 }), ShapeError, /^concat: no such axis: 2/);
});

test("stack wants tensors of one shape", () => {
  assertThrows(() => stack([zeros([2]), zeros([3])]), ShapeError,
    "stack: shapes differ: [2] and [3]. Make them equal.");
  assertThrows(() => stack([zeros([2])], { axis: 2 }), ShapeError, /^stack: no such axis: 2/);
});

test("split wants whole sizes that add up to the axis", () => {
  for (const sizes of [[1, 1], [3, 1], [4, -1], [1.5, 1.5]]) {
    assertThrows(() => split(matrix(), sizes, { axis: 1 }), ShapeError,
      `split: the parts do not add up to axis 1: [${sizes.join(", ")}] of [2, 3]. `
        + "Change the sizes.");
  }
  assertThrows(() => split(matrix(), [2], { axis: 2 }), ShapeError, /^split: no such axis: 2/);
});

test("pad wants a pair of whole widths for each axis", () => {
  for (const widths of [[[0.5, 0]], [[0, 0], [0, 0], [1, 1]]] as const) {
    assertThrows(() => pad(matrix(), widths), ShapeError, /^pad: not a pair of whole widths/);
  }
});

test("the gradient of a part is zero outside of it, to the last element", async () => {
  // Parts that end within a vector of four, each at the start of its storage.
  for (let n = 1; n <= 8; n++) {
    const x = tensor(Array.from({ length: 9 }, (_, i) => i));
    const g = grad((t: Tensor) => sum(mul(slice(t, [[0, n]]), slice(t, [[0, n]]))))(x);

    assert.equal([...await g.read()], Array.from({ length: 9 }, (_, i) => (i < n ? 2 * i : 0)));
  }
});

test("the gradient of a weight lies as the weight does, whichever side it is on", async () => {
  const [x, w] = [tensor([[1, 2, 3], [4, 5, 6]]), tensor([[1, 0, 2], [0, 1, 1]])];
  const [right, left] = [grad((v: Tensor) => sum(square(matmul(x, transpose(v)))))(w),
    grad((v: Tensor) => sum(square(matmul(transpose(v), x))))(w)];

  assert.equal(await right.toArray(), [[142, 188, 234], [98, 130, 162]]); // 2 (x w^T)^T x
  assert.equal(await left.toArray(), [[28, 64, 120], [64, 154, 282]]); // 2 x (w^T x)^T
  for (const g of [right, left]) assert.equal(g.layout.strides, [3, 1]);
});

test.run();
