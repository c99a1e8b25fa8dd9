// What a norm is, and the families they come in.

import { type Rng, type Shape, type Tensor, abs, max, mul, normal, reshape, scale, scope, sign, sum,
  zeros } from "../autograd/index.ts";
import { ShapeError, show } from "../engine/index.ts";
import { type LineAxes, lineNorms, unitLines } from "./lines.ts";
import { polar, polarAll } from "./polar.ts";
import { CONVERGED, MODULA_SIX, type PolarSet } from "./polar_coefficients.ts";
import { spectralBounds } from "./spectral.ts";

/** How the duality map is computed, for norms where it is an iteration; others ignore it. */
export interface DualizeOptions extends Partial<PolarSet> {
  /** Factor of the result: the norm it shall have. Default 1. */
  readonly scale?: number;
}

/** The same for a list; one scale for each. */
export interface DualizeAllOptions extends Partial<PolarSet> {
  /** Default: 1 for all. */
  readonly scales?: readonly number[];
}

/**
 * A norm on vectors `[..., n]` or matrices `[..., m, n]`; leading axes are a batch. `D` is the
 * duality map: `D(g)` has norm one and the largest inner product with g; `D(0) = 0`.
 */
export interface Norm {
  /** As it is exported. */
  readonly name: string;
  /** How it is computed, for people; m rows (outputs), n columns (inputs). */
  readonly formula: string;
  /** Trailing axes it measures: 1 for vectors, 2 for matrices. */
  readonly rank: number;
  /** Norm of each matrix, `[...]`. */
  norm(w: Tensor): Tensor;
  /** Dual norm of each matrix, `[...]`: the inner product of g and D(g). */
  dualNorm(g: Tensor): Tensor;
  /** `scale * D(g)`. Where it is an iteration the default is `MODULA_SIX`: 0.996 to 0.9993. */
  dualize(g: Tensor, options?: DualizeOptions): Tensor;
  /** `scales[i] * D(list[i])`, with matrices of one shape iterated together. */
  dualizeAll(list: readonly Tensor[], options?: DualizeAllOptions): Tensor[];
  /** The retraction D(w) of weights, converged. Not the nearest point of the ball. */
  project(w: Tensor, options?: DualizeOptions): Tensor;
  /** Random weights of norm one. */
  initialize(rng: Rng, shape: Shape): Tensor;
}

/** A factor that depends on the sides of a matrix (for vectors `rows` is 1). */
export type SideFactor = (rows: number, columns: number) => number;

/** What the families ask for. */
interface Named {
  readonly name: string;
  readonly formula: string;
  /** What the unscaled norm is multiplied by. */
  readonly factor: SideFactor;
}

/** The parts in which norms differ; the rest of `Norm` follows. */
interface NormParts extends Named {
  readonly rank?: number;
  /** All four before the factor, on checked inputs. */
  readonly norm: (w: Tensor) => Tensor;
  readonly dualNorm: (g: Tensor) => Tensor;
  readonly dualizeAll: (
    list: readonly Tensor[], scales: readonly number[], set: Partial<PolarSet>,
  ) => Tensor[];
  readonly initialize?: (rng: Rng, shape: Shape) => Tensor;
}

function defineNorm(parts: NormParts): Norm {
  const { name, formula, factor, rank = 2 } = parts;
  const factorOf = ({ shape }: { shape: Shape }): number => {
    checkRank(name, shape, rank);
    const [rows = 1, columns = 1] = rank === 1 ? [1, ...shape.slice(-1)] : shape.slice(-2);
    return factor(rows, columns);
  };
  const self: Norm = {
    name, formula, rank,
    norm: (w) => timesFactor(parts.norm, w, factorOf(w)),
    dualNorm: (g) => timesFactor(parts.dualNorm, g, 1 / factorOf(g)),
    dualize: (g, { scale: s = 1, ...set } = {}) => {
      const [only] = self.dualizeAll([g], { ...set, scales: [s] });
      return only as Tensor; // one went in
    },
    dualizeAll: (list, { scales = list.map(() => 1), ...set } = {}) => {
      const each = list.map((g, i) => (scales[i] ?? 1) / factorOf(g));
      return parts.dualizeAll(list, each, set);
    },
    project: (w, options = {}) => self.dualize(w, { ...CONVERGED, ...options }),
    initialize: (rng, shape) => {
      checkRank(name, shape, rank);
      if (parts.initialize) return parts.initialize(rng, shape);
      return scope(() => self.project(normal(rng, shape)));
    },
  };
  return self;
}

function timesFactor(measure: (x: Tensor) => Tensor, x: Tensor, factor: number): Tensor {
  return scope(() => scale(measure(x), factor));
}

/**
 * The largest Euclidean norm of a line, times a factor; the duality map divides every line by its
 * own norm.
 *
 * @param line axes of one line: `[-1]` rows, `[-2]` columns, `[-2, -1]` the whole matrix
 */
export function lineNorm(named: Named & { readonly line: LineAxes }): Norm {
  const { line } = named;
  return defineNorm({
    ...named,
    norm: (w) => overMatrix(max, lineNorms(w, line)),
    dualNorm: (g) => overMatrix(sum, lineNorms(g, line)),
    dualizeAll: (list, scales) => list.map((g, i) => unitLines(g, line, scales[i])),
  });
}

/** The largest absolute entry, times a factor; the duality map is the sign. */
export function entryNorm(named: Named): Norm {
  return defineNorm({
    ...named,
    norm: (w) => overMatrix(max, abs(w)),
    dualNorm: (g) => overMatrix(sum, abs(g)),
    dualizeAll: (list, scales) => list.map((g, i) => scope(() => scale(sign(g), scales[i] ?? 1))),
  });
}

/** The largest singular value, times a factor; the duality map is the polar factor. */
export function singularNorm(named: Named): Norm {
  return defineNorm({
    ...named,
    norm: (w) => spectralBounds(w).lower,
    dualNorm: nuclear,
    dualizeAll: (list, scales, set) => polarAll(list, { ...MODULA_SIX, ...set, scales }),
  });
}

/** The Euclidean norm of a vector, times a factor. Starts at zero, as biases do. */
export function vectorNorm(named: Named): Norm {
  return defineNorm({
    ...named,
    rank: 1,
    norm: (w) => reshape(lineNorms(w, [-1]), w.shape.slice(0, -1)),
    dualNorm: (g) => reshape(lineNorms(g, [-1]), g.shape.slice(0, -1)),
    dualizeAll: (list, scales) => list.map((g, i) => unitLines(g, [-1], scales[i])),
    initialize: (_, shape) => zeros(shape),
  });
}

/** The sum of the singular values, `<g, polar(g)>`. */
function nuclear(g: Tensor): Tensor {
  const unit = unitLines(g, [-2, -1]); // so that tiny and huge gradients do not under- or overflow
  const share = overMatrix(sum, mul(unit, polar(unit)));
  return mul(share, reshape(lineNorms(g, [-2, -1]), share.shape));
}

/** Folds the last two axes of `[..., a, b]`; a fold over nothing is 0. */
function overMatrix(fold: typeof max, x: Tensor): Tensor {
  if (x.size === 0) return sum(x, { axis: [-2, -1] });
  return fold(x, { axis: [-2, -1] });
}

function checkRank(name: string, shape: Shape, rank: number): void {
  if (shape.length >= rank) return;
  throw new ShapeError(
    `${name}: not a ${rank === 1 ? "vector" : "matrix"}: ${show(shape)}. `
      + `Give at least ${rank} axes, or choose another norm.`,
  );
}
