// Every compound against the same network written with plain operations.

import { type Tensor, abs, add, avgPool2d, concat, conv2d, crossEntropy, embedding, flatten,
  geluTanh, matmul, maxPool2d, mean, mul, permute, relu, reshape, rmsNorm, rng as makeRng, rope,
  slice, softmax, square, sub, sum, tanh, tensor, transpose, valueAndGrad } from
  "../../autograd/index.ts";
import { type Module, type Weights, convNet, mlp, modernGpt, resCnn, resMlp, rmsToRms, scionCnn,
  scionGpt, scionMlp, scionNorms, selfAttention, silu, signOverFanIn } from "../../nn/index.ts";
import { assertClose } from "../close.ts";
import { type TestRng, suite } from "../harness.ts";
import { random64 } from "../reference.ts";
import { assertSame, assertThrows, device, draw, drawTree, host } from "./helpers.ts";

const test = suite("compounds");

const FLOAT32 = { rtol: 1e-3, atol: 2e-5 }; // other orders of summation, through ten layers

type Plain = (x: Tensor, w: readonly Tensor[]) => Tensor;

const lin = (x: Tensor, w: Tensor | undefined) => matmul(x, transpose(w as Tensor));

/** Values and gradients of a module are those of plain operations on its weights in order. */
async function assertPlain(rng: TestRng, module: Module, x: Tensor, plain: Plain): Promise<void> {
  const weights = drawTree(rng, module);
  const list = module.toList(weights);
  const cot = draw(rng, module.forward(x, weights).shape);
  const names = list.map((_, i) => `w${i}`);
  const got = valueAndGrad((w: Weights) => sum(mul(module.forward(x, w), cot)))(weights);
  const expected = valueAndGrad((w: Record<string, Tensor>) => {
    return sum(mul(plain(x, names.map((name) => w[name] as Tensor)), cot));
  })(Object.fromEntries(list.map((w, i) => [`w${i}`, w])));

  assertClose(await host(module.forward(x, weights)), await host(plain(x, list)), FLOAT32);
  for (const [i, grad] of module.toList(got.grads).entries()) {
    const want = await host(expected.grads[`w${i}`] as Tensor);
    const size = Math.hypot(...want.data) / Math.sqrt(want.data.length);
    assertClose(await host(grad), want, { rtol: 1e-3, atol: 1e-4 * size });
  }
}

test("an MLP with another activation, biases and norms", async ({ rng }) => {
  const norms = scionMlp({ sign: 4 });
  const module = mlp({
    output: 2, input: 5, width: 4, depth: 3, activation: silu, bias: 0.5, norms,
  });
  const names = module.entries.map(({ norm }) => norm.name);
  const act = (x: Tensor) => silu().forward(x, {});

  await assertPlain(rng, module, draw(rng, [3, 5]), (x, [w0, b0, w1, b1, w2, b2]) => {
    const one = act(add(lin(x, w0), b0 as Tensor));
    return add(lin(act(add(lin(one, w1), b1 as Tensor)), w2), b2 as Tensor);
  });
  assertSame(names, ["rmsToRmsInput", "rms", "rmsToRms", "rms", "withRadius(signOverFanIn, 4)",
    "rms"]);
  assertSame(module.mass, 4.5);
});

test("a residual MLP", async ({ rng }) => {
  const module = resMlp({ output: 3, input: 6, width: 4, blocks: 2, depth: 2 });
  const layer = (h: Tensor, w: Tensor | undefined) => {
    const y = abs(lin(rmsNorm(h, { eps: 0 }), w));
    return sub(y, mean(y, { axis: -1, keepDims: true }));
  };

  await assertPlain(rng, module, draw(rng, [2, 3, 2]), (x, [stem, a, b, c, d, head]) => {
    let h = lin(flatten(x, { start: 1 }), stem);
    h = add(mul(h, 0.5), mul(layer(layer(h, a), b), 0.5));
    h = add(mul(h, 0.5), mul(layer(layer(h, c), d), 0.5));
    return lin(h, head);
  });
  assertSame([module.mass, module.sensitivity, module.atoms, module.certified], [3, 1, 6, false]);
});

test("a residual convolutional net", async ({ rng }) => {
  const module = resCnn({ output: 3, input: 2, width: 4, blocks: 2, depth: 1 });
  const conv = (x: Tensor, w: Tensor | undefined) => conv2d(x, w as Tensor, { padding: 1 });
  const layer = (h: Tensor, w: Tensor | undefined) => {
    const rows = rmsNorm(flatten(h, { start: 1 }), { eps: 0 });
    const y = abs(conv(reshape(rows, h.shape), w));
    return sub(y, mean(y, { axis: [1, 2, 3], keepDims: true }));
  };

  await assertPlain(rng, module, draw(rng, [2, 2, 4, 5]), (x, [stem, a, b, head]) => {
    let h = conv(x, stem);
    h = add(mul(h, 0.5), mul(layer(h, a), 0.5));
    h = add(mul(h, 0.5), mul(layer(h, b), 0.5));
    return lin(mean(h, { axis: [2, 3] }), head);
  });
  assertSame([module.mass, module.sensitivity, module.atoms], [22, 1, 4]);
});

/** [batch, seq, heads dim] to [batch, heads, seq, dim]. */
function split(x: Tensor, heads: number): Tensor {
  const [batch = 1, seq = 1, width = 1] = x.shape;
  return permute(reshape(x, [batch, seq, heads, width / heads]), [0, 2, 1, 3]);
}

/** Causal attention with ordinary operations. */
function attend(q: Tensor, k: Tensor, v: Tensor, factor: number): Tensor {
  const scores = matmul(q, transpose(k));
  const y = matmul(softmax(scores, { scale: factor / (q.shape.at(-1) ?? 1), causal: true }), v);
  const [batch = 1, heads = 1, seq = 1, dim = 1] = y.shape;
  return reshape(permute(y, [0, 2, 1, 3]), [batch, seq, heads * dim]);
}

test("attention of the first Modula package", async ({ rng }) => {
  const module = selfAttention({
    heads: 2, embed: 6, query: 2, value: 4, rope: "none", scaled: "input",
  });

  await assertPlain(rng, module, draw(rng, [2, 3, 6]), (x, [wq, wk, wv, wo]) => {
    const [q, k, v] = [wq, wk, wv].map((w) => mul(split(lin(x, w), 2), 1 / 3));
    return lin(attend(q as Tensor, k as Tensor, v as Tensor, 1), wo);
  });
  assertSame([module.mass, module.sensitivity], [4, 1]);
  assertSame(module.weightPaths, ["query.weight", "key.weight", "value.weight", "output.weight"]);
});

test("attention with shared keys, normalized and rotated", async ({ rng }) => {
  const module = selfAttention({ heads: 4, keyHeads: 2, embed: 8, normalize: true, factor: 1.5 });

  await assertPlain(rng, module, draw(rng, [2, 3, 8]), (x, [wq, wk, wv, wo]) => {
    const turned = (w: Tensor | undefined, heads: number) => rope(rmsNorm(split(lin(x, w), heads)));
    const twice = (t: Tensor) => { // every head for two of the queries
      const [a, b] = [0, 1].map((h) => slice(t, [null, [h, h + 1]]));
      return concat([a, a, b, b] as Tensor[], { axis: 1 });
    };
    const y = attend(turned(wq, 4), twice(turned(wk, 2)), twice(split(lin(x, wv), 2)), 1.5);
    return lin(mul(y, 1 / 3), wo);
  });
  assertClose(module.sensitivity, 1.5, { rtol: 1e-12, atol: 0 });
});

const sizes = { vocab: 7, heads: 2, embed: 8, blocks: 2 };

/** `modernGpt` with plain operations; weights in canonical order. */
function plainGpt(tokens: Tensor, list: readonly Tensor[], tied = false): Tensor {
  const [table, ...rest] = list;
  let h = rmsNorm(embedding(table as Tensor, tokens));
  for (let b = 0; b < 2; b++) {
    const [wq, wk, wv, wo, up, down] = rest.slice(6 * b, 6 * b + 6);
    const x = rmsNorm(h);
    const [q, k] = [wq, wk].map((w) => rope(rmsNorm(split(lin(x, w), 2))));
    const y = attend(q as Tensor, k as Tensor, split(lin(x, wv), 2), 2);
    h = add(mul(h, 0.75), mul(lin(mul(y, 1 / 3), wo), 0.25));
    const inner = mul(square(relu(lin(rmsNorm(h), up))), 0.5);
    h = add(mul(h, 0.75), mul(lin(inner, down), 0.25));
  }
  const logits = lin(rmsNorm(h), tied ? table : rest[12]);
  return mul(tanh(mul(logits, 1 / 15)), 15);
}

const tokens = () => tensor(Int32Array.from([1, 2, 3, 4, 6, 1, 2, 0]), { shape: [2, 4] });

test("a modern GPT", async ({ rng }) => {
  const module = modernGpt(sizes);

  await assertPlain(rng, module, tokens(), (x, w) => plainGpt(x, w));
  assertClose([module.mass, module.sensitivity], [7, 1], { rtol: 1e-12, atol: 0 });
  assertSame([module.atoms, module.certified, module.weightPaths[1]],
    [14, false, "blocks.0.attention.query.weight"]);
});

test("a modern GPT with one table at both ends, in Scion's norms", async ({ rng }) => {
  const module = modernGpt({ ...sizes, tied: true, norms: scionGpt() });
  const [table, query] = module.entries;

  await assertPlain(rng, module, tokens(), (x, w) => plainGpt(x, w, true));
  assertSame([module.entries.length, module.mass], [13, 7]);
  assertSame([table?.path, table?.norm.name, query?.norm.name],
    ["embedding.weight", "withRadius(signOverFanIn, 3000)", "withRadius(rmsToRms, 50)"]);
  const start = module.initialize(makeRng(1));
  assertClose(await module.weightNorms(start).read(), Array(13).fill(1), { rtol: 1e-5, atol: 0 });
  const [entry] = module.toList(start);
  const largest = Math.max(...(await entry?.read() ?? []));
  assertClose(largest, 3000 / 8, { rtol: 1e-5, atol: 0 });
});

test("a modern GPT drops only in training", async () => {
  const module = modernGpt({ ...sizes, dropout: 0.5 });
  const weights = module.initialize(makeRng(2));
  const plain = modernGpt(sizes).initialize(makeRng(2));
  const run = async (m: Module, w: Weights, seed?: number) => {
    return await host(m.forward(tokens(), w, seed === undefined ? {} : { rng: makeRng(seed) }));
  };
  const still = await run(module, weights);

  assertClose(still, await run(modernGpt(sizes), plain), { rtol: 0, atol: 0 });
  assertSame((await run(module, weights, 1)).data[5] === still.data[5], false);
});

test("a convolutional classifier", async ({ rng }) => {
  const settings = { output: 3, input: 2, stem: 4, widths: [6, 4], headScale: 2 };
  const module = convNet(settings);
  const act = (x: Tensor) => mul(geluTanh(x), 1 / 1.1289);
  const even = (x: Tensor) => {
    return permute(rmsNorm(permute(x, [0, 2, 3, 1])), [0, 3, 1, 2]);
  };
  const plain = (x: Tensor, w: readonly Tensor[], pool: typeof maxPool2d, norm: typeof even) => {
    let h = act(conv2d(x, w[0] as Tensor));
    for (const i of [1, 3]) {
      h = act(norm(pool(conv2d(h, w[i] as Tensor, { padding: 1 }), { kernel: 2 })));
      h = act(norm(conv2d(h, w[i + 1] as Tensor, { padding: 1 })));
    }
    return mul(lin(mean(h, { axis: [2, 3] }), w[5]), 2);
  };
  const image = draw(rng, [2, 2, 9, 9]);

  await assertPlain(rng, module, image, (x, w) => plain(x, w, maxPool2d, even));
  const bare = convNet({ ...settings, normalize: "none", pool: "avg" });
  await assertPlain(rng, bare, image, (x, w) => plain(x, w, avgPool2d, (h) => h));
  assertSame([module.mass, module.sensitivity, module.weightPaths],
    [7, 2, ["stem.weight", "groups.0.first.weight", "groups.0.second.weight",
      "groups.1.first.weight", "groups.1.second.weight", "head.weight"]]);
});

test("Scion's choices for a convolutional classifier", async () => {
  const module = convNet({ output: 3, stem: 4, widths: [4], bias: true, norms: scionCnn() });
  const start = module.initialize(makeRng(1));
  const names = module.entries.map(({ norm }) => norm.name);

  assertSame([names[0], names[1], names.at(-1)], ["withRadius(flattened(rmsToRms), 8)",
    "withRadius(rms, 8)", "withRadius(signOverFanIn, 128)"]);
  assertClose(await module.weightNorms(start).read(), [1, 0, 1, 0, 1, 0, 1],
    { rtol: 1e-5, atol: 0 });
});

test("Scion's tables", async ({ rng }) => {
  const w = device(random64(rng, [3, 4]));
  const same = async (a: Tensor, b: Tensor) => {
    assertClose(await host(a), await host(b), { rtol: 1e-4, atol: 1e-6 });
  };
  const { firstImage, hidden, output, oneHot, embedding: table } = scionNorms;

  assertSame([hidden() === rmsToRms, output() === signOverFanIn, firstImage().name],
    [true, true, "rmsToRmsInput"]);
  for (const kind of ["spectral", "sign"] as const) {
    await same(transpose(oneHot(kind).dualize(w)), table(kind).dualize(transpose(w)));
  }
  await same(transpose(oneHot("column", 3).dualize(w)), table("row", 3).dualize(transpose(w)));
  await same(output("row", 2).dualize(w), mul(output("row").dualize(w), 2));
  assertThrows(() => output("column" as "row"), "RangeError",
    "scionNorms: no such norm for output: column. Use spectral, row, sign.");
  assertThrows(() => hidden(0), "RangeError", "the radius is not positive: 0 for hidden.");
});

/** The loss before and after so many dualized steps of that size. */
async function descend(
  module: Module, x: Tensor, labels: Tensor, lr: number,
): Promise<readonly [number, number]> {
  let weights = module.initialize(makeRng(3));
  const losses: number[] = [];
  for (let step = 0; step < 10; step++) {
    const { value, grads } = valueAndGrad((w: Weights) => {
      return crossEntropy(module.forward(x, w), labels);
    })(weights);
    const update = module.toList(module.dualize(grads, lr));
    const moved = module.toList(weights).map((w, i) => sub(w, update[i] as Tensor));
    weights = module.toTree(moved);
    losses.push(await value.item());
  }
  return [losses[0] ?? NaN, losses.at(-1) ?? NaN];
}

test("dualized descent lowers the loss of a modern GPT and of a classifier", async ({ rng }) => {
  const next = tensor(Int32Array.from([2, 3, 4, 5, 0, 2, 3, 1]), { shape: [2, 4] });
  const gpt = await descend(modernGpt(sizes), tokens(), next, 0.5);
  const net = convNet({ output: 3, stem: 4, widths: [6, 6], headScale: 4 });
  const classes = tensor(Int32Array.from([0, 1, 2, 0]));
  const images = await descend(net, draw(rng, [4, 3, 9, 9]), classes, 0.2);

  for (const [first, last] of [gpt, images]) {
    if (!(last < first - 0.3)) throw new Error(`from ${first} to ${last}`);
  }
});

test("sizes that make no network are refused", () => {
  const refuses = (body: () => unknown, text: string) => assertThrows(body, "RangeError", text);
  refuses(() => selfAttention({ heads: 3, embed: 4 }), "attention: the heads do not fit: 3 heads");
  refuses(() => selfAttention({ heads: 4, keyHeads: 3, embed: 8 }), "4 heads, 3 of keys,");
  refuses(() => selfAttention({ heads: 2, embed: 4, rope: "other" as "none" }), "unknown rope:");
  refuses(() => convNet({ output: 2, widths: [] }), "convNet: no groups: widths is empty.");
  refuses(() => convNet({ output: 2, pool: "sum" as "max" }), "convNet: no such choice: sum, rms.");
});

test.run();
