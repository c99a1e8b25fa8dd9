import * as assert from "uvu/assert";
import { mul, rng as makeRng, scale, scope, sub, sum, tensor, treeMap, treePaths } from
  "../../autograd/index.ts";
import type { Tensor, Tree } from "../../autograd/index.ts";
import { CONVERGED, WITHIN_ONE, compose, embed, linear, relu, withMass } from "../../nn/index.ts";
import { linearDecay, modularDescent } from "../../optim/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { polar64, zip64 } from "../reference.ts";
import type { Array64 } from "../reference.ts";
import type { TestRng } from "../rng.ts";
import { Memory64, assertFollows, read64 } from "./trees.ts";
import type { FlatTree, Reference } from "./trees.ts";

const test = suite("modularDescent");

const module = compose(
  linear(3, 5, { label: "head", bias: true }), relu(), linear(5, 8, { label: "hidden" }),
  embed(8, 4, { label: "table" }),
);
const shapes = Object.fromEntries(module.entries.map(({ path, shape }) => [path, shape]));

// The flat trees of a trajectory as the module's, and a step of the one as a step of the other.
function nested(tree: FlatTree): Tree {
  return module.toTree(module.weightPaths.map((path) => tree[path] as Tensor));
}

function rows64(x: Array64, f: (row: number[]) => number[]): Array64 {
  const width = x.shape.at(-1) ?? 1;
  const rows = Array.from({ length: x.data.length / width }, (_, i) => {
    return f([...x.data.slice(i * width, (i + 1) * width)]);
  });
  return { shape: x.shape, data: Float64Array.from(rows.flat()) };
}

const unitRms = (row: number[]): number[] => {
  const rms = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0) / row.length);
  return row.map((x) => (rms === 0 ? 0 : x / rms));
};

// The duality map as the spec has it; shares are of mass 4, all sensitivities are one.
function dual64(path: string, x: Array64): Array64 {
  if (path === "table.weight" || path === "head.bias") return rows64(x, unitRms);
  const [m = 1, n = 1] = x.shape;
  return { shape: x.shape, data: polar64(x).data.map((v) => v * Math.sqrt(m / n)) };
}

function randomGrads(rng: TestRng, size = 1): Tree {
  const draw = (shape: readonly number[]): Tensor => {
    const count = shape.reduce((n, d) => n * d, 1);
    return tensor(Float32Array.from({ length: count }, () => rng.normal() * size), { shape });
  };
  return module.toTree(module.entries.map(({ shape }) => draw(shape)));
}

function inner(a: Tree, b: Tree): Promise<number> {
  const parts = module.toList(a).map((x, i) => sum(mul(x, module.toList(b)[i] as Tensor)));
  return parts.reduce(async (total, part) => (await total) + await part.item(), Promise.resolve(0));
}

const copy = (tree: Tree): Tree => treeMap((t) => scale(t, 1), tree) as Tree;
const difference = (a: Tree, b: Tree): Tree => treeMap((x, y) => sub(x, y), a, b) as Tree;

test("averages, dualizes by norm and share, and decays the old weight", async ({ rng }) => {
  const options = { lr: 0.25, momentum: 0.75, weightDecay: 0.5, polar: CONVERGED };
  using optimizer = modularDescent(module, { ...options, schedule: linearDecay({ total: 8 }) });
  const memory = new Memory64();
  const reference: Reference = (w, g, t, path) => {
    const m = memory.update(path, g, (before, x) => 0.75 * before + 0.25 * x);
    const rate = 0.25 * (1 - (t - 1) / 8);
    return zip64(w, dual64(path, m), (x, d) => (1 - rate * 0.5) * x - (rate / 4) * d);
  };
  const flat = {
    step: (w: FlatTree, g: FlatTree) => optimizer.step(nested(w), nested(g)),
  };

  // The polar factor amplifies float32 by the condition of the average gradient, here below 50.
  await assertFollows(rng, {
    optimizer: flat, reference, shapes, tolerance: { rtol: 1e-4, atol: 1e-4 },
  });
});

test("Nesterov averages once more with the newest gradient", async ({ rng }) => {
  using optimizer = modularDescent(module, { nesterov: true, polar: CONVERGED });
  const memory = new Memory64();
  const reference: Reference = (w, g, _, path) => {
    const m = memory.update(path, g, (before, x) => 0.95 * before + 0.05 * x);
    const ahead = zip64(g, m, (x, y) => 0.05 * x + 0.95 * y);
    return zip64(w, dual64(path, ahead), (x, d) => x - (0.1 / 4) * d);
  };
  const flat = {
    step: (w: FlatTree, g: FlatTree) => optimizer.step(nested(w), nested(g)),
  };

  await assertFollows(rng, {
    optimizer: flat, reference, shapes, tolerance: { rtol: 1e-4, atol: 1e-4 },
  });
});

test("a step is lr times the module's duality map", async ({ rng }) => {
  using optimizer = modularDescent(module, { lr: 0.5 });
  const weights = module.initialize(makeRng(1));
  const before = copy(weights);
  const grads = randomGrads(rng);
  optimizer.step(weights, grads);

  const moved = treePaths(difference(before, weights));
  const expected = new Map(treePaths(module.dualize(grads, 0.5, WITHIN_ONE)));
  for (const [path, x] of moved) {
    // weights of size 1 are subtracted from one another: some of their ulps
    const want = await (expected.get(path) as Tensor).read();
    assertClose(await x.read(), want, { rtol: 0, atol: 2e-6 });
  }
});

test("project sets what moved to norm one, as the module does", async ({ rng }) => {
  const [grads, started] = [randomGrads(rng), module.initialize(makeRng(4))];
  const run = (project: boolean): Tree => {
    using optimizer = modularDescent(module, { lr: 0.5, project });
    const weights = copy(started);
    optimizer.step(weights, grads);
    return weights;
  };
  const expected = new Map(treePaths(module.project(run(false))));

  for (const [path, x] of treePaths(run(true))) {
    assertClose(await x.read(), await (expected.get(path) as Tensor).read(),
      { rtol: 0, atol: 1e-6 });
  }
});

test("a step has modular norm lr and attains the dual norm", async ({ rng }) => {
  using optimizer = modularDescent(module, { lr: 0.5, polar: CONVERGED });
  const weights = module.initialize(makeRng(2));
  const before = copy(weights);
  const grads = randomGrads(rng);
  optimizer.step(weights, grads);
  const moved = difference(before, weights);

  const dual = await module.dualNorm(grads).item();
  assertClose(await module.norm(moved).item(), 0.5, { rtol: 1e-4, atol: 0 });
  assertClose(await inner(moved, grads), 0.5 * dual, { rtol: 1e-4, atol: 0 });
});

test("every weight gets its share of the step", async ({ rng }) => {
  using optimizer = modularDescent(module, { lr: 0.5, polar: CONVERGED });
  const weights = module.initialize(makeRng(3));
  const before = copy(weights);
  optimizer.step(weights, randomGrads(rng));

  const sizes = await module.weightNorms(difference(before, weights)).read();
  assertClose(sizes, [0.125, 0.125, 0.125, 0.125], { rtol: 1e-4, atol: 0 });
});

test("the scale of the gradients does not matter, to the bit by powers of two", async ({ rng }) => {
  const start = module.initialize(makeRng(4));
  const grads = [randomGrads(rng), randomGrads(rng), randomGrads(rng)];
  const run = async (factor: number): Promise<unknown> => {
    using optimizer = modularDescent(module);
    const weights = copy(start);
    for (const g of grads) {
      scope(() => optimizer.step(weights, treeMap((x) => scale(x, factor), g) as Tree));
    }
    return read64(Object.fromEntries(treePaths(weights)));
  };
  const expected = await run(1);

  assert.equal(await run(2 ** -66), expected); // 1.4e-20
  assert.equal(await run(2 ** 66), expected);
});

test("zero gradients change nothing", async ({ rng }) => {
  using optimizer = modularDescent(module);
  const weights = module.initialize(makeRng(5));
  const before = await read64(Object.fromEntries(treePaths(weights)));
  const zero = randomGrads(rng, 0);
  for (let t = 0; t < 3; t++) optimizer.step(weights, zero);

  assert.equal(await read64(Object.fromEntries(treePaths(weights))), before);
});

test("weights of mass zero stay as they are and take no memory", async ({ rng }) => {
  const still = withMass(linear(4, 2, { label: "in" }), 0);
  const frozen = compose(linear(3, 4, { label: "out" }), still);
  using optimizer = modularDescent(frozen, { weightDecay: 1 });
  const weights = frozen.initialize(makeRng(6));
  const before = await read64(Object.fromEntries(treePaths(weights)));
  const grads = treeMap((t) => tensor(Float32Array.from({ length: t.size }, () => rng.normal()), {
    shape: t.shape,
  }), weights) as Tree;
  optimizer.step(weights, grads);
  const after = await read64(Object.fromEntries(treePaths(weights)));

  assert.equal(optimizer.routes(weights), { "in.weight": "frozen", "out.weight": "dualized" });
  assert.equal(after["in.weight"], before["in.weight"]);
  assert.not.equal(after["out.weight"], before["out.weight"]);
  const paths = treePaths(optimizer.state.trees["momentum"] as Tree).map(([path]) => path);
  assert.equal(paths, ["out.weight"]);
});

test("matrices of one shape, or its transpose, share one iteration", ({ device }) => {
  const count = (layers: number): number => {
    const list = Array.from({ length: layers }, (_, i) => {
      return i % 2 === 0 ? linear(4, 6, { label: `l${i}` }) : linear(6, 4, { label: `l${i}` });
    });
    const tower = compose(...list);
    using optimizer = modularDescent(tower);
    const weights = tower.initialize(makeRng(7));
    const before = device.counts.dispatches;
    optimizer.step(weights, weights);
    return device.counts.dispatches - before;
  };

  // One more layer: zeros for its state, average, stack, scale, step; an iteration takes 18.
  assert.ok(count(6) - count(2) <= 4 * 5);
});

test("parameters of another module are refused", ({ rng }) => {
  using optimizer = modularDescent(module);
  const weights = module.initialize(makeRng(8)) as Record<string, Tree>;
  const grads = randomGrads(rng) as Record<string, Tree>;
  const step = (extra: Record<string, Tree>, without: string): void => {
    const change = (tree: Record<string, Tree>): Tree => {
      const rest = Object.entries(tree).filter(([name]) => name !== without);
      return { ...Object.fromEntries(rest), ...extra };
    };
    optimizer.step(change(weights), change(grads));
  };

  assert.throws(
    () => step({ other: tensor([1]) }, ""),
    /^modularDescent: no rule for a parameter: other\. Make the optimizer with the module /,
  );
  assert.throws(
    () => step({}, "hidden"),
    /^modularDescent: a parameter is missing: hidden\.weight\. Step the module's whole tree\.$/,
  );
  assert.throws(
    () => step({ hidden: { weight: tensor([[1]]) } }, "hidden"),
    new RegExp("^modularDescent: a parameter has another shape than in the module: hidden\\.weight "
      + "is \\[1, 1\\], should be \\[5, 8\\]\\. Check which module the tree was made for\\.$"),
  );
  assert.throws(
    () => modularDescent(null as unknown as typeof module),
    /^modularDescent: not a module: null\. Give the module that the parameters belong to\.$/,
  );
  assert.throws(
    () => modularDescent(module, { momentum: -0.1 }),
    /^modularDescent: momentum is out of range: -0\.1\. Use a number in \[0, 1\)\.$/,
  );
});

test.run();
