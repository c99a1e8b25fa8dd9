// The reductions at the sizes where their kernels change, by the kernels for software adapters and
// by those for GPUs.

import * as assert from "uvu/assert";
import { type Device, type Tensor, argmax, argmin, evaluate, expand, max, mean, min, permute, slice,
  sum, sumSquares, tensor, transpose, zeros } from "../../autograd/index.ts";
import { DisposedError, ShapeError } from "../../engine/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { argmax64, argmin64, build64, map64, max64, mean64, min64, permute64, random64, sum64,
  sumSquares64 } from "../reference.ts";
import type { Array64 } from "../reference.ts";
import { assertThrows } from "../throws.ts";
import { withKernels } from "./families.ts";

const test = suite("reductions");

/** Chains of at most 256 additions, then merges: 128 units in the last place of a positive sum. */
const close = { rtol: 1.5e-5, atol: 1e-5 } as const;
const exact = { rtol: 0, atol: 0 } as const;

/** [shape, axis]: lengths around 32, lanes, chunks and 1024; by rows and by columns; two passes. */
const SIZES: readonly (readonly [readonly number[], number])[] = [
  [[3, 32], 1], [[3, 33], 1], [[3, 64], 1], [[2, 129], 1], [[3, 1023], 1], [[2, 1025], 1],
  [[1, 4096], 1], [[1, 40001], 1], [[63, 300], 1], [[64, 300], 1], [[600, 40], 1],
  [[255, 3], 0], [[256, 3], 0], [[257, 3], 0], [[1000, 2], 0], [[2, 5000, 3], 1], [[300_000, 1], 0],
];

type Fold = (x: Tensor, options: { axis: number }) => Tensor;
type Fold64 = (x: Array64, options: { axis: number }) => Array64;

async function checkSizes(
  device: Device, fold: Fold, ref: Fold64, values: (shape: readonly number[]) => Array64,
): Promise<void> {
  for (const [shape, axis] of SIZES) {
    const x = values(shape);
    const t = tensor(x, { device });
    const y = fold(t, { axis });
    const got = { shape: y.shape, data: await y.read() };
    assertClose(got, ref(x, { axis }), y.dtype === "f32" ? close : exact);
    t.dispose();
    y.dispose();
  }
}

for (const family of ["software", "gpu"] as const) {
  for (const [name, fold, ref] of [
    ["sum", sum, sum64], ["mean", mean, mean64], ["sumSquares", sumSquares, sumSquares64],
    ["max", max, max64], ["min", min, min64], ["argmax", argmax, argmax64],
    ["argmin", argmin, argmin64],
  ] as const) {
    test(`${family} kernels: ${name} at sizes around lanes and chunks`, async ({ rng }) => {
      await withKernels(family, async (device) => {
        await checkSizes(device, fold, ref, (shape) => random64(rng, shape, [-0.5, 1]));
      });
    });
  }

  test(`${family} kernels: whole numbers are added and compared exactly`, async ({ rng }) => {
    await withKernels(family, async (device) => {
      for (const dtype of ["i32", "u32"] as const) {
        const x = map64(random64(rng, [2, 5000], [0, 2 ** 18]), Math.round);
        const t = tensor(x, { dtype, device });

        assertClose(await sum(t).read(), sum64(x).data, exact);
        assertClose(await max(t, { axis: 1 }).read(), max64(x, { axis: 1 }).data, exact);
        assertClose(await argmin(t).read(), argmin64(x, {}).data, exact);
      }
    });
  });

  test(`${family} kernels: integers at both ends of their range are ordered`, async () => {
    await withKernels(family, async (device) => {
      const signed = tensor(Int32Array.of(-(2 ** 31), 2 ** 31 - 1, 0), { device });
      const unsigned = tensor(Uint32Array.of(2 ** 32 - 1, 0, 2 ** 31), { device });

      assert.equal([await max(signed).item(), await min(signed).item()], [2 ** 31 - 1, -(2 ** 31)]);
      assert.equal([await max(unsigned).item(), await min(unsigned).item()], [2 ** 32 - 1, 0]);
      assert.equal([await argmax(signed).item(), await argmin(unsigned).item()], [1, 1]);
    });
  });

  test(`${family} kernels: NaN is found wherever it is`, async () => {
    await withKernels(family, async (device) => {
      for (const place of [0, 1, 77, 4095, 20_000, 39_999]) {
        const x = tensor(build64([40_000], (i) => (i === place ? NaN : i % 7)), { device });

        for (const fold of [sum, max, min, mean]) assert.ok(Number.isNaN(await fold(x).item()));
        assert.equal([await argmax(x).item(), await argmin(x).item()], [place, place]);
      }
    });
  });

  test(`${family} kernels: of equal elements the first is chosen`, async () => {
    await withKernels(family, async (device) => {
      const x = tensor(build64([40_000], (i) => Number(i % 10_000 === 4321)), { device });
      const flat = zeros([3, 5000], { device });

      assert.equal([await argmax(x).item(), await argmin(x).item()], [4321, 0]);
      assert.equal([...await argmax(flat, { axis: 1 }).read()], [0, 0, 0]);
      assert.equal([...await argmin(flat, { axis: 0 }).read()].some((i) => i !== 0), false);
    });
  });

  test(`${family} kernels: a sum has the same bits each time`, async ({ rng }) => {
    await withKernels(family, async (device) => {
      const x = tensor(random64(rng, [100_001]), { device });
      const first = await sum(x).item();

      for (let i = 0; i < 5; i++) assert.is(await sum(x).item(), first);
    });
  });
}

// A barrier in each of 70,000 workgroups takes seconds where a processor does the work.
test.needs("hardware", "more than 65535 rows are folded", async () => {
  const n = 70_000;
  const x = tensor(build64([n, 33], (i) => Math.floor(i / 33) % 5));

  assert.ok((await sum(x, { axis: 1 }).read()).every((v, i) => v === 33 * (i % 5)));
});

test("more columns than 65535 workgroups hold are folded", async () => {
  const n = 65535 * 64 + 3;
  const y = sum(expand(tensor([[1], [2]]), [2, n]), { axis: 0 });

  assert.equal([...await slice(y, [[-2, n]]).read()], [3, 3]);
});

test("axes apart, and views, are folded as they are meant", async ({ rng }) => {
  const x = random64(rng, [5, 40, 3, 7], [0, 1]);
  const order = [2, 0, 3, 1];
  const view = permute(tensor(x), order);

  const got = sum(view, { axis: [0, 2] });
  assertClose(await got.read(), sum64(permute64(x, order), { axis: [0, 2] }).data, close);
});

test("a view at an odd offset is folded without a copy", async ({ device }) => {
  const x = slice(tensor(build64([100], (i) => i)), [[3, 90]]);
  const before = device.counts.dispatches;
  const y = sum(x);

  assert.is(device.counts.dispatches, before + 1);
  assert.is(await y.item(), (3 + 89) * 87 / 2);
});

test("a large sum takes two passes, a small one a single pass", ({ device }) => {
  const [small, large] = evaluate([zeros([30]), zeros([300_000])]) as [Tensor, Tensor];
  const before = device.counts.dispatches;
  sum(small);
  assert.is(device.counts.dispatches, before + 1);
  sum(large);
  assert.is(device.counts.dispatches, before + 3);
});

test("a large sum keeps its digits", async () => {
  const n = 2 ** 20;
  const x = tensor(build64([n], (i) => (i % 2 ? 0.1 : 1e-4)));

  const each = (Math.fround(0.1) + Math.fround(1e-4)) * n / 2;
  assertClose(await sum(x).item(), each, { rtol: 2e-6, atol: 0 });
});

test("nothing has no largest element", () => {
  for (const [name, fold] of Object.entries({ max, min, argmax, argmin })) {
    assertThrows(() => fold(zeros([2, 0]), { axis: 1 }), ShapeError,
      `${name}: no elements to choose from: [2, 0] over axes [1]. Leave empty axes out.`);
    assertThrows(() => fold(zeros([0])), ShapeError,
      /: no elements to choose from: \[0\] over axes \[0\]/);
  }
  assert.equal(max(zeros([2, 0]), { axis: 0 }).shape, [0]);
});

test("an axis that is not there, or is named twice, is refused", () => {
  assertThrows(() => sum(zeros([2, 3]), { axis: 2 }), ShapeError,
    "sum: no such axis: 2 of [2, 3]. Use -2 to 1.");
  assertThrows(() => mean(zeros([2, 3]), { axis: [0, -2] }), ShapeError,
    "mean: an axis is named twice: [0, 0] of [2, 3]. Name it once.");
  assertThrows(() => min(zeros([2, 3]), { axis: -3 }), ShapeError, /^min: no such axis: -3/);
  assertThrows(() => argmin(zeros([2, 3]), { axis: 0.5 }), ShapeError,
    /^argmin: no such axis: 0.5/);
});

test("a disposed tensor is refused", () => {
  const gone = zeros([2]);
  const view = transpose(zeros([2, 2]));
  for (const t of [gone, view]) t.dispose();

  assertThrows(() => sum(gone), DisposedError, /^sum: the tensor \[2\] f32 was disposed/);
  assertThrows(() => max(view), DisposedError, /^max: the tensor \[2, 2\] f32 was disposed/);
});

test.run();
