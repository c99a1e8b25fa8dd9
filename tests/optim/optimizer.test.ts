import * as assert from "uvu/assert";
import { add, mean, mul, ones, rng as makeRng, scope, slice, square, sub, tensor, transpose,
  treeMap, valueAndGrad } from "../../autograd/index.ts";
import type { Tree } from "../../autograd/index.ts";
import { linear } from "../../nn/index.ts";
import { adam, modularDescent, sgd } from "../../optim/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";

const test = suite("optimizer");

test("gradients of a module train it", async () => {
  const module = linear(2, 3);
  using optimizer = modularDescent(module, { lr: 0.2, momentum: 0.5 });
  const weights = module.initialize(makeRng(1));
  const x = tensor([[1, 0, 0], [0, 1, 0], [0, 0, 1]]);
  const y = tensor([[1, 2], [-1, 0.5], [0, 1]]);
  const lossOf = (w: Tree) => mean(square(sub(module.forward(x, w), y)));
  const train = () => scope(() => {
    const { value, grads } = valueAndGrad(lossOf)(weights);
    optimizer.step(weights, grads);
    return value;
  });
  const first = await train().item();
  for (let t = 0; t < 30; t++) train().dispose();

  assert.ok(await train().item() < 0.1 * first);
});

test("gradients are read through views and not changed", async () => {
  using optimizer = sgd({ lr: 1, momentum: 0.5 });
  const w = tensor([[0, 0], [0, 0], [0, 0]]);
  const g = tensor([[1, 2, 3], [4, 5, 6]]);
  for (let t = 0; t < 2; t++) optimizer.step({ w }, { w: transpose(g) });

  assertClose(await w.read(), [-2.5, -10, -5, -12.5, -7.5, -15], { rtol: 1e-6, atol: 0 });
  assert.equal([...await g.read()], [1, 2, 3, 4, 5, 6]);
});

test("a weight may be a view of another tensor", async () => {
  using optimizer = sgd({ lr: 1 });
  const all = tensor([[1, 2, 3], [4, 5, 6]]);
  const w = transpose(all);
  optimizer.step({ w }, { w: tensor([[1, 0], [0, 0], [0, 1]]) });

  assert.equal([...await all.read()], [0, 2, 3, 4, 5, 5]);
});

test("the schedule is a factor of the rate and starts at step 0", async () => {
  const seen: number[] = [];
  using optimizer = sgd({ lr: 2, schedule: (step) => 1 / (1 + seen.push(step)) });
  const w = tensor([0]);
  for (let t = 0; t < 3; t++) optimizer.step({ w }, { w: tensor([1]) });

  assert.equal(seen, [0, 1, 2]);
  assertClose(await w.read(), [-2 * (1 / 2 + 1 / 3 + 1 / 4)], { rtol: 1e-6, atol: 0 });
});

test("trees that do not fit are refused before anything is recorded", async ({ device }) => {
  using optimizer = sgd({ lr: 1, momentum: 0.5 });
  const w = tensor([1, 2]);
  const gone = tensor([1, 2]);
  gone.dispose();
  const refuses = (message: RegExp, params: unknown, grads: unknown): void => {
    const { dispatches } = device.counts;
    assert.throws(() => optimizer.step(params as Tree, grads as Tree), message);
    assert.is(device.counts.dispatches, dispatches);
  };

  refuses(
    /^sgd: parameters and gradients do not have the same names: no gradient for b\. Take the /,
    { w, b: tensor([1]) }, { w },
  );
  refuses(/^sgd: parameters and gradients .* no parameter for layer\.b\. /, { w }, {
    w, layer: { b: w },
  });
  refuses(/^sgd: parameters and gradients .* no parameter for the root\. /, { w }, w);
  refuses(
    new RegExp("^sgd: a gradient does not have its parameter's shape: layer\\.w is \\[2\\], its "
      + "gradient \\[2, 1\\]\\. Take the gradients by this tree\\.$"),
    { layer: { w } }, { layer: { w: tensor([[1], [2]]) } },
  );
  refuses(/^sgd: gradient w: dtype not supported: i32\. Use f32, or cast first\.$/, { w }, {
    w: tensor(new Int32Array(2)),
  });
  refuses(/^sgd: a parameter is not a tensor: w is 3\. Use tensor\(\)\.$/, { w: 3 }, { w });
  refuses(
    /^sgd: a gradient is not a tensor: w is null\. Give the gradient of that name\.$/,
    { w }, { w: null },
  );
  refuses(/^sgd: gradient w: the tensor \[2\] f32 was disposed\./, { w }, { w: gone });
  refuses(/^sgd: parameter w: the tensor \[2\] f32 was disposed\./, { w: gone }, { w });
  refuses(
    /^sgd: not a tree of gradients: undefined\. Give tensors by their names\.$/, { w }, undefined,
  );
  refuses(/^sgd: not a tree of parameters: a module\. Give its weights\.$/, linear(1, 2), { w });
  refuses(/^sgd: no parameters: the tree is empty\. Give the module's weights\.$/, {}, {});
  refuses(
    /^sgd: one tensor under two names: v and w\. Give a shared weight one name\.$/,
    { v: w, w }, { v: tensor([1, 1]), w: tensor([1, 1]) },
  );
  assert.is(optimizer.steps, 0);
  assert.equal([...await w.read()], [1, 2]);
});

test("what a reduction returns is refused by its name where it is no tree", () => {
  const w = tensor([1]);
  const refuses = (reduced: unknown, kind: string): void => {
    using optimizer = sgd({ lr: 1, reduce: () => reduced as Tree });
    assert.throws(
      () => optimizer.step({ w }, { w }),
      new RegExp(`^sgd: reduce gives no gradients: ${kind}\\. Return a tree like the one it is`),
    );
    assert.is(optimizer.steps, 0);
  };

  refuses(Promise.resolve({ w }), "a promise");
  refuses(undefined, "undefined");
  refuses(3, "3");
});

test("what is made by a reduction is freed after the step", ({ device }) => {
  using optimizer = sgd({ lr: 1, reduce: (grads) => treeMap((g) => mul(g, 0.5), grads) });
  const w = tensor([1]);
  const before = device.memory().tensors;
  optimizer.step({ w }, { w });

  assert.is(device.memory().tensors, before);
});

test("only trees of tensors have routes", () => {
  using optimizer = adam();
  const refuses = (message: string, tree: unknown): void => {
    for (const what of ["describe", "routes"] as const) {
      assert.throws(() => optimizer[what](tree as Tree), new RegExp(`^adam\\.${what}: ${message}`));
    }
  };

  refuses("not a tree of parameters: undefined\\. Give tensors by their names\\.$", undefined);
  refuses("not a tree of parameters: 3\\. ", 3);
  refuses("not a tree of parameters: a module\\. Give its weights\\.$", linear(1, 2));
  refuses("a parameter is not a tensor: a\\.0 is 1\\. Use tensor\\(\\)\\.$", { a: [1, 2] });
});

test("parameters that change from step to step are refused", () => {
  using optimizer = adam();
  const [v, w] = [tensor([1]), tensor([1, 2])];
  optimizer.step({ w }, { w });
  const refuses = (message: RegExp, tree: Tree): void => {
    assert.throws(() => optimizer.step(tree, tree), message);
  };

  refuses(/^adam: the state does not fit the parameters: mean of v is missing\. Step the same /, {
    v, w,
  });
  refuses(/^adam: the state does not fit the parameters: mean of w is \[2\], should be \[1\]\. /, {
    w: v,
  });
  refuses(/^adam: the state does not fit the parameters: w is no parameter\. /, {});
  assert.is(optimizer.steps, 1);
});

test("a learning rate that is no number is refused before anything is recorded", async () => {
  let factor = NaN;
  using optimizer = sgd({ lr: 0.5, momentum: 0.5, schedule: () => factor });
  const w = tensor([1]);
  const refuses = (message: RegExp): void => {
    assert.throws(() => optimizer.step({ w }, { w }), message);
  };

  refuses(
    /^sgd: the schedule gives no learning rate: NaN at step 0\. Return a finite number >= 0\.$/,
  );
  factor = -1;
  refuses(/^sgd: the schedule gives no learning rate: -1 at step 0\. /);
  factor = Infinity;
  refuses(/^sgd: the schedule gives no learning rate: Infinity at step 0\. /);
  assert.throws(
    () => {
      optimizer.lr = NaN;
    },
    /^sgd: lr is out of range: NaN\. Use a finite number >= 0\.$/,
  );
  assert.throws(() => optimizer.setLr(-1), /^sgd: lr is out of range: -1\. /);
  assert.is(optimizer.lr, 0.5);
  assert.equal([...await w.read()], [1]);
  assert.equal(optimizer.state.trees, {});
});

test("a decay that would turn weights around is refused", () => {
  using optimizer = modularDescent(linear(1, 2), { lr: 2, weightDecay: 0.75 });
  const w = { linear: { weight: tensor([[1, 2]]) } };

  assert.throws(
    () => optimizer.step(w, w),
    new RegExp("^modularDescent: the decay turns weights around: lr 2 x weightDecay 0\\.75 > 1\\. "
      + "Lower one of them\\.$"),
  );
});

test("an optimizer that was disposed is not used again", () => {
  const optimizer = sgd({ lr: 1, momentum: 0.5 });
  const w = tensor([1]);
  optimizer.step({ w }, { w: add(w, 1) });
  const { state } = optimizer;
  optimizer.dispose();
  optimizer.dispose();

  assert.throws(
    () => optimizer.step({ w }, { w }),
    /^sgd\.step: the optimizer was disposed\. Make a new one\.$/,
  );
  assert.throws(() => optimizer.load(state), /^sgd\.load: the optimizer was disposed\. /);
  assert.throws(() => optimizer.state, /^sgd\.state: the optimizer was disposed\. /);
});

test("a state goes on with its optimizer, and a limit to no weight is refused", () => {
  using optimizer = sgd({ lr: 1, momentum: 0.5 });
  const [weights, grads] = [{ w: tensor([1]) }, { w: tensor([2]) }];
  optimizer.step(weights, grads);
  const { state } = optimizer;
  optimizer.step(weights, grads);

  assert.is(state.step, 2);
  using clipped = sgd({ lr: 1, clip: { dual: { "v": 1 } } });
  const refused = /^sgd: a clip to no parameter: v\. There are w\.$/;
  assert.throws(() => clipped.step(weights, grads), refused);
  assert.is(clipped.steps, 0);
});

test("a bad element is found anywhere in a gradient, and bad neighbours in memory are not", async () => {
  for (const [size, from] of [[8192, 4], [8195, 3]] as const) { // whole vectors, and not
    const spread = Array.from({ length: 20 }, (_, i) => Math.floor((i + 0.5) * size / 20));
    for (const at of [undefined, 0, 3, ...spread, size - 4, size - 1]) {
      const numbers = new Float32Array(from + size + 4).fill(NaN).fill(1, from, from + size);
      if (at !== undefined) numbers[from + at] = -Infinity;
      using optimizer = sgd({ lr: 0, onNonFinite: "skip" });
      optimizer.step({ w: ones([size]) }, { w: slice(tensor(numbers), [[from, from + size]]) });

      assert.equal(await optimizer.refusals(), at === undefined ? {} : { w: 1 }, `${size}: ${at}`);
    }
  }
});

test.run();
