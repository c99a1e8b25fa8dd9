// What depends on singular values, by decomposing the matrices.

import { type Svd, type Tensor, gt, le, matmul, max, mul, reshape, scale, scope, svd, unsqueeze,
  where, zeros } from "../../autograd/index.ts";
import { type LineKind, power } from "./line_kinds.ts";
import { widened } from "./lines.ts";
import type { Method, SingularParts } from "./norm.ts";

/**
 * By a singular value decomposition, in float32: slower than iterations, and exact to rounding
 * whatever the spectrum. Singular values up to 1e-6 of the largest count as rounding in duality
 * maps and polar factors.
 *
 * @example
 * const update = rmsToRms.dualize(gradient, { method: exact });
 */
export const exact: Method = { name: "exact", parts: exactParts };

/** Singular values up to this share of the largest are rounding, and have no direction. */
const NOISE = 1e-6;

/** The p-norm of singular values. */
export function exactParts(p: number): SingularParts {
  const by = power(p);
  const overValues = (sizes: Tensor, x: Tensor) => reshape(sizes, x.shape.slice(0, -2));
  return {
    norm: (w) => overValues(by.sizes(svd(w).s, [-1]), w),
    dualNorm: (g) => overValues(by.dualSizes(svd(g).s, [-1]), g),
    dualizeAll: (list, scales) => list.map((g, i) => sameVectors(g, by, scales[i] ?? 1)),
    projectBall: (w, radius) => {
      const parts = svd(w);
      const outside = gt(unsqueeze(by.sizes(parts.s, [-1]), -1), radius);
      return where(outside, recompose(parts, by.inBall(parts.s, [-1], radius)), w);
    },
  };
}

/**
 * The matrix of singular values with norm `factor` and the singular vectors of x that has the
 * largest inner product with it.
 */
function sameVectors(x: Tensor, by: LineKind, factor: number): Tensor {
  if (x.size === 0) return zeros(x.shape, { device: x.device });
  return scope(() => {
    const parts = svd(widened(x));
    const noise = scale(max(parts.s, { axis: -1, keepDims: true }), NOISE);
    return recompose(parts, by.duals(where(le(parts.s, noise), 0, parts.s), [-1], factor));
  });
}

function recompose({ u, vt }: Svd, s: Tensor): Tensor {
  return matmul(mul(u, unsqueeze(s, -2)), vt);
}
