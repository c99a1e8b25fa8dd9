// What the bench of optimizers measures: every optimizer, and the forms that take less memory.

import { type Tree, cast, dispose, eye, keep, rng, scope, treeMap } from "../../autograd/index.ts";
import { MODULA_SIX, type Module, type Weights } from "../../nn/index.ts";
import { type FloatType, GradientBuffer, adam, modularDescent, scion } from
  "../../optim/index.ts";
import { FAMILY, type Leaf, type Member } from "../optimizers/family.ts";

/** Bytes of one parameter. */
export interface Bytes {
  readonly weights: number;
  /** Of the gradients, or of the buffer that they are added up in. */
  readonly gradients: number;
  readonly state: number;
}

/** Weights and an optimizer, ready for its steps; what it holds is freed by `dispose`. */
export interface Running extends Disposable {
  readonly weights: Weights;
  /** Makes what the first step needs beside gradients. */
  readonly prepare: () => void;
  /** Moves the weights; the gradients stay the caller's. */
  readonly update: (grads: Tree) => void;
}

/** One line of the bench. */
export interface Subject {
  readonly name: string;
  /** Bytes of state a parameter, for people. */
  readonly formula: string;
  /** What it should take. */
  readonly bytes: (leaves: readonly Leaf[]) => Bytes;
  /** Steps after which it does the same again. */
  readonly period: number;
  readonly unbounded: boolean;
  readonly start: (module: Module) => Running;
}

/** So small that weights stay where they are: all runs do the same. */
const LR = 1e-6;
/** Longest side that is decomposed. */
export const MAX_SIDE = 128;

const sizeOf = ({ shape }: Leaf): number => shape.reduce((n, d) => n * d, 1);
const total = (leaves: readonly Leaf[], of: (leaf: Leaf) => number): number => {
  return leaves.reduce((sum, leaf) => sum + of(leaf), 0);
};

function usual({ name, state, period, unbounded = false, make }: Member): Subject {
  return {
    name, formula: state.text, period, unbounded,
    bytes: (leaves) => ({
      weights: 4, gradients: 4, state: 4 * total(leaves, state.numbers) / total(leaves, sizeOf),
    }),
    start: (module) => {
      const weights = keep(module.initialize(rng(1)));
      const moments = identities(module);
      const optimizer = make({ module, lr: LR, moments, maxSide: MAX_SIDE });
      return running(weights, (grads) => optimizer.step(weights, grads), optimizer);
    },
  };
}

/** Second moments that whiten nothing, at the cost of any others. */
function identities({ entries }: Module) {
  const shapes = new Map(entries.map(({ path, shape }) => [path, shape]));
  return (path: string) => {
    const [m = 1, n = 1] = shapes.get(path) ?? [];
    return { inputs: eye(n), outputs: eye(m) };
  };
}

function running(
  weights: Weights, update: Running["update"], ...owned: readonly Disposable[]
): Running {
  return {
    weights, update, prepare: () => {},
    [Symbol.dispose]: () => {
      dispose(weights);
      for (const one of owned) one[Symbol.dispose]();
    },
  };
}

/** An optimizer with options of its own, which keeps so many bytes of state a parameter. */
function variation(
  name: string, state: number, make: (module: Module) => Disposable & { step: Step },
): Subject {
  return {
    name, formula: String(state), period: 1, unbounded: false,
    bytes: () => ({ weights: 4, gradients: 4, state }),
    start: (module) => {
      const weights = keep(module.initialize(rng(1)));
      const optimizer = make(module);
      return running(weights, (grads) => optimizer.step(weights, grads), optimizer);
    },
  };
}

type Step = (params: Tree, grads: Tree) => void;

/** Scion whose gradients are added up in the buffer that is its momentum. */
function light(weightType: FloatType, bufferType: FloatType): Subject {
  const bytesOf = (type: FloatType): number => (type === "f32" ? 4 : 2);
  const types = weightType === bufferType ? `all ${weightType}`
    : `${weightType} weights, ${bufferType} sums`;
  return {
    name: `scion, light, ${types}`, formula: "0", period: 1, unbounded: false,
    bytes: () => ({ weights: bytesOf(weightType), gradients: bytesOf(bufferType), state: 0 }),
    start: (module) => {
      const weights = scope(() => {
        return keep(treeMap((w) => cast(w, weightType), module.initialize(rng(1))));
      });
      const optimizer = scion(module, { lr: LR, light: true, master: false });
      let buffer: GradientBuffer | undefined;
      const sums = () => (buffer ??= new GradientBuffer(weights, { dtype: bufferType }));
      const update = (grads: Tree) => {
        sums().add(grads);
        optimizer.step(weights, sums().tree);
      };
      const owned = { [Symbol.dispose]: () => buffer?.dispose() };
      return { ...running(weights, update, optimizer, owned), prepare: () => void sums() };
    },
  };
}

/** All of them; Adam is what the others are compared with. */
export const SUBJECTS: readonly Subject[] = [
  ...FAMILY.map(usual),
  variation("adam, bf16 state", 4, () => adam({ lr: LR, state: "bf16" })),
  variation("modularDescent, bf16 state", 2, (module) => {
    return modularDescent(module, { lr: LR, state: "bf16" });
  }),
  variation("modularDescent, steps of Modula", 4, (module) => {
    return modularDescent(module, { lr: LR, polar: MODULA_SIX });
  }),
  light("f32", "f32"), light("f32", "bf16"), light("bf16", "bf16"),
];
