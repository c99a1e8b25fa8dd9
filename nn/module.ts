// What a module is: a value with weights' names and norms, a forward map, and the three numbers
// (mass, sensitivity, smoothness) that composition derives.

import type { Rng, Shape, Tensor, Tree } from "../autograd/index.ts";
import { run, single } from "./forward.ts";
import { dualNorm, dualize, modularNorm, project, weightDualNorms, weightNorms } from
  "./geometry.ts";
import type { DualizeOptions, Norm } from "./norms/norm.ts";
import type { PolarSet } from "./polar_coefficients.ts";
import { type Plan, makePlan, toList, toTree } from "./weights.ts";

/** What goes in and out of a module: a tensor, or a list where a tuple made one. */
export type Value = Tensor | readonly Value[];

/** The weights of a module, or anything of their shapes: a tree of tensors by name. */
export type Weights = Tree;

/** Size of the last axis of a value, as far as it is known; a list for a list. */
export type Width = number | undefined | readonly Width[];

/** One weight tensor of an atom. */
export interface WeightSpec {
  readonly shape: Shape;
  /** Measures the weight and its updates. */
  readonly norm: Norm;
  /** Its part of the atom's mass, >= 0; 0 freezes it. */
  readonly mass: number;
}

/** The forward map of an atom or a bond; `path` names it in errors. */
export type Map = (x: Value, weights: Readonly<Record<string, Tensor>>, path: string) => Value;

/** Width of the output for that of the input; calls `misfit` where they cannot fit. */
export type WidthRule = (input: Width, misfit: (takes: string) => never) => Width;

/** What makes a module; see the fields of `Module`. */
export interface ModuleParts {
  readonly kind: "atom" | "bond" | "composite" | "tuple";
  readonly name: string;
  readonly label?: string | undefined;
  readonly mass: number;
  readonly sensitivity: number;
  readonly smooth: boolean;
  readonly atoms: number;
  readonly bonds: number;
  readonly children?: readonly Module[];
  readonly weights?: Readonly<Record<string, WeightSpec>>;
  readonly map?: Map;
  readonly widths: WidthRule;
}

/** Where one weight is in the tree, and what it gets of an update. */
export interface WeightEntry {
  /** Names joined by dots: `blocks.0.attention.query.weight`. */
  readonly path: string;
  readonly shape: Shape;
  readonly norm: Norm;
  /** Share of the target norm this weight's update gets; 0 if frozen. */
  readonly share: number;
}

/**
 * A module: an immutable value without state. Weights are given to it, as a tree of names.
 *
 * Make one by `linear`, `relu`, `compose` and the like. The order of `entries`, of lists of
 * weights and of everything derived is canonical: the inner module first, a tuple left to right.
 */
export class Module {
  /** An atom has weights, a bond has none; a composite applies its children, a tuple lists them. */
  readonly kind: "atom" | "bond" | "composite" | "tuple";
  /** What it is: `linear`, `relu`, `composite`. */
  readonly name: string;
  /** The level it opens in the tree of weights; without one a composite opens none. */
  readonly label: string | undefined;
  /** Share of learning inside whatever it is composed into, >= 0; 0 freezes. */
  readonly mass: number;
  /** Bound on the output change per input change, > 0. */
  readonly sensitivity: number;
  /** Whether the map is differentiable everywhere. */
  readonly smooth: boolean;
  /** Number of weight tensors. */
  readonly atoms: number;
  /** Number of bonds. */
  readonly bonds: number;
  /** Inner module first. */
  readonly children: readonly Module[];
  /** An atom's own weights by name. */
  readonly weights: Readonly<Record<string, WeightSpec>>;
  /** @internal */
  readonly parts: ModuleParts;
  #plan: Plan | undefined;

  /** @internal Use `atom`, `bond`, `compose` and the like. */
  constructor(parts: ModuleParts) {
    this.parts = parts;
    this.kind = parts.kind;
    this.name = parts.name;
    this.label = parts.label;
    this.mass = parts.mass;
    this.sensitivity = parts.sensitivity;
    this.smooth = parts.smooth;
    this.atoms = parts.atoms;
    this.bonds = parts.bonds;
    this.children = parts.children ?? [];
    this.weights = parts.weights ?? {};
  }

  /** @internal */
  get plan(): Plan {
    return (this.#plan ??= makePlan(this));
  }

  /** Every weight in canonical order, with its path, norm and share of an update. */
  get entries(): readonly WeightEntry[] {
    return this.plan.entries;
  }

  /** Paths of the weights in canonical order. */
  get weightPaths(): readonly string[] {
    return this.entries.map(({ path }) => path);
  }

  /**
   * The output of a module that gives one tensor; any other is run by `apply`.
   *
   * @param x a tensor, or a list for a module that takes one
   * @throws TypeError for unknown or missing weights, or if the output is a list; ShapeError where
   *   shapes do not fit
   */
  forward(x: Value, weights: Weights): Tensor {
    return single(this.apply(x, weights), this.label ?? this.name);
  }

  /** The output, which may be a list. Throws as `forward`. */
  apply(x: Value, weights: Weights): Value {
    return run(this, x, weights);
  }

  /** Random weights: every one has norm one (biases are zero). The same for the same generator. */
  initialize(rng: Rng): Weights {
    const draw = ({ path, norm, shape }: WeightEntry) => norm.initialize(rng.split(path), shape);
    return toTree(this.plan, this.entries.map(draw));
  }

  /** Every weight's retraction `D(w)`: singular values one, rows of unit RMS. */
  project(weights: Weights, options: Partial<PolarSet> = {}): Weights {
    return project(this, weights, options);
  }

  /**
   * The update of modular norm `target` with the largest inner product with a gradient.
   * Average gradients first, then dualize; subtract the result.
   *
   * @param target finite
   * @param options how matrices are orthogonalized; default `MODULA_SIX`
   * @returns a tree like the gradients; zeros for frozen weights
   */
  dualize(grads: Weights, target = 1, options: Omit<DualizeOptions, "scale"> = {}): Weights {
    return dualize(this, grads, target, options);
  }

  /** The modular norm, a scalar: the largest `norm / share`. Frozen weights do not count. */
  norm(weights: Weights): Tensor {
    return modularNorm(this, weights);
  }

  /** The dual of the modular norm, a scalar: the sum of `share * dual norm`. */
  dualNorm(grads: Weights): Tensor {
    return dualNorm(this, grads);
  }

  /** Every weight in its own norm, `[atoms]` in canonical order. */
  weightNorms(weights: Weights): Tensor {
    return weightNorms(this, weights);
  }

  /** Every gradient in its weight's dual norm, `[atoms]` in canonical order. */
  weightDualNorms(grads: Weights): Tensor {
    return weightDualNorms(this, grads);
  }

  /** The tensors of a tree in canonical order. Throws TypeError, ShapeError if it does not fit. */
  toList(weights: Weights): Tensor[] {
    return toList(this.plan, "toList", weights);
  }

  /** The tree of tensors given in canonical order. Throws as `toList`. */
  toTree(list: readonly Tensor[]): Weights {
    return toTree(this.plan, list);
  }
}
