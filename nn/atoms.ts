// Modules with weights, the leaves of every network.

import { type Shape, type Tensor, add, embedding, matmul, transpose } from "../autograd/index.ts";
import { ShapeError, show } from "../engine/index.ts";
import { asTensor } from "./bonds.ts";
import { Module, type Value, type WeightSpec, type WidthRule } from "./module.ts";
import type { Norm } from "./norms/norm.ts";
import { embedRms, rms, rmsToRms } from "./norms/named.ts";

/** One weight of an atom. */
export interface AtomWeight {
  readonly shape: Shape;
  readonly norm: Norm;
  /** Default 1. */
  readonly mass?: number;
}

/** What an atom is made of. */
export interface AtomParts {
  readonly name: string;
  /** Its name in the tree of weights. Default: `name`. */
  readonly label?: string | undefined;
  readonly weights: Readonly<Record<string, AtomWeight>>;
  /** `path` is the atom's own, for errors. */
  readonly forward: (
    x: Value, weights: Readonly<Record<string, Tensor>>, path: string,
  ) => Value;
  /** Bound on the output change per input change in the norms it is made for. Default 1. */
  readonly sensitivity?: number;
  /** Width of the output for that of the input. */
  readonly widths: WidthRule;
}

/**
 * A module with weights of its own.
 *
 * @throws RangeError for a mass below 0 or a size below 1; ShapeError if a norm does not fit
 */
export function atom(parts: AtomParts): Module {
  const { name, label, forward, sensitivity = 1, widths } = parts;
  const weights: Record<string, WeightSpec> = {};
  for (const [key, { shape, norm, mass = 1 }] of Object.entries(parts.weights)) {
    checkWeight(`${label ?? name}.${key}`, shape, norm, mass);
    weights[key] = { shape, norm, mass };
  }
  const masses = Object.values(weights).map(({ mass }) => mass);
  return new Module({
    kind: "atom", name, label, sensitivity, smooth: true, bonds: 0, weights, widths, map: forward,
    mass: masses.reduce((sum, m) => sum + m, 0), atoms: masses.length,
  });
}

function checkWeight(path: string, shape: Shape, norm: Norm, mass: number): void {
  if (!(mass >= 0 && mass < Infinity)) {
    throw new RangeError(`atom: not a mass: ${mass} for ${path}. Use a number >= 0.`);
  }
  if (!shape.every((d) => Number.isInteger(d) && d > 0)) {
    throw new RangeError(`atom: sizes are not whole and positive: ${path} ${show(shape)}.`);
  }
  if (shape.length >= norm.rank) return;
  throw new ShapeError(
    `atom: the norm does not fit the weight: ${norm.name} takes ${norm.rank} axes, `
      + `${path} is ${show(shape)}. Choose another norm.`,
  );
}

/** What atoms have in common. */
export interface AtomOptions {
  /** Its name in the tree of weights; `named` does the same. */
  readonly label?: string;
  /** How weight and update are measured. */
  readonly norm?: Norm;
  /** Share of learning inside whatever it is composed into, >= 0; 0 freezes. Default 1. */
  readonly mass?: number;
}

/** Options of `linear`. */
export interface LinearOptions extends AtomOptions {
  /** Add a bias, which starts at zero; a number sets its mass. Default: none. */
  readonly bias?: boolean | number;
}

/**
 * A linear map: `x W^T`, with the weight `[fanOut, fanIn]`, on the last axis.
 *
 * @param options norm: default `rmsToRms`
 * @example
 * const { mass, sensitivity } = linear(64, 784); // 1, 1
 */
export function linear(fanOut: number, fanIn: number, options: LinearOptions = {}): Module {
  const { label, norm = rmsToRms, mass = 1, bias = false } = options;
  const biasMass = bias === true ? 1 : bias;
  return atom({
    name: "linear",
    label,
    weights: {
      weight: { shape: [fanOut, fanIn], norm, mass },
      ...(biasMass !== false && { bias: { shape: [fanOut], norm: rms, mass: biasMass } }),
    },
    forward: (x, weights, path) => {
      const input = withWidth(asTensor(x, path), fanIn, path);
      const { weight, bias: b } = weights as { weight: Tensor; bias?: Tensor }; // as declared above
      const y = matmul(input, transpose(weight));
      return b ? add(y, b) : y;
    },
    widths: (input, misfit) => {
      return input === undefined || input === fanIn ? fanOut : misfit(`width ${fanIn}`);
    },
  });
}

function withWidth(x: Tensor, width: number, path: string): Tensor {
  if (x.shape.at(-1) === width) return x;
  throw new ShapeError(
    `forward: the input does not fit: ${path} takes [..., ${width}], is given ${show(x.shape)}. `
      + `Check the layer's fanIn.`,
  );
}

/**
 * A table of vectors: tokens `[...]` i32 to `[..., dim]`, with the weight `[count, dim]`.
 *
 * @param dim length of a vector
 * @param count how many tokens there are
 * @param options norm: default `embedRms`
 */
export function embed(dim: number, count: number, options: AtomOptions = {}): Module {
  const { label, norm = embedRms, mass = 1 } = options;
  return atom({
    name: "embed",
    label,
    weights: { weight: { shape: [count, dim], norm, mass } },
    forward: (x, { weight }, path) => {
      return embedding(weight as Tensor, asTensor(x, path)); // the weight is declared above
    },
    widths: (input, misfit) => (input === undefined ? dim : misfit("tokens")),
  });
}
