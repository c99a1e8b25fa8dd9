// What holds for every optimizer: scales, zeros, and gradients that are not finite.

import * as assert from "uvu/assert";
import { NonFiniteError, accumulate, mean, mul, scale, scope, square, sub, sum, tensor, treeLeaves,
  valueAndGrad } from "../../autograd/index.ts";
import type { Tensor } from "../../autograd/index.ts";
import { suite } from "../harness.ts";
import { array64, map64 } from "../reference.ts";
import { assertRejects } from "../throws.ts";
import { family, scaleFree, shapesOf } from "./family.ts";
import type { Make } from "./family.ts";
import { assertTree, mapTree, onDevice, randomTree, read64 } from "./trees.ts";
import type { FlatTree, Tree64 } from "./trees.ts";

const test = suite("all optimizers");

// The weights after some gradients, times a factor.
async function after(
  make: Make, start: Tree64, grads: readonly Tree64[], factor = 1,
): Promise<Tree64> {
  using optimizer = make({});
  const weights = onDevice(start);
  for (const g of grads) {
    scope(() => optimizer.step(weights, mapTree(onDevice(g), (x) => scale(x, factor))));
  }
  return read64(weights);
}

for (const [name, make] of Object.entries(scaleFree)) {
  test(`${name} does not depend on the scale of gradients, from 1e-20 to 1e20`, async ({ rng }) => {
    const start = randomTree(rng, shapesOf(name));
    const grads = Array.from({ length: 3 }, () => randomTree(rng, shapesOf(name)));
    const expected = await after(make, start, grads);

    // Powers of two: only where an exponential or a root of the scale is taken do roundings differ.
    for (const factor of [2 ** -66, 2 ** 66]) {
      const got = await after(make, start, grads, factor);
      await assertTree(onDevice(got), expected, { rtol: 1e-5, atol: 1e-5 });
    }
  });
}

for (const [name, make] of Object.entries(family)) {
  test(`${name}: zero gradients give no NaN, before others and after`, async ({ rng }) => {
    const shapes = shapesOf(name);
    const zero = randomTree(rng, shapes, 0);
    const grads = [zero, zero, randomTree(rng, shapes), randomTree(rng, shapes), zero];
    const got = await after(make, randomTree(rng, shapes), grads);

    for (const { data } of Object.values(got)) assert.ok(data.every(Number.isFinite), name);
  });

  test(`${name}: a gradient that is not finite changes nothing, and is named`, async ({ rng }) => {
    const shapes = shapesOf(name);
    using optimizer = make({ onNonFinite: "skip" });
    const weights = onDevice(randomTree(rng, shapes));
    for (let t = 0; t < 2; t++) {
      scope(() => optimizer.step(weights, onDevice(randomTree(rng, shapes))));
    }
    const before = [await read64(weights), await numbers(optimizer.state.trees)];
    const bad = [NaN, Infinity, -Infinity];
    for (const value of bad) {
      const grads: Record<string, Tree64[string]> = { ...randomTree(rng, shapes) };
      const { tall } = grads;
      grads["tall"] = array64([4, 3], map64(tall ?? array64([0], []), (x) => x).data.map(
        (x, i) => (i === 11 ? value : x),
      ));
      scope(() => optimizer.step(weights, onDevice(grads)));
    }

    assert.equal([await read64(weights), await numbers(optimizer.state.trees)], before);
    assert.equal(await optimizer.refusals(), { tall: 5 });
  });
}

async function numbers(trees: Readonly<Record<string, unknown>>): Promise<unknown> {
  const lists = Object.entries(trees).map(async ([name, tree]) => {
    const leaves = treeLeaves(tree as FlatTree);
    return [name, await Promise.all(leaves.map(async (t) => [...await t.read()]))] as const;
  });
  return Object.fromEntries(await Promise.all(lists));
}

test("the next read names the weight and the step, once; then it goes on", async ({ rng }) => {
  using optimizer = family["adam"]?.({}) as ReturnType<Make>;
  const start = randomTree(rng, { a: [3], b: [2, 2] });
  const weights = onDevice(start);
  const grads = { a: tensor([1, 2, 3]), b: tensor([[1, 2], [NaN, 4]]) };
  optimizer.step(weights, grads);

  await assertRejects(
    (weights["a"] as Tensor).read(), NonFiniteError,
    "adam: a gradient is not finite: b at step 1. The step was refused: look at the batch, or "
      + "lower the rate.",
  );
  assert.equal(await read64(weights), start);
  optimizer.step(weights, { a: tensor([1, 2, 3]), b: tensor([[1, 2], [3, 4]]) });
  assert.not.equal(await read64(weights), start);
  assert.equal(await optimizer.refusals(), {});
});

test("gradients of any layout and number are looked at", async ({ rng }) => {
  const paths = Array.from({ length: 14 }, (_, i) => `w${String(i).padStart(2, "0")}`);
  for (const at of [0, 5, 6, 13]) {
    using optimizer = family["sgd"]?.({ onNonFinite: "skip" }) as ReturnType<Make>;
    const tree = randomTree(rng, Object.fromEntries(paths.map((path) => [path, [17]])));
    const path = paths[at] as string;
    const grads = { ...onDevice(tree), [path]: tensor([...Array<number>(16).fill(0), Infinity]) };
    optimizer.step(onDevice(tree), grads);

    assert.equal(await optimizer.refusals(), { [path]: 1 });
  }
});

// The mean over the batch of a square loss for every element of every weight.
function lossOf(weights: FlatTree, x: Tensor): Tensor {
  const parts = Object.values(weights).map((w) => {
    return sub(mul(sum(square(w)), mean(square(x))), mul(sum(w), mean(scale(x, 2))));
  });
  return parts.reduce((all, part) => sub(all, scale(part, -1)));
}

test("microbatches make the step of one batch, for every optimizer", async ({ rng }) => {
  // SOAP takes a rounding for a gradient where it has none in its bases: in the directions that a
  // matrix of low rank lacks, and off the diagonal as long as the gradient stays the same.
  const data = [0, 1].map(() => Array.from({ length: 8 }, () => rng.normal()));
  for (const [name, make] of Object.entries(family)) {
    const start = randomTree(rng, name === "soap" ? { square: [3, 3] } : shapesOf(name));
    const [a, b] = [onDevice(start), onDevice(start)];
    using whole = make({});
    using parts = make({});
    for (const x of data) {
      scope(() => whole.step(a, valueAndGrad(lossOf)(a, tensor(x)).grads as FlatTree));
      const batches = [0, 2, 4, 6].map((i) => tensor(x.slice(i, i + 2)));
      scope(() => parts.step(b, accumulate(lossOf)(b, batches).grads as FlatTree));
    }

    // roundings of the means, through quotients of small gradients
    await assertTree(b, await read64(a), { rtol: 1e-3, atol: 1e-3 });
  }
}, { seconds: 60 });

test.run();
