import { type Tensor, add, crossEntropy, mul, rng as makeRng, scope, sum, tensor, valueAndGrad }
  from "../../autograd/index.ts";
import { CONVERGED, attention, compose, embed, gpt, linear, mlp, relu, summary } from
  "../../nn/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { array64, random64 } from "../reference.ts";
import type { Array64 } from "../reference.ts";
import { assertSame, assertThrows, device, drawTree, host, innerProduct } from "./helpers.ts";
import { randomModule } from "./random_module.ts";

const test = suite("models");

const small = gpt({ vocab: 7, heads: 2, embed: 8, blocks: 2 });
const FLOAT32 = { rtol: 1e-4, atol: 1e-6 };

test("the weights of a GPT have speaking names, in canonical order", () => {
  const block = (i: number) => ["value", "query", "key", "output"]
    .map((name) => `blocks.${i}.attention.${name}.weight`)
    .concat([`blocks.${i}.mlp.up.weight`, `blocks.${i}.mlp.down.weight`]);

  assertSame(small.weightPaths, ["embedding.weight", ...block(0), ...block(1), "head.weight"]);
  assertSame([small.mass, small.sensitivity, small.atoms, small.bonds], [7, 1, 14, 40]);
  assertSame(mlp({ output: 2, input: 3, width: 4, depth: 3 }).weightPaths,
    ["layers.0.weight", "layers.1.weight", "layers.2.weight"]);
});

test("a GPT starts with all singular values on the boundary", async () => {
  const weights = small.initialize(makeRng(1));

  const ones = small.entries.map(() => 1);
  assertClose(await small.weightNorms(weights).read(), ones, { rtol: 1e-5, atol: 0 });
});

test("logits have a row for each token and do not look ahead", async () => {
  const weights = small.initialize(makeRng(1));
  const run = (ids: number[]) => {
    return small.forward(tensor(Int32Array.from(ids), { shape: [1, 4] }), weights);
  };
  const [a, b] = [await run([1, 2, 3, 4]).read(), await run([1, 2, 3, 6]).read()];

  assertSame(run([0, 1, 2, 3]).shape, [1, 4, 7]);
  assertClose(Array.from(a).slice(0, 21), Array.from(b).slice(0, 21), { rtol: 0, atol: 0 });
  assertSame(a[24] === b[24], false);
});

test("dualized descent lowers the loss of a GPT", async () => {
  const ids = tensor(Int32Array.from([1, 2, 3, 4, 5, 6, 1, 2]), { shape: [2, 4] });
  const labels = tensor(Int32Array.from([2, 3, 4, 5, 6, 1, 2, 3]), { shape: [2, 4] });
  let weights = small.initialize(makeRng(2));
  const losses: Tensor[] = [];
  for (let step = 0; step < 8; step++) {
    const { loss, next } = scope(() => {
      const { value, grads } = valueAndGrad((w: typeof weights) => {
        return crossEntropy(small.forward(ids, w), labels);
      })(weights);
      const update = small.toList(small.dualize(grads, -0.3));
      const moved = small.toList(weights).map((w, i) => {
        const u = update[i];
        return u ? add(w, u) : w;
      });
      return { loss: value, next: small.toTree(moved) };
    });
    losses.push(loss);
    weights = next;
  }
  const [first, last] = [await losses[0]?.item(), await losses.at(-1)?.item()];

  if (!((last ?? NaN) < (first ?? NaN) - 0.5)) throw new Error(`${first} to ${last}`);
});

/** Random rows of RMS one. */
function unitRows(x: Array64): Array64 {
  const n = x.shape.at(-1) ?? 1;
  const data = x.data.map((v, i) => {
    const row = x.data.subarray(Math.floor(i / n) * n, (Math.floor(i / n) + 1) * n);
    return (v * Math.sqrt(n)) / Math.hypot(...row);
  });
  return array64(x.shape, data);
}

test("well-normed: no weight change moves the output by more than its norm", async ({ rng }) => {
  for (let k = 0; k < 8; k++) {
    const module = randomModule(rng, 4, 1 + rng.int(3), { contracting: true });
    const weights = module.initialize(makeRng(rng.int(2 ** 32)));
    const x = device(unitRows(random64(rng, [3, 4])));
    const cotangent = random64(rng, [3, 4]);
    const { grads } = valueAndGrad((w: typeof weights) => {
      return sum(mul(module.forward(x, w), device(cotangent)));
    })(weights);
    const change = drawTree(rng, module);
    const rows = [0, 1, 2].map((i) => Math.hypot(...cotangent.data.slice(4 * i, 4 * i + 4)));
    const dual = 2 * rows.reduce((a, b) => a + b, 0); // sqrt(4) times the sum of row norms

    const slope = await innerProduct(module, change, grads);
    const bound = dual * await module.norm(change).item();
    if (Math.abs(slope) > bound * 1.0001) throw new Error(`${slope} over ${bound}`);
    const best = await module.dualNorm(grads).item();
    if (best > dual * 1.0001) throw new Error(`${best} over ${dual}`);
    const update = module.dualize(grads, 1, CONVERGED);
    assertClose(await innerProduct(module, update, grads), best, FLOAT32);
  }
});

test("the bound on a linear chain is attained", async ({ rng }) => {
  // One input, one output: gradients have rank one, and all slack is gone.
  const module = compose(linear(4, 4), linear(4, 4));
  const weights = module.initialize(makeRng(rng.int(2 ** 32)));
  const x = unitRows(random64(rng, [1, 4]));
  const cotangent = random64(rng, [1, 4]);
  const { grads } = valueAndGrad((w: typeof weights) => {
    return sum(mul(module.forward(device(x), w), device(cotangent)));
  })(weights);

  const best = await module.dualNorm(grads).item();
  assertClose(best, 2 * Math.hypot(...cotangent.data), FLOAT32);
});

test("attention has the standard rope and no rope as choices", async ({ rng }) => {
  const x = device(random64(rng, [1, 3, 4]));
  const outputs: Array64[] = [];
  for (const rope of ["modula", "standard", "none"] as const) {
    const module = attention({ heads: 2, embed: 4, rope });
    outputs.push(await host(module.forward(x, module.initialize(makeRng(1)))));
  }

  assertSame(new Set(outputs.map(({ data }) => data.at(-1))).size, 3);
});

test("the summary shows every weight with its share, and the totals", () => {
  const lines = summary(compose(linear(3, 4, { bias: true }), relu(), embed(4, 5))).split("\n");

  assertSame(lines, [
    "                 shape   parameters     mass  sensitivity  norm",
    "composite                        35  total 3            1",
    "  embed.weight   [5, 4]          20   33.3 %            1  embedRms: max row RMS",
    "  linear.weight  [3, 4]          12   33.3 %            1  rmsToRms: sqrt(n/m) sigma_1",
    "  linear.bias    [3]              3   33.3 %            1  rms: |b|_2 / sqrt(n)",
  ]);
  assertSame(summary(small).split("\n").length, 2 + 1 + 1 + 2 * (1 + 2 + 6) + 1);
});

test("sizes that make no model are refused", () => {
  const refuses = (body: () => unknown, text: string) => assertThrows(body, "RangeError", text);
  const sizes = { output: 1, input: 1, width: 1, depth: 1 };
  refuses(() => mlp(sizes), "mlp: not a depth: 1.");
  refuses(() => attention({ heads: 3, embed: 4 }), "attention: the heads do not fit: 3 heads");
  const rope = "other" as "none";
  refuses(() => attention({ heads: 1, embed: 4, rope }), "attention: unknown rope: other.");
});

test.run();
