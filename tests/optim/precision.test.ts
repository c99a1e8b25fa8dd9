// State, gradients and weights of dtype f16 and bf16.

import * as assert from "uvu/assert";
import { assign, cast, scope, slice, tensor, treeLeaves, treeMap, treePaths } from
  "../../autograd/index.ts";
import type { Tensor, Tree } from "../../autograd/index.ts";
import { adam, muon, sgd } from "../../optim/index.ts";
import type { CommonOptions, Optimizer, StateTypes } from "../../optim/index.ts";
import { suite } from "../harness.ts";
import { map64, zip64 } from "../reference.ts";
import { half64, round64 } from "../reference/half.ts";
import { family, geometry, shapesOf } from "./family.ts";
import { Memory64, mapTree, onDevice, randomTree, read64 } from "./trees.ts";
import type { FlatTree, Tree64 } from "./trees.ts";

const test = suite("precision of optimizers");

const HALVES = ["f16", "bf16"] as const;
type Half = (typeof HALVES)[number];

const inHalves = (tree: Tree64, dtype: Half): Record<string, Tensor> => {
  return mapTree(tree, (x) => tensor(x, { dtype }));
};
const rounded = (tree: Tree64, dtype: Half): Tree64 => mapTree(tree, (x) => round64(dtype, x));
const dtypes = (tree: Tree): string[] => treeLeaves(tree).map(({ dtype }) => dtype);
const trees = async (optimizer: Optimizer): Promise<unknown> => {
  const list = Object.values(optimizer.state.trees).flatMap((tree) => treePaths(tree));
  return Promise.all(list.map(async ([path, t]) => [path, [...await t.read()]]));
};

for (const dtype of HALVES) {
  test(`momentum kept in ${dtype} is the sum rounded at every step`, async ({ rng }) => {
    // In eighths, so that all but the rounding to halves is exact.
    const eighths = (tree: Tree64) => mapTree(tree, (x) => map64(x, (v) => Math.round(v * 8) / 8));
    const shapes = { a: [4, 3], b: [5], c: [] };
    using optimizer = sgd({ lr: 0.125, momentum: 0.75, state: dtype });
    const memory = new Memory64();
    let expected = eighths(randomTree(rng, shapes));
    const weights = onDevice(expected);
    for (let t = 0; t < 6; t++) {
      const grads = eighths(randomTree(rng, shapes));
      expected = mapTree(expected, (w, path) => {
        const v = memory.update(path, grads[path] ?? w, (m, g) => half64(dtype, 0.75 * m + g));
        return zip64(w, v, (x, y) => x - 0.125 * y);
      });
      optimizer.step(weights, onDevice(grads));

      assert.equal(await read64(weights), expected);
    }
    assert.equal(dtypes(optimizer.state.trees["momentum"] as Tree), [dtype, dtype, dtype]);
  });

  test(`gradients in ${dtype} are those numbers, for every optimizer`, async ({ rng }) => {
    for (const [name, make] of Object.entries(family)) {
      const start = randomTree(rng, shapesOf(name));
      const [a, b] = [onDevice(start), onDevice(start)];
      using narrow = make({});
      using wide = make({});
      for (let t = 0; t < 2; t++) {
        const grads = randomTree(rng, shapesOf(name));
        scope(() => narrow.step(a, inHalves(grads, dtype)));
        scope(() => wide.step(b, onDevice(rounded(grads, dtype))));
      }

      assert.equal(await read64(a), await read64(b), name);
    }
  });

  test(`weights in ${dtype} follow an f32 copy, for every optimizer`, async ({ rng }) => {
    for (const [name, make] of Object.entries(family)) {
      const start = rounded(randomTree(rng, shapesOf(name)), dtype);
      const [a, b] = [inHalves(start, dtype), onDevice(start)];
      using narrow = make({});
      using wide = make({});
      for (let t = 0; t < 3; t++) {
        const grads = randomTree(rng, shapesOf(name));
        scope(() => narrow.step(a, onDevice(grads)));
        scope(() => wide.step(b, onDevice(grads)));
      }
      const exact = await read64(b);

      assert.equal(await read64(narrow.state.trees["master"] as FlatTree), exact, name);
      assert.equal(await read64(a), rounded(exact, dtype), name);
    }
  });

  test(`state in ${dtype} saves and restores, for every optimizer`, async ({ rng }) => {
    for (const [name, make] of Object.entries(family)) {
      const start = rounded(randomTree(rng, shapesOf(name)), dtype);
      const grads = [0, 1, 2].map(() => randomTree(rng, shapesOf(name)));
      const options: CommonOptions = { state: dtype };
      const [a, b] = [inHalves(start, dtype), inHalves(start, dtype)];
      using unbroken = make(options);
      using first = make(options);
      using second = make(options);
      for (const g of grads) scope(() => unbroken.step(a, onDevice(g)));
      for (const g of grads.slice(0, 2)) scope(() => first.step(b, onDevice(g)));
      second.load(first.state);
      scope(() => second.step(b, onDevice(grads[2] as Tree64)));

      assert.equal(await read64(b), await read64(a), name);
      assert.equal(await trees(second), await trees(unbroken), name);
      for (const [kind, tree] of Object.entries(unbroken.state.trees)) {
        const type = kind === "master" ? "f32" : dtype;
        assert.ok(dtypes(tree).every((d) => d === type), `${name} ${kind}`);
      }
    }
  });

  test(`what is not finite in ${dtype} is refused, and only that`, async () => {
    const largest = dtype === "f16" ? 65504 : 3e38;
    const bad = [NaN, Infinity, -Infinity];
    for (const [i, value] of [largest, -largest, 0, ...bad].entries()) {
      for (const at of [0, 1, 8, 16]) {
        using optimizer = sgd({ lr: 0, onNonFinite: "skip" });
        const numbers = Array.from({ length: 17 }, (_, k) => (k === at ? value : 1));
        const whole = tensor([...bad, ...numbers, ...bad], { dtype });
        // From an odd place on, so that the first and the last share words with what is bad.
        const grads = { a: slice(whole, [[3, 20]]), b: tensor([1]), c: tensor([2], { dtype }) };
        optimizer.step({ a: tensor(numbers.map(() => 1)), b: tensor([1]), c: tensor([1]) }, grads);

        assert.equal(await optimizer.refusals(), i < 3 ? {} : { a: 1 });
      }
    }
  });
}

test("steps below a rounding of the weight add up in the copy, and are lost without", async () => {
  for (const [master, expected] of [[true, 1 - 2 ** -6], [false, 1]] as const) {
    using optimizer = sgd({ lr: 2 ** -10, master });
    const w = tensor([1], { dtype: "bf16" }); // 2^-8 apart below 1
    for (let t = 0; t < 16; t++) optimizer.step(w, tensor([1]));

    assert.equal([...await w.read()], [expected]);
    assert.equal(Object.keys(optimizer.state.trees), master ? ["master"] : []);
  }
});

test("what others do to a half weight counts", async () => {
  using optimizer = sgd({ lr: 2 ** -10 });
  const w = tensor([1, 1], { dtype: "bf16" });
  for (let t = 0; t < 8; t++) optimizer.step(w, tensor([1, 1]));
  assign(w, tensor([4, 1 - 2 ** -7])); // the second as it is
  for (let t = 0; t < 8; t++) optimizer.step(w, tensor([1, 1]));

  const copy = optimizer.state.trees["master"] as Tensor;
  assert.equal([...await copy.read()], [4 - 2 ** -7, 1 - 2 ** -6]);
});

test("dtypes may be given by what is kept", async ({ rng }) => {
  using optimizer = adam({ state: { mean: "bf16" } });
  const tree = randomTree(rng, { a: [4, 3] });
  optimizer.step(onDevice(tree), onDevice(tree));
  const kept = Object.entries(optimizer.state.trees).map(([name, t]) => [name, dtypes(t)]);

  assert.equal(Object.fromEntries(kept), { mean: ["bf16"], rms: ["f32"] });
  using wrong = adam({ state: { momentum: "bf16" } as StateTypes });
  assert.throws(
    () => wrong.step(onDevice(tree), onDevice(tree)),
    /^adam: a dtype for a state that is not kept: momentum\. There is mean, rms\.$/,
  );
});

test("a saved state is taken over in the dtypes of the optimizer that loads it", async () => {
  using wide = sgd({ lr: 1, momentum: 0.5 });
  wide.step(tensor([1]), tensor([1 + 2 ** -12]));
  using narrow = sgd({ lr: 1, momentum: 0.5, state: "bf16" });
  narrow.load(wide.state);

  const kept = narrow.state.trees["momentum"] as Tensor;
  assert.is(kept.dtype, "bf16");
  assert.equal([...await kept.read()], [1]);
});

test("half state takes half the memory", ({ device, rng }) => {
  const shapes = { a: [64, 64], b: [64, 64], c: [128, 64] };
  const parameters = 64 * 64 * 4;
  const grads = onDevice(randomTree(rng, shapes));
  const entries = Object.keys(shapes).map((path) => {
    return { path, norm: geometry.entries[0]?.norm as never, share: 1 };
  });
  const makers = {
    sgd: (state: StateTypes) => sgd({ lr: 1, momentum: 0.5, state }),
    adam: (state: StateTypes) => adam({ state }),
    muon: (state: StateTypes) => muon({ entries }, { state }),
  };
  const slots = { sgd: 1, adam: 2, muon: 1 };
  for (const [name, make] of Object.entries(makers) as [keyof typeof slots, typeof makers.sgd][]) {
    for (const [state, bytes] of [["f32", 4], ["bf16", 2], ["f16", 2]] as const) {
      using optimizer = make(state);
      const weights = treeMap((g) => cast(g, "f32"), grads) as Tree;
      const before = device.memory().live;
      scope(() => optimizer.step(weights, grads));

      assert.is(device.memory().live - before, bytes * slots[name] * parameters, name);
    }
  }
});

test.run();
