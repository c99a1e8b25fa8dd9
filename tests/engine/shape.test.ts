// Shapes, strides and the tensors made from numbers: rules and error messages.

import * as assert from "uvu/assert";
import { add, arange, concat, expand, full, matmul, pad, permute, reshape, tensor, zeros } from
  "../../autograd/index.ts";
import { DtypeError, ShapeError, broadcastShapes, checkShape, resolveAxes, resolveAxis, rowMajor,
  show, sizeOf } from "../../engine/index.ts";
import { broadcastStrides, isContiguous, mergeAxes, reshapedStrides } from "../../engine/shape.ts";
import { suite } from "../harness.ts";
import type { TestRng } from "../rng.ts";
import { assertThrows } from "../throws.ts";

const test = suite("shapes");

test("sizes, strides and texts of shapes", () => {
  assert.is(sizeOf([]), 1);
  assert.is(sizeOf([2, 0, 3]), 0);
  assert.equal(rowMajor([2, 3, 4]), [12, 4, 1]);
  assert.equal(rowMajor([]), []);
  assert.is(show([32, 128]), "[32, 128]");
});

test("a layout is contiguous whatever the strides of its axes of size 1", () => {
  const at = (shape: number[], strides: number[]) => isContiguous({ shape, strides, offset: 3 });

  assert.ok(at([], []));
  assert.ok(at([2, 1, 3], [3, 77, 1]));
  assert.ok(at([2, 0], [5, 7]));
  assert.not(at([2, 3], [1, 2]));
  assert.not(at([2, 3], [0, 1]));
  assert.not(at([3], [-1]));
});

test("a shape with a negative size is refused", () => {
  assertThrows(() => checkShape("zeros", [2, -1]), ShapeError,
    "zeros: a size is negative: -1 of [2, -1]. Check how it was computed.");
});

test("a shape with a size that is not whole is refused", () => {
  for (const size of [2.5, NaN, Infinity, -0.5]) {
    assertThrows(() => checkShape("zeros", [3, size]), ShapeError,
      `zeros: a size is not a whole number: ${size} of [3, ${size}]. Check how it was computed.`);
  }
});

test("a shape of 2^31 elements or more is refused", () => {
  assertThrows(() => checkShape("zeros", [2 ** 16, 2 ** 15]), ShapeError,
    "zeros: too many elements: [65536, 32768] has 2147483648 (limit 2^31). Split the tensor.");
  checkShape("zeros", [2 ** 16, 2 ** 15 - 1]);
});

test("sizes whose product overflows are refused, in every op that makes them", () => {
  const one = tensor(1);
  const [row, column] = [expand(one, [1, 2 ** 16]), expand(one, [2 ** 16, 1])];
  const half = expand(one, [2 ** 30]);
  const large = "[65536, 65536] has 4294967296 (limit 2^31). Split the tensor.";

  assertThrows(() => checkShape("zeros", [2 ** 40, 2 ** 40]), ShapeError,
    "zeros: too many elements: [1099511627776, 1099511627776] has 1.2089258196146292e+24 "
      + "(limit 2^31). Split the tensor.");
  assertThrows(() => add(row, column), ShapeError, `add: too many elements: ${large}`);
  assertThrows(() => matmul(column, row), ShapeError, `matmul: too many elements: ${large}`);
  assertThrows(() => expand(column, [2 ** 16, 2 ** 16]), ShapeError,
    `expand: too many elements: ${large}`);
  assertThrows(() => concat([half, half]), ShapeError,
    /^concat: too many elements: \[2147483648\]/);
  assertThrows(() => pad(half, [[0, 2 ** 30]]), ShapeError, /: too many elements: \[2147483648\]/);
});

test("an empty tensor has no axis that could not be counted either", () => {
  assertThrows(() => zeros([2 ** 31, 0]), ShapeError,
    /: a size is too large: 2147483648 \(limit 2\^31\) of \[2147483648, 0\]\. Check how/);
  assert.equal(zeros([2 ** 31 - 1, 0]).shape, [2 ** 31 - 1, 0]);
});

test("a reshape with two sizes left open, or one beside a size of 0, is refused", () => {
  assertThrows(() => reshape(zeros([4]), [-1, -1]), ShapeError,
    "reshape: more than one size is -1: [4] to [-1, -1]. Give all sizes but one.");
  assertThrows(() => reshape(zeros([0, 3]), [0, -1]), ShapeError,
    "reshape: -1 beside a size of 0 could be anything: [0, 3] to [0, -1]. Give all sizes.");
  assert.equal(reshape(zeros([0, 3]), [-1, 3]).shape, [0, 3]);
  assert.equal(reshape(zeros([4]), [2, -1]).shape, [2, 2]);
});

test("a reshape to sizes that are none, or to other counts, is refused", () => {
  assertThrows(() => reshape(zeros([4]), [-2, -2]), ShapeError,
    "reshape: a size is negative: -2 of [-2, -2]. Check how it was computed.");
  assertThrows(() => reshape(zeros([4]), [0.5, 8]), ShapeError,
    "reshape: a size is not a whole number: 0.5 of [0.5, 8]. Check how it was computed.");
  assertThrows(() => reshape(zeros([4]), [3]), ShapeError,
    "reshape: the number of elements differs: [4] to [3] (4 != 3). Check the sizes.");
  assertThrows(() => reshape(zeros([4]), [-1, 3]), ShapeError,
    "reshape: the number of elements differs: [4] to [-1, 3] (4 != a multiple of 3). "
      + "Check the sizes.");
});

test("more axes than a kernel walks over are refused unless they merge", async () => {
  const order = [8, 7, 6, 5, 4, 3, 2, 1, 0];
  const nine = zeros(order.map(() => 2));

  assertThrows(() => add(permute(nine, order), 1), ShapeError,
    "add: too many axes that cannot be merged: [2, 2, 2, 2, 2, 2, 2, 2, 2] (limit 8). "
      + "Make the operands contiguous or merge axes with reshape.");
  assert.is((await add(nine, 1).read()).length, 2 ** 9);
  assert.is((await add(permute(nine, [1, 0, 2, 3, 4, 5, 6, 7, 8]), 1).read()).length, 2 ** 9);
});

test("axes count from both ends, and others are refused", () => {
  assert.is(resolveAxis("sum", -1, [4, 5]), 1);
  assert.is(resolveAxis("sum", 0, [4, 5]), 0);
  for (const axis of [2, -3, 0.5, NaN]) {
    assertThrows(() => resolveAxis("sum", axis, [4, 5]), ShapeError,
      `sum: no such axis: ${axis} of [4, 5]. Use -2 to 1.`);
  }
});

test("a scalar has no axis, and the message does not name any", () => {
  assertThrows(() => resolveAxis("sum", 0, []), ShapeError, /^sum: no such axis: 0 of \[\]\. /);
});

test("sets of axes are sorted; one named twice is refused", () => {
  assert.equal(resolveAxes("sum", undefined, [4, 5]), [0, 1]);
  assert.equal(resolveAxes("sum", -1, [4, 5]), [1]);
  assert.equal(resolveAxes("sum", [2, -3], [4, 5, 6]), [0, 2]);
  assertThrows(() => resolveAxes("sum", [1, -1], [4, 5]), ShapeError,
    "sum: an axis is named twice: [1, 1] of [4, 5]. Name it once.");
});

test("shapes broadcast by NumPy's rule, or are refused", () => {
  assert.equal(broadcastShapes("add", [3, 1], [2, 1, 4]), [2, 3, 4]);
  assert.equal(broadcastShapes("add", [0], [1]), [0]);
  assert.equal(broadcastShapes("add", []), []);
  assert.equal(broadcastShapes("add", [2, 1], [1], [1, 3]), [2, 3]);
  assertThrows(() => broadcastShapes("add", [2, 3], [3, 2]), ShapeError,
    "add: shapes do not broadcast: [2, 3] and [3, 2]. "
      + "Sizes must be equal or 1, counted from the last axis.");
  assertThrows(() => broadcastShapes("where", [0], [2], []), ShapeError,
    /^where: shapes do not broadcast: \[0\] and \[2\] and \[\]\. /);
});

test("repeated axes have stride 0", () => {
  const layout = { shape: [3, 1], strides: [7, 5], offset: 0 };

  assert.equal(broadcastStrides(layout, [2, 3, 4]), [0, 7, 0]);
  assert.equal(broadcastStrides(layout, [3, 1]), [7, 5]);
});

test("neighbouring axes merge where every operand steps evenly", () => {
  assert.equal(mergeAxes([2, 3, 4], [[12, 4, 1]]), { shape: [24], strides: [[1]] });
  assert.equal(mergeAxes([2, 3, 4], [[12, 4, 1], [0, 4, 1]]),
    { shape: [2, 12], strides: [[12, 1], [0, 1]] });
  assert.equal(mergeAxes([2, 1, 4], [[4, 99, 1]]), { shape: [8], strides: [[1]] });
  assert.equal(mergeAxes([1, 1], [[0, 0]]), { shape: [], strides: [[]] });
});

/** Places in storage that a layout visits, row-major. */
function visited(shape: readonly number[], strides: readonly number[]): number[] {
  return shape.reduce<number[]>(
    (places, size, axis) => places.flatMap((p) =>
      Array.from({ length: size }, (_, i) => p + i * (strides[axis] ?? NaN))),
    [0],
  );
}

/** The sizes cut at random into factors, and sizes of 1 put in. */
function factored(rng: TestRng, size: number): number[] {
  const out: number[] = [];
  for (let rest = size; rest > 1;) {
    const divisors = Array.from({ length: rest }, (_, i) => i + 1).filter((d) => rest % d === 0);
    const pick = divisors[rng.int(divisors.length)] ?? 1;
    out.push(pick);
    rest /= pick;
  }
  return out.length > 0 ? out : [1];
}

test("reshaped strides visit the same places in the same order, or there are none", ({ rng }) => {
  for (let trial = 0; trial < 500; trial++) {
    const shape = [2, 3, 4].slice(0, 1 + rng.int(3)).concat(rng.int(2) ? [1] : []);
    const strides = shape.map(() => [0, 1, 2, 4, 12, -1][rng.int(6)] ?? 0);
    const straight = rng.int(2) ? rowMajor(shape) : strides;
    const to = factored(rng, sizeOf(shape));

    const found = reshapedStrides({ shape, strides: straight, offset: 0 }, to);

    if (found) assert.equal(visited(to, found), visited(shape, straight), `${shape} to ${to}`);
    else assert.is.not(show(straight), show(rowMajor(shape)), "a contiguous layout needs no copy");
  }
});

test("a reshape copies only where no strides can do", ({ device }) => {
  const x = zeros([4, 6]);
  const before = device.counts.dispatches;
  reshape(x, [2, 2, 3, 2]);
  reshape(x, [24, 1]);

  assert.is(device.counts.dispatches, before);
});

test("numbers come as a number, nested or typed arrays, or with a shape", async () => {
  assert.equal(await tensor(3).toArray(), 3);
  assert.equal(await tensor([[1, 2], [3, 4]]).toArray(), [[1, 2], [3, 4]]);
  assert.equal(await tensor(Float64Array.of(1, 2), { shape: [2, 1] }).toArray(), [[1], [2]]);
  assert.equal(await tensor({ shape: [1, 2], data: [5, 6] }).toArray(), [[5, 6]]);
  assert.equal(await tensor([]).toArray(), []);
  assert.equal(tensor([[], []]).shape, [2, 0]);
  assert.equal(await tensor([[[1], [2]]]).toArray(), [[[1], [2]]]);
});

test("the dtype is f32 unless the array or the caller says otherwise", () => {
  assert.is(tensor([1]).dtype, "f32");
  assert.is(tensor(Float64Array.of(1)).dtype, "f32");
  assert.is(tensor(Int32Array.of(1)).dtype, "i32");
  assert.is(tensor(Uint32Array.of(1)).dtype, "u32");
  assert.is(tensor(Uint8Array.of(1)).dtype, "f32");
  assert.is(tensor([1], { dtype: "bool" }).dtype, "bool");
});

test("every dtype reads as its typed array", async () => {
  assert.instance(await tensor([1]).read(), Float32Array);
  assert.instance(await tensor([1], { dtype: "i32" }).read(), Int32Array);
  assert.instance(await tensor([1], { dtype: "u32" }).read(), Uint32Array);
  assert.instance(await tensor([1], { dtype: "bool" }).read(), Uint32Array);
  assert.instance(await zeros([0], { dtype: "i32" }).read(), Int32Array);
});

test("numbers that do not fill the shape are refused", () => {
  assertThrows(() => tensor([1, 2, 3], { shape: [2, 2] }), ShapeError,
    "tensor: the numbers do not fill the shape: 3 into [2, 2]. Give 4 numbers or another shape.");
});

test("a shape that is no shape is refused also when the counts fit", () => {
  assertThrows(() => tensor([1, 2], { shape: [-1, -2] }), ShapeError,
    /^tensor: a size is negative: -1 of \[-1, -2\]\. /);
});

test("booleans make a bool tensor, unless a dtype is given", async () => {
  const mask = tensor([[true, false], [false, true]]);

  assert.is(mask.dtype, "bool");
  assert.equal(mask.shape, [2, 2]);
  assert.equal([...await mask.read()], [1, 0, 0, 1]);
  assert.is(tensor(true).dtype, "bool");
  assert.is(tensor([true, false], { dtype: "f32" }).dtype, "f32");
  assertThrows(() => tensor([true, 2]), DtypeError, /^tensor: a number does not fit bool: 2/);
});

test("ragged and mixed nested arrays are refused, with the place", () => {
  assertThrows(() => tensor([[1, 2], [3]]), ShapeError,
    "tensor: ragged or mixed nested arrays: expected [2, 2], and found 1 elements at depth 1. "
      + "Make the rows equally long, of numbers alone.");
  assertThrows(() => tensor([[1], 2]), ShapeError,
    /expected \[2, 1\], and found number at depth 1/);
  assertThrows(() => tensor([1, [2]]), ShapeError,
    /expected \[2\], and found 1 elements at depth 1/);
});

test("numbers that an integer dtype does not have are refused", () => {
  const cases = [
    ["i32", 0.5, "-2147483648 to 2147483647"], ["i32", 2 ** 31, "-2147483648 to 2147483647"],
    ["u32", -1, "0 to 4294967295"], ["u32", NaN, "0 to 4294967295"], ["bool", 2, "0 to 1"],
  ] as const;
  for (const [dtype, value, range] of cases) {
    const message = `: a number does not fit ${dtype}: ${value}. Use whole numbers from ${range}.`;
    assertThrows(() => tensor([value], { dtype }), DtypeError, `tensor${message}`);
    assertThrows(() => full([2], value, { dtype }), DtypeError, `full${message}`);
  }
});

test("impossible sizes are refused by everything that makes tensors", () => {
  assertThrows(() => zeros([-1]), ShapeError, /: a size is negative: -1 of \[-1\]/);
  assertThrows(() => arange(2.5), ShapeError, /: a size is not a whole number: 2.5 of \[2.5\]/);
  assertThrows(() => full([2 ** 20, 2 ** 20], 0), ShapeError, /: too many elements: /);
});

test("item takes a tensor of one element only", async () => {
  assert.is(await tensor([[7]]).item(), 7);
  const error = await tensor([1, 2]).item().catch((e: unknown) => e);
  assert.instance(error, RangeError);
  assert.is((error as RangeError).message,
    "item: the tensor has 2 elements: [2]. Use read() or toArray().");
});

test.run();
