import * as assert from "uvu/assert";
import { rng as makeRng, tensor } from "../../autograd/index.ts";
import { ATOMS_2024, compose, conv2024, embed, linear, linear2024, named, normalize, powerVectors,
  regularize, relu, resCnn, scale, withMass } from "../../nn/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { singularValues64 } from "../reference.ts";
import { assertThrows, drawTree, host } from "./helpers.ts";

const test = suite("normalize");

test("an update gets the norm dualize would give it, and keeps its direction", async ({ rng }) => {
  const module = compose(scale(3, linear(2, 4)), relu(), linear(4, 5, { bias: true }));
  const grads = drawTree(rng, module);
  const { updates, vectors } = normalize(module, grads, 0.5);
  const norms = await module.weightNorms(updates).read();
  const [before, after] = await Promise.all([grads, updates].map((tree) => {
    return host(module.toList(tree)[0] as Parameters<typeof host>[0]);
  })) as [Awaited<ReturnType<typeof host>>, Awaited<ReturnType<typeof host>>];

  const targets = module.entries.map(({ share }) => 0.5 * share);
  assertClose(norms, targets, { rtol: 2e-5, atol: 0 }); // the norm is an iteration
  const factor = (after.data[0] ?? NaN) / (before.data[0] ?? NaN);
  assertClose(after, before.data.map((x) => factor * x), { rtol: 1e-5, atol: 1e-7 });
  assert.equal(vectors, {});
});

test("zero updates stay zero, frozen weights get none, NaN stays NaN", async () => {
  const module = compose(named("a", withMass(linear(1, 2), 0)), named("b", linear2024(2, 2)));
  const zero = { a: { weight: tensor([1, 2], { shape: [1, 2] }) },
    b: { weight: tensor([0, 0, 0, 0], { shape: [2, 2] }) } };
  const vectors = powerVectors(module, makeRng(1));
  const once = normalize(module, zero, 1, { vectors });
  const bad = { ...zero, b: { weight: tensor([NaN, 0, 0, 0], { shape: [2, 2] }) } };
  const nan = normalize(module, bad, 1, { vectors }).updates;

  for (const w of module.toList(once.updates)) {
    assert.ok((await w.read()).every((x) => x === 0), "zeros");
  }
  assertClose(await host(once.vectors["b.weight"]!), // it is there
    (await host(vectors["b.weight"]!)).data, { rtol: 0, atol: 0 });
  assert.ok((await module.toList(nan)[0]!.read()).every(Number.isNaN), "all NaN");
});

test("the persistent power iteration finds the norm from below", async ({ rng }) => {
  const module = linear2024(4, 3);
  const grads = drawTree(rng, module);
  let vectors = powerVectors(module, makeRng(2));
  const tops: number[] = [];
  for (let t = 0; t < 12; t++) {
    const step = normalize(module, grads, 1, { vectors });
    ({ vectors } = step);
    tops.push(singularValues64(await host(module.toList(step.updates)[0]!))[0] ?? NaN);
  }

  assert.ok(tops.every((top, t) => top > 0.99999 && top <= (tops[t - 1] ?? Infinity) * 1.00001));
  assertClose(tops.at(-1) ?? NaN, 1, { rtol: 1e-2, atol: 0 });
});

test("every tap of a scaled convolution has the target as its norm", async ({ rng }) => {
  const module = conv2024(3, 2, 2);
  const { updates } = normalize(module, drawTree(rng, module), 2, {
    vectors: powerVectors(module, makeRng(3)),
  });
  const { data } = await host(module.toList(updates)[0]!);
  const tap = Float64Array.from({ length: 6 }, (_, i) => data[4 * i] ?? NaN);

  const [top = NaN] = singularValues64({ shape: [3, 2], data: tap });
  assert.ok(top >= 1.9999 && top < 4, `${top}`); // one iteration is a lower bound
  assertClose(await module.norm(module.initialize(makeRng(1))).item(), 1, { rtol: 1e-4, atol: 0 });
});

test("regularize decays by the share and keeps the rows of tables at norm one", async () => {
  const module = compose(linear(1, 2), embed(2, 1));
  const weights = { linear: { weight: tensor([1, 2], { shape: [1, 2] }) },
    embed: { weight: tensor([3, 4], { shape: [1, 2] }) } };
  const list = module.toList(regularize(module, weights, 0.5));

  const size = 5 / Math.SQRT2; // rows of RMS one
  assertClose(await list[0]!.read(), [3 / size, 4 / size], { rtol: 1e-6, atol: 0 });
  assertClose(await list[1]!.read(), [0.75, 1.5], { rtol: 1e-6, atol: 0 });
});

test("a target that is not finite is refused", () => {
  assertThrows(() => normalize(linear(1, 1), {}, NaN), "RangeError", "NaN");
});

test("the compounds of 2024 have masses of their parts", () => {
  const { mass, sensitivity, weightPaths } = resCnn({
    output: 2, input: 3, width: 4, blocks: 1, depth: 2, atoms: ATOMS_2024,
  });

  assertClose([mass, sensitivity], [22, 1], { rtol: 1e-12, atol: 0 });
  assert.is(weightPaths[0], "stem.weight");
});

test.run();
