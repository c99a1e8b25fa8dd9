import { type Tensor, add, embedding, matmul, mul, rng as makeRng, sum, tensor, transpose,
  valueAndGrad } from "../../autograd/index.ts";
import { CONVERGED, type Module, type Weights, bias, compose, conv1d, conv2d, convRmsToRms,
  convScion, embed, flatten, flattened, frobenius, gain, globalAvgPool, groupedLinear, headLinear,
  linear, maxAbs, named, power, relu, rms, rmsToRms, scale, signOverFanIn, spectral, splitHeads,
  summary, tie, withMass } from "../../nn/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { add64, array64, matmul64, polar64, random64, reshape64, singularValues64, transpose64 }
  from "../reference.ts";
import type { Array64 } from "../reference.ts";
import { conv64 } from "../reference/conv.ts";
import { assertSame, assertThrows, device, draw, drawTree, host } from "./helpers.ts";

const test = suite("atoms");

const FLOAT32 = { rtol: 1e-4, atol: 1e-5 }; // twenty products of float32 matrices

/** The parts of the leading axis. */
function slices(x: Array64): Array64[] {
  const [count = 0, ...rest] = x.shape;
  const size = x.data.length / count;
  return Array.from({ length: count }, (_, i) => {
    return array64(rest, x.data.slice(i * size, (i + 1) * size));
  });
}

/** The [out, in] matrices of the taps of a kernel. */
function taps({ shape: [out = 1, fanIn = 1], data }: Array64): Array64[] {
  const count = data.length / (out * fanIn);
  return Array.from({ length: count }, (_, t) => {
    return array64([out, fanIn], Array.from(data).filter((_, i) => i % count === t));
  });
}

const largest = (x: Array64) => singularValues64(x)[0] ?? NaN;

test("conv2d hands its options on and adds a bias", async ({ rng }) => {
  const module = conv2d(6, 4, [3, 2], {
    stride: [2, 1], padding: [1, 0], dilation: [1, 2], groups: 2, bias: true,
  });
  const [x, w, b] = [random64(rng, [2, 4, 6, 5]), random64(rng, [6, 2, 3, 2]), random64(rng, [6])];
  const y = await host(module.forward(device(x), module.toTree([device(w), device(b)])));
  const axes = [{ stride: 2, padding: [1, 1] }, { dilation: 2 }] as const;

  const expected = conv64(x, w, axes, 2);
  assertClose(y, add64(expected, reshape64(b, [6, 1, 1])), FLOAT32);
  assertSame(module.weightPaths, ["conv2d.weight", "conv2d.bias"]);
});

test("conv1d is a convolution of sequences", async ({ rng }) => {
  const module = conv1d(3, 2, 3, { padding: 1 });
  const [x, w] = [random64(rng, [2, 2, 7]), random64(rng, [3, 2, 3])];
  const asImage = (a: Array64) => reshape64(a, [...a.shape.slice(0, 2), 1, a.shape[2] ?? 1]);
  const y = conv64(asImage(x), asImage(w), [{}, { padding: [1, 1] }]);

  const got = await host(module.forward(device(x), module.toTree([device(w)])));
  assertClose(got, reshape64(y, [2, 3, 7]), FLOAT32);
});

test("the norm of a convolution is taps sqrt(in/out) times the largest of a tap", async ({
  rng,
}) => {
  const module = compose(conv2d(3, 2, 3), conv2d(2, 2, [1, 2]));
  const tree = drawTree(rng, module);
  const hosts = await Promise.all(module.toList(tree).map(host));
  const expected = hosts.map((w) => {
    const [out = 1, fanIn = 1, height = 1, width = 1] = w.shape;
    return height * width * Math.sqrt(fanIn / out) * Math.max(...taps(w).map(largest));
  });

  assertClose(await module.weightNorms(tree).read(), expected, FLOAT32);
  assertSame(conv2d(3, 2, 3).entries[0]?.norm === conv2d(5, 4, 2).entries[0]?.norm, true);
});

test("groups are measured one by one, any norm of matrices tap by tap", async ({ rng }) => {
  const w = random64(rng, [4, 2, 1, 2]);
  const norms = async (module: Module) => {
    return (await module.weightNorms(module.toTree([device(w)])).read())[0] ?? NaN;
  };
  const [first, second] = slices(reshape64(w, [2, 2, 2, 1, 2]));
  if (!first || !second) throw new Error("no groups");
  const blocks = [...taps(first), ...taps(second)].map(largest);
  const size = (x: Array64) => Math.hypot(...x.data);

  assertClose(await norms(conv2d(4, 4, [1, 2], { groups: 2 })), 2 * Math.max(...blocks), FLOAT32);
  const each = await norms(conv2d(4, 2, [1, 2], { norm: frobenius }));
  assertClose(each, 2 * Math.max(...taps(w).map(size)), FLOAT32);
  const whole = await norms(conv2d(4, 2, [1, 2], { norm: flattened(spectral) }));
  assertClose(whole, largest(reshape64(w, [4, 4])), FLOAT32);
  const scion = await norms(conv2d(4, 2, [1, 2], { norm: convScion }));
  assertClose(scion, 2 * Math.sqrt(2 / 4) * largest(reshape64(w, [4, 4])), FLOAT32);
});

test("weights start on the boundary of their ball, whatever the radius", async () => {
  const module = compose(
    linear(4, 6, { norm: maxAbs, radius: 3000 }), flatten(),
    conv2d(6, 4, 3, { radius: 0.5, bias: { radius: 8 } }),
    conv2d(4, 4, 2, { groups: 2, norm: spectral }), gain(4, { axis: 1 }), bias(4, { axis: 1 }),
  );
  const weights = module.initialize(makeRng(1));
  const [shift, factor, grouped, kernel, offset, head] = module.toList(weights) as Tensor[];
  const read = async (x: Tensor | undefined) => (x ? await host(x) : array64([0], []));

  assertClose(await module.weightNorms(weights).read(), [0, 1, 1, 1, 0, 1], FLOAT32);
  assertSame([...(await read(shift)).data, ...(await read(factor)).data], [0, 0, 0, 0, 1, 1, 1, 1]);
  assertClose((await read(head)).data.map(Math.abs), Array(24).fill(3000), FLOAT32);
  const cone = taps(await read(kernel)).map(largest);
  assertClose(cone, Array(9).fill((0.5 * Math.sqrt(6 / 4)) / 9), FLOAT32);
  assertSame([grouped?.shape, offset?.shape], [[4, 2, 2, 2], [6]]);
});

test("an update of a weight with a radius is that much larger", async ({ rng }) => {
  const [plain, wide] = [linear(3, 4), linear(3, 4, { radius: 50 })];
  const grads = drawTree(rng, plain);
  const [a, b] = [plain, wide].map((m) => m.toList(m.dualize(grads, 2, CONVERGED))[0] as Tensor);
  if (!a || !b) throw new Error("no update");
  const expected = await host(a);

  assertClose(await host(b), array64(expected.shape, expected.data.map((v) => 50 * v)), FLOAT32);
  assertSame([wide.sensitivity, wide.certified], [1, true]);
  const [first, second] = [linear(3, 3, { radius: 2 }), linear(5, 5, { radius: 2 })];
  assertSame(first.entries[0]?.norm === second.entries[0]?.norm, true); // worked on together
});

test("bias and gain work along an axis, and their duality maps are those of vectors", async ({
  rng,
}) => {
  const [x, v] = [random64(rng, [2, 3, 4]), random64(rng, [3])];
  const run = async (m: Module) => await host(m.forward(device(x), m.toTree([device(v)])));
  const by = (f: (a: number, b: number) => number) => {
    return array64(x.shape, x.data.map((e, i) => f(e, v.data[Math.floor(i / 4) % 3] ?? NaN)));
  };

  assertClose(await run(bias(3, { axis: 1 })), by((a, b) => a + b), FLOAT32);
  assertClose(await run(gain(3, { axis: 1 })), by((a, b) => a * b), FLOAT32);
  const signs = gain(3).dualize(gain(3).toTree([device(v)]));
  const [d] = gain(3).toList(signs);
  if (!d) throw new Error("no update");
  assertClose(await host(d), array64([3], v.data.map(Math.sign)), { rtol: 0, atol: 0 });
  const [unit] = bias(3).toList(bias(3).dualize(bias(3).toTree([device(v)])));
  if (!unit) throw new Error("no update");
  const size = Math.hypot(...v.data) / Math.sqrt(3);
  assertClose(await host(unit), array64([3], v.data.map((e) => e / size)), FLOAT32);
});

test("heads have a matrix each, every one dualized on its own", async ({ rng }) => {
  const [x, w] = [random64(rng, [2, 5, 4]), random64(rng, [3, 2, 4])];
  const module = headLinear(3, 2, 4);
  const tree = module.toTree([device(w)]);
  const flat = linear(6, 4);
  const split = compose(splitHeads(3), flat);
  const [update] = module.toList(module.dualize(tree, 1, CONVERGED));
  if (!update) throw new Error("no update");

  const expected = split.forward(device(x), flat.toTree([device(reshape64(w, [6, 4]))]));
  assertClose(await host(module.forward(device(x), tree)), await host(expected), FLOAT32);
  for (const [i, got] of slices(await host(update)).entries()) {
    const polar = polar64(slices(w)[i] ?? w);
    assertClose(got, array64([2, 4], polar.data.map((e) => e * Math.sqrt(2 / 4))), FLOAT32);
  }
  const norms = slices(w).map((h) => Math.sqrt(4 / 2) * largest(h));
  assertClose(await module.norm(tree).item(), Math.max(...norms), FLOAT32);
});

test("groups have a matrix each and an input each", async ({ rng }) => {
  const [x, w] = [random64(rng, [2, 3, 5, 4]), random64(rng, [3, 2, 4])];
  const module = groupedLinear(3, 2, 4);
  const got = slices(await host(module.forward(device(x), module.toTree([device(w)]))));
  for (const [n, y] of got.entries()) {
    for (const [g, part] of slices(y).entries()) {
      const [input, weight] = [slices(slices(x)[n] ?? x)[g], slices(w)[g]];
      if (!input || !weight) throw new Error("no group");
      assertClose(part, matmul64(input, transpose64(weight)), FLOAT32);
    }
  }
});

/** A model whose head is its embedding, with a number after the head. */
function tiedModel(factor = 1): Module {
  const table = tie(signOverFanIn);
  return compose(
    scale(factor, named("head", linear(5, 3, { tie: table }))), relu(), linear(3, 3),
    named("embedding", embed(3, 5, { tie: table })),
  );
}

test("a tied weight is in the tree once, and its gradient is the sum over its uses", async ({
  rng,
}) => {
  const module = tiedModel();
  const weights = drawTree(rng, module);
  const [table, middle] = module.toList(weights) as [Tensor, Tensor];
  const ids = tensor(Int32Array.from([0, 3, 4, 3]), { shape: [4] });
  const cot = draw(rng, [4, 5]);
  const { value, grads } = valueAndGrad((w: Weights) => {
    return sum(mul(module.forward(ids, w), cot));
  })(weights);
  const plain = valueAndGrad((w: { head: Tensor; embedding: Tensor }) => {
    const h = matmul(embedding(w.embedding, ids), transpose(middle));
    return sum(mul(matmul(relu().forward(h, {}), transpose(w.head)), cot));
  })({ head: table, embedding: table });

  assertSame(module.weightPaths, ["embedding.weight", "linear.weight"]);
  assertSame(module.uses.map(({ path, index }) => `${path} ${index}`),
    ["embedding.weight 0", "linear.weight 1", "head.weight 0"]);
  assertClose(await value.item(), await plain.value.item(), FLOAT32);
  const [got] = module.toList(grads);
  if (!got) throw new Error("no gradient");
  const both = add(plain.grads.head, plain.grads.embedding);
  assertClose(await host(got), await host(both), FLOAT32);
});

test("the share of a tied weight is the sum of fractions over the sum of sensitivities", () => {
  const shares = (m: Module) => m.entries.map(({ share }) => share);
  const EXACT = { rtol: 1e-12, atol: 0 };

  assertSame([tiedModel().mass, tiedModel().atoms], [3, 3]);
  assertClose(shares(tiedModel()), [2 / 3 / 2, 1 / 3], EXACT);
  // Behind the head there is the factor 4; behind the embedding as well.
  assertClose(shares(tiedModel(4)), [2 / 3 / 8, 1 / 3 / 4], EXACT);
  const table = tie(signOverFanIn);
  const uneven = compose(
    linear(5, 3, { tie: table, mass: 3 }),
    scale(4, named("embedding", embed(3, 5, { tie: table }))),
  );
  assertClose(shares(uneven), [1 / (1 + 4)], EXACT); // the 4 comes after the embedding only
  const copies = power(linear(3, 3, { tie: tie(rmsToRms) }), 3);
  assertSame(copies.weightPaths, ["0.weight"]);
  const frozen = compose(withMass(linear(5, 3, { tie: table }), 0), embed(3, 5, { tie: table }));
  assertClose(shares(frozen), [1 / 2], EXACT);
});

test("the summary counts a tied weight once", () => {
  const lines = summary(tiedModel()).split("\n");

  assertSame(lines[1]?.includes(" 24 "), true); // 15 + 9
  assertSame(lines.filter((line) => line.endsWith("(tied)")).length, 2);
});

test("convolutions know their channels", ({ rng }) => {
  const net = compose(linear(2, 8), globalAvgPool(), relu(), conv2d(8, 3, 2));
  const refuses = (body: () => unknown, text: string) => assertThrows(body, "ShapeError", text);

  assertSame(net.forward(draw(rng, [2, 3, 4, 4]), net.initialize(makeRng(1))).shape, [2, 2]);
  refuses(() => compose(named("body", conv2d(4, 6, 1)), named("stem", conv2d(8, 3, 2))),
    "compose: modules do not fit: body takes 6 channels, is given 8 channels.");
  refuses(() => compose(linear(2, 8), conv2d(8, 3, 2)),
    "linear takes width 8, is given 8 channels");
  refuses(() => conv2d(8, 3, 2).forward(draw(rng, [2, 4, 4, 4]), conv2d(8, 3, 2)
    .initialize(makeRng(1))), "conv2d takes [batch, 3, height, width], is given [2, 4, 4, 4].");
  refuses(() => headLinear(2, 3, 4).forward(draw(rng, [2, 3]), headLinear(2, 3, 4)
    .initialize(makeRng(1))), "headLinear takes [..., 4], is given [2, 3].");
  refuses(() => groupedLinear(2, 3, 4).forward(draw(rng, [3, 2, 4]), groupedLinear(2, 3, 4)
    .initialize(makeRng(1))), "groupedLinear takes [..., 2, seq, 4], is given [3, 2, 4].");
  refuses(() => gain(3, { axis: 1 }).forward(draw(rng, [2, 2, 3]), gain(3)
    .initialize(makeRng(1))), "gain takes 3 features along axis 1, is given [2, 2, 3].");
});

test("options that make no sense are refused, naming the weight", () => {
  const refuses = (name: string, body: () => unknown, text: string) => {
    assertThrows(body, name, text);
  };
  const label = "head";
  refuses("RangeError", () => linear(2, 2, { radius: 0, label }),
    "atom: the radius is not positive: 0 for head.weight.");
  refuses("RangeError", () => linear(2, 2, { bias: { radius: -1 }, label }),
    "atom: the radius is not positive: -1 for head.bias.");
  refuses("RangeError", () => conv2d(2, 2, 3, { radius: NaN }), "NaN for conv2d.weight.");
  refuses("RangeError", () => linear(2, 2, { tie: tie(rmsToRms), norm: maxAbs, label }),
    "atom: two norms for one weight: head.weight");
  refuses("ShapeError", () => linear(2, 2, { norm: rms, label }), "head.weight is [2, 2].");
  refuses("ShapeError", () => linear(2, 2, { norm: convRmsToRms }), "linear.weight is [2, 2].");
  refuses("ShapeError", () => conv1d(2, 2, 3, { norm: convRmsToRms }),
    "conv1d.weight is [2, 2, 3]");
  refuses("ShapeError", () => gain(3, { norm: maxAbs }), "gain.weight is [3].");
  refuses("ShapeError", () => conv2d(4, 3, 1, { groups: 2, label }),
    "atom: groups do not divide the channels: head takes 3 to 4 in 2.");
  const table = tie(rmsToRms);
  const uneven = compose(linear(3, 4, { tie: table }), linear(4, 5, { tie: table }));
  refuses("ShapeError", () => uneven.initialize(makeRng(1)),
    "tie: tied weights differ in shape: linear_1.weight is [3, 4], linear_0.weight is [4, 5].");
});

test("weights may start at zero", async () => {
  const head = linear(3, 4, { start: "zeros" });
  const [w] = head.toList(head.initialize(makeRng(1)));

  assertSame([...await w?.read() ?? []].every((v) => v === 0), true);
});

test.run();
