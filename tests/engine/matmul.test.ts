// The matrix product: sizes around the tiles of every kernel, batches, layouts and extras, by the
// kernels for software adapters and by those for GPUs.

import * as assert from "uvu/assert";
import { type Device, type Tensor, evaluate, expand, matmul, permute, reshape, slice, tensor, transpose,
  zeros } from "../../autograd/index.ts";
import { DisposedError, DtypeError, type MatmulOptions, ShapeError, matmulFused } from
  "../../engine/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { add64, broadcast64, map64, matmul64, permute64, random64, scale64, transpose64 } from
  "../reference.ts";
import type { Array64 } from "../reference.ts";
import type { TestRng } from "../rng.ts";
import { slice64 } from "../reference/parts.ts";
import { assertThrows } from "../throws.ts";
import { withKernels } from "./families.ts";

const test = suite("matrix product");

/** k additions in order of terms of about 1: their root times the rounding of such a sum. */
const close = { rtol: 1e-5, atol: 2e-5 } as const;

const FAMILIES = ["software", "gpu"] as const;

function random(rng: TestRng, ...shapes: readonly (readonly number[])[]): Array64[] {
  return shapes.map((shape) => random64(rng, shape, [-1, 1]));
}

/** The product of random matrices against the reference. */
async function checkSizes(
  rng: TestRng, device: Device, a: readonly number[], b: readonly number[],
): Promise<void> {
  const [x, y] = random(rng, a, b) as [Array64, Array64]; // two shapes
  const product = matmul(tensor(x, { device }), tensor(y, { device }));

  assertClose({ shape: product.shape, data: await product.read() }, matmul64(x, y), close);
  product.dispose();
}

for (const family of FAMILIES) {
  test(`${family} kernels: sizes around the tiles`, async ({ rng }) => {
    await withKernels(family, async (device) => {
      const sizes = [
        [1, 1, 1], [1, 5, 1], [3, 7, 5], [4, 4, 4], [8, 3, 32], [9, 33, 31], [31, 8, 65],
        [32, 15, 32], [32, 16, 32], [33, 17, 33], [64, 64, 64], [65, 63, 66], [63, 130, 129],
        [200, 1, 40], [1, 300, 70], [70, 300, 1],
      ] as const;
      for (const [m, k, n] of sizes) await checkSizes(rng, device, [m, k], [k, n]);
    });
  }, { seconds: 60 });

  test(`${family} kernels: batches, whole and broadcast`, async ({ rng }) => {
    await withKernels(family, async (device) => {
      await checkSizes(rng, device, [3, 5, 4], [3, 4, 6]);
      await checkSizes(rng, device, [3, 5, 4], [1, 4, 6]);
      await checkSizes(rng, device, [5, 4], [3, 4, 6]);
      await checkSizes(rng, device, [2, 1, 5, 4], [3, 4, 6]);
      await checkSizes(rng, device, [2, 1, 3, 5, 4], [2, 1, 4, 6]);
      await checkSizes(rng, device, [2, 40, 33], [1, 33, 50]);
    });
  });

  test(`${family} kernels: transposed, sliced and reversed operands are read as they lie`,
    async ({ rng }) => {
      await withKernels(family, async (device) => {
        const [a, b] = random(rng, [35, 40], [40, 37]) as [Array64, Array64]; // two shapes
        const expected = matmul64(a, b);
        const views: ((x: Array64) => Tensor)[] = [
          (x) => tensor(x, { device }),
          (x) => transpose(tensor(transpose64(x), { device })),
          (x) => slice(tensor(slice64(x, [[-1, -99, -1], [-1, -99, -1]]), { device }),
            [[-1, -99, -1], [-1, -99, -1]]),
        ];
        for (const left of views) {
          for (const right of views) {
            const [x, y] = [left(a), right(b)];
            const before = device.counts.dispatches;
            const product = evaluate(matmul(x, y));
            assert.is(device.counts.dispatches, before + 1);
            assertClose(await product.read(), expected, close);
          }
        }
      });
    }, { seconds: 60 });

  test(`${family} kernels: alpha, beta and what is added`, async ({ rng }) => {
    await withKernels(family, async (device) => {
      for (const [m, k, n] of [[5, 4, 6], [40, 20, 50]] as const) {
        const [a, b, d] = random(rng, [2, m, k], [k, n], [1, n]) as [Array64, Array64, Array64];
        const [x, y, z] = [a, b, d].map((t) => tensor(t, { device })) as [Tensor, Tensor, Tensor];
        const whole = scale64(matmul64(a, b), -0.5);
        const cases: [MatmulOptions, Array64][] = [
          [{ alpha: -0.5 }, whole],
          [{ alpha: -0.5, d: z }, add64(whole, d)],
          [{ alpha: -0.5, beta: 2, d: z }, add64(whole, scale64(d, 2))],
          [{ alpha: -0.5, beta: 0, d: z }, whole],
          [{ alpha: 0, beta: 1, d: z }, broadcast64(d, [2, m, n])],
        ];
        for (const [options, expected] of cases) {
          const product = matmulFused(x, y, options);
          assertClose({ shape: product.shape, data: await product.read() }, expected, close);
        }
      }
    });
  });

  test(`${family} kernels: an epilogue is applied once, to the whole sum`, async ({ rng }) => {
    await withKernels(family, async (device) => {
      const body = { name: "test_squash", wgsl: "fn op(x: T) -> T { return x * x + 1.0; }" };
      for (const [m, k, n] of [[5, 4, 6], [40, 20, 50]] as const) {
        const [a, b] = random(rng, [m, k], [k, n]) as [Array64, Array64];
        const [x, y] = [tensor(a, { device }), tensor(b, { device })];
        const product = matmulFused(x, y, { epilogue: body });

        assertClose(await product.read(), map64(matmul64(a, b), (v) => v * v + 1).data, close);
      }
    });
  });

  test(`${family} kernels: a symmetric product is mirrored`, async ({ rng }) => {
    await withKernels(family, async (device) => {
      for (const [n, k] of [[1, 3], [5, 4], [33, 20], [65, 40], [130, 20]] as const) {
        const [a, d] = random(rng, [2, n, k], [n, n]) as [Array64, Array64];
        const even = add64(d, transpose64(d));
        const x = tensor(a, { device });
        const options = { alpha: 2, beta: -1, d: tensor(even, { device }), symmetric: true };
        const product = matmulFused(x, transpose(x), options);

        const gram = scale64(matmul64(a, transpose64(a)), 2);
        assertClose(await product.read(), add64(gram, scale64(even, -1)).data, close);
      }
    });
  });

  test(`${family} kernels: only what is above the diagonal counts`, async ({ rng }) => {
    await withKernels(family, async (device) => {
      for (const [n, k] of [[5, 4], [33, 20], [64, 40], [130, 20], [256, 16]] as const) {
        const [a, b] = random(rng, [n, k], [k, n]) as [Array64, Array64]; // two shapes
        const [x, y] = [tensor(a, { device }), tensor(b, { device })];
        const product = matmulFused(x, y, { symmetric: true });

        const { data } = matmul64(a, b); // not symmetric
        const expected = Array.from({ length: n * n }, (_, i) => {
          const [row, col] = [Math.floor(i / n), i % n];
          return data[Math.min(row, col) * n + Math.max(row, col)] ?? NaN;
        });
        assertClose(await product.read(), expected, close);
      }
    });
  });

  test(`${family} kernels: an empty inner axis gives what is added, or zeros`, async () => {
    await withKernels(family, async (device) => {
      const [a, b] = [zeros([2, 3, 0], { device }), zeros([0, 4], { device })];
      const d = tensor([1, 2, 3, 4], { device });

      assert.equal([...await matmulFused(a, b).read()], Array<number>(24).fill(0));
      const first = slice(matmulFused(a, b, { d }), [[0, 1], [0, 1]]);
      assert.equal([...await first.read()], [1, 2, 3, 4]);
    });
  });

  test(`${family} kernels: NaN and infinity pass as IEEE 754 has it`, async () => {
    await withKernels(family, async (device) => {
      const a = tensor([[1, Infinity], [0, NaN], [1, 1]], { device });
      const b = tensor([[1, 0], [0, 1]], { device });

      assertClose(await matmul(a, b).read(), [NaN, Infinity, NaN, NaN, 1, 1], { rtol: 0, atol: 0 });
    });
  });
}

test("batch axes that cannot be merged are copied together", async ({ rng, device }) => {
  const [a, b] = random(rng, [2, 3, 2, 3, 4, 5], [3, 2, 3, 2, 5, 2]) as [Array64, Array64];
  const order = [3, 2, 1, 0, 4, 5];
  const left = permute(tensor(permute64(a, order)), order);
  const before = device.counts.dispatches;
  const product = matmul(left, permute(tensor(b), [1, 0, 3, 2, 4, 5]));

  assert.is(device.counts.dispatches, before + 3);
  assertClose(await product.read(), matmul64(a, permute64(b, [1, 0, 3, 2, 4, 5])).data, close);
});

test("an addend with tangled batch axes of its own is read in place or copied", async ({ rng }) => {
  const [a, b, d] = random(rng, [2, 3, 2, 3, 2], [2, 3, 2, 2, 2], [2, 3, 2, 3, 2]) as
    [Array64, Array64, Array64];
  const order = [2, 1, 0, 3, 4];
  const addend = permute(tensor(permute64(d, order)), order);
  const product = matmulFused(tensor(a), tensor(b), { d: addend, beta: 3 });

  assertClose(await product.read(), add64(matmul64(a, b), scale64(d, 3)).data, close);
});

test("more matrices than a grid is long are as many dispatches as it takes", async ({ device }) => {
  const n = 16 * 65535 + 5; // sixteen a workgroup
  const a = expand(tensor([[2]]), [n, 1, 1]);
  const b = reshape(tensor(Float32Array.from({ length: n }, (_, i) => i)), [n, 1, 1]);
  const before = device.counts.dispatches;
  const product = evaluate(matmulFused(a, b));

  assert.is(device.counts.dispatches, before + 2);
  assert.equal([...await slice(product, [[-2, n]]).read()], [2 * n - 4, 2 * n - 2]);
  assert.equal([...await slice(product, [[0, 2]]).read()], [0, 2]);
});

test("operands that are no matrices, or do not fit, are refused", () => {
  assertThrows(() => matmulFused(zeros([3]), zeros([3, 2])), ShapeError,
    "matmul: operands need two axes or more: a [3] x b [3, 2]. Add an axis with reshape.");
  assertThrows(() => matmul(zeros([]), zeros([3, 2])), ShapeError,
    /^matmul: operands need two axes/);
  assertThrows(() => matmul(zeros([32, 128]), zeros([64, 10])), ShapeError,
    "matmul: inner sizes differ: a [32, 128] x b [64, 10] (128 != 64). "
      + "Transpose b or check the layer's fanIn.");
  assertThrows(() => matmul(zeros([2, 3, 4]), zeros([5, 4, 2])), ShapeError,
    "matmul: shapes do not broadcast: [2] and [5]. "
      + "Sizes must be equal or 1, counted from the last axis.");
});

test("inner sizes are compared also where a stack meets one matrix", () => {
  assertThrows(() => matmul(zeros([2, 3, 4]), zeros([5, 2])), ShapeError,
    /\(4 != 5\)\. Transpose b/);
});

test("what is added must fit the product", () => {
  const [a, b] = [zeros([3, 4]), zeros([4, 2])];

  assertThrows(() => matmulFused(a, b, { d: zeros([3]) }), ShapeError,
    /: shapes do not broadcast: /);
  assertThrows(() => matmulFused(a, b, { d: zeros([5, 3, 2]) }), ShapeError,
    "matmul: d does not broadcast to the product: d [5, 3, 2] to [3, 2]. Reshape d.");
  assertThrows(() => matmulFused(a, b, { d: zeros([2], { dtype: "i32" }) }), DtypeError,
    "matmul: dtype not supported: i32. Use f32, or cast first.");
});

test("a symmetric product must be square", () => {
  assertThrows(() => matmulFused(zeros([3, 4]), zeros([4, 2]), { symmetric: true }), ShapeError,
    "matmul: a symmetric result must be square: a [3, 4] x b [4, 2]. Drop `symmetric`.");
});

test("a disposed operand is refused", () => {
  const gone = zeros([2, 2]);
  gone.dispose();

  assertThrows(() => matmul(zeros([2, 2]), gone), DisposedError,
    /^matmul: the tensor \[2, 2\] f32/);
});

test.run();
