import * as assert from "uvu/assert";
import { add, assign, compile, mul, scope, tensor, transpose } from "../../autograd/index.ts";
import type { Tensor, Tree } from "../../autograd/index.ts";
import { lawa, sgd, soap, weightEma } from "../../optim/index.ts";
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
    assert.throws(() => average.copyTo({ v: tensor([1]) }),
      new RegExp(`^${name}\\.copyTo: the state does not fit the parameters: w is no parameter\\.`));
    assert.throws(() => average.copyTo({ ...w, v: tensor([1]) }),
      new RegExp(`^${name}\\.copyTo: .*: (average|latest0) of v is missing\\. Give the tree th`));
    assert.throws(() => average.copyTo({ w: tensor([1]) }),
      new RegExp(`^${name}\\.copyTo: .* of w is \\[2\\], should be \\[1\\]\\. Give the tree `));
    assert.throws(() => average.update({ w: 3 } as unknown as Tree),
      new RegExp(`^${name}\\.update: a parameter is not a tensor: w is 3\\. `));
    assert.throws(() => average.update({}),
      new RegExp(`^${name}\\.update: no parameters: the tree is empty\\. `));
    assert.throws(
      () => average.load({ optimizer: "sgd", step: 1, trees: {} } as OptimizerState),
      new RegExp(`^${name}\\.load: the state of another optimizer: sgd\\. `),
    );
    assert.is(average.count, 1);
  });
}

test("LAWA of a wide window in a compiled step has the bits of the step", async ({ rng }) => {
  for (const [every, plans] of [[1, 1], [2, 2]] as const) {
    const from = randomTree(rng, { ...SHAPES, e: [7, 3] });
    const start = () => {
      const list = Object.entries(onDevice(from));
      const weights = Object.fromEntries(list.map(([path, w]) => {
        return [path, path === "e" ? transpose(w) : w];
      }));
      const average = lawa({ window: 12, every });
      const step = (x: Tensor): FlatTree => {
        for (const w of Object.values(weights)) assign(w, add(mul(w, -0.75), x));
        average.update(weights);
        return average.average() as FlatTree;
      };
      return { average, weights, step };
    };
    const [plain, compiled] = [start(), start()];
    using replayed = compile(compiled.step);
    for (let t = 1; t <= 30; t++) {
      const x = tensor(rng.normal());

      assert.equal(await read64(replayed(x)), await read64(scope(() => plain.step(x))));
    }
    const [mine, other] = [compiled, plain].map(({ average }) => average.state.trees);
    for (const [name, tree] of Object.entries(other ?? {})) {
      assert.equal(await read64(mine?.[name] as FlatTree), await read64(tree as FlatTree));
    }
    assert.is(replayed.plans, plans);
    for (const { average } of [plain, compiled]) average.dispose();
  }
});

test("LAWA goes beside an optimizer that refreshes in a compiled step", () => {
  using optimizer = soap({ lr: 0.1, every: 3 });
  using average = lawa();
  const w = tensor([[1, 2], [3, 4]]);
  using step = compile((g: Tensor) => {
    optimizer.step(w, g);
    average.update(w);
  });
  for (let t = 0; t < 30; t++) step(tensor([[1, t], [0, 1]]));

  assert.is(average.count, 30);
  assert.is(step.plans, 2);
});

test("LAWA of halves is in f32 in a compiled step, too", async ({ rng }) => {
  using average = lawa({ window: 3 });
  const list = Array.from({ length: 5 }, () => {
    return round64("bf16", randomTree(rng, SHAPES)["a"] as never);
  });
  const w = tensor(list[0] as never, { dtype: "bf16" });
  using step = compile((x: Tensor) => {
    assign(w, x);
    average.update(w);
  });
  for (const x of list) step(tensor(x, { dtype: "bf16" }));
  using plain = lawa({ window: 3 });
  for (const x of list) scope(() => plain.update(tensor(x, { dtype: "bf16" })));

  const [mine, other] = [average, plain].map((of) => of.average() as Tensor);
  assert.equal([...await (mine as Tensor).read()], [...await (other as Tensor).read()]);
});

test("a state of other options is no average", ({ rng }) => {
  using three = lawa({ window: 3 });
  for (let t = 0; t < 4; t++) scope(() => three.update(onDevice(randomTree(rng, { w: [2] }))));
  using five = lawa({ window: 5 });
  five.load(three.state);
  using two = lawa({ window: 2 });
  two.load(three.state);
  using empty = weightEma();
  empty.load({ optimizer: "weightEma", step: 3, trees: {} });

  assert.throws(() => five.average(),
    /^lawa\.average: the state does not fit the parameters: latest3 of w is missing\. Give the /);
  assert.throws(() => two.copyTo({ w: tensor([1, 2]) }),
    /^lawa\.copyTo: the state does not fit the parameters: latest2 of w is not needed\. /);
  assert.throws(() => empty.average(),
    /^weightEma\.average: the state does not fit the parameters: it is empty\. Give the tree th/);
});

test("options out of range are refused", () => {
  assert.throws(() => weightEma(0.5 as never), /^weightEma: the options are not a plain object: /);
  assert.throws(() => lawa(3 as never),
    /^lawa: the options are not a plain object: 3\. Give an object with window, every\.$/);
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
