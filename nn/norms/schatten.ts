// The family of p-norms of singular values.

import { scale, scope } from "../../autograd/index.ts";
import { dominant, spectralBounds } from "../spectral.ts";
import { exactParts } from "./exact.ts";
import type { Named, Norm, SingularParts } from "./norm.ts";
import { normOfSingularValues, singularSum, spectralParts } from "./singular.ts";

/** A norm of this family. */
export interface SchattenOptions extends Named {
  /** From 1 (nuclear) to infinity (spectral). */
  readonly p: number;
}

/**
 * The p-norm of the singular values, times a factor. The dual norm is that of 1/p + 1/q = 1, and
 * the duality map keeps singular vectors: 1 leaves the largest singular value, infinity makes all
 * equal.
 *
 * Infinity and 1 have iterations, which are the default, but for the ball of p = 1; they are as
 * close as those of `singularNorm`. Other p are always exact.
 *
 * @throws RangeError for p below 1
 */
export function schattenNorm(options: SchattenOptions): Norm {
  const { name, p } = options;
  if (!(p >= 1)) throw new RangeError(`${name}: p is out of range: ${p}. Use a number from 1 on.`);
  const exact = exactParts(p);
  const fast = p === Infinity ? spectralParts : { ...exact, ...(p === 1 && nuclearParts) };
  return normOfSingularValues(options, p, ({ method }) => (method ? method.parts(p) : fast));
}

const nuclearParts: Omit<SingularParts, "projectBall"> = {
  norm: singularSum,
  dualNorm: (g) => spectralBounds(g).lower,
  dualizeAll: (list, scales) => list.map((g, i) => scope(() => scale(dominant(g), scales[i] ?? 1))),
};
