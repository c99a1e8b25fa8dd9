// The losses of training in float64: networks, and updates as published.

import { attention64 } from "./attention64.ts";
import type { Dense, ModelName, OptimizerName, Training } from "./contestant.ts";
import { mapNamed } from "./dense.ts";
import { ADAM, GPT, MUON } from "./settings.ts";
import { type Node64, add64, addProduct64, backward64, crossEntropy64, layerNorm64, leaf64,
  linear64, map64, meanSquare64, rows64, transposed64 } from "./tape64.ts";

/** Losses that are checked; an update by Muon takes 10 GFLOP in float64. */
const CHECKED: Readonly<Record<OptimizerName, number>> = { sgd: 3, adam: 3, muon: 2 };

type Weights64 = Readonly<Record<string, Node64>>;

/** Losses before each of the first updates. */
export function losses64(task: Omit<Training, "losses">): number[] {
  const { model, optimizer, rate, weights, x, y } = task;
  const update = makeUpdate64(optimizer, rate);
  let current: Weights64 = mapNamed(weights, ({ shape, data }) => leaf64(shape, data));
  const losses: number[] = [];
  for (let step = 1; ; step++) {
    const loss = LOSSES[model](current, x, y);
    losses.push(loss.data[0] ?? NaN);
    if (step === CHECKED[optimizer]) return losses;
    backward64(loss);
    current = mapNamed(current, (w, name) => leaf64(w.shape, update(name, w, step)));
  }
}

/** A weight by its name. */
function at(weights: Weights64, name: string): Node64 {
  const found = weights[name];
  if (!found) throw new Error(`bench models: no weight ${name}. Add it to the first weights.`);
  return found;
}

const LOSSES: Readonly<Record<ModelName, (weights: Weights64, x: Dense, y: Dense) => Node64>> = {
  mlp: (w, x, y) => crossEntropy64(through(w, x, relu64), y.data),
  gpt: (w, x, y) => crossEntropy64(gptLogits64(w, x), y.data),
  tiny: (w, x, y) => meanSquare64(through(w, x, tanh64), y.data),
};

function relu64(x: Node64): Node64 {
  return map64(x, (v) => Math.max(v, 0), (v) => (v > 0 ? 1 : 0));
}

function tanh64(x: Node64): Node64 {
  return map64(x, Math.tanh, (v) => 1 - Math.tanh(v) ** 2);
}

/** Linear layers with a function between them. */
function through(weights: Weights64, x: Dense, activation: (x: Node64) => Node64): Node64 {
  const count = Object.keys(weights).length / 2;
  let h = leaf64(x.shape, x.data);
  for (let i = 0; i < count; i++) {
    const layer = `layers.${i}`;
    h = linear64(h, at(weights, `${layer}.weight`), at(weights, `${layer}.bias`));
    if (i < count - 1) h = activation(h);
  }
  return h;
}

const ROOT = Math.sqrt(2 / Math.PI);

/** GELU by its tanh approximation. */
function gelu64(x: Node64): Node64 {
  const inner = (v: number): number => Math.tanh(ROOT * (v + 0.044715 * v ** 3));
  return map64(x, (v) => 0.5 * v * (1 + inner(v)), (v) => {
    const t = inner(v);
    return 0.5 * (1 + t) + 0.5 * v * (1 - t * t) * ROOT * (1 + 3 * 0.044715 * v * v);
  });
}

/** Layer norm before attention and MLP, learned places, an untied head. */
function gptLogits64(weights: Weights64, x: Dense): Node64 {
  const w = (name: string): Node64 => at(weights, name);
  const norm = (name: string, h: Node64): Node64 => {
    return layerNorm64(h, w(`${name}.gain`), w(`${name}.offset`), GPT.eps);
  };
  const linear = (name: string, h: Node64): Node64 => {
    return linear64(h, w(`${name}.weight`), w(`${name}.bias`));
  };
  let h = add64(rows64(w("tokens"), x.data, x.shape), w("places"));
  for (let i = 0; i < GPT.blocks; i++) {
    const seen = attention64(linear(`${i}.attention`, norm(`${i}.before`, h)), GPT.heads);
    h = add64(h, linear(`${i}.merge`, seen));
    h = add64(h, linear(`${i}.down`, gelu64(linear(`${i}.up`, norm(`${i}.middle`, h)))));
  }
  return linear64(norm("last", h), w("head"));
}

type Update64 = (name: string, weight: Node64, step: number) => Float64Array;

function makeUpdate64(optimizer: OptimizerName, rate: number): Update64 {
  if (optimizer === "sgd") return (_, { data, grad }) => moved(data, grad, rate);
  if (optimizer === "adam") return adam64({ rate, ...ADAM });
  const [matrices, rest] = [muon64(rate), adam64(MUON.rest)];
  return (name, weight, step) => (weight.shape.length === 2 ? matrices : rest)(name, weight, step);
}

function moved(data: Float64Array, by: Float64Array, rate: number): Float64Array {
  return data.map((value, i) => value - rate * (by[i] as number)); // same size
}

function adam64(
  { rate, beta1, beta2, eps }: { rate: number; beta1: number; beta2: number; eps: number },
): Update64 {
  const state = new Map<string, { m: Float64Array; v: Float64Array }>();
  return (name, { data, grad }, step) => {
    const zeros = new Float64Array(data.length);
    const { m, v } = state.get(name) ?? { m: zeros, v: zeros };
    const next = {
      m: m.map((value, i) => beta1 * value + (1 - beta1) * (grad[i] as number)),
      v: v.map((value, i) => beta2 * value + (1 - beta2) * (grad[i] as number) ** 2),
    };
    state.set(name, next);
    return moved(data, next.m.map((value, i) => {
      const root = Math.sqrt((next.v[i] as number) / (1 - beta2 ** step));
      return value / (1 - beta1 ** step) / (root + eps);
    }), rate);
  };
}

function muon64(rate: number): Update64 {
  const { momentum } = MUON;
  const state = new Map<string, Float64Array>();
  return (name, { shape: [fanIn = 0, fanOut = 0], data, grad }) => {
    const old = state.get(name) ?? new Float64Array(data.length);
    const average = old.map((value, i) => momentum * value + (1 - momentum) * (grad[i] as number));
    state.set(name, average);
    const ahead = average.map((value, i) => {
      return momentum * value + (1 - momentum) * (grad[i] as number);
    });
    const size = Math.sqrt(Math.max(1, fanOut / fanIn));
    return moved(data, signed64(ahead, fanIn, fanOut), rate * size);
  };
}

/** Newton-Schulz, on the shorter side. */
function signed64(g: Float64Array, rows: number, columns: number): Float64Array {
  if (rows > columns) {
    return transposed64(signed64(transposed64(g, rows, columns), columns, rows), columns, rows);
  }
  const norm = Math.sqrt(g.reduce((sum, value) => sum + value * value, 0));
  let x = g.map((value) => value / norm);
  for (const [a, b, c] of MUON.steps) {
    const gram = new Float64Array(rows * rows);
    const square = { m: rows, k: rows, n: rows };
    addProduct64(gram, x, transposed64(x, rows, columns), { m: rows, k: columns, n: rows });
    const inner = gram.map((value) => b * value);
    addProduct64(inner, gram.map((value) => c * value), gram, square);
    const next = x.map((value) => a * value);
    addProduct64(next, inner, x, { m: rows, k: rows, n: columns });
    x = next;
  }
  return x;
}
