// Shapes, strides and the tensors made from numbers: rules and error messages.

import * as assert from "uvu/assert";
import { arange, full, reshape, tensor, zeros } from "../../autograd/index.ts";
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

test("a shape with a size that is negative or not whole is refused", () => {
  for (const shape of [[2, -1], [2.5], [NaN], [Infinity]]) {
    assertThrows(() => checkShape("zeros", shape), ShapeError,
      `zeros: sizes must be whole and not negative: ${show(shape)}. Check how it was computed.`);
  }
});

test("a shape of 2^31 elements or more is refused", () => {
  assertThrows(() => checkShape("zeros", [2 ** 16, 2 ** 15]), ShapeError,
    "zeros: too many elements: [65536, 32768] has 2147483648 (limit 2^31). Split the tensor.");
  checkShape("zeros", [2 ** 16, 2 ** 15 - 1]);
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
    /^tensor: sizes must be whole and not negative: \[-1, -2\]\. /);
});

test("ragged and mixed nested arrays are refused, with the place", () => {
  assertThrows(() => tensor([[1, 2], [3]]), ShapeError,
    "tensor: ragged or mixed nested arrays: expected [2, 2], and found 1 elements at depth 1. "
      + "Make the rows equally long.");
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
  assertThrows(() => zeros([-1]), ShapeError, /: sizes must be whole and not negative: \[-1\]/);
  assertThrows(() => arange(2.5), ShapeError, /: sizes must be whole and not negative: \[2.5\]/);
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
