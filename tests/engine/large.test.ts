// Sizes beyond a grid's 65535 workgroups along one dimension, and beyond what can be had.

import * as assert from "uvu/assert";
import { type Tensor, add, arange, cast, embedding, expand, matmul, mul, neg, ones, openDevice,
  scaledDotProductAttention, scatterAdd, softmax, sum, tensor, transpose, zeros } from
  "../../autograd/index.ts";
import { GpuError, ShapeError, scope } from "../../engine/index.ts";
import { suite } from "../harness.ts";
import { assertThrows } from "../throws.ts";
import { type Family, withKernels } from "./families.ts";

const test = suite("large tensors", { seconds: 120 });

/** One more than a grid of 65535 workgroups of 64 threads along x has. */
const MANY = 65535 * 64 + 1;
/** More than 65535 rows, for kernels that take a workgroup for each. */
const ROWS = 65600;

/** Compares each element, exactly: the numbers are whole and below 2^24. */
async function assertEach(y: Tensor, expected: (i: number) => number): Promise<void> {
  const data = await y.read();
  let wrong = -1;
  for (let i = data.length - 1; i >= 0; i--) if (data[i] !== expected(i)) wrong = i;
  assert.is(wrong, -1, `element ${wrong} of ${data.length}: ${data[wrong]}`);
}

test("elementwise, four to a thread", async () => {
  const n = 4 * MANY + 3;
  const x = arange(n, { dtype: "i32" });

  await assertEach(neg(x), (i) => 0 - i);
});

test("elementwise over strides, one to a thread", async () => {
  const [rows, columns] = [2051, 2049];
  const x = arange(rows * columns, { dtype: "i32" });
  const y = add(transpose(scope(() => matrix(x, rows, columns))), 1);

  await assertEach(y, (i) => (i % rows) * columns + Math.floor(i / rows) + 1);
});

function matrix(x: Tensor, rows: number, columns: number): Tensor {
  return x.view("matrix", { shape: [rows, columns], strides: [columns, 1], offset: 0 });
}

for (const family of ["software", "gpu"] as const satisfies readonly Family[]) {
  test(`${family} kernels: reductions and rows`, async () => {
    await withKernels(family, async (device) => {
      const short = ones([MANY, 2], { device });
      await assertEach(sum(short, { axis: 1 }), () => 2);
      await assertEach(sum(ones([2, MANY], { device }), { axis: 0 }), () => 2);
      await assertEach(sum(short), () => 2 * MANY);
      await assertEach(sum(ones([ROWS, 33], { device }), { axis: 1 }), () => 33);
    });
  });

  const name = `${family} kernels: products with very long sides`;
  const longSides = () => withKernels(family, async (device) => {
    const line = cast(arange(MANY, { device, dtype: "i32" }), "f32");
    const two = tensor([[2]], { device });
    await assertEach(matmul(matrix(line, MANY, 1), two), (i) => 2 * i);
    await assertEach(matmul(two, matrix(line, 1, MANY)), (i) => 2 * i);
  });
  if (family === "software") test(name, longSides);
  else test.needs("hardware", name, longSides); // minutes of barriers on a software adapter
}

test("softmax of very many rows", async () => {
  await assertEach(mul(softmax(ones([MANY, 2])), 2), () => 1);
});

test("lookups and their gradient", async () => {
  const table = tensor([[1], [2], [3]]);
  const ids = expand(tensor([[2]], { dtype: "i32" }), [MANY, 1]);

  await assertEach(embedding(table, ids), () => 3);
  const first = tensor([0], { dtype: "i32" });
  await assertEach(scatterAdd(tensor([5]), first, 0, MANY), (i) => (i === 0 ? 5 : 0));
});

test("attention of very many small matrices", async () => {
  const v = cast(arange(MANY, { dtype: "i32" }), "f32");
  const x = v.view("matrices", { shape: [MANY, 1, 1], strides: [1, 1, 1], offset: 0 });

  await assertEach(scaledDotProductAttention(zeros([MANY, 1, 1]), x, x), (i) => i);
});

test("2^31 elements and more are refused, also where they would repeat a few", () => {
  const [column, row] = [zeros([2 ** 17, 1]), zeros([1, 2 ** 17])];
  const most = `[131072, 131072] has ${2 ** 34} (limit 2^31). Split the tensor.`;

  assertThrows(() => expand(column, [2 ** 17, 2 ** 17]), ShapeError,
    `expand: too many elements: ${most}`);
  assertThrows(() => add(column, row), ShapeError, `add: too many elements: ${most}`);
  assertThrows(() => matmul(column, row), ShapeError, `matmul: too many elements: ${most}`);
});

test("a tensor larger than a binding is refused, and a view of that size is copied no further",
  async () => {
    using device = await openDevice();
    const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
    const limit = Math.min(maxBufferSize, maxStorageBufferBindingSize);
    const count = Math.min(2 ** 31 - 1, limit / 4 + 1);
    const message = `tensor: too large for this adapter: ${4 * count} bytes (limit ${limit}). `
      + "Split it along an axis.";

    assertThrows(() => zeros([count], { device }), GpuError, message);
    const one = zeros([1], { device });
    const wide = expand(one, [count]);
    assertThrows(() => neg(wide), GpuError, message);
    await device.idle(); // nothing was recorded
  });

test.run();
