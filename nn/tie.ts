// One weight in several places.

import { ShapeError, show } from "../engine/index.ts";
import type { WeightEntry, WeightSpec } from "./module.ts";
import type { Norm } from "./norms/norm.ts";

/** Makes the weights of the atoms it is given to one weight; made by `tie`. */
export interface Tie {
  /** Measures the weight, wherever it is used. */
  readonly norm: Norm;
}

/**
 * A weight that several atoms use, such as the table of an embedding that is the head as well:
 * atoms given the same `tie` have one weight between them. The tree holds it once, where it comes
 * first in canonical order; its gradient is the sum over its uses.
 *
 * Its mass is the sum of those of its uses. Its share of an update is the one that keeps the
 * module well-normed: with mass fractions `p` and later sensitivities `s` it is `sum p / sum s`
 * over the uses. Copies of a module, as `power` makes them, share what is tied in it.
 *
 * @param norm has to bound every use. `signOverFanIn` does for a table that is embedding and head:
 *   Scion's choice
 * @example
 * const table = tie(signOverFanIn);
 * const model = compose(linear(65, 8, { tie: table }), embed(8, 65, { tie: table }));
 */
export function tie(norm: Norm): Tie {
  return { norm };
}

/** Throws ShapeError unless a weight has the shape of the one it is tied to. */
export function checkTied(first: WeightEntry, path: string, { shape }: WeightSpec): void {
  if (show(shape) === show(first.shape)) return;
  throw new ShapeError(
    `tie: tied weights differ in shape: ${path} is ${show(shape)}, ${first.path} is `
      + `${show(first.shape)}. Make them equal, or give each its own.`,
  );
}
