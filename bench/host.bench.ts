// What the host takes: small operations one by one and in a compiled step, and the whole training
// step of a model that is too small for anything else to matter.

import { type Tensor, add, compile, matmul, mean, normal, rng, square, sub, tanh, tensor,
  valueAndGrad } from "../autograd/index.ts";
import { type Optimizer, adam } from "../optim/index.ts";
import { type Bench, type Work, bench } from "./harness.ts";

/** Operations of a chain: more than a batch of dispatches, as in a step of a small model. */
const COUNTS = [100, 400] as const;

/** A chain of elementwise operations on four numbers. */
function chain(x: Tensor, y: Tensor, count: number): Tensor {
  let z = x;
  for (let i = 0; i < count; i++) z = i % 2 === 0 ? add(z, y) : sub(z, x);
  return z;
}

/** A chain of products of small matrices, each of which needs the one before. */
function products(x: Tensor, w: Tensor, count: number): Tensor {
  let z = x;
  for (let i = 0; i < count; i++) z = matmul(z, w);
  return z;
}

function chainWork(count: number, compiled: boolean): Work {
  const [x, y] = [normal(rng(1), [4]), normal(rng(2), [4])];
  const run = compiled ? compile((a: Tensor, b: Tensor) => chain(a, b, count)) : undefined;
  return {
    flop: 4 * count, bytes: 48, ops: count,
    run: () => (run ? run(x, y) : chain(x, y, count)),
    expected: async () => {
      const [a, b] = [await x.read(), await y.read()];
      const halves = [Math.ceil(count / 2), Math.floor(count / 2) - 1] as const;
      return (i) => halves[0] * (b[i] ?? NaN) - halves[1] * (a[i] ?? NaN);
    },
    free: () => run?.dispose(),
  };
}

/** Turns the columns of a matrix by one place. */
const TURN = [[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0]] as const;

function productWork(count: number, compiled: boolean): Work {
  const [x, turn] = [normal(rng(1), [4, 4]), tensor(TURN)];
  const run = compiled ? compile((a: Tensor, b: Tensor) => products(a, b, count)) : undefined;
  return {
    flop: 128 * count, bytes: 192, ops: count,
    run: () => (run ? run(x, turn) : products(x, turn, count)),
    expected: async () => {
      const data = await x.read();
      return (i) => data[i - i % 4 + (4 + i % 4 - count % 4) % 4] ?? NaN;
    },
    free: () => run?.dispose(),
  };
}

/** Sides of the model. */
const [INPUTS, HIDDEN] = [2, 16];

interface Weights {
  readonly w1: Tensor;
  readonly b1: Tensor;
  readonly w2: Tensor;
  readonly b2: Tensor;
  readonly [name: string]: Tensor;
}

function weightsOf(): Weights {
  const from = rng(1);
  return {
    w1: normal(from, [INPUTS, HIDDEN]), b1: normal(from, [HIDDEN]),
    w2: normal(from, [HIDDEN, 1]), b2: normal(from, [1]),
  };
}

function lossOf({ w1, b1, w2, b2 }: Weights, x: Tensor, y: Tensor): Tensor {
  const hidden = tanh(add(matmul(x, w1), b1));
  return mean(square(sub(add(matmul(hidden, w2), b2), y)));
}

/** A step of Adam at rate 0, which does all of the work and changes no weight. */
function trainingWork(batch: number, compiled: boolean): Work {
  const weights = weightsOf();
  const [x, y] = [normal(rng(2), [batch, INPUTS]), normal(rng(3), [batch, 1])];
  const optimizer: Optimizer = adam({ lr: 0 });
  const step = (inputs: Tensor, targets: Tensor): Tensor => {
    const { value, grads } = valueAndGrad(lossOf)(weights, inputs, targets);
    optimizer.step(weights, grads);
    return value;
  };
  const run = compiled ? compile(step) : undefined;
  const flop = 6 * batch * (INPUTS * HIDDEN + HIDDEN);
  return {
    flop, bytes: 4 * batch * (INPUTS + 1), ops: 1,
    run: () => (run ?? step)(x, y),
    expected: async () => {
      const loss = await loss64(weights, x, y);
      return () => loss;
    },
    free: () => {
      run?.dispose();
      optimizer.dispose();
    },
  };
}

async function loss64({ w1, b1, w2, b2 }: Weights, x: Tensor, y: Tensor): Promise<number> {
  const read = async (t: Tensor) => [...await t.read()];
  const [into, start, out, [last = NaN] = []] = await Promise.all([w1, b1, w2, b2].map(read));
  const [inputs = [], targets = []] = await Promise.all([x, y].map(read));
  const errors = targets.map((target, row) => {
    const hidden = (start ?? []).map((bias, j) => {
      return Math.tanh(bias + sum(INPUTS, (i) => {
        return (inputs[INPUTS * row + i] ?? NaN) * (into?.[HIDDEN * i + j] ?? NaN);
      }));
    });
    return (last + sum(HIDDEN, (j) => (hidden[j] ?? NaN) * (out?.[j] ?? NaN)) - target) ** 2;
  });
  return sum(errors.length, (i) => errors[i] ?? NaN) / errors.length;
}

function sum(count: number, term: (i: number) => number): number {
  return Array.from({ length: count }, (_, i) => term(i)).reduce((all, x) => all + x, 0);
}

/** Chains of so many small operations, and a step of a 2-16-1 network on a batch, each twice. */
export const hostBenches: readonly Bench[] = [
  /* @__PURE__ */ bench("small sums", { sizes: COUNTS }, (n) => chainWork(n, false)),
  /* @__PURE__ */ bench("small sums, compiled", { sizes: COUNTS }, (n) => chainWork(n, true)),
  /* @__PURE__ */ bench("small products", { sizes: COUNTS }, (n) => productWork(n, false)),
  /* @__PURE__ */ bench("small products, compiled", { sizes: COUNTS }, (n) => productWork(n, true)),
  /* @__PURE__ */ bench("training step", { sizes: [32] }, (n) => trainingWork(n, false)),
  /* @__PURE__ */ bench("training step, compiled", { sizes: [32] }, (n) => trainingWork(n, true)),
];
