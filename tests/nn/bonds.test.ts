import { type Tensor, concat, sub } from "../../autograd/index.ts";
import { type Module, type Value, abs, applyAttentionScores, attentionQK, bond, causalMask,
  causalSoftmax, compose, flatten, functionalAttention, gelu, identity, layerNorm, mean,
  meanSubtract, mergeHeads, mul, relu, rmsDivide, rope, ropeModula, softmax, splitHeads, tuple }
  from "../../nn/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { geluTanhScalar, layerNorm64, map64, matmul64, mean64, random64, reshape64, rmsNorm64,
  rope64, scale64, softmax64, permute64, transpose64 } from "../reference.ts";
import type { Array64 } from "../reference.ts";
import { assertSame, assertThrows, device, draw, host } from "./helpers.ts";

const test = suite("bonds");

const FLOAT32 = { rtol: 1e-5, atol: 1e-5 };

const pointwise: readonly (readonly [Module, (x: Array64) => Array64])[] = [
  [identity(), (x) => x],
  [mul(-2.5), (x) => scale64(x, -2.5)],
  [abs(), (x) => map64(x, Math.abs)],
  [relu(), (x) => map64(x, (v) => Math.max(0, v))],
  [gelu(), (x) => map64(x, (v) => geluTanhScalar(v) / 1.1289)],
  [meanSubtract(), centred],
  [rmsDivide(), (x) => rmsNorm64(x, 0)],
  [layerNorm(), (x) => layerNorm64(x, 0)],
  [softmax(1.5), (x) => softmax64(x, -1, 1.5)],
];

for (const [module, reference] of pointwise) {
  test(`${module.name} is its formula`, async ({ rng }) => {
    const x = random64(rng, [3, 6]);
    const y = await host(module.forward(device(x), {}));

    assertClose(y, reference(x), FLOAT32);
  });
}

function centred(x: Array64): Array64 {
  const means = mean64(x, { axis: -1, keepDims: true });
  const n = x.shape.at(-1) ?? 1;
  return { shape: x.shape, data: x.data.map((v, i) => v - (means.data[Math.floor(i / n)] ?? NaN)) };
}

/** Largest RMS over the last axis. */
function rmsOf({ shape, data }: Array64): number {
  const n = shape.at(-1) ?? 1;
  const squares = Array.from({ length: data.length / n }, (_, row) => {
    return data.slice(row * n, (row + 1) * n).reduce((sum, v) => sum + v * v, 0) / n;
  });
  return Math.sqrt(Math.max(...squares));
}

test("no sampled gain exceeds the sensitivity", async ({ rng }) => {
  const modules = [identity(), mul(-3), abs(), relu(), gelu(), meanSubtract(), softmax(2)];
  for (const module of modules) {
    for (const size of [1, 0.01]) {
      const [x, step] = [random64(rng, [4, 6]), scale64(random64(rng, [4, 6]), size)];
      const moved = { ...x, data: x.data.map((v, i) => v + (step.data[i] ?? 0)) };
      for (let row = 0; row < 4; row++) {
        const part = (a: Array64) => ({ shape: [1, 6], data: a.data.slice(6 * row, 6 * row + 6) });
        const [p, q] = [part(x), part(moved)];
        const change = await host(sub(
          module.forward(device(q), {}), module.forward(device(p), {}),
        ));

        const gain = rmsOf(change) / rmsOf(part(step));
        if (gain > module.sensitivity * 1.001) throw new Error(`${module.name}: gain ${gain}`);
      }
    }
  }
});

test("heads are split and merged", async ({ rng }) => {
  const x = random64(rng, [2, 3, 6]);
  const split = splitHeads(2).forward(device(x), {});

  assertClose(await host(split), permute64(reshape64(x, [2, 3, 2, 3]), [0, 2, 1, 3]), FLOAT32);
  assertClose(await host(mergeHeads().forward(split, {})), x, FLOAT32);
});

test("rope turns queries and keys, in both forms", async ({ rng }) => {
  const [q, k] = [random64(rng, [2, 3, 4]), random64(rng, [2, 3, 4])];
  for (const [module, modula] of [[rope(), false], [ropeModula({ base: 100 }), true]] as const) {
    const turned = module.apply([device(q), device(k)], {}) as readonly Tensor[];

    for (const [i, x] of [q, k].entries()) {
      const y = turned[i];
      if (!y) throw new Error("no output");
      assertClose(await host(y), rope64(x, modula ? 100 : 10000, modula), FLOAT32);
    }
  }
});

test("attention from parts and in one step is softmax(q k^T / dim) v", async ({ rng }) => {
  const [q, k, v] = [0, 1, 2].map(() => random64(rng, [5, 4])) as [Array64, Array64, Array64];
  const scores = scale64(matmul64(q, transpose64(k)), 1 / 4);
  const weights = softmax64(scores, -1, 1);
  const list: Value = [q, k, v].map(device);
  const whole = functionalAttention({ causal: false }).forward(list, {});
  const raw = attentionQK().forward([device(q), device(k)], {});
  const applied = applyAttentionScores().forward([device(v), softmax().forward(raw, {})], {});

  assertClose(await host(raw), scores, FLOAT32);
  assertClose(await host(whole), matmul64(weights, v), FLOAT32);
  assertClose(await host(applied), matmul64(weights, v), FLOAT32);
});

test("the causal mask hides later keys, in two steps and in one", async ({ rng }) => {
  const x = random64(rng, [2, 3, 3]);
  const masked = map64(x, (v) => v);
  masked.data.forEach((_, i) => {
    if (i % 3 > Math.floor(i / 3) % 3) masked.data[i] = -Infinity;
  });
  const expected = softmax64(masked, -1, 1.5);

  assertClose(await host(causalMask().forward(device(x), {})), masked, FLOAT32);
  const two = compose(softmax(1.5), causalMask());
  assertClose(await host(two.forward(device(x), {})), expected, FLOAT32);
  assertClose(await host(causalSoftmax(1.5).forward(device(x), {})), expected, FLOAT32);
  assertSame([causalSoftmax(1.5).sensitivity, causalSoftmax().bonds], [1.5, 2]);
});

test("causal attention does not depend on later tokens", async ({ rng }) => {
  const token = () => draw(rng, [1, 4]);
  const [first, second] = [[token(), token()], [token(), token()]] as const;
  const run = async (last: Tensor): Promise<ArrayLike<number>> => {
    const x = concat([...first, last]);
    return await functionalAttention().forward([x, x, x], {}).read();
  };
  const [a, b] = [await run(second[0]), await run(second[1])];

  assertClose(Array.from(a).slice(0, 8), Array.from(b).slice(0, 8), { rtol: 0, atol: 0 });
});

test("flatten and mean", async ({ rng }) => {
  const x = random64(rng, [2, 3, 4]);

  assertClose(await host(flatten().forward(device(x), {})), reshape64(x, [2, 12]), FLOAT32);
  assertClose(await host(mean().forward(device(x), {})), mean64(x, { axis: -2 }), FLOAT32);
  const first = mean({ axis: 0 }).forward(device(x), {});
  assertClose(await host(first), mean64(x, { axis: 0 }), FLOAT32);
});

test("mul works on everything in a list", ({ rng }) => {
  const pair = compose(mul(2), tuple(identity(), tuple(relu(), abs())));
  const [x, inner] = pair.apply(draw(rng, [2]), {}) as readonly Value[];

  assertSame([(x as Tensor).shape, (inner as readonly Tensor[]).length], [[2], 2]);
});

test("values that a bond cannot take are refused by name", ({ rng }) => {
  const x = draw(rng, [2, 4]);
  const refuses = (module: Module, value: Value, name: string, text: string) => {
    assertThrows(() => module.forward(value, {}), name, text);
  };
  refuses(relu(), [x, x], "TypeError", "relu: takes one tensor, is given a list of 2.");
  refuses(rope(), x, "TypeError", "rope: takes a list of 2, is given a tensor.");
  refuses(attentionQK(), [x], "TypeError", "takes a list of 2, is given a list of 1.");
  refuses(identity(), [x], "TypeError", "identity gives a list of 1, not a tensor.");
  refuses(splitHeads(3), x, "ShapeError", "does not fall into 3 heads: [2, 4].");
  refuses(mergeHeads(), x, "ShapeError", "mergeHeads: no heads: [2, 4].");
  assertThrows(() => splitHeads(0), "RangeError", "splitHeads: not a whole number of heads: 0.");
  assertThrows(() => softmax(-1), "RangeError", "softmax: the sensitivity is not positive: -1.");
  const odd = bond({ name: "odd", sensitivity: 2, forward: (v) => v });
  assertSame([odd.sensitivity, odd.mass, odd.bonds], [2, 0, 1]);
});

test.run();
