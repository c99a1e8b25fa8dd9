// What a norm is: a value with its dual, its duality map, its balls and its random start.

import { type Rng, type Shape, type Tensor, mul, reshape, scale, scope } from
  "../../autograd/index.ts";
import { ShapeError, checkDtype, show } from "../../engine/index.ts";
import { checkTensor } from "../checks.ts";
import { CONVERGED, type PolarSet } from "../polar_coefficients.ts";
import { stackwise } from "../stackwise.ts";
import { widened } from "./lines.ts";

/** The parts of a norm of singular values, before its factor; on checked inputs. */
export type SingularParts = Pick<NormCore, "norm" | "dualNorm" | "dualizeAll" | "projectBall">;

/** A way to compute what depends on singular values, in place of iterations: `exact`. */
export interface Method {
  readonly name: string;
  /** For the p-norm of the singular values. */
  parts(p: number): SingularParts;
}

/** How a norm or a dual norm is measured. */
export interface MeasureOptions {
  /**
   * `exact` decomposes the matrices. Default: iterations of matrix products only, where there are
   * some. Norms that do not depend on singular values ignore it.
   */
  readonly method?: Method | undefined;
}

/** How the duality map is computed, for norms where it is an iteration; others ignore it. */
export interface DualizeOptions extends Partial<PolarSet>, MeasureOptions {
  /** Factor of the result: the norm it shall have. Default 1. */
  readonly scale?: number;
}

/** The same for a list; one scale for each. */
export interface DualizeAllOptions extends Partial<PolarSet>, MeasureOptions {
  /** Default: 1 for all. */
  readonly scales?: readonly number[];
}

/** A ball around zero, and how to reach it. */
export interface BallOptions extends Partial<PolarSet>, MeasureOptions {
  /** > 0. Default 1. */
  readonly radius?: number;
}

/** Options of `initialize`. */
export interface StartOptions {
  /** Norm of the weights, > 0. Default 1. */
  readonly radius?: number;
}

/**
 * A norm on the trailing `rank` axes of a tensor: vectors `[..., n]`, matrices `[..., m, n]`,
 * kernels `[..., out, in, kh, kw]`; leading axes are a batch. `D` is the duality map: `D(g)` has
 * norm one and the largest inner product with g; `D(0) = 0`. There are no epsilons: scaling a
 * gradient by a positive number changes no direction. Half precision is widened: results are f32.
 */
export interface Norm {
  /** As it is exported, or how it was made of others. */
  readonly name: string;
  /** How it is computed, for people; m rows (outputs), n columns (inputs). */
  readonly formula: string;
  /** Trailing axes it measures. */
  readonly rank: number;
  /** Norm of each member of the batch, `[...]`. */
  norm(w: Tensor, options?: MeasureOptions): Tensor;
  /** `norm` of each of a list, with tensors of one shape measured together. */
  normAll(list: readonly Tensor[], options?: MeasureOptions): Tensor[];
  /** Dual norm of each, `[...]`: the inner product of g and D(g). */
  dualNorm(g: Tensor, options?: MeasureOptions): Tensor;
  /** `dualNorm` of each of a list, with tensors of one shape measured together. */
  dualNormAll(list: readonly Tensor[], options?: MeasureOptions): Tensor[];
  /** `scale * D(g)`. Where it is an iteration the default is `MODULA_SIX`: 0.996 to 0.9993. */
  dualize(g: Tensor, options?: DualizeOptions): Tensor;
  /** `scales[i] * D(list[i])`, with matrices of one shape iterated together. */
  dualizeAll(list: readonly Tensor[], options?: DualizeAllOptions): Tensor[];
  /** The sharp operator, `scale * dualNorm(g) * D(g)`: steepest descent for this norm. */
  sharp(g: Tensor, options?: DualizeOptions): Tensor;
  /** `scales[i] * dualNorm(list[i]) * D(list[i])`, with tensors of one shape worked on together. */
  sharpAll(list: readonly Tensor[], options?: DualizeAllOptions): Tensor[];
  /**
   * The nearest point, in the Euclidean norm, of the ball of a radius. Inside, nothing changes.
   * The iteration on singular values is off by about 1e-4 of the Frobenius norm at most.
   */
  projectBall(w: Tensor, options?: BallOptions): Tensor;
  /** The retraction `scale * D(w)` of weights, converged. Not the nearest point of the ball. */
  project(w: Tensor, options?: DualizeOptions): Tensor;
  /** Random weights of that radius: on the boundary of the ball. Biases start at zero. */
  initialize(rng: Rng, shape: Shape, options?: StartOptions): Tensor;
  /**
   * For a largest singular value: the norm of the same matrices whose unit updates have singular
   * values `size(m, n)`. This is how Muon sees a weight. Undefined for other norms.
   */
  readonly resized?: ((size: SideFactor) => Norm) | undefined;
  /** Axes, of those it measures, that are a stack of what it really measures. */
  readonly stackAxes: number;
  /** `name: formula`. */
  toString(): string;
}

/** What a norm is made of; the rest of `Norm` follows. Everything is on checked inputs. */
export interface NormCore {
  readonly name: string;
  readonly formula: string;
  readonly rank: number;
  readonly norm: (w: Tensor, options: MeasureOptions) => Tensor;
  readonly dualNorm: (g: Tensor, options: MeasureOptions) => Tensor;
  readonly dualizeAll: (
    list: readonly Tensor[], scales: readonly number[], options: Partial<PolarSet> & MeasureOptions,
  ) => Tensor[];
  readonly projectBall: (
    w: Tensor, radius: number, options: Partial<PolarSet> & MeasureOptions,
  ) => Tensor;
  readonly initialize: (rng: Rng, shape: Shape, radius: number) => Tensor;
  readonly resized?: Norm["resized"];
  /** Default 0. */
  readonly stackAxes?: number;
}

/** The norm with these parts; checks its inputs. */
export function defineNorm(core: NormCore): Norm {
  const { name, formula, rank } = core;
  const fits = (x: Tensor): void => checkMeasured(core, x);
  const measured = (by: NormCore["norm"]): Norm["normAll"] => (list, options = {}) => {
    list.forEach(fits);
    checkMethod(name, options);
    return scope(() => stackwise(list.map(widened), (x) => by(x, options)));
  };
  const self: Norm = {
    name, formula, rank, resized: core.resized, stackAxes: core.stackAxes ?? 0,
    toString: () => `${name}: ${formula}`,
    norm: (w, options) => one(self.normAll([w], options)),
    normAll: measured(core.norm),
    dualNorm: (g, options) => one(self.dualNormAll([g], options)),
    dualNormAll: measured(core.dualNorm),
    dualize: (g, options) => one(self.dualizeAll([g], ofOne(options))),
    dualizeAll: (list, { scales = list.map(() => 1), ...options } = {}) => {
      list.forEach(fits);
      checkCount(name, list, scales);
      return scope(() => core.dualizeAll(list.map(widened), scales, checkMethod(name, options)));
    },
    sharp: (g, options) => one(self.sharpAll([g], ofOne(options))),
    sharpAll: (list, options) => scope(() => {
      const sizes = self.dualNormAll(list, options);
      return self.dualizeAll(list, options).map((dual, i) => {
        const size = sizes[i] as Tensor; // one for each
        return mul(dual, reshape(size, [...size.shape, ...ones(rank)]));
      });
    }),
    projectBall: (w, { radius = 1, ...options } = {}) => {
      fits(w);
      checkRadius(name, radius);
      return scope(() => core.projectBall(widened(w), radius, checkMethod(name, options)));
    },
    project: (w, options = {}) => self.dualize(w, { ...CONVERGED, ...options }),
    initialize: (rng, shape, { radius = 1 } = {}) => {
      checkRank(name, shape, rank);
      checkRadius(name, radius);
      return scope(() => core.initialize(rng, shape, radius));
    },
  };
  return self;
}

/** The result of a list of one. */
function one(list: readonly Tensor[]): Tensor {
  return list[0] as Tensor;
}

function ofOne({ scale: s = 1, ...options }: DualizeOptions = {}): DualizeAllOptions {
  return { ...options, scales: [s] };
}

/** A factor that depends on the sides of a matrix (for vectors `rows` is 1). */
export type SideFactor = (rows: number, columns: number) => number;

/** What the families ask for. */
export interface Named {
  readonly name: string;
  readonly formula: string;
  /** What the plain norm of the family is multiplied by. */
  readonly factor: SideFactor;
}

/** A norm that is a plain norm times a factor: `core` is of the plain one. */
export function scaledNorm(
  { name, formula, factor }: Named, core: Omit<NormCore, "name" | "formula">,
): Norm {
  const of = ({ shape }: { readonly shape: Shape }): number => {
    const [rows = 1, columns = 1] = core.rank === 1 ? [1, ...shape.slice(-1)] : shape.slice(-2);
    return factor(rows, columns);
  };
  return defineNorm({
    name, formula, rank: core.rank, resized: core.resized,
    norm: (w, options) => scale(core.norm(w, options), of(w)),
    dualNorm: (g, options) => scale(core.dualNorm(g, options), 1 / of(g)),
    dualizeAll: (list, scales, options) => {
      return core.dualizeAll(list, list.map((g, i) => (scales[i] ?? 1) / of(g)), options);
    },
    projectBall: (w, radius, options) => core.projectBall(w, radius / of(w), options),
    initialize: (rng, shape, radius) => core.initialize(rng, shape, radius / of({ shape })),
  });
}

/** A list of ones: axes of size 1. */
function ones(count: number): number[] {
  return new Array<number>(count).fill(1);
}

/** Throws RangeError unless the method, if there is one, is a value such as `exact`. */
export function checkMethod<O extends MeasureOptions>(name: string, options: O): O {
  const { method } = options;
  if (method === undefined || typeof method.parts === "function") return options;
  throw new RangeError(
    `${name}: no such method: ${String(method)}. Use the value exact, or leave it out.`,
  );
}

/** Throws unless a radius is positive and finite. */
export function checkRadius(name: string, radius: number): void {
  if (radius > 0 && radius < Infinity) return;
  throw new RangeError(`${name}: the radius is not positive: ${radius}. Use a number > 0.`);
}

function checkCount(name: string, list: readonly Tensor[], scales: readonly number[]): void {
  if (scales.length === list.length) return;
  throw new RangeError(
    `${name}: not one scale for each tensor: ${scales.length} for ${list.length}. Give all.`,
  );
}

function checkMeasured({ name, rank }: NormCore, x: Tensor): void {
  checkTensor(name, x);
  checkRank(name, x.shape, rank);
  checkDtype(name, x.dtype, ["f32"]); // and half precision
}

function checkRank(name: string, shape: Shape, rank: number): void {
  if (shape.length >= rank) return;
  const what = ["a vector", "a matrix"][rank - 1] ?? `a tensor of ${rank} axes`;
  throw new ShapeError(
    `${name}: not ${what}: ${show(shape)}. `
      + `Give at least ${rank} ax${rank === 1 ? "i" : "e"}s, or choose another norm.`,
  );
}
