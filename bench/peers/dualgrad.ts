// This package, used by its public entries only.

import { type Device, type Tensor, add, compile, conv2d, crossEntropy, dispose, embedding, exp,
  geluTanh, layerNorm, matmul, mseLoss, mul, neg, permute, reshape, scaledDotProductAttention,
  scope, softmax, split, sqrt, square, sub, sum, tensor, transpose, valueAndGrad } from
  "../../autograd/index.ts";
import { JORDAN, type Module, mlp, polar, tanh } from "../../nn/index.ts";
import { type Optimizer, adam, muon, sgd } from "../../optim/index.ts";
import type { Contestant, Dense, Forward, Training, Work } from "./contestant.ts";
import { COMPILED, OURS } from "./report.ts";
import { GPT } from "./settings.ts";

/** Plain use, and with `compile` around training steps, on the device that this program opened. */
export function dualgrad(device: Device, version: string): readonly Contestant[] {
  return [
    {
      name: OURS, version,
      start: (task) => {
        return task.kind === "train" ? train(device, stepOf(task)) : forward(device, task);
      },
    },
    {
      name: COMPILED, version,
      start: (task) => (task.kind === "train" ? train(device, compiled(stepOf(task))) : undefined),
    },
  ];
}

type Op = (a: Tensor, b: Tensor, c: Tensor) => Tensor;

const OPS: Readonly<Record<Forward["kind"], Op>> = {
  matmul: (a, b) => matmul(a, b),
  fma: (a, b, c) => add(mul(a, b), c),
  chain: (x) => sub(mul(exp(neg(sqrt(add(square(mul(x, 0.5)), 1)))), 3), 1),
  sum: (x) => sum(x),
  softmax: (x) => softmax(x),
  sign: (x) => polar(x, JORDAN),
  conv: (x, w) => conv2d(x, w, { padding: 1 }),
};

/** A tensor of ours, which lives until it is disposed of. */
function upload({ shape, data }: Dense): Tensor {
  return tensor(data, { shape });
}

interface Repeated extends Omit<Work, "free"> {
  readonly free: () => void;
}

/** Holds results until they are computed: one freed before that need not be computed at all. */
function repeated(device: Device, make: () => Tensor): Repeated {
  const results: Tensor[] = [];
  const keepLast = (count: number): void => dispose(results.splice(0, results.length - count));
  return {
    run: () => void results.push(scope(make)),
    settle: async () => {
      await device.idle();
      keepLast(1);
    },
    read: async () => await results.at(-1)?.read() ?? [],
    free: () => {
      keepLast(0);
      device.trim();
    },
  };
}

function forward(device: Device, { kind, inputs }: Forward): Work {
  const tensors = inputs.map(upload);
  // as many as the task's kind takes
  const [a, b, c] = tensors as [Tensor, Tensor, Tensor];
  const work = repeated(device, () => OPS[kind](a, b, c));
  return {
    ...work, free: () => {
      dispose(tensors);
      work.free();
    },
  };
}

type Tree = { readonly [name: string]: Tensor | Tree };

/** A network: its weights from those of the task, and its loss. */
interface Network {
  /** Whose norms Muon goes by. */
  readonly module?: Module;
  /** In the layout of this package. */
  readonly weights: Tree;
  readonly loss: (weights: Tree, x: Tensor, y: Tensor) => Tensor;
}

/** A training step with its batch: updates the weights and gives the loss. */
interface Step {
  readonly step: (x: Tensor, y: Tensor) => Tensor;
  readonly x: Tensor;
  readonly y: Tensor;
  readonly free: () => void;
}

/** The weights, the optimizer and the step of a task. */
function stepOf(task: Training): Step {
  const { weights, loss, module } = NETWORKS[task.model](task);
  const [x, y] = [upload(task.x), upload(task.y)];
  const optimizer = makeOptimizer(task, module);
  const lossAndGrads = valueAndGrad(loss);
  return {
    x, y, step: (...batch) => {
      const { value, grads } = lossAndGrads(weights, ...batch);
      optimizer.step(weights, grads);
      return value;
    },
    free: () => {
      dispose([weights, x, y]);
      optimizer.dispose();
    },
  };
}

/** The same step, recorded once and then replayed. */
function compiled({ step, free, ...batch }: Step): Step {
  const replayed = compile(step);
  return {
    ...batch, step: replayed, free: () => {
      replayed.dispose();
      free();
    },
  };
}

function train(device: Device, { step, x, y, free }: Step): Work {
  const work = repeated(device, () => step(x, y));
  return {
    ...work, free: () => {
      free();
      work.free();
    },
  };
}

function makeOptimizer({ optimizer, rate }: Training, module?: Module): Optimizer {
  if (optimizer === "sgd") return sgd({ lr: rate });
  if (optimizer === "adam") return adam({ lr: rate });
  if (!module) throw new Error("bench dualgrad: muon without a module. Give the network one.");
  return muon(module, { lr: rate });
}

const NETWORKS: Readonly<Record<Training["model"], (task: Training) => Network>> = {
  mlp: (task) => {
    const module = mlp({ input: 784, output: 10, width: 512, depth: 3, bias: true });
    return {
      module, weights: layersOf(task),
      loss: (weights, x, y) => crossEntropy(module.forward(x, weights), y),
    };
  },
  tiny: (task) => {
    const module = mlp({ input: 2, output: 1, width: 16, depth: 2, bias: true, activation: tanh });
    return {
      module, weights: layersOf(task),
      loss: (weights, x, y) => mseLoss(module.forward(x, weights), y),
    };
  },
  gpt: ({ weights }) => ({
    weights: Object.fromEntries(Object.entries(weights).map(([name, w]) => [name, upload(w)])),
    loss: (w, x, y) => crossEntropy(gptLogits(w as Readonly<Record<string, Tensor>>, x), y),
  }),
};

/** `{ layers: { 0: { weight, bias } } }`, matrices `[fanOut, fanIn]`. */
function layersOf({ weights }: Training): Tree {
  const layers: Record<string, Record<string, Tensor>> = {};
  for (const [path, dense] of Object.entries(weights)) {
    const [, layer = "", name = ""] = path.split(".");
    const w = scope(() => (dense.shape.length === 2 ? turned(upload(dense)) : upload(dense)));
    (layers[layer] ??= {})[name] = w;
  }
  return { layers };
}

/** The transpose, written out. */
function turned(w: Tensor): Tensor {
  return mul(transpose(w), 1);
}

/** Layer norm before attention and MLP, learned places, an untied head. */
function gptLogits(weights: Readonly<Record<string, Tensor>>, x: Tensor): Tensor {
  const w = (name: string): Tensor => weights[name] as Tensor; // of the task, which has all
  const norm = (name: string, h: Tensor): Tensor => {
    return layerNorm(h, { eps: GPT.eps, weight: w(`${name}.gain`), bias: w(`${name}.offset`) });
  };
  const linear = (name: string, h: Tensor): Tensor => {
    return add(matmul(h, w(`${name}.weight`)), w(`${name}.bias`));
  };
  let h = add(embedding(w("tokens"), x), w("places"));
  for (let i = 0; i < GPT.blocks; i++) {
    const seen = attention(linear(`${i}.attention`, norm(`${i}.before`, h)));
    h = add(h, linear(`${i}.merge`, seen));
    h = add(h, linear(`${i}.down`, geluTanh(linear(`${i}.up`, norm(`${i}.middle`, h)))));
  }
  return matmul(norm("last", h), w("head"));
}

function attention(qkv: Tensor): Tensor {
  const { batch, context, width, heads } = GPT;
  const [q, k, v] = split(qkv, [width, width, width], { axis: -1 }).map((part) => {
    return permute(reshape(part, [batch, context, heads, width / heads]), [0, 2, 1, 3]);
  }) as [Tensor, Tensor, Tensor]; // three parts
  const y = scaledDotProductAttention(q, k, v, { causal: true });
  return reshape(permute(y, [0, 2, 1, 3]), [batch, context, width]);
}
