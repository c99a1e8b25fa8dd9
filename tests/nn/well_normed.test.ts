// Well-normed: with weights on the unit spheres of their norms and inputs of norm one, neither a
// change of weights nor one of the input moves the output by more than its norm (times the
// sensitivity). Source: math.md 2.6

import { type Tensor, add, mul, rng as makeRng, scale as scaleTensor, sub, sum, tensor,
  valueAndGrad } from "../../autograd/index.ts";
import { CONVERGED, type Module, type Value, type Weights, abs, add as addModules, avgPool2d,
  compose, conv2d, embed, flatten, functionalAttention, gain, gelu, globalAvgPool, groupedLinear,
  headLinear, identity, linear, maxPool2d, meanSubtract, mergeHeads, mul as mulBond, relu, residual,
  scale, signOverFanIn, silu, softcap, splitHeads, tanh, tare, tie, unitSensitivity } from
  "../../nn/index.ts";
import { assertClose } from "../close.ts";
import { type TestRng, suite } from "../harness.ts";
import { array64, random64 } from "../reference.ts";
import type { Array64 } from "../reference.ts";
import { device, drawTree, host, innerProduct } from "./helpers.ts";
import { randomModule } from "./random_module.ts";

const test = suite("well-normed");

const SLACK = 1.0005; // rounding of float32 through ten products

/** The features of every token or place: along the last axis, or along that of channels. */
function features({ shape, data }: Array64, axis: number): number[][] {
  const at = axis < 0 ? shape.length + axis : axis;
  const [count, after] = [shape[at] ?? 1, shape.slice(at + 1).reduce((n, d) => n * d, 1)];
  return Array.from({ length: data.length / count }, (_, i) => {
    const first = Math.floor(i / after) * count * after + (i % after);
    return Array.from({ length: count }, (_, c) => data[first + c * after] ?? NaN);
  });
}

const rmsOf = (v: readonly number[]) => Math.hypot(...v) / Math.sqrt(v.length);

/** Largest RMS of a token or place. */
function normOf(x: Array64, axis: number): number {
  return Math.max(...features(x, axis).map(rmsOf));
}

/** Dual to it. */
function dualOf(x: Array64, axis: number): number {
  return features(x, axis).reduce((s, v) => s + v.length * rmsOf(v), 0);
}

/** Random, of norm one. */
function unit(rng: TestRng, shape: readonly number[], axis: number): Tensor {
  const x = random64(rng, shape);
  return device(array64(shape, x.data.map((v) => v / normOf(x, axis))));
}

/** What is sampled, and along which axes its input and output have their features. */
interface Sample {
  readonly module: Module;
  readonly shape: readonly number[];
  readonly from: number;
  readonly to: number;
}

/** Throws if a gain exceeds its bound. */
async function sample(rng: TestRng, { module, shape, from, to }: Sample): Promise<void> {
  const weights = module.initialize(makeRng(rng.int(2 ** 32)));
  const x = unit(rng, shape, from);
  const y = module.forward(x, weights);
  const cot = random64(rng, y.shape);
  const along = (at: Value, w: Weights) => sum(mul(module.forward(at, w), device(cot)));
  const { grads } = valueAndGrad((w: Weights) => along(x, w))(weights);
  const { grads: slope } = valueAndGrad((at: Tensor) => along(at, weights))(x);
  const [dx, dw] = [unit(rng, shape, from), drawTree(rng, module)];
  const dual = dualOf(cot, to);
  const check = (what: string, got: number, bound: number) => {
    if (Math.abs(got) > bound * SLACK) throw new Error(`${what}: ${got} over ${bound}`);
  };

  check("the best of all weight changes", await module.dualNorm(grads).item(), dual);
  const pairing = await innerProduct(module, dw, grads);
  check("a weight change", pairing, dual * await module.norm(dw).item());
  check("an input change", await sum(mul(slope, dx)).item(), dual * module.sensitivity);
  const small = module.dualize(grads, 0.05, CONVERGED);
  const list = module.toList(small);
  const moved = module.toTree(module.toList(weights).map((w, i) => sub(w, list[i] as Tensor)));
  const change = await host(sub(module.forward(x, moved), y));
  // The second order is at most half the square of the step for each pair of weights.
  check("a step", normOf(change, to), 0.05 + 0.05 ** 2);
  const far = module.forward(add(x, scaleTensor(dx, -0.5)), weights);
  check("a far input", normOf(await host(sub(far, y)), to), 0.5 * module.sensitivity);
}

/** A random module of images with so many channels. */
function randomImages(rng: TestRng, channels: number, depth: number): Module {
  const part = () => randomImages(rng, channels, depth - 1);
  const kernels: readonly (() => Module)[] = [
    () => conv2d(channels, channels, 3, { padding: 1 }),
    () => conv2d(channels, channels, [1, 3], { padding: [0, 1], groups: 2 }),
    () => conv2d(channels, channels, 2, { padding: [[1, 0], [0, 1]] }),
    () => compose(gain(channels, { axis: 1 }), conv2d(channels, channels, 1)),
  ];
  if (depth === 0) return (kernels[rng.int(kernels.length)] ?? part)();
  const choices: readonly (() => Module)[] = [
    () => compose(part(), relu(), part()),
    () => compose(part(), abs(), part()),
    () => compose(part(), meanSubtract({ axis: 1 }), part()),
    () => residual(part(), 2 + rng.int(3)),
    () => scale(-0.5, addModules(part(), part())),
    () => compose(part(), avgPool2d({ kernel: 3, stride: 1, padding: 1 })),
    () => tare(part(), { relative: 0.5 + rng.uniform() }),
    () => compose(part(), unitSensitivity(silu())),
    () => compose(part(), scale(0.5, maxPool2d({ kernel: [1, 4], stride: 1,
      padding: [[0, 0], [2, 1]] }))),
  ];
  return (choices[rng.int(choices.length)] ?? part)();
}

test("no sampled gain of a module of images exceeds the bound", async ({ rng }) => {
  for (let k = 0; k < 12; k++) {
    const module = randomImages(rng, 4, 1 + rng.int(3));
    await sample(rng, { module, shape: [1, 4, 4, 5], from: 1, to: 1 });
  }
});

test("no sampled gain of a module of vectors exceeds the bound", async ({ rng }) => {
  for (let k = 0; k < 12; k++) {
    const inner = randomModule(rng, 4, 1 + rng.int(3), { contracting: true });
    const [bond] = [[tanh, gelu, () => softcap(2), () => unitSensitivity(silu())][k % 4]];
    const module = compose(linear(3, 4), (bond ?? tanh)(), inner, linear(4, 6));
    await sample(rng, { module, shape: [3, 6], from: -1, to: -1 });
  }
});

test("no sampled gain of heads, groups, gains and heads of classifiers exceeds the bound", async ({
  rng,
}) => {
  const modules = [
    compose(linear(5, 8), mergeHeads(), groupedLinear(2, 4, 3), relu(), headLinear(2, 3, 6)),
    compose(linear(4, 6), gain(6), meanSubtract(), mergeHeads(), splitHeads(3), linear(6, 6)),
    compose(gain(6), abs(), residual(gain(6), 3), gain(6)),
  ];
  for (const module of modules) {
    for (let k = 0; k < 3; k++) await sample(rng, { module, shape: [3, 6], from: -1, to: -1 });
  }
  const classifiers = [
    compose(linear(3, 4), globalAvgPool(), conv2d(4, 2, 3)),
    compose(linear(3, 20), flatten(), relu(), conv2d(4, 2, [3, 2])),
  ];
  for (const module of classifiers) {
    await sample(rng, { module, shape: [2, 2, 3, 6], from: 1, to: -1 });
  }
});

test("no sampled gain of attention exceeds the bound for tokens of norm one", async ({ rng }) => {
  for (const factor of [0.5, 1, 3]) {
    const module = functionalAttention({ factor });
    for (let k = 0; k < 5; k++) {
      const draw = () => [0, 1, 2].map(() => unit(rng, [4, 6], -1)) as [Tensor, Tensor, Tensor];
      const [list, step] = [draw(), draw()];
      const cot = random64(rng, [4, 6]);
      const { grads } = valueAndGrad((at: { q: Tensor; k: Tensor; v: Tensor }) => {
        return sum(mul(module.forward([at.q, at.k, at.v], {}), device(cot)));
      })({ q: list[0], k: list[1], v: list[2] });
      for (const [i, slope] of [grads.q, grads.k, grads.v].entries()) {
        // The norm of a list is the sum: the gain is the largest of the three.
        const got = Math.abs(await sum(mul(slope, step[i] as Tensor)).item());
        const bound = dualOf(cot, -1) * module.sensitivity;
        if (got > bound * SLACK) throw new Error(`${factor}: ${got} over ${bound}`);
      }
    }
  }
});

test("a tied weight keeps a module well-normed", async ({ rng }) => {
  for (let k = 0; k < 6; k++) {
    const table = tie(signOverFanIn);
    const factor = 0.3 + 2 * rng.uniform();
    const module = compose(
      scale(-factor, linear(5, 4, { tie: table, mass: 0.2 + rng.uniform() })), relu(),
      linear(4, 4), embed(4, 5, { tie: table }),
    );
    const weights = module.initialize(makeRng(rng.int(2 ** 32)));
    const ids = tensor(Int32Array.from([1, 4, 2]), { shape: [3] });
    const cot = random64(rng, [3, 5]);
    const { grads } = valueAndGrad((w: Weights) => {
      return sum(mul(module.forward(ids, w), device(cot)));
    })(weights);

    const best = await module.dualNorm(grads).item();
    if (best > dualOf(cot, -1) * SLACK) throw new Error(`${best} over ${dualOf(cot, -1)}`);
  }
});

test("the bound of a linear chain is attained within 1 %", async ({ rng }) => {
  // Widths that do not fall lose nothing: the weights keep the RMS of every vector. The output is
  // its own best direction, and one input makes gradients of rank one.
  for (let k = 0; k < 10; k++) {
    const widths = [3];
    for (let i = 0; i < 2 + rng.int(3); i++) widths.push((widths.at(-1) ?? 3) + rng.int(5));
    const layers = widths.slice(1).map((width, i) => {
      const sign = rng.int(2) ? 1 : -1;
      return scale(sign, tare(linear(width, widths[i] ?? 3), 0.5 + rng.uniform()));
    });
    const module = compose(mulBond(2), ...layers.reverse(), identity());
    const weights = module.initialize(makeRng(rng.int(2 ** 32)));
    const x = unit(rng, [1, 3], -1);
    const y = await host(module.forward(x, weights));
    const { grads } = valueAndGrad((w: Weights) => {
      return sum(mul(module.forward(x, w), device(y)));
    })(weights);

    assertClose(normOf(y, -1), module.sensitivity, { rtol: 0.01, atol: 0 });
    assertClose(await module.dualNorm(grads).item(), dualOf(y, -1), { rtol: 0.01, atol: 0 });
  }
});

test.run();
