// Every optimizer inside a compiled step: the same bits as without, whatever the host changes.

import * as assert from "uvu/assert";
import { DisposedError, NonFiniteError, add, assign, compile, dispose, dropout, log1p, matmul, mean,
  mul, reshape, rng, scope, square, sum, tensor, treeMap, treePaths, valueAndGrad } from
  "../../autograd/index.ts";
import type { Rng, Tensor, Tree } from "../../autograd/index.ts";
import { GradientBuffer, adam, adamw, lawa, linearDecay, muon, scion, sgd, soap, warmUp, weightEma }
  from "../../optim/index.ts";
import type { Optimizer, OptimizerState, WeightAverage } from "../../optim/index.ts";
import { suite } from "../harness.ts";
import type { TestRng } from "../rng.ts";
import { assertRejects, assertThrows } from "../throws.ts";
import { SHAPES, family, geometry, shapesOf } from "./family.ts";
import { mapTree, onDevice, randomTree, read64 } from "./trees.ts";
import type { FlatTree, Shapes, Tree64 } from "./trees.ts";

const test = suite("compiled optimizers");

const STEPS = 6;

/** A loss that all weights are in, some of them at random. */
function lossOf(weights: FlatTree, x: Tensor, random: Rng): Tensor {
  const parts = Object.values(weights).map((w) => {
    const row = dropout(reshape(w, [1, w.size]), { rate: 0.25, rng: random });
    const product = matmul(row, reshape(w, [w.size, 1]));
    return add(sum(mul(row, mean(x))), sum(log1p(square(product))));
  });
  return parts.reduce((all, part) => add(all, part));
}

interface Run {
  readonly optimizer: Optimizer;
  readonly weights: FlatTree;
  readonly step: (x: Tensor) => Tensor;
}

function start(optimizer: Optimizer, from: Tree64): Run {
  const weights = onDevice(from);
  const random = rng(7);
  const step = (x: Tensor): Tensor => {
    const loss = (params: FlatTree) => lossOf(params, x, random);
    const { value, grads } = valueAndGrad(loss)(weights);
    optimizer.step(weights, grads as FlatTree);
    return value;
  };
  return { optimizer, weights, step };
}

async function assertSameBits(a: Run, b: Run): Promise<void> {
  assert.equal(await read64(b.weights), await read64(a.weights));
  assert.is(b.optimizer.steps, a.optimizer.steps);
  const [mine, other] = [a, b].map(({ optimizer }) => optimizer.state.trees);
  for (const [kind, tree] of Object.entries(mine ?? {})) {
    const others = new Map(treePaths(other?.[kind] ?? {}));
    for (const [path, t] of treePaths(tree)) {
      assert.equal([...await (others.get(path) as Tensor).read()], [...await t.read()]);
    }
  }
}

function batch(rng: TestRng): Tensor {
  return tensor(Array.from({ length: 4 }, () => rng.normal()));
}

for (const [name, make] of Object.entries(family)) {
  test(`${name} in a compiled step has the bits of the step itself`, async ({ rng }) => {
    const from = randomTree(rng, shapesOf(name));
    const schedule = linearDecay({ total: 10, final: 0.1 });
    using first = make({ schedule });
    using second = make({ schedule });
    const [plain, compiled] = [start(first, from), start(second, from)];
    let calls = 0;
    using replayed = compile((x: Tensor) => {
      calls++;
      return compiled.step(x);
    });
    for (let t = 1; t <= STEPS; t++) {
      if (t === 4) for (const { optimizer } of [plain, compiled]) optimizer.lr /= 2;
      const x = batch(rng);
      const [a, b] = [scope(() => plain.step(x)), replayed(x)];

      assert.is(await b.item(), await a.item());
    }

    await assertSameBits(plain, compiled);
    assert.ok(calls < STEPS, `${calls} calls`);
    assert.is(replayed.plans, name === "soap" ? 2 : 1);
  });
}

/** Two runs of one kind, the second one in a compiled step; compared after every step. */
async function assertReplays(
  random: TestRng, make: () => Optimizer, shapes: Shapes, change: (t: number, run: Run) => void,
): Promise<void> {
  const from = randomTree(random, shapes);
  using first = make();
  using second = make();
  const [plain, compiled] = [start(first, from), start(second, from)];
  using replayed = compile(compiled.step);
  for (let t = 1; t <= STEPS; t++) {
    for (const run of [plain, compiled]) change(t, run);
    const x = batch(random);
    scope(() => plain.step(x));
    replayed(x)?.dispose();
    await assertSameBits(plain, compiled);
  }
  assert.ok(replayed.plans > 0);
}

test("clipping, rates by path, coupled decay and every option of the host are replayed", async (
  { rng },
) => {
  const make = () => adam({
    lr: 0.1, weightDecay: 0.01, amsgrad: true, clip: { norm: 1, dual: { tall: 0.5 } },
    lrFactors: { bias: 0.25 }, schedule: warmUp(3), state: { mean: "bf16" },
  });
  await assertReplays(rng, make, SHAPES, (t, { optimizer }) => {
    if (t === 5) optimizer.setLr(0.01, "adam");
  });
});

test("a state loaded between replays is gone on from, at its step", async ({ rng }) => {
  const saved = new Map<Optimizer, OptimizerState>();
  await assertReplays(rng, () => adamw({ lr: 0.1 }), { a: [3], b: [2, 2] }, (t, { optimizer }) => {
    if (t === 3) saved.set(optimizer, copyOf(optimizer.state));
    const state = saved.get(optimizer);
    if (t !== 5 || !state) return;
    optimizer.load(state);
    dispose(state.trees);
  });
});

function copyOf({ trees, ...rest }: OptimizerState): OptimizerState {
  const copies = Object.entries(trees).map(([kind, tree]) => {
    return [kind, treeMap((t: Tensor) => add(t, 0), tree) as Tree] as const;
  });
  return { ...rest, trees: Object.fromEntries(copies) };
}

test("a gradient that is not finite is reported with the number of the replayed step", async () => {
  for (const onNonFinite of ["throw", "skip"] as const) {
    using optimizer = sgd({ lr: 1, momentum: 0.5, onNonFinite });
    const w = tensor([1, 2]);
    using step = compile((g: Tensor) => optimizer.step({ w }, { w: g }));
    const good = tensor([0.5, 0]);
    for (let t = 1; t <= 3; t++) step(good);
    const before = [...await w.read()];
    step(tensor([NaN, 0]));

    if (onNonFinite === "throw") {
      await assertRejects(w.read(), NonFiniteError, /^sgd: .* not finite: w at step 4\. /);
    }
    assert.equal([...await w.read()], before);
    assert.equal(await optimizer.refusals(), onNonFinite === "skip" ? { w: 4 } : {});
    step(good);
    assert.not.equal([...await w.read()], before);
    assert.is(step.plans, 1);
  }
});

test("a schedule or a rate that does not do stops the replay before any change", async () => {
  let factor = 1;
  using optimizer = sgd({ lr: 0.5, schedule: () => factor });
  const w = tensor([1, 2]);
  using step = compile((g: Tensor) => optimizer.step({ w }, { w: g }));
  const g = tensor([1, 1]);
  step(g);
  factor = NaN;
  assertThrows(() => step(g), RangeError,
    /^sgd: the schedule gives no learning rate: NaN at step 1\. /);
  factor = 2;
  step(g);

  assert.is(optimizer.steps, 2);
  assert.equal([...await w.read()], [-0.5, 0.5]);
  optimizer.dispose();
  assertThrows(() => step(g), DisposedError, /^sgd\.step: the optimizer was disposed\. /);
});

test("several steps in one are replayed in order, each with its own number", async ({ rng }) => {
  const make = () => soap({ lr: 0.1, every: 3 });
  const from = randomTree(rng, { square: [3, 3], bias: [2] });
  using first = make();
  using second = make();
  const [plain, compiled] = [start(first, from), start(second, from)];
  const twice = (run: Run) => (x: Tensor) => {
    run.step(x);
    return run.step(x);
  };
  using replayed = compile(twice(compiled));
  for (let t = 1; t <= 9; t++) {
    const x = batch(rng);
    scope(() => void twice(plain)(x));
    replayed(x).dispose();
    await assertSameBits(plain, compiled);
  }
  assert.is(replayed.plans, 3); // a refreshing at the first of the two, at the second, at none
});

test("averages of weights go on in replays", async ({ rng }) => {
  for (const make of [() => weightEma({ decay: 0.5 }), () => lawa({ window: 3, every: 2 })]) {
    const from = randomTree(rng, { w: [5] });
    const [a, b] = [onDevice(from), onDevice(from)];
    using first = make();
    using second = make();
    const step = (w: FlatTree, average: WeightAverage) => (x: Tensor) => {
      assign(w["w"] as Tensor, add(w["w"] as Tensor, x));
      average.update(w);
      return average.average() as FlatTree;
    };
    using replayed = compile(step(b, second));
    for (let t = 1; t <= 12; t++) {
      const x = tensor([t]);
      const mine = scope(() => step(a, first)(x));

      assert.equal(await read64(replayed(x)), await read64(mine));
    }
    assert.is(second.count, 12);
  }
});

test("light Scion's buffer is changed by replays as by steps", async ({ rng }) => {
  const weights = { square: [3, 3], tall: [4, 3] };
  const entries = geometry.entries.filter(({ path }) => path in weights);
  const from = randomTree(rng, weights);
  const make = () => {
    const own = onDevice(from);
    const optimizer = scion({ entries }, { lr: 0.1, light: true });
    const buffer = new GradientBuffer(own, { dtype: "bf16" });
    return {
      own, optimizer, buffer,
      step: (x: Tensor) => {
        buffer.add(mapTree(own, (w) => mul(w, x)), 0.5);
        optimizer.step(own, buffer.tree);
      },
    };
  };
  const [a, b] = [make(), make()];
  using replayed = compile(b.step);
  for (let t = 1; t <= STEPS; t++) {
    const x = tensor([t]);
    scope(() => a.step(x));
    replayed(x);

    assert.equal(await read64(b.own), await read64(a.own));
    assert.equal(await read64(b.buffer.tree as FlatTree), await read64(a.buffer.tree as FlatTree));
  }
  for (const { optimizer, buffer } of [a, b]) for (const x of [optimizer, buffer]) x.dispose();
});

test("the memory of a compiled training step stays, and is given back", async ({ device, rng }) => {
  const from = randomTree(rng, SHAPES);
  using optimizer = muon(geometry, { lr: 0.1 });
  const run = start(optimizer, from);
  const step = compile(run.step);
  const x = batch(rng);
  for (let t = 0; t < 3; t++) step(x).dispose();
  const { live, tensors } = device.memory();
  for (let t = 0; t < 5; t++) step(x).dispose();

  assert.is(device.memory().live, live);
  assert.is(device.memory().tensors, tensors);
  step.dispose();
  assert.ok(device.memory().live < live);
});

test.run();
