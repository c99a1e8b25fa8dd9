// Second stage: from an average gradient to a direction.

import { type Shape, type Tensor, add, mul, scale, sum } from "../autograd/index.ts";
import { type Norm, type PolarSet, type SideFactor, singularNorm } from "../nn/index.ts";
import { ShapeError, show } from "../engine/index.ts";
import { type Leaf, PASS, type Stage } from "./pipeline.ts";

/** The average itself: descent in the Euclidean norm without normalization. */
export function noDual(): Stage {
  return PASS;
}

/** How a weight is measured, and the norm its direction shall have. */
export interface Measured {
  readonly norm: Norm;
  readonly radius: number;
}

/**
 * The duality map of every weight's norm, times a radius. Weights of one norm are handed to it
 * together, so that matrices of one shape share an iteration.
 *
 * @param measure the norm and radius of a weight, by its path
 * @param polar how matrices are orthogonalized. Default: the norm's
 */
export function dualizeBy(measure: (path: string) => Measured, polar?: PolarSet): Stage {
  const normOf = (path: string): Norm => measure(path).norm;
  return {
    check: (leaves) => checkRanks(leaves, normOf),
    run: (leaves) => {
      const duals = perNorm(leaves, normOf, (norm, list) => norm.dualizeAll(list, { ...polar }));
      return leaves.map((leaf, i) => {
        return { ...leaf, value: duals[i] as Tensor, gain: leaf.gain * measure(leaf.path).radius };
      });
    },
  };
}

/**
 * What is made of every weight's value, those of one norm together.
 *
 * @param run gives one result for each value of its list
 */
export function perNorm<N>(
  leaves: readonly Leaf[], normOf: (path: string) => N,
  run: (norm: N, list: readonly Tensor[]) => readonly Tensor[],
): Tensor[] {
  const groups = new Map<N, Leaf[]>();
  for (const leaf of leaves) {
    const norm = normOf(leaf.path);
    const group = groups.get(norm);
    if (group) group.push(leaf);
    else groups.set(norm, [leaf]);
  }
  const results = new Map<Leaf, Tensor>();
  for (const [norm, group] of groups) {
    const made = run(norm, group.map(({ value }) => value));
    group.forEach((leaf, i) => results.set(leaf, made[i] as Tensor)); // one for each
  }
  return leaves.map((leaf) => results.get(leaf) as Tensor); // each is in a group
}

/** Throws ShapeError for a weight with fewer axes than its norm measures. */
export function checkRanks(leaves: readonly Leaf[], normOf: (path: string) => Norm): void {
  for (const { path, weight } of leaves) {
    const { name, rank } = normOf(path);
    checkRank(name, path, weight.shape, rank);
  }
}

/**
 * The polar factor of every matrix, times a factor of its sides: all singular values alike.
 * Matrices of one shape share an iteration.
 *
 * @param op for errors
 * @param size singular values, from rows (outputs) and columns (inputs)
 * @param normOf how a weight is seen as matrices. Default, also for norms that do not tell: the
 *   last two axes, leading ones as a batch
 */
export function orthogonalize(
  op: string, size: SideFactor, polar: PolarSet,
  normOf: (path: string) => Norm | undefined = () => undefined,
): Stage {
  const plain = singularNorm({ name: op, formula: "sigma_1", factor: (m, n) => 1 / size(m, n) });
  const seen = resizedBy(size, plain);
  return dualizeBy((path) => ({ norm: seen(normOf(path)), radius: 1 }), polar);
}

/**
 * Norms of the same matrices whose unit updates have singular values of that size; always the same
 * for the same norm, so that weights can be grouped by them.
 *
 * @param other for norms that see no matrices
 */
export function resizedBy(size: SideFactor, other: Norm): (norm: Norm | undefined) => Norm {
  const seen = new Map<Norm | undefined, Norm>();
  return (norm) => {
    const found = seen.get(norm) ?? norm?.resized?.(size) ?? other;
    seen.set(norm, found);
    return found;
  };
}

/** Measures of a direction beside the duality map. */
export interface SharpOptions {
  /** One size for all weights: the dual norm of the whole, as in the modular norm. */
  readonly together: boolean;
  readonly polar?: PolarSet;
}

/**
 * Steepest descent with a quadratic penalty: the duality map times the dual norm, of each weight by
 * itself or summed over all, weighted by their radii.
 */
export function sharpBy(
  measure: (path: string) => Measured, { together, polar }: SharpOptions,
): Stage {
  const duals = dualizeBy(measure, polar);
  return {
    ...duals,
    run: (leaves, moment) => {
      const sizes = perNorm(leaves, (path) => measure(path).norm, (norm, list) => {
        return norm.dualNormAll(list);
      }).map((size, i) => scale(sum(size), measure((leaves[i] as Leaf).path).radius));
      const whole = together && leaves.length > 0 ? sizes.reduce((all, x) => add(all, x))
        : undefined;
      return duals.run(leaves, moment).map((leaf, i) => {
        return { ...leaf, value: mul(leaf.value, whole ?? sizes[i] ?? 0) };
      });
    },
  };
}

function checkRank(op: string, path: string, shape: Shape, rank: number): void {
  if (shape.length >= rank) return;
  throw new ShapeError(
    `${op}: a parameter has too few axes: ${path || "the root"} is ${show(shape)}, needs ${rank}. `
      + `Give it another rule or norm.`,
  );
}
