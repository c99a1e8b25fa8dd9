// What is done to the elements of a product before they are stored, by every kernel of it: values
// against float64, and the bits of the operations one by one.

import * as assert from "uvu/assert";
import { type Device, type Tensor, add, dropout, evaluate, exp, geluTanh, gt, matmul, mul,
  openDevice, relu, reshape, rng as keyed, sub, tanh, tensor, transpose, where } from
  "../../autograd/index.ts";
import { type MatmulOptions, matmulFused, scope } from "../../engine/index.ts";
import { type Variant, blocks, lanes, nameOf, skinny, tiled } from
  "../../engine/matmul/variant.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { type Array64, add64, broadcast64, map64, matmul64, random64, scale64, transpose64 } from
  "../reference.ts";
import { withKernels } from "./families.ts";

const test = suite("fusion of products");

/** k additions in order of terms of about 1, then a few steps. */
const close = { rtol: 1e-5, atol: 5e-5 } as const;

/** One of each kind and way to share rows. */
function variantsFor(device: Device): Variant[] {
  const share = device.features.has("subgroups") ? Math.min(4, device.matmuls.traits.subgroup) : 1;
  const all = [
    lanes([4, 2], [4, 4]), lanes([2, 2], [4, 4, 4]), lanes([8, 4], [share, 1], share),
    blocks([4, 8], [4, 4]), blocks([8, 4], [4, 1]), tiled([4, 4], [8, 8]),
  ];
  return [...new Map(all.map((variant) => [nameOf(variant), variant])).values()];
}

/** Operands of a product and of what is done to it. */
interface Setting {
  readonly a: Array64;
  readonly b: Array64;
  readonly others: readonly Array64[];
  readonly options: MatmulOptions;
  readonly finish: (y: Tensor, ...others: Tensor[]) => Tensor;
}

/** Runs a setting on a device; `passes` are the dispatches that are expected. */
async function run(device: Device, setting: Setting, passes?: number): Promise<Float32Array> {
  const { a, b, others, options, finish } = setting;
  const [x, w, ...rest] = [a, b, ...others].map((t) => tensor(t, { device }));
  const y = scope(() => {
    const before = device.counts.dispatches;
    const product = matmulFused(x as Tensor, w as Tensor, options); // two came first
    const result = finish(product, ...rest);
    product.dispose();
    evaluate(result);
    if (passes) assert.is(device.counts.dispatches - before, passes, "dispatches");
    return result;
  });
  return await y.read() as Float32Array;
}

/** Checks values and bits, on devices that take the kernels of GPUs. */
async function check(setting: Setting, expected: Array64, passes = 1): Promise<void> {
  const name = setting.options.variant ? nameOf(setting.options.variant) : "chosen";
  await withKernels("gpu", async (device) => {
    const got = await run(device, setting, passes);
    const plain = await openDevice({ fusion: false });
    (plain.info as { software: boolean }).software = false;
    const single = await run(plain, setting);
    plain.close();
    try {
      assertClose(got, expected.data, close);
      assert.equal([...new Uint32Array(got.buffer)], [...new Uint32Array(single.buffer)], "bits");
    } catch (error) {
      throw new Error(`${name}: ${String(error)}`, { cause: error });
    }
  });
}

function zip64(x: Array64, y: Array64, f: (a: number, b: number) => number): Array64 {
  const other = broadcast64(y, x.shape);
  return { shape: x.shape, data: x.data.map((v, i) => f(v, other.data[i] ?? NaN)) };
}

const relu64 = (x: number): number => Math.max(0, x);
const gelu64 = (x: number): number => {
  return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
};

test("bias, activation and residual, by every kernel", async ({ rng, device }) => {
  const random = (shape: readonly number[]) => random64(rng, shape, [-1, 1]);
  const [a, b, row, full] = [[36, 24], [24, 40], [40], [36, 40]].map(random) as
    [Array64, Array64, Array64, Array64];
  const expected = zip64(map64(zip64(matmul64(a, b), row, (x, y) => x + y), gelu64), full,
    (x, y) => x + 0.5 * y);
  const finish = (y: Tensor, bias?: Tensor, residual?: Tensor) => {
    return add(geluTanh(add(y, bias as Tensor)), mul(residual as Tensor, 0.5));
  };
  for (const variant of variantsFor(device)) {
    await check({ a, b, others: [row, full], options: { variant }, finish }, expected);
  }
}, { seconds: 240 });

test("one step, with what the product itself adds", async ({ rng, device }) => {
  const [a, b, d] = [[36, 24], [24, 40], [36, 1]].map((s) => random64(rng, s, [-1, 1])) as
    [Array64, Array64, Array64];
  const sum = add64(scale64(matmul64(a, b), -0.5), scale64(broadcast64(d, [36, 40]), 3));
  for (const variant of variantsFor(device).slice(2, 5)) {
    const others = [d];
    const finish = (y: Tensor) => relu(y);
    await withKernels("gpu", async (own) => {
      const options = { variant, alpha: -0.5, beta: 3, d: tensor(d, { device: own }) };
      const got = await run(own, { a, b, others, options, finish }, 1);
      assertClose(got, map64(sum, relu64).data, close);
    });
  }
}, { seconds: 240 });

test("few rows, few columns, and products seen from the other side", async ({ rng }) => {
  const random = (shape: readonly number[]) => random64(rng, shape, [-1, 1]);
  for (const [m, k, n, variant] of [
    [3, 50, 70, skinny(3, 16, 16)], [70, 50, 3, skinny(3, 16, 16)], [70, 20, 5, undefined],
    [50, 20, 9, lanes([4, 4], [4, 2])], [1, 40, 30, undefined],
  ] as const) {
    const [a, b, row, column] = [[m, k], [k, n], [n], [m, 1]].map(random) as
      [Array64, Array64, Array64, Array64];
    const sum = zip64(zip64(matmul64(a, b), row, (x, y) => x + y), column, (x, y) => x * y);
    const finish = (y: Tensor, bias?: Tensor, scale?: Tensor) => {
      return tanh(mul(add(y, bias as Tensor), scale as Tensor));
    };
    const setting = { a, b, others: [row, column], options: { variant }, finish } as Setting;
    await check(setting, map64(sum, Math.tanh));
  }
}, { seconds: 240 });

test("sums that are cut are finished by the second pass", async ({ rng }) => {
  const [k, shape] = [3000, [2, 6, 8]];
  const [a, b, full] = [[2, 6, k], [k, 8], shape].map((s) => random64(rng, s, [-0.3, 0.3])) as
    [Array64, Array64, Array64];
  const expected = zip64(map64(matmul64(a, b), Math.tanh), full, (x, y) => x * y);
  const finish = (y: Tensor, other?: Tensor) => mul(tanh(y), other as Tensor);
  for (const variant of [lanes([8, 2], [4, 1]), tiled([4, 4], [8, 8]), undefined]) {
    await check({ a, b, others: [full], options: { variant }, finish } as Setting, expected, 2);
  }
}, { seconds: 240 });

test("batches, with operands for each matrix, each row and each element", async ({ rng }) => {
  const random = (shape: readonly number[]) => random64(rng, shape, [-1, 1]);
  const [a, b] = [[2, 3, 20, 12], [3, 12, 18]].map(random) as [Array64, Array64];
  for (const shape of [[2, 1, 1, 1], [3, 1, 18], [2, 1, 20, 1], [2, 3, 20, 18], [1]]) {
    const other = random(shape);
    const expected = zip64(matmul64(a, b), other, (x, y) => relu64(x - y));
    const finish = (y: Tensor, z?: Tensor) => relu(sub(y, z as Tensor));
    await check({ a, b, others: [other], options: {}, finish }, expected);
  }
}, { seconds: 240 });

test("through a reshape, with operands of the new shape", async ({ rng }) => {
  const [a, b, part] = [[24, 10], [10, 20], [4, 6, 20]].map((s) => random64(rng, s, [-1, 1])) as
    [Array64, Array64, Array64];
  const product = { ...matmul64(a, b), shape: [4, 6, 20] };
  const expected = zip64(product, part, (x, y) => x + y);
  const finish = (y: Tensor, z?: Tensor) => add(reshape(y, [4, 6, 20]), z as Tensor);
  await check({ a, b, others: [part], options: {}, finish }, expected);
});

test("an operand whose elements the product's kernels cannot find is read after it", async ({
  rng,
}) => {
  const [a, b, places] = [[24, 10], [10, 20], [6, 20]].map((s) => random64(rng, s, [-1, 1])) as
    [Array64, Array64, Array64];
  const product = { ...matmul64(a, b), shape: [4, 6, 20] };
  const expected = zip64(map64(product, relu64), places, (x, y) => x + y);
  const finish = (y: Tensor, z?: Tensor) => add(relu(reshape(y, [4, 6, 20])), z as Tensor);
  await check({ a, b, others: [places], options: {}, finish }, expected, 2);
});

test("a symmetric result takes what is the same on both sides of the diagonal", async ({ rng }) => {
  const [a, other] = [[40, 20], [40, 40]].map((s) => random64(rng, s, [-1, 1])) as
    [Array64, Array64];
  const gram = matmul64(a, transpose64(a));
  for (const passes of [1, 2]) {
    const finish = (y: Tensor, z: Tensor) => (passes === 1 ? relu(mul(y, -2)) : sub(y, z));
    const expected = passes === 1 ? map64(gram, (x) => relu64(-2 * x))
      : zip64(gram, other, (x, y) => x - y);
    await withKernels("gpu", async (device) => {
      const [x, z] = [tensor(a, { device }), tensor(other, { device })];
      const before = device.counts.dispatches;
      const y = scope(() => finish(matmulFused(x, transpose(x), { symmetric: true }), z));
      evaluate(y);
      assert.is(device.counts.dispatches - before, passes);
      assertClose(await y.read(), expected.data, close);
    });
  }
});

test("steps of other types, numbers and random bits", async ({ rng }) => {
  const [a, b, full] = [[36, 24], [24, 40], [36, 40]].map((s) => random64(rng, s, [-1, 1])) as
    [Array64, Array64, Array64];
  const expected = zip64(matmul64(a, b), full, (x, y) => (x > 0.25 ? x : 3 * y));
  const chosen = (y: Tensor, z?: Tensor) => where(gt(y, 0.25), y, mul(z as Tensor, 3));
  await check({ a, b, others: [full], options: {}, finish: chosen }, expected);

  const drop = (y: Tensor) => dropout(y, { rate: 0.5, rng: keyed(3) });
  await withKernels("gpu", async (device) => {
    const fused = await run(device, { a, b, others: [], options: {}, finish: drop }, 1);
    const kept = [...fused].filter((v) => v !== 0).length / fused.length;
    assert.ok(kept > 0.45 && kept < 0.55, `${kept}`);
    const plain = await openDevice({ fusion: false });
    (plain.info as { software: boolean }).software = false;
    const single = await run(plain, { a, b, others: [], options: {}, finish: drop });
    plain.close();
    assert.equal([...fused], [...single]);
  });
});

test("more operands or steps than a kernel takes are left to another", async ({ rng }) => {
  const shapes = [[36, 24], [24, 40], ...Array.from({ length: 6 }, () => [36, 40])];
  const [a, b, ...others] = shapes.map((s) => random64(rng, s, [-1, 1])) as
    [Array64, Array64, ...Array64[]];
  const total = others.reduce((y, z) => zip64(y, z, (p, q) => p + q), matmul64(a, b));
  const all = (y: Tensor, ...list: Tensor[]) => list.reduce((sum, z) => add(sum, z), y);
  await check({ a, b, others, options: {}, finish: all }, total, 2);

  const long = (y: Tensor) => Array.from({ length: 20 }).reduce<Tensor>((z) => add(z, 1), y);
  const expected = map64(matmul64(a, b), (x) => x + 20);
  await check({ a, b, others: [], options: {}, finish: long }, expected, 2);
});

test("halves are rounded in memory, after the product", async ({ rng }) => {
  const [a, b] = [[20, 8], [8, 20]].map((s) => random64(rng, s, [-1, 1])) as [Array64, Array64];
  await withKernels("gpu", async (device) => {
    const [x, w] = [a, b].map((t) => tensor(t, { device, dtype: "bf16" })) as [Tensor, Tensor];
    const y = scope(() => add(matmul(x, w), exp(matmul(x, w))));
    const [p, q] = [await x.read(), await w.read()].map((t) => Float64Array.from(t));
    const product = matmul64({ ...a, data: p as Float64Array }, { ...b, data: q as Float64Array });

    assert.is(y.dtype, "bf16");
    const rounding = { rtol: 2 ** -7, atol: 2 ** -6 }; // three roundings to 8 bits
    assertClose(await y.read(), map64(product, (v) => v + Math.exp(v)).data, rounding);
  });
});

test.run();
