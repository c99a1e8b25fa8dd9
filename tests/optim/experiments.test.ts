// What dualized descent does to learning rates, to the spectra of weights and to what they were:
// math.md 5.4 to 5.6 in small. Widths, steps and rates are such that the effects are plain; losses
// of the two optimizers are not equal, and there is one seed.

import * as assert from "uvu/assert";
import { type Tensor, compile, div, matmul, mseLoss, mul, normal, relu, rng as makeRng, scale,
  transpose, valueAndGrad } from "../../autograd/index.ts";
import { type Weights, mlp, singularValues } from "../../nn/index.ts";
import { type Optimizer, adam, linearDecay, modularDescent, sgd } from "../../optim/index.ts";
import { suite } from "../harness.ts";

const test = suite("experiments with optimizers");

const [WIDTH, STEPS] = [48, 100] as const;
const module = mlp({ input: 16, width: WIDTH, output: 8, depth: 3 });

/** Inputs, and what a fixed network of the same kind makes of them. */
function task(count = 128, gain = 1): readonly [x: Tensor, y: Tensor] {
  const random = makeRng(7);
  const draw = (m: number, n: number) => scale(normal(random, [m, n]), gain / Math.sqrt(n));
  const x = normal(random, [count, 16]);
  const hidden = relu(matmul(relu(matmul(x, transpose(draw(32, 16)))), transpose(draw(32, 32))));
  return [x, scale(matmul(hidden, transpose(draw(8, 32))), 4)];
}

/**
 * Trains from the same start.
 *
 * @param change what becomes of the gradient before the optimizer gets it
 * @returns the hidden matrix before and after, its singular values, and the last loss
 */
async function train(optimizer: Optimizer, change = (grads: Weights) => grads) {
  const [x, y] = task();
  const weights = module.initialize(makeRng(1));
  const hidden = (w: Weights): Tensor => module.toList(w)[1] as Tensor; // of three
  const before = await hidden(weights).read() as Float32Array;
  const lossAndGrads = valueAndGrad((w: Weights) => mseLoss(module.forward(x, w), y));
  using step = compile(() => {
    const { value, grads } = lossAndGrads(weights);
    optimizer.step(weights, change(grads));
    return value;
  });
  let loss = NaN;
  for (let t = 0; t < STEPS; t++) {
    const value = step();
    if (t === STEPS - 1) loss = await value.item();
    value.dispose();
  }
  const values = Array.from(await singularValues(hidden(weights)));
  optimizer.dispose();
  return { before, after: await hidden(weights).read() as Float32Array, values, loss };
}

/** Largest over median singular value, and the squares' sum over the largest square. */
function shapeOf(values: readonly number[]): { readonly spread: number; readonly rank: number } {
  const [top = NaN, median = NaN] = [values[0], values[values.length >> 1]];
  return { spread: top / median, rank: values.reduce((sum, s) => sum + s * s, 0) / top ** 2 };
}

/** Cosine of the angle between two matrices. */
function likeness(a: Float32Array, b: Float32Array): number {
  const dot = (u: Float32Array, v: Float32Array) => u.reduce((sum, x, i) => sum + x * v[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

const options = { lr: 1, schedule: linearDecay({ total: STEPS }) };
const dualized = () => train(modularDescent(module, { ...options, momentum: 0 }));

/** The gradient, each weight's with its share of the norm and its direction as it is. */
function scaled(grads: Weights): Weights {
  return module.toTree(module.toList(grads).map((g, i) => {
    const { norm, share } = module.entries[i]!; // one for each
    return mul(g, div(share, norm.norm(g)));
  }));
}

test("its weights keep many large singular values where Adam's get a few", async () => {
  const dual = await dualized();
  const other = await train(adam({ ...options, lr: 0.03 }));

  const [a, b] = [shapeOf(dual.values), shapeOf(other.values)];
  const seen = JSON.stringify({ a, b, losses: [dual.loss, other.loss] });
  assert.ok(dual.loss < 0.2 && other.loss < 0.2, seen);
  assert.ok(a.rank > 2 * b.rank && a.spread < b.spread, seen);
});

test("what the weights were at first fades, and stays where gradients are only scaled", async () => {
  const dual = await dualized();
  const other = await train(sgd(options), scaled);

  const [faded, kept] = [dual, other].map(({ before, after }) => likeness(before, after));
  assert.ok(faded! < 0.6 && kept! > 0.85, `${faded} ${kept}`); // two were asked for
});

/** The last loss of a net of that width after 120 steps at a rate that falls to zero. */
async function lossAt(width: number, name: "modular" | "adam", lr: number): Promise<number> {
  const [x, y] = task(256, Math.SQRT2);
  const net = mlp({ input: 16, width, output: 8, depth: 3 });
  const random = makeRng(1);
  const standard = (w: Tensor) => scale(normal(random, w.shape), 1 / Math.sqrt(w.shape[1] ?? 1));
  const start = net.initialize(random);
  const weights = name === "modular" ? start : net.toTree(net.toList(start).map(standard));
  const schedule = linearDecay({ total: 120 });
  using optimizer = name === "modular" ? modularDescent(net, { lr, schedule, momentum: 0 })
    : adam({ lr, schedule });
  const lossAndGrads = valueAndGrad((w: Weights) => mseLoss(net.forward(x, w), y));
  using step = compile(() => {
    const { value, grads } = lossAndGrads(weights);
    optimizer.step(weights, grads);
    return value;
  });
  for (let t = 1; t < 120; t++) step().dispose();
  return step().item();
}

test("rates that suit a narrow net suit one of eight times its width", async () => {
  // Rates at which the last loss is at most half above the best: one best of many ties is chance.
  const tried = async (width: number, name: "modular" | "adam", exponents: readonly number[]) => {
    const losses = new Map<number, number>();
    for (const e of exponents) losses.set(e, await lossAt(width, name, 2 ** e));
    const best = Math.min(...losses.values());
    const good = exponents.filter((e) => (losses.get(e) ?? NaN) <= 1.5 * best);
    return { losses, best, good, middle: good.reduce((sum, e) => sum + e, 0) / good.length };
  };
  // How far the middle moves, and the wide net's largest loss at a good rate of the narrow one.
  const transfer = async (name: "modular" | "adam", exponents: readonly number[]) => {
    const narrow = await tried(12, name, exponents);
    const wide = await tried(96, name, exponents);
    const costs = narrow.good.map((e) => (wide.losses.get(e) ?? NaN) / wide.best);
    const move = Math.abs(narrow.middle - wide.middle);
    return { move, cost: Math.max(...costs), gain: narrow.best / wide.best };
  };
  const dual = await transfer("modular", [3, 2, 1, 0, -1, -2, -3]);
  const other = await transfer("adam", [-2, -3, -4, -5, -6, -7]);

  const seen = JSON.stringify({ dual, other });
  assert.ok(dual.move <= 1 && dual.cost < 10 && dual.gain >= 1, seen);
  assert.ok(other.move > 1 && other.cost > 10, seen); // of networks with the standard start
}, { seconds: 300 });

test.run();
