// Second stage: from an average gradient to a direction.

import type { Shape } from "../autograd/index.ts";
import { type Norm, type PolarSet, polarAll } from "../nn/index.ts";
import { ShapeError, show } from "../engine/index.ts";
import type { Leaf, Stage } from "./pipeline.ts";

/** The average itself: descent in the Euclidean norm without normalization. */
export function noDual(): Stage {
  return { run: (leaves) => leaves };
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
  return {
    check: (leaves) => leaves.forEach(({ path, weight }) => {
      const { name, rank } = measure(path).norm;
      checkRank(name, path, weight.shape, rank);
    }),
    run: (leaves) => {
      const results = new Map<string, Leaf>();
      for (const [norm, group] of groupBy(leaves, ({ path }) => measure(path).norm)) {
        const duals = norm.dualizeAll(group.map(({ value }) => value), { ...polar });
        group.forEach((leaf, i) => {
          const gain = leaf.gain * measure(leaf.path).radius;
          results.set(leaf.path, { ...leaf, value: duals[i] ?? leaf.value, gain });
        });
      }
      return leaves.map((leaf) => results.get(leaf.path) ?? leaf);
    },
  };
}

function groupBy<Key, T>(list: readonly T[], keyOf: (item: T) => Key): Map<Key, T[]> {
  const groups = new Map<Key, T[]>();
  for (const item of list) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

/**
 * The polar factor of every matrix, times a factor of its sides: all singular values alike.
 * Leading axes of a weight are a batch; matrices of one shape share an iteration.
 *
 * @param factor of the sides of a matrix, for rows (outputs) and columns (inputs)
 */
export function orthogonalize(
  op: string, factor: (rows: number, columns: number) => number, polar: PolarSet,
): Stage {
  return {
    check: (leaves) => leaves.forEach(({ path, weight }) => checkRank(op, path, weight.shape, 2)),
    run: (leaves) => {
      const duals = polarAll(leaves.map(({ value }) => value), { ...polar });
      return leaves.map((leaf, i) => {
        const [rows = 1, columns = 1] = leaf.weight.shape.slice(-2);
        const gain = leaf.gain * factor(rows, columns);
        return { ...leaf, value: duals[i] ?? leaf.value, gain };
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
