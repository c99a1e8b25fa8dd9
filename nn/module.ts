// What a module is: a value with weights' names and norms, a forward map, and the three numbers
// (mass, sensitivity, smoothness) that composition derives.

import { type Rng, type Shape, type Tensor, type Tree, scope } from "../autograd/index.ts";
import { checkRng } from "../engine/index.ts";
import { run, single } from "./forward.ts";
import { dualNorm, dualize, modularNorm, project, projectBall, sharp, weightDualNorms,
  weightNorms } from "./geometry.ts";
import type { BallOptions, DualizeOptions, MeasureOptions, Norm } from "./norms/norm.ts";
import type { PolarSet } from "./polar_coefficients.ts";
import { type Sharpness, sharpnessOf } from "./sharpness.ts";
import { type Start, drawStart } from "./start.ts";
import type { Tie } from "./tie.ts";
import { type Plan, makePlan, toList, toTree } from "./weights.ts";

/** What goes in and out of a module: a tensor, or a list where a tuple made one. */
export type Value = Tensor | readonly Value[];

/** The weights of a module, or anything of their shapes: a tree of tensors by name. */
export type Weights = Tree;

/**
 * Size of the last axis of a value, as far as it is known; for images and sequences
 * `[batch, channels, ...]` that of the channels; a list for a list.
 */
export type Width = number | Channels | undefined | readonly Width[];

/** Width of images and sequences. */
export interface Channels {
  readonly channels: number;
}

/** What a forward map may depend on besides input and weights. */
export interface ForwardOptions {
  /** Where chance comes from in training; without it `dropout` does nothing. */
  readonly rng?: Rng | undefined;
}

/** One weight tensor of an atom. */
export interface WeightSpec {
  readonly shape: Shape;
  /** Measures the weight and its updates. */
  readonly norm: Norm;
  /** Its part of the atom's mass, >= 0; 0 freezes it. */
  readonly mass: number;
  /** How it acts on the input; unset: nothing is known, and no bound can be made from it. */
  readonly acts?: WeightAction | undefined;
  /** Default: what the norm draws. */
  readonly start?: Start | undefined;
  /** What makes it one with other weights. */
  readonly tie?: Tie | undefined;
}

/** How a weight acts on what its atom is given, for bounds from the weights as they are. */
export interface WeightAction {
  /**
   * `matrix`: `x W^T` along the last axis, leading axes of W are blocks; `kernel`: a convolution
   * `[out, in / groups, ...]`; `table`: rows by token; `diagonal`: times entries; `shift`: plus.
   */
  readonly kind: "matrix" | "kernel" | "table" | "diagonal" | "shift";
  /** What the forward pass multiplies it by. Default 1. */
  readonly factor?: number;
  /** Groups of a kernel. Default 1. */
  readonly groups?: number;
}

/** The forward map of an atom or a bond; `path` names it in errors. */
export type Map = (
  x: Value, weights: Readonly<Record<string, Tensor>>, path: string, options: ForwardOptions,
) => Value;

/** Width of the output for that of the input; calls `misfit` where they cannot fit. */
export type WidthRule = (input: Width, misfit: (takes: string) => never) => Width;

/** What makes a module; see the fields of `Module`. */
export interface ModuleParts {
  readonly kind: "atom" | "bond" | "composite" | "tuple";
  readonly name: string;
  readonly label?: string | undefined;
  readonly mass: number;
  readonly sensitivity: number;
  readonly lipschitz?: number | undefined;
  readonly condition?: string | undefined;
  readonly smooth: boolean;
  /** Of an atom or a bond; unset: unknown. */
  readonly sharpness?: Sharpness | undefined;
  /** Whether a bond's sensitivity holds for l1, l2 and linf as well as for RMS. Default false. */
  readonly anyNorm?: boolean | undefined;
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
  /** How it acts on the input of its atom, as far as it is known. */
  readonly acts?: WeightAction | undefined;
  /** Default: what the norm draws. */
  readonly start?: Start | undefined;
}

/** A place where a weight is used. */
export interface WeightUse {
  /** As if it were not tied: `head.weight`. */
  readonly path: string;
  /** Which of the entries it is; tied weights have one in common. */
  readonly index: number;
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
  /**
   * Output change per input change that composition reckons with, > 0: a bound, unless the module
   * is not `certified`.
   */
  readonly sensitivity: number;
  /**
   * True bound on the output change per input change, for all inputs, with weights of norm one in
   * norms of radius one; Infinity if there is none. Composed like the sensitivity.
   */
  readonly lipschitz: number;
  /** For which inputs the sensitivity of a bond is a bound, in words; undefined: for all. */
  readonly condition: string | undefined;
  /** Whether the map is differentiable everywhere. */
  readonly smooth: boolean;
  /** Number of weight tensors; a tied one counts wherever it is used. */
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
    this.lipschitz = parts.lipschitz ?? parts.sensitivity;
    this.condition = parts.condition;
    this.smooth = parts.smooth;
    this.atoms = parts.atoms;
    this.bonds = parts.bonds;
    this.children = parts.children ?? [];
    this.weights = parts.weights ?? {};
  }

  /** Bounds on the second derivatives, where they are known of every part. */
  get sharpness(): Sharpness | undefined {
    return sharpnessOf(this);
  }

  /** @internal */
  get plan(): Plan {
    return (this.#plan ??= makePlan(this));
  }

  /** Whether the sensitivity is a true bound, here and in every part. */
  get certified(): boolean {
    const own = this.condition === undefined && this.lipschitz <= this.sensitivity;
    return own && this.children.every(({ certified }) => certified);
  }

  /** Every weight in canonical order, with its path, norm and share of an update. */
  get entries(): readonly WeightEntry[] {
    return this.plan.entries;
  }

  /** Every place where a weight is used, in canonical order: one for each of `atoms`. */
  get uses(): readonly WeightUse[] {
    return this.plan.uses;
  }

  /** Paths of the weights in canonical order. */
  get weightPaths(): readonly string[] {
    return this.entries.map(({ path }) => path);
  }

  /**
   * The output of a module that gives one tensor; any other is run by `apply`.
   *
   * @param x a tensor, or a list for a module that takes one
   * @param options in training `rng`, if there is dropout
   * @throws TypeError for unknown or missing weights, or if the output is a list; ShapeError where
   *   shapes do not fit
   */
  forward(x: Value, weights: Weights, options: ForwardOptions = {}): Tensor {
    return single(this.apply(x, weights, options), this.label ?? this.name);
  }

  /** The output, which may be a list. Throws as `forward`. */
  apply(x: Value, weights: Weights, options: ForwardOptions = {}): Value {
    return run(this, x, weights, options);
  }

  /** Random weights: every one has norm one (biases are zero). The same for the same generator. */
  initialize(rng: Rng): Weights {
    checkRng("initialize", rng);
    return scope(() => toTree(this.plan, this.entries.map((entry) => {
      return drawStart(rng.split(entry.path), entry);
    })));
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

  /**
   * The sharp operator of the modular norm: `dualNorm(grads)` times `dualize(grads)`. Subtract it
   * over the sharpness of a loss for steepest descent.
   *
   * @param options as for `dualize`
   */
  sharp(grads: Weights, options: Omit<DualizeOptions, "scale"> = {}): Weights {
    return sharp(this, grads, options);
  }

  /**
   * The weights with every one that is outside of its ball moved to the nearest point of it.
   *
   * @param options radius: in each weight's own norm. Default 1
   */
  projectBall(weights: Weights, options: BallOptions = {}): Weights {
    return projectBall(this, weights, options);
  }

  /** The modular norm, a scalar: the largest `norm / share`. Frozen weights do not count. */
  norm(weights: Weights, options: MeasureOptions = {}): Tensor {
    return modularNorm(this, weights, options);
  }

  /** The dual of the modular norm, a scalar: the sum of `share * dual norm`. */
  dualNorm(grads: Weights, options: MeasureOptions = {}): Tensor {
    return dualNorm(this, grads, options);
  }

  /** Every weight in its own norm, `[atoms]` in canonical order. */
  weightNorms(weights: Weights, options: MeasureOptions = {}): Tensor {
    return weightNorms(this, weights, options);
  }

  /** Every gradient in its weight's dual norm, `[atoms]` in canonical order. */
  weightDualNorms(grads: Weights, options: MeasureOptions = {}): Tensor {
    return weightDualNorms(this, grads, options);
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
