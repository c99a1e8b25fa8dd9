import * as assert from "uvu/assert";
import { scope, tensor } from "../../autograd/index.ts";
import type { Tensor, Tree } from "../../autograd/index.ts";
import { lawa, sgd, weightEma } from "../../optim/index.ts";
import type { OptimizerState, WeightAverage } from "../../optim/index.ts";
import { suite } from "../harness.ts";
import { map64, zip64 } from "../reference.ts";
import { round64 } from "../reference/half.ts";
import { assertTree, mapTree, onDevice, randomTree, read64 } from "./trees.ts";
import type { FlatTree, Shapes, Tree64 } from "./trees.ts";

const test = suite("averages of weights");

const SHAPES: Shapes = { a: [4, 3], b: [5], c: [], d: [0, 2] };
// Roundings of float32, on weights of size 1.
const TOLERANCE = { rtol: 1e-6, atol: 1e-6 };

const sum64 = (list: readonly Tree64[]): Tree64 => list.reduce((all, tree) => {
  return mapTree(all, (x, path) => zip64(x, tree[path] ?? x, (u, v) => u + v));
});
const scale64 = (tree: Tree64, by: number): Tree64 => {
  return mapTree(tree, (x) => map64(x, (v) => v * by));
};

test("the exponential average starts at the first weights", async ({ rng }) => {
  using average = weightEma({ decay: 0.75 });
  let expected: Tree64 | undefined;
  for (let t = 0; t < 5; t++) {
    const weights = randomTree(rng, SHAPES);
    expected = expected ? sum64([scale64(expected, 0.75), scale64(weights, 0.25)]) : weights;
    scope(() => average.update(onDevice(weights)));

    assert.is(average.count, t + 1);
    await assertTree(average.average() as FlatTree, expected, TOLERANCE);
  }
});

test("LAWA is the mean of the last that were taken", async ({ rng }) => {
  for (const every of [1, 3]) {
    using average = lawa({ window: 3, every });
    const taken: Tree64[] = [];
    for (let t = 0; t < 5 * every; t++) {
      const weights = randomTree(rng, SHAPES);
      if (t % every === 0) taken.push(weights);
      scope(() => average.update(onDevice(weights)));
      const last = taken.slice(-3);

      await assertTree(
        average.average() as FlatTree, scale64(sum64(last), 1 / last.length), TOLERANCE,
      );
    }
  }
});

const kinds: Readonly<Record<string, () => WeightAverage>> = {
  weightEma: () => weightEma({ decay: 0.5 }), lawa: () => lawa({ window: 2, every: 2 }),
};

for (const [name, make] of Object.entries(kinds)) {
  test(`${name} goes on from a saved state with the same bits`, async ({ rng }) => {
    const list = Array.from({ length: 6 }, () => randomTree(rng, SHAPES));
    const update = (average: WeightAverage, part: readonly Tree64[]): void => {
      for (const weights of part) scope(() => average.update(onDevice(weights)));
    };
    using unbroken = make();
    using first = make();
    using second = make();
    update(unbroken, list);
    update(first, list.slice(0, 3));
    second.load(first.state);
    update(second, list.slice(3));

    assert.is(second.count, 6);
    assert.equal(
      await read64(second.average() as FlatTree), await read64(unbroken.average() as FlatTree),
    );
  });

  test(`${name} of halves is in f32, and is written over them rounded`, async ({ rng }) => {
    using average = make();
    const list = [0, 1, 2].map(() => mapTree(randomTree(rng, SHAPES), (x) => round64("bf16", x)));
    const weights = mapTree(list[2] as Tree64, (x) => tensor(x, { dtype: "bf16" }));
    for (const tree of list) {
      scope(() => average.update(mapTree(tree, (x) => tensor(x, { dtype: "bf16" }))));
    }
    const mean = average.average() as FlatTree;
    average.copyTo(weights);

    const exact = await read64(mean);
    assert.is(mean["a"]?.dtype, "f32");
    assert.is(weights["a"]?.dtype, "bf16");
    assert.equal(await read64(weights), mapTree(exact, (x) => round64("bf16", x)));
  });

  test(`${name} holds only what it keeps, and gives it back`, ({ device, rng }) => {
    const weights = onDevice(randomTree(rng, SHAPES));
    const before = device.memory().tensors;
    const average = make();
    for (let t = 0; t < 3; t++) average.update(weights);
    const kept = Object.values(average.state.trees).length * Object.keys(SHAPES).length;
    assert.is(device.memory().tensors - before, kept);
    average.dispose();
    assert.is(device.memory().tensors, before);
    assert.throws(
      () => average.update(weights),
      new RegExp(`^${name}\\.update: the average was disposed\\. Make a new one\\.$`),
    );
  });

  test(`${name} says what is wrong`, () => {
    using average = make();
    const w = { w: tensor([1, 2]) };
    assert.throws(
      () => average.average(),
      new RegExp(`^${name}\\.average: nothing to average: 0 updates\\. Update first\\.$`),
    );
    average.update(w);
    assert.throws(() => average.update({ w: tensor([1]) }), /: the state does not fit .* is \[2\]/);
    assert.throws(() => average.copyTo({ v: tensor([1]) }), /: the state does not fit the param/);
    assert.throws(() => average.update({ w: 3 } as unknown as Tree),
      new RegExp(`^${name}\\.update: a parameter is not a tensor: w\\. `));
    assert.throws(
      () => average.load({ optimizer: "sgd", step: 1, trees: {} } as OptimizerState),
      new RegExp(`^${name}\\.load: the state of another optimizer: sgd\\. `),
    );
    assert.is(average.count, 1);
  });
}

test("options out of range are refused", () => {
  assert.throws(() => weightEma({ decay: 1 }), /^weightEma: decay is out of range: 1\. Use a num/);
  assert.throws(() => lawa({ window: 0 }), /^lawa: window is out of range: 0\. /);
  assert.throws(() => lawa({ every: 1.5 }), /^lawa: every is out of range: 1\.5\. /);
  assert.throws(() => lawa({ last: 2 } as object), /^lawa: unknown option: last\. /);
});

test("an average of steps back and forth stands still", async () => {
  using optimizer = sgd({ lr: 0.5 });
  using average = lawa({ window: 2 });
  const w = tensor([0]);
  for (let t = 0; t < 40; t++) {
    scope(() => optimizer.step(w, tensor([(-1) ** t])));
    average.update(w);
  }

  assert.equal([...await w.read()], [0]); // 0, -1/2, 0, -1/2, .. from the noise alone
  assert.equal([...await (average.average() as Tensor).read()], [-0.25]);
});

test.run();
