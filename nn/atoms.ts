// Modules with weights, the leaves of every network.

import { type Shape, type Tensor, add, embedding, matmul, transpose } from "../autograd/index.ts";
import { ShapeError, show } from "../engine/index.ts";
import { asTensor } from "./bonds.ts";
import { kindOf } from "./checks.ts";
import { scaledTo } from "./derived_norm.ts";
import { Module, type Value, type WeightAction, type WeightSpec, type WidthRule } from
  "./module.ts";
import type { Norm } from "./norms/norm.ts";
import { embedRms, rms, rmsToRms } from "./norms/named.ts";
import { BILINEAR, type Sharpness } from "./sharpness.ts";
import type { Start } from "./start.ts";
import type { Tie } from "./tie.ts";

/** One weight of an atom. */
export interface AtomWeight {
  readonly shape: Shape;
  readonly norm: Norm;
  /** Default 1. */
  readonly mass?: number;
  /** How it acts on the input, for `certify`. Default: unknown. */
  readonly acts?: WeightAction;
  /** Default `norm`. */
  readonly start?: Start | undefined;
  readonly tie?: Tie | undefined;
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
  /** Bounds on the second derivatives; `BILINEAR` if linear in both. Default: unknown. */
  readonly sharpness?: Sharpness;
  /** Width of the output for that of the input. */
  readonly widths: WidthRule;
}

/**
 * A module with weights of its own.
 *
 * @throws RangeError for a mass below 0 or a size below 1; ShapeError if a norm does not fit
 */
export function atom(parts: AtomParts): Module {
  const { name, label, forward, sensitivity = 1, sharpness, widths } = parts;
  const weights: Record<string, WeightSpec> = {};
  for (const [key, spec] of Object.entries(parts.weights)) {
    const { shape, norm, mass = 1 } = spec;
    checkWeight(`${label ?? name}.${key}`, shape, norm, mass);
    weights[key] = { ...spec, mass };
  }
  const masses = Object.values(weights).map(({ mass }) => mass);
  return new Module({
    kind: "atom", name, label, sensitivity, smooth: true, bonds: 0, weights, widths, map: forward,
    sharpness, mass: masses.reduce((sum, m) => sum + m, 0), atoms: masses.length,
  });
}

function checkWeight(path: string, shape: Shape, norm: Norm, mass: number): void {
  if (!(mass >= 0 && mass < Infinity)) {
    throw new RangeError(`atom: not a mass: ${mass} for ${path}. Use a number >= 0.`);
  }
  if (!shape.every((d) => Number.isInteger(d) && d > 0)) {
    throw new RangeError(
      `atom: sizes are not whole and positive: ${path} [${shape.map(String).join(", ")}]. `
        + `Give every size of the layer.`,
    );
  }
  if (typeof norm.rank !== "number") {
    throw new TypeError(`atom: not a norm: ${kindOf(norm)} for ${path}. Give one, as rmsToRms.`);
  }
  if (shape.length === norm.rank) return;
  throw new ShapeError(
    `atom: the norm does not fit the weight: ${norm.name} takes ${norm.rank} axes, ${path} is `
      + `${show(shape)}. Choose another norm${shape.length > norm.rank ? ", or stacked()" : ""}.`,
  );
}

/** What atoms have in common. */
export interface AtomOptions {
  /** Its name in the tree of weights; `named` does the same. */
  readonly label?: string;
  /** How weight and update are measured. */
  readonly norm?: Norm | undefined;
  /**
   * The norm's unit ball is this much larger, > 0: so large is the weight at the start, and an
   * update of norm one. What Scion calls the radius; the sensitivity does not count it. Default 1.
   */
  readonly radius?: number | undefined;
  /** Share of learning inside whatever it is composed into, >= 0; 0 freezes. Default 1. */
  readonly mass?: number | undefined;
  /** The first weight. Default `norm`: drawn by the norm, on the boundary of its ball. */
  readonly start?: Start | undefined;
  /** One weight for all atoms with the same `tie`, which brings the norm. Default: its own. */
  readonly tie?: Tie | undefined;
}

/** Whether there is a bias: true, its mass, or its options. */
export type BiasChoice = boolean | number | Omit<AtomOptions, "label">;

/** Options of `linear`. */
export interface LinearOptions extends AtomOptions {
  /** Add a bias, which starts at zero. Default: none. */
  readonly bias?: BiasChoice | undefined;
}

/**
 * A weight as the options of its atom want it.
 *
 * @param path for errors: the atom's name and the weight's
 * @param fit makes the norm of the options one of this weight
 * @throws RangeError for a radius that is not positive, or for a norm given together with a tie
 */
export function weightOf(
  path: string, shape: Shape, fallback: Norm, options: AtomOptions,
  fit: (norm: Norm) => Norm = (norm) => norm,
): AtomWeight {
  const { norm = fallback, radius = 1, mass = 1, start, tie } = options;
  if (tie && (options.norm || options.radius !== undefined)) {
    throw new RangeError(
      `atom: two norms for one weight: ${path} has a tie and a norm or radius. Give it to tie().`,
    );
  }
  return { shape, norm: tie?.norm ?? scaledTo(path, fit(norm), radius), mass, start, tie };
}

/** The bias of an atom, if it is to have one: a weight named `bias`. */
export function biasOf(
  name: string, size: number, choice: BiasChoice = false,
): { bias?: AtomWeight } {
  if (choice === false) return {};
  const options = choice === true ? {} : typeof choice === "number" ? { mass: choice } : choice;
  return { bias: { ...weightOf(`${name}.bias`, [size], rms, options), acts: { kind: "shift" } } };
}

/**
 * A linear map: `x W^T`, with the weight `[fanOut, fanIn]`, on the last axis.
 *
 * @param options norm: any of matrices; default `rmsToRms`
 * @throws RangeError, ShapeError for options that do not fit, naming the weight
 * @example
 * const { mass, sensitivity } = linear(64, 784); // 1, 1
 * const head = linear(10, 64, { norm: signOverFanIn, radius: 1024 });
 */
export function linear(fanOut: number, fanIn: number, options: LinearOptions = {}): Module {
  const { label } = options;
  const name = label ?? "linear";
  const weight = weightOf(`${name}.weight`, [fanOut, fanIn], rmsToRms, options);
  return atom({
    name: "linear",
    label,
    weights: {
      weight: { ...weight, acts: { kind: "matrix" } }, ...biasOf(name, fanOut, options.bias),
    },
    sharpness: BILINEAR,
    forward: (x, weights, path) => {
      const input = withWidth(asTensor(x, path), fanIn, path);
      const { weight: w, bias } = weights as { weight: Tensor; bias?: Tensor }; // declared above
      const y = matmul(input, transpose(w));
      return bias ? add(y, bias) : y;
    },
    widths: (input, misfit) => {
      return input === undefined || input === fanIn ? fanOut : misfit(`width ${fanIn}`);
    },
  });
}

/** Throws ShapeError unless the last axis is that wide. */
export function withWidth(x: Tensor, width: number, path: string): Tensor {
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
 * @throws as `linear`
 */
export function embed(dim: number, count: number, options: AtomOptions = {}): Module {
  const { label } = options;
  const weight = weightOf(`${label ?? "embed"}.weight`, [count, dim], embedRms, options);
  return atom({
    name: "embed",
    label,
    weights: { weight: { ...weight, acts: { kind: "table" } } },
    sharpness: BILINEAR,
    forward: (x, { weight: table }, path) => {
      return embedding(table as Tensor, asTensor(x, path)); // the weight is declared above
    },
    widths: (input, misfit) => (input === undefined ? dim : misfit("tokens")),
  });
}
