// The comparison of optimizers: the search for rates, the table, the tasks, and a training.

import * as assert from "uvu/assert";
import { matmul, mul, rng as makeRng, sum, tensor, transpose, valueAndGrad } from
  "../../autograd/index.ts";
import type { Tensor } from "../../autograd/index.ts";
import { FAMILY, type Member } from "../../bench/optimizers/family.ts";
import { MomentAverage, probesFor, watchedForward } from
  "../../bench/optimizers/layer_moments.ts";
import { loadRates, parseRates, rateOf, ratesText, withRate } from
  "../../bench/optimizers/rates.ts";
import { lossText, tableHead, tableRow } from "../../bench/optimizers/table.ts";
import { TASKS, type Task, halved } from "../../bench/optimizers/tasks.ts";
import { train } from "../../bench/optimizers/train.ts";
import { coarseRate, searchRate } from "../../bench/optimizers/tune.ts";
import { compose, embed, linear, mlp } from "../../nn/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";

const test = suite("bench optimizers");

const named = (name: string): Member => {
  const found = FAMILY.find((member) => member.name === name);
  if (!found) throw new Error(`no such optimizer: ${name}`);
  return found;
};

test("coarse rates are 1 and 3 times powers of ten", () => {
  assert.equal([-3, -2, -1, 0, 1, 2, 3].map(coarseRate), [0.03, 0.1, 0.3, 1, 3, 10, 30]);
});

// A loss with its least at a rate, and none from another one on.
function valley(best: number, end: number) {
  const tried: number[] = [];
  const lossOf = async (lr: number): Promise<number> => {
    tried.push(lr);
    return lr >= end ? Infinity : Math.log(lr / best) ** 2;
  };
  return { tried, lossOf };
}

test("the best rate is found from far away on either side, past rates that diverge", async () => {
  for (const guess of [1e-4, 0.02, 0.1, 1, 1000]) {
    const { tried, lossOf } = valley(0.02, 0.2);
    const [best] = await searchRate(guess, lossOf);

    assert.is(best.lr, 0.02); // 0.03 over 1.5
    assert.is(new Set(tried).size, tried.length, "no rate is tried twice");
  }
});

test("a best rate at an edge is no answer: the search goes on to where it ends", async () => {
  const [best] = await searchRate(1, valley(1e5, Infinity).lossOf);
  assert.ok(best.lr > 0.5e5 && best.lr < 2e5);

  await searchRate(1, async (lr) => -lr).then(() => assert.unreachable(), (error: Error) => {
    assert.match(error.message, /^searchRate: no best rate between 1e-8 and 100000000: /);
  });
});

test.needs("node", "there is a rate for every optimizer and task", async () => {
  const rates = loadRates();
  for (const task of TASKS) {
    for (const { name } of FAMILY) assert.type(rates[task][name], "number", `${name} on ${task}`);
  }
  assert.equal(parseRates(ratesText(rates)), rates);
  const changed = withRate(rates, "text", named("adam"), 0.5);
  assert.is(rateOf(changed, "text", named("adam")), 0.5);
  assert.equal(changed.digits, rates.digits);
  assert.throws(() => parseRates('{"digits": {"adam": -1}, "text": {}}'),
    /not a rate: -1 of adam on digits\. Restore the file, or write it anew by --tune\.$/);
  assert.throws(() => parseRates('{"digits": {}}'), /no rates for a task: text/);
});

test("losses have a mean and the deviation between seeds", () => {
  assert.is(lossText([1, 2, 3]), "2.000 ± 1.000");
  assert.is(lossText([0.5]), "0.500");
  assert.is(lossText([1, Infinity]), "diverged");
});

test("a row has as many cells as the head", () => {
  const outcome = { loss: 1, secondsPerStep: 0.0123, bytesPerParameter: 16.1 };
  const entries = TASKS.map((task) => ({ task, lr: 0.01, outcomes: [outcome] }));
  const head = tableHead([{ name: "digits" }, { name: "text" }] as unknown as readonly Task[]);
  const row = tableRow(named("adam"), entries);

  assert.is(row, "| `adam` | 0.01 | 1.000 | 12 | 0.01 | 1.000 | 12 | 16.1 | 8 |  |");
  assert.equal(head.map((line) => line.split("|").length), [12, 12]);
  assert.is(row.split("|").length, 12);
});

test("four pixels become their mean", () => {
  const image = Float32Array.from({ length: 2 * 784 }, (_, i) => i);
  const small = halved(image);

  assert.is(small.length, 2 * 196);
  assert.is(small[0], (0 + 1 + 28 + 29) / 4);
  assert.is(small[15], (58 + 59 + 86 + 87) / 4); // second row, second column
  assert.is(small[196], 784 + (0 + 1 + 28 + 29) / 4);
});

test("moments of layers are means over examples", async ({ rng }) => {
  const [m, n, count] = [3, 4, 5];
  const module = linear(m, n, { label: "layer" });
  const weights = module.initialize(makeRng(1));
  const x = tensor(Array.from({ length: count * n }, () => rng.normal()), { shape: [count, n] });
  const d = tensor(Array.from({ length: count * m }, () => rng.normal()), { shape: [count, m] });
  // a mean over examples whose gradients by the outputs are the rows of d
  const { grads } = valueAndGrad((probes: ReturnType<typeof probesFor>) => {
    return mul(sum(mul(watchedForward(module, x, weights, probes), d)), 1 / count);
  })(probesFor(module));
  const { inputs, outputs } = grads["layer.weight"] as { inputs: Tensor; outputs: Tensor };
  const meanOf = (rows: Tensor) => mul(matmul(transpose(rows), rows), 1 / count).read();

  assertClose(await inputs.read(), await meanOf(x), { rtol: 1e-5, atol: 1e-6 });
  assertClose(await outputs.read(), await meanOf(d), { rtol: 1e-5, atol: 1e-6 });
});

test("a table's rows have the shares of their tokens, the output is the module's", async () => {
  const module = compose(linear(2, 3, { label: "head" }), embed(3, 4, { label: "table" }));
  const weights = module.initialize(makeRng(1));
  const tokens = tensor(Int32Array.of(1, 1, 3, 0), { shape: [2, 2] });
  const y = watchedForward(module, tokens, weights, probesFor(module));
  assert.equal([...await y.read()], [...await module.forward(tokens, weights).read()]);
  const { grads } = valueAndGrad((probes: ReturnType<typeof probesFor>) => {
    return sum(watchedForward(module, tokens, weights, probes));
  })(probesFor(module));
  const { outputs } = grads["table.weight"] as { outputs: Tensor };

  const shares = [1, 2, 0, 1].map((times, i) => [0, 1, 2, 3].map((j) => (i === j ? times / 4 : 0)));
  assert.equal([...await outputs.read()], shares.flat());
});

test("averages of moments start at the first, and are damped", async () => {
  const module = linear(1, 2, { label: "layer" });
  using average = new MomentAverage(module);
  average.update({ "layer.weight": { outputs: tensor([[4]]), inputs: tensor([[1, 0], [0, 3]]) } });
  const { inputs, outputs } = average.of("layer.weight");

  assertClose(await inputs.read(), [1.02, 0, 0, 3.02], { rtol: 1e-6, atol: 0 });
  assertClose(await outputs.read(), [4.04], { rtol: 1e-6, atol: 0 });
});

// Sixteen points and their quadrants.
const quadrants: Task = /* @__PURE__ */ makeQuadrants();

function makeQuadrants(): Task {
  const points = [-3, -1, 1, 3].flatMap((x) => [-3, -1, 1, 3].map((y) => [x, y] as const));
  const all = () => ({
    inputs: tensor(points.flat(), { shape: [16, 2] }),
    labels: tensor(Int32Array.from(points, ([x, y]) => 2 * Number(x > 0) + Number(y > 0))),
  });
  return {
    name: "digits", about: "quadrants", module: mlp({ input: 2, width: 8, output: 4, depth: 2 }),
    batches: () => all, heldOut: all,
  };
}

test("a training learns, counts bytes, and leaves nothing behind", async ({ device }) => {
  const before = device.memory().live;
  for (const name of ["adam", "iso"]) {
    const choice = { task: quadrants, member: named(name), lr: 0.1, seed: 1 };
    const short = await train(device, { ...choice, steps: 2 });
    const long = await train(device, { ...choice, steps: 30 });

    assert.ok(long.loss < 0.8 * short.loss, `${name}: ${short.loss} to ${long.loss}`);
    assert.ok(long.secondsPerStep > 0 && long.bytesPerParameter >= 12, name);
  }
  assert.is(device.memory().live, before);
}, { seconds: 120 });

test("the same seed gives the same loss, and a rate that is too large none", async ({ device }) => {
  const choice = { task: quadrants, member: named("sgd"), seed: 3, steps: 10 };
  const losses = [];
  for (const lr of [0.1, 0.1, 1e30]) losses.push((await train(device, { ...choice, lr })).loss);

  assert.is(losses[0], losses[1]);
  assert.is(losses[2], Infinity);
}, { seconds: 60 });

test.run();
