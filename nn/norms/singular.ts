// The family of norms of the largest singular value.

import { type Tensor, arange, eq, mul, normal, reshape, scale, sub, sum, transpose, unsqueeze,
  where, zeros } from "../../autograd/index.ts";
import { matmulFused } from "../../engine/index.ts";
import { polar, polarAll } from "../polar.ts";
import { MODULA_SIX, type PolarSet } from "../polar_coefficients.ts";
import { spectralBounds } from "../spectral.ts";
import { lineNorms, unitLines } from "./lines.ts";
import { type MeasureOptions, type Named, type Norm, type SingularParts, scaledNorm } from
  "./norm.ts";

/**
 * The largest singular value, times a factor. The dual norm is the sum of the singular values over
 * the factor, the duality map the polar factor.
 *
 * By iterations the norm is within 1e-5, and the dual norm misses at most singular values below
 * 1e-4 of the Frobenius norm.
 */
export function singularNorm(named: Named): Norm {
  const by = ({ method }: MeasureOptions): SingularParts => {
    return method === undefined ? spectralParts : method.parts(Infinity);
  };
  return normOfSingularValues(named, Infinity, by);
}

/** What the norms of singular values share; `by` gives the parts for the options of a call. */
export function normOfSingularValues(
  named: Named, p: number, by: (options: MeasureOptions) => SingularParts,
): Norm {
  const { name, formula } = named;
  return scaledNorm(named, {
    rank: 2,
    resized: p < Infinity ? undefined : (size) => singularNorm({
      name: `${name} resized`, formula, factor: (rows, columns) => 1 / size(rows, columns),
    }),
    norm: (w, how) => by(how).norm(w, how),
    dualNorm: (g, how) => by(how).dualNorm(g, how),
    dualizeAll: (list, scales, how) => by(how).dualizeAll(list, scales, how),
    projectBall: (w, radius, how) => by(how).projectBall(w, radius, how),
    initialize: (rng, shape, radius) => {
      const rank = Math.max(1, Math.min(...shape.slice(-2)));
      return polar(normal(rng, shape), { scale: radius / rank ** (1 / p) });
    },
  });
}

/** By polar factors and powers of the Gram matrix. */
export const spectralParts: SingularParts = {
  norm: (w) => spectralBounds(w).lower,
  dualNorm: singularSum,
  dualizeAll: (list, scales, set) => polarAll(list, { ...MODULA_SIX, ...set, scales }),
  projectBall: (w, radius, set) => {
    const [m = 1, n = 1] = w.shape.slice(-2);
    if (w.size === 0) return zeros(w.shape, { device: w.device });
    return m > n ? transpose(clipped(transpose(w), radius, set)) : clipped(w, radius, set);
  },
};

/** The sum of the singular values, `<g, polar(g)>`. */
export function singularSum(g: Tensor): Tensor {
  const unit = unitLines(g, [-2, -1]); // so that tiny and huge gradients do not under- or overflow
  const share = sum(mul(unit, polar(unit)), { axis: [-2, -1] });
  return mul(share, reshape(lineNorms(g, [-2, -1]), share.shape));
}

/**
 * Singular values of a wide matrix cut at a radius. With U V^T = polar(x) and S the sign of the
 * symmetric x V U^T - radius, whose eigenvectors are U, `(1 + S) / 2` picks those above it.
 */
function clipped(x: Tensor, radius: number, set: Partial<PolarSet>): Tensor {
  const unit = polar(x, set);
  const places = arange(x.shape.at(-2) ?? 1, { dtype: "i32", device: x.device });
  const diagonal = eq(unsqueeze(places, -1), places);
  const size = matmulFused(x, transpose(unit));
  const above = polar(where(diagonal, sub(size, radius), size), set);
  const excess = sub(x, scale(unit, radius));
  const half = sub(x, scale(excess, 0.5));
  return matmulFused(above, excess, { alpha: -0.5, d: half });
}
