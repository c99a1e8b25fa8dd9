// Attention by the kernels for software adapters and by those for GPUs: sizes around their tiles,
// layouts, memory, and the same bits each time; and where ordinary operations take their place.

import * as assert from "uvu/assert";
import { type AttentionOptions, type Device, type Tensor, grad, mul, permute, profile,
  scaledDotProductAttention, scope, sum, tensor, vjp, zeros } from "../../autograd/index.ts";
import { fusedAttention } from "../../autograd/ops/attention_fused.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { array64, build64, permute64, random64 } from "../reference.ts";
import type { Array64 } from "../reference.ts";
import { attention64 } from "../reference/attention.ts";
import type { TestRng } from "../rng.ts";
import { withKernels } from "./families.ts";

const test = suite("attention kernels", { seconds: 120 });

/** As in tests/fixtures/attention.ts. */
const close = { rtol: 4e-6, atol: 4e-6 } as const;
/** Gradients add up as many terms once more. */
const closeGrad = { rtol: 2e-5, atol: 1e-5 } as const;

type Shape = readonly number[];
type Three = readonly [Array64, Array64, Array64];
type Qkv = { readonly q: Tensor; readonly k: Tensor; readonly v: Tensor };

function draw(rng: TestRng, q: Shape, k: Shape, v: Shape): Three {
  return [random64(rng, q, [-1, 1]), random64(rng, k, [-1, 1]), random64(rng, v, [-1, 1])];
}

function leavesOf([q, k, v]: Three, device: Device): Qkv {
  return { q: tensor(q, { device }), k: tensor(k, { device }), v: tensor(v, { device }) };
}

/** Attention by the kernels, also where ordinary operations would be taken. */
function attention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions): Tensor {
  const { mask, causal = false, scale = 1 / Math.sqrt(q.shape.at(-1) ?? NaN) } = options;
  return scope(() => fusedAttention(mask ? [q, k, v, mask] : [q, k, v], { scale, causal }));
}

/** Gradients in float64: of a matrix alone, from the formulas. */
function gradients64([q, k, v]: Three, dy: Array64, scale: number, causal: boolean): Three {
  const [queries = 0, dim = 0] = q.shape;
  const [keys = 0, width = 0] = v.shape;
  const at = (x: Array64, row: number, column: number) => {
    return x.data[row * (x.shape[1] ?? 0) + column] ?? NaN;
  };
  const dot = (a: Array64, i: number, b: Array64, j: number, n: number) => {
    return Array.from({ length: n }, (_, c) => at(a, i, c) * at(b, j, c))
      .reduce((total, x) => total + x, 0);
  };
  const [dq, dk, dv] = [q, k, v].map((x) => new Float64Array(x.data.length)) as [
    Float64Array, Float64Array, Float64Array];
  for (let i = 0; i < queries; i++) {
    const seen = causal ? Math.max(0, Math.min(keys, i + 1 + keys - queries)) : keys;
    const e = Array.from({ length: seen }, (_, j) => Math.exp(scale * dot(q, i, k, j, dim)));
    const total = e.reduce((t, x) => t + x, 0);
    const g = e.map((_, j) => dot(dy, i, v, j, width));
    const mean = e.reduce((t, x, j) => t + x / total * (g[j] ?? NaN), 0);
    for (let j = 0; j < seen; j++) {
      const p = (e[j] ?? NaN) / total;
      const ds = scale * p * ((g[j] ?? NaN) - mean);
      for (let c = 0; c < dim; c++) {
        dq[i * dim + c] = (dq[i * dim + c] ?? NaN) + ds * at(k, j, c);
        dk[j * dim + c] = (dk[j * dim + c] ?? NaN) + ds * at(q, i, c);
      }
      for (let c = 0; c < width; c++) {
        dv[j * width + c] = (dv[j * width + c] ?? NaN) + p * at(dy, i, c);
      }
    }
  }
  return [array64(q.shape, dq), array64(k.shape, dk), array64(v.shape, dv)];
}

async function checkOne(rng: TestRng, device: Device, sizes: Shape, causal: boolean) {
  const [queries = 0, keys = 0, dim = 0, width = 0] = sizes;
  const arrays = draw(rng, [queries, dim], [keys, dim], [keys, width]);
  const scale = 1 / Math.sqrt(dim);
  const dy = random64(rng, [queries, width], [-1, 1]);
  const { value, pullback } = vjp(({ q, k, v }: Qkv) => {
    return attention(q, k, v, { causal });
  }, leavesOf(arrays, device));
  const grads = pullback(tensor(dy, { device }));

  const result = { shape: value.shape, data: await value.read() };
  assertClose(result, attention64(...arrays, { scale, causal }), close);
  const expected = gradients64(arrays, dy, scale, causal);
  for (const [i, t] of [grads.q, grads.k, grads.v].entries()) {
    assertClose({ shape: t.shape, data: await t.read() }, expected[i] as Array64, closeGrad);
  }
}

for (const family of ["software", "gpu"] as const) {
  for (const causal of [false, true]) {
    const seen = causal ? "what came before" : "all";
    test(`${family} kernels: value and gradients around the tiles, ${seen} seen`, async (
      { rng },
    ) => {
      await withKernels(family, async (device) => {
        const sizes = [
          [9, 1, 1, 1], [9, 16, 3, 8], [10, 17, 8, 7], [31, 32, 7, 2], [32, 33, 5, 8],
          [33, 31, 2, 3], [65, 64, 5, 4], [64, 65, 6, 5],
        ] as const;
        for (const size of sizes) await checkOne(rng, device, size, causal);
      });
    });
  }

  for (const size of [[33, 40, 17, 130], [12, 40, 129, 20]] as const) {
    const [, , dim, width] = size;
    test(`${family} kernels: queries of ${dim} and values of ${width}, more than a row has threads`,
      async ({ rng }) => {
        await withKernels(family, (device) => checkOne(rng, device, size, true));
      });
  }

  test(`${family} kernels: views, and leading axes that do not merge`, async ({ rng }) => {
    await withKernels(family, async (device) => {
      const [x, k, v] = draw(rng, [2, 20, 3, 4], [2, 1, 2, 1, 21, 3], [1, 2, 1, 2, 21, 5]);
      const q = permute(tensor(x, { device }), [0, 2, 1, 3]); // heads that lie between
      const y = attention(q, q, q, { scale: 1 });
      const heads = permute64(x, [0, 2, 1, 3]);
      assertClose({ shape: y.shape, data: await y.read() },
        attention64(heads, heads, heads, { scale: 1 }), close);

      const wide = random64(rng, [2, 2, 2, 1, 20, 3], [-1, 1]);
      const [a, b, c] = [wide, k, v].map((t) => tensor(t, { device })) as [Tensor, Tensor, Tensor];
      const z = attention(a, b, c, { scale: 1 });
      assertClose({ shape: z.shape, data: await z.read() },
        attention64(wide, k, v, { scale: 1 }), close);
    });
  });

  test(`${family} kernels: masks of every kind, rows that see nothing`, async ({ rng }) => {
    await withKernels(family, async (device) => {
      const arrays = draw(rng, [2, 2, 40, 5], [2, 2, 50, 5], [2, 2, 50, 3]);
      const { q, k, v } = leavesOf(arrays, device);
      const bias = build64([2, 1, 40, 50], (i) => {
        return (i * 7) % 5 === 0 || Math.floor(i / 50) === 3 ? -Infinity : (i % 11) / 11;
      });
      const seen = build64(bias.shape, (i) => (bias.data[i] === -Infinity ? 0 : 1));
      const none = build64(bias.shape, (i) => (seen.data[i] === 0 ? -Infinity : 0));
      const cases: readonly (readonly [AttentionOptions, Array64])[] = [
        [{ mask: tensor(bias, { device }) }, bias],
        [{ mask: tensor(seen, { device, dtype: "bool" }) }, none],
      ];
      for (const [options, mask] of cases) {
        for (const causal of [false, true]) {
          const y = attention(q, k, v, { ...options, causal, scale: 1 });
          assertClose({ shape: y.shape, data: await y.read() },
            attention64(...arrays, { scale: 1, causal, mask }), close);
        }
      }
    });
  });

  test(`${family} kernels: scores are not written, and gradients have the same bits again`,
    async ({ rng }) => {
      await withKernels(family, async (device) => {
        const shape = [2, 512, 8]; // scores would take 2 MB
        const leaves = leavesOf(draw(rng, shape, shape, shape), device);
        const dy = tensor(random64(rng, shape), { device });
        const before = device.memory().live;
        const run = () => vjp(({ q, k, v }: Qkv) => {
          return attention(q, k, v, { causal: true });
        }, leaves).pullback(dy);
        const [first, second] = [run(), run()];

        assert.ok(device.memory().peak - before < 1e6, `${device.memory().peak - before} bytes`);
        for (const name of ["q", "k", "v"] as const) {
          assert.equal(await first[name].read(), await second[name].read());
        }
      });
    });

  test(`${family} kernels: a third derivative is that of the formula`, async ({ rng }) => {
    await withKernels(family, async (device) => {
      // One query's result is a logistic function of its score; copies of the query, more rows.
      const [x, rows] = [rng.uniform(), 10];
      const [k, v] = [[1, 0], [1, 0]].map((list) => tensor(array64([2, 1], list), { device })) as [
        Tensor, Tensor];
      const f = (q: Tensor) => {
        const all = mul(q, tensor(array64([rows, 1], Array(rows).fill(1)), { device }));
        return mul(sum(attention(all, k, v, {})), 1 / rows);
      };
      const at = tensor(array64([1, 1], [x]), { device });
      const third = grad((a: Tensor) => sum(grad((b: Tensor) => sum(grad(f)(b)))(a)))(at);

      const s = 1 / (1 + Math.exp(-Math.fround(x)));
      const expected = s * (1 - s) * (1 - 6 * s + 6 * s * s);
      // Terms of up to 1/8 cancel; each is off by a few units in the last place.
      assert.ok(Math.abs(await third.item() - expected) < 1e-5, `${expected}`);
    });
  });
}

test("a processor writes the scores where that is faster and they are not too many",
  async () => {
    await withKernels("software", async (device) => {
      const leaves = (length: number) => {
        const [q, k, v] = [0, 1, 2].map(() => zeros([length, 2], { device })) as [
          Tensor, Tensor, Tensor];
        return { q, k, v };
      };
      const run = (causal: boolean) => ({ q, k, v }: Qkv) => {
        return scaledDotProductAttention(q, k, v, { causal });
      };
      const isFused = async (work: () => Tensor) => {
        const { kernels } = await profile(device, () => scope(() => void work()));
        return kernels.some(({ name }) => name.startsWith("attention."));
      };

      assert.not(await isFused(() => run(false)(leaves(20))));
      assert.ok(await isFused(() => run(true)(leaves(20)))); // half the work is left out
      assert.not(await isFused(() => {
        return vjp(run(true), leaves(20)).pullback(zeros([20, 2], { device })).q;
      }));
      assert.ok(await isFused(() => run(false)(leaves(2049)))); // of more than 2^22 scores
    });
  });

test("the helpers of this file agree with each other", ({ rng }) => {
  const arrays = draw(rng, [3, 2], [4, 2], [4, 2]);
  const dy = random64(rng, [3, 2]);
  const step = 1e-6;
  const moved = (by: number) => {
    const q = build64([3, 2], (i) => (arrays[0].data[i] ?? NaN) + (i === 3 ? by : 0));
    const y = attention64(q, arrays[1], arrays[2], { scale: 0.5, causal: true });
    return y.data.reduce((total, value, i) => total + value * (dy.data[i] ?? NaN), 0);
  };

  const slope = (moved(step) - moved(-step)) / (2 * step);
  const [dq] = gradients64(arrays, dy, 0.5, true);
  assert.ok(Math.abs(slope - (dq.data[3] ?? NaN)) < 1e-8); // the step squared, and rounding
});

test.run();
