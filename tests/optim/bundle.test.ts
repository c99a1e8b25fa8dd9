// Small weights that move as one: nothing of it shows but the number of dispatches.

import * as assert from "uvu/assert";
import { currentDevice, scope, slice, tensor, transpose, zeros } from "../../autograd/index.ts";
import type { Tensor } from "../../autograd/index.ts";
import { adagrad, adam, adamw, lion, rmsprop, sgd, signSgd, signum } from "../../optim/index.ts";
import type { CommonOptions, Optimizer } from "../../optim/index.ts";
import { suite } from "../harness.ts";
import { family, shapesOf } from "./family.ts";
import { onDevice, randomTree, read64 } from "./trees.ts";
import type { FlatTree, Shapes, Tree64 } from "./trees.ts";

const test = suite("weights moved as one");

const lr = 0.125;
const makers: Readonly<Record<string, (more?: CommonOptions) => Optimizer>> = {
  sgd: (more) => sgd({ lr, ...more }),
  momentum: (more) => sgd({ lr, momentum: 0.9, nesterov: true, weightDecay: 0.1, ...more }),
  adam: (more) => adam({ lr, amsgrad: true, weightDecay: 0.1, ...more }),
  adamw: (more) => adamw({ lr, ...more }),
  rmsprop: (more) => rmsprop({ lr, centered: true, momentum: 0.5, ...more }),
  adagrad: (more) => adagrad({ lr, start: 0.5, rateDecay: 0.1, ...more }),
  lion: (more) => lion({ lr, weightDecay: 0.1, ...more }),
  signSgd: (more) => signSgd({ lr, ...more }),
  signum: (more) => signum({ lr, ...more }),
};

// Small ones of odd sizes, and one that is too large.
const SHAPES: Shapes = {
  a: [7], b: [3, 5], c: [4], d: [2, 3, 2], e: [1], f: [128, 96], g: [6, 4],
};

const STEPS = 3;

async function together(make: () => Optimizer, start: Tree64, grads: readonly Tree64[]) {
  using optimizer = make();
  const weights = onDevice(start);
  for (const g of grads) scope(() => optimizer.step(weights, onDevice(g)));
  return [await read64(weights), await states(optimizer)];
}

// Every weight by an optimizer of its own.
async function apart(make: () => Optimizer, start: Tree64, grads: readonly Tree64[]) {
  const moved: Record<string, Tree64[string]> = {};
  const kept: Record<string, Record<string, Tree64[string]>> = {};
  for (const path of Object.keys(start)) {
    using optimizer = make();
    const only = (tree: Tree64) => onDevice({ [path]: tree[path] as Tree64[string] });
    const weights = only(start);
    for (const g of grads) scope(() => optimizer.step(weights, only(g)));
    Object.assign(moved, await read64(weights));
    for (const [name, tree] of Object.entries(await states(optimizer))) {
      kept[name] = { ...kept[name], ...tree };
    }
  }
  return [moved, kept];
}

async function states({ state }: Optimizer): Promise<Record<string, Tree64>> {
  const list = Object.entries(state.trees).map(async ([name, tree]) => {
    return [name, await read64(tree as FlatTree)] as const;
  });
  return Object.fromEntries(await Promise.all(list));
}

for (const [name, make] of Object.entries(makers)) {
  test(`${name}: weights and state have the bits of weights moved by themselves`, async (
    { rng },
  ) => {
    const start = randomTree(rng, SHAPES);
    const grads = Array.from({ length: STEPS }, () => randomTree(rng, SHAPES));

    assert.equal(await together(make, start, grads), await apart(make, start, grads));
  });

  test(`${name}: thirty small weights take few dispatches`, ({ rng }) => {
    const shapes = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`w${i}`, [i + 1]]));
    using optimizer = make();
    const [weights, grads] = [onDevice(randomTree(rng, shapes)), onDevice(randomTree(rng, shapes))];
    const { counts } = currentDevice();
    const step = () => scope(() => optimizer.step(weights, grads));
    step();
    const before = counts.dispatches;
    step();

    assert.ok(counts.dispatches - before <= 22, `${counts.dispatches - before} dispatches`);
  });
}

test("averages of other optimizers, too, and what comes after sees every weight", async (
  { rng },
) => {
  for (const name of ["normalizedSgd", "lamb"]) {
    const make = () => family[name]?.({}) as Optimizer;
    const start = randomTree(rng, shapesOf(name));
    const grads = Array.from({ length: STEPS }, () => randomTree(rng, shapesOf(name)));

    assert.equal(await together(make, start, grads), await apart(make, start, grads), name);
  }
});

test("factors of the rate hold for each weight", async ({ rng }) => {
  const shapes = { a: [3], b: [4], c: [5], d: [6], e: [7], f: [8], g: [9], h: [10] };
  const lrFactors = { e: 0.5, f: 0.5, g: 0.5, h: 0.5 };
  const start = randomTree(rng, shapes);
  const g = randomTree(rng, shapes);
  const [whole] = await together(() => signSgd({ lr, lrFactors }), start, [g]) as [Tree64];
  const moved = (path: string) => {
    const [from, to] = [start[path]?.data ?? [], whole[path]?.data ?? []];
    return [...from].map((w, i) => Math.abs(w - (to[i] ?? NaN)));
  };

  for (const x of moved("a")) assert.ok(Math.abs(x - lr) < 1e-6);
  for (const x of moved("h")) assert.ok(Math.abs(x - lr / 2) < 1e-6);
});

test("weights in any layout move in place, and those of one storage by themselves", async () => {
  const matrix = tensor([[1, 2, 3], [4, 5, 6]]);
  const shared = zeros([8]);
  const weights: FlatTree = {
    a: transpose(matrix), b: slice(shared, [[0, 4]]), c: slice(shared, [[4, 8]]), d: zeros([1]),
    e: zeros([2]), f: zeros([3]),
  };
  const grads = Object.fromEntries(Object.entries(weights).map(([path, { shape }]) => {
    return [path, zeros(shape)] as const;
  }));
  grads["a"] = tensor([[1, 2], [3, 4], [5, 6]]);
  grads["c"] = tensor([1, 1, 1, 1]);
  using optimizer = sgd({ lr: 1 });
  scope(() => optimizer.step(weights, grads));

  assert.equal([...await matrix.read()], [0, -1, -2, 2, 1, 0]);
  assert.equal([...await shared.read()], [0, 0, 0, 0, -1, -1, -1, -1]);
});

test("halves and f32 weights side by side keep their dtypes", async () => {
  const values = [1, 2, 3];
  const halves = Object.fromEntries([..."abcde"].map((path) => {
    return [path, tensor(values, { dtype: "bf16" })];
  }));
  const floats = Object.fromEntries([..."fghij"].map((path) => [path, tensor(values)]));
  const weights: FlatTree = { ...halves, ...floats };
  using optimizer = sgd({ lr: 0.5, momentum: 0.5, state: "bf16" });
  for (let t = 0; t < 2; t++) scope(() => optimizer.step(weights, weights));

  const [first] = await Promise.all(["a", "f"].map((path) => (weights[path] as Tensor).read()));
  assert.equal(weights["a"]?.dtype, "bf16");
  assert.equal([...first ?? []], [...await (weights["f"] as Tensor).read()]);
});

test.run();
