import * as assert from "uvu/assert";
import { scope, tensor, treeMap, treePaths } from "../../autograd/index.ts";
import type { Tensor, Tree } from "../../autograd/index.ts";
import { linearDecay, sgd } from "../../optim/index.ts";
import type { Optimizer, OptimizerState } from "../../optim/index.ts";
import { suite } from "../harness.ts";
import { makers, module, shapes } from "./makers.ts";
import { onDevice, randomTree, read64 } from "./trees.ts";
import type { Tree64 } from "./trees.ts";

const test = suite("optimizer state");

function nested(tree: Tree64): Tree {
  const flat = onDevice(tree);
  return module.toTree(module.weightPaths.map((path) => flat[path] as Tensor));
}

const numbers = (tree: Tree): Promise<Tree64> => read64(Object.fromEntries(treePaths(tree)));

// To the host and back, as a file would.
async function throughHost({ trees, ...rest }: OptimizerState): Promise<OptimizerState> {
  const list = Object.entries(trees).map(async ([name, tree]) => {
    const host = await Promise.all(treePaths(tree).map(([, t]) => t.read()));
    let i = 0;
    return [name, treeMap((t) => tensor(host[i++] ?? [], { shape: t.shape }), tree)] as const;
  });
  return { ...rest, trees: Object.fromEntries(await Promise.all(list)) as Record<string, Tree> };
}

function stepAll(optimizer: Optimizer, weights: Tree, grads: readonly Tree64[]): void {
  for (const g of grads) scope(() => optimizer.step(weights, nested(g)));
}

for (const [name, make] of Object.entries(makers)) {
  test(`${name} goes on from a saved state with the same bits`, async ({ rng }) => {
    const schedule = linearDecay({ total: 8 });
    const start = randomTree(rng, shapes);
    const grads = Array.from({ length: 5 }, () => randomTree(rng, shapes));
    using unbroken = make(0.1, { schedule });
    const expected = nested(start);
    stepAll(unbroken, expected, grads);

    using first = make(0.1, { schedule });
    const weights = nested(start);
    stepAll(first, weights, grads.slice(0, 2));
    using second = make(0.1, { schedule });
    second.load(await throughHost(first.state));
    const reloaded = nested(await numbers(weights));
    stepAll(second, reloaded, grads.slice(2));

    assert.is(second.steps, 5);
    assert.equal(await numbers(reloaded), await numbers(expected));
    assert.equal(
      await Promise.all(Object.values(second.state.trees).map(numbers)),
      await Promise.all(Object.values(unbroken.state.trees).map(numbers)),
    );
  });

  test(`${name} keeps its state when the learning rate is changed`, async ({ rng }) => {
    const start = randomTree(rng, shapes);
    const grads = Array.from({ length: 4 }, () => randomTree(rng, shapes));
    using constant = make(0.1);
    using changed = make(0.3);
    const [a, b] = [nested(start), nested(start)];
    stepAll(constant, a, grads);
    stepAll(changed, b, grads.slice(0, 2));
    changed.lr = 0.1;
    stepAll(changed, b, grads.slice(2));

    assert.is(changed.lr, 0.1);
    assert.is(changed.steps, 4);
    const trees = (optimizer: Optimizer) => {
      return Promise.all(Object.values(optimizer.state.trees).map(numbers));
    };
    assert.equal(await trees(changed), await trees(constant)); // averages see gradients alone
  });

  test(`${name} holds no memory but its state, and gives that back`, ({ rng, device }) => {
    const weights = nested(randomTree(rng, shapes));
    const grads = randomTree(rng, shapes);
    const before = device.memory();
    const optimizer = make(0.1, { weightDecay: 0.1 });
    const used: number[] = [];
    for (let t = 0; t < 8; t++) {
      stepAll(optimizer, weights, [grads]);
      const { live, pooled } = device.memory();
      used.push(live, pooled);
    }
    const tensors = Object.values(optimizer.state.trees).flatMap((tree) => treePaths(tree));

    assert.is(device.memory().tensors - before.tensors, tensors.length);
    const flat = Array.from({ length: 5 }, () => used.slice(6, 8)).flat();
    assert.equal(used.slice(6), flat); // from the fourth step on what it was after the third
    optimizer.dispose();
    assert.is(device.memory().tensors, before.tensors);
    assert.is(device.memory().live, before.live);
  });
}

test("the state is a named tree like the parameters'", ({ rng }) => {
  using optimizer = makers["muon"]?.(0.1) as Optimizer;
  const weights = nested(randomTree(rng, shapes));
  stepAll(optimizer, weights, [randomTree(rng, shapes)]);
  const { step, trees } = optimizer.state;
  const paths = Object.entries(trees).map(([name, tree]) => {
    return [name, treePaths(tree).map(([path]) => path)];
  });

  assert.is(step, 1);
  assert.equal(Object.fromEntries(paths), {
    momentum: ["first.weight", "second.weight", "head.weight"],
    mean: ["table.weight", "head.bias"],
    rms: ["table.weight", "head.bias"],
  });
});

test("a state from before the first step can be loaded", ({ rng }) => {
  using fresh = sgd({ lr: 1, momentum: 0.5 });
  using other = sgd({ lr: 1, momentum: 0.5 });
  const weights = nested(randomTree(rng, shapes));
  stepAll(other, weights, [randomTree(rng, shapes)]);
  other.load(fresh.state);

  assert.equal(other.state, { optimizer: "sgd", step: 0, trees: {} });
});

test("a single tensor is a tree, too", async () => {
  using optimizer = sgd({ lr: 1, momentum: 0.5 });
  const w = tensor([1, 2]);
  for (let t = 0; t < 2; t++) optimizer.step(w, tensor([1, 0.5]));

  assert.equal([...await w.read()], [1 - 2.5, 2 - 1.25]);
  assert.equal([...await (optimizer.state.trees["momentum"] as Tensor).read()], [1.5, 0.75]);
});

test("loading copies, and a bad state changes nothing", async () => {
  using optimizer = sgd({ lr: 1, momentum: 0.5 });
  const w = tensor([1]);
  const trees = { momentum: tensor([8]) };
  optimizer.load({ optimizer: "sgd", step: 1, trees });
  trees.momentum.dispose();
  const refuses = (message: RegExp, state: unknown): void => {
    assert.throws(() => optimizer.load(state as OptimizerState), message);
  };

  for (const none of [undefined, null, 3, "sgd"]) {
    refuses(new RegExp(`^sgd\\.load: not a state: ${none}\\. Load what this one's `), none);
  }
  refuses(/^sgd\.load: the state of another optimizer: adam\. Load what this one's `state` /, {
    optimizer: "adam", step: 1, trees: {},
  });
  refuses(/^sgd\.load: not a state: step -1\. Load what this one's `state` gave\.$/, {
    optimizer: "sgd", step: -1, trees: {},
  });
  refuses(/^sgd\.load: not a state: step 1\. /, { optimizer: "sgd", step: 1 });
  refuses(/^sgd\.load: the tensor \[1\] f32 was disposed\./, {
    optimizer: "sgd", step: 2, trees: { momentum: trees.momentum },
  });
  refuses(/^sgd\.load: not a tensor: momentum of w\. Use tensor\(\)\.$/, {
    optimizer: "sgd", step: 2, trees: { momentum: { w: 3 } },
  });
  refuses(/^sgd\.load: dtype not supported: i32\. Use f32, or cast first\.$/, {
    optimizer: "sgd", step: 2, trees: { momentum: tensor(new Int32Array(1)) },
  });
  optimizer.step(w, tensor([1]));
  assert.equal([...await w.read()], [1 - 5]);
});

test("the state of another model is refused at the step, and nothing changes", async () => {
  using optimizer = sgd({ lr: 1, momentum: 0.5 });
  const load = (tree: Tree, more: object = {}): void => {
    optimizer.load({ optimizer: "sgd", step: 1, trees: { momentum: tree, ...more } });
  };
  const w = tensor([1, 2]);
  const refuses = (message: RegExp): void => {
    assert.throws(() => optimizer.step({ w }, { w }), message);
  };

  load({ w: tensor([1, 2, 3]) });
  refuses(new RegExp("^sgd: the state does not fit the parameters: momentum of w is \\[3\\], "
    + "should be \\[2\\]\\. Load the state of this model\\.$"));
  load({ v: w });
  refuses(/^sgd: the state does not fit the parameters: momentum of w is missing\. /);
  load({ w, v: w });
  refuses(/^sgd: the state does not fit the parameters: v is no parameter\. /);
  load({ w }, { rms: { w } });
  refuses(/^sgd: the state does not fit the parameters: rms of w is not needed\. /);
  assert.equal([...await w.read()], [1, 2]);
});

test.run();
