import choleskyText from "../../../kernels/linalg/cholesky.wgsl" with { type: "text" };
import { type GroupKernel, type Tensor, matmulFused, runGroups, scope, zeros } from
  "../../../engine/index.ts";
import { type OpSpec, apply, composed } from "../../define.ts";
import { add, scale, sub } from "../arithmetic.ts";
import { diagonal, diagonalMatrix, tril } from "../diagonal.ts";
import { matmul } from "../matmul.ts";
import { transpose } from "../views.ts";
import { asBatch, batchOf, block, flipped, likeBatch, matrixSize, panels, walkOf } from
  "./matrices.ts";
import { triangularSolve } from "./triangular.ts";

const KERNEL: GroupKernel = { name: "cholesky", wgsl: choleskyText, lanes: 64 };

/** Panel by panel: what the columns before leave of it, by one product, and then its own factor. */
function factor(x: Tensor): Tensor {
  const a = asBatch("cholesky", x);
  const [batch = 0, n = 0] = a.shape;
  const l = zeros([batch, n, n], { device: a.device });
  if (a.size === 0) return likeBatch(l, batchOf(x));
  for (const span of panels(n)) {
    const [first, end] = span;
    const [m, b] = [n - first, end - first];
    const own = block(a, [first, n], span);
    const rest = first === 0 ? own
      : matmulFused(block(l, [first, n], [0, first]), flipped(block(l, span, [0, first])),
        { alpha: -1, d: own });
    const chunks = Math.max(1, Math.ceil((m - b) / KERNEL.lanes));
    runGroups(KERNEL, [rest], [l], chunks * batch, [chunks, m, b, n, first, 0, 0, ...walkOf(rest)]);
  }
  return likeBatch(l, batchOf(x));
}

/** The lower triangle with half the diagonal. */
function half(x: Tensor): Tensor {
  return sub(tril(x), diagonalMatrix(scale(diagonal(x), 0.5)));
}

const CHOLESKY: OpSpec = {
  name: "cholesky",
  forward: (x) => scope(() => factor(x as Tensor)), // checked on entry
  saves: "output",
  vjp: (dy, _, l) => [() => {
    const middle = half(matmul(transpose(l), dy));
    const left = triangularSolve(l, add(middle, transpose(middle)), { transpose: true });
    const both = triangularSolve(l, transpose(left), { transpose: true });
    return scale(both, 0.5);
  }],
};

/**
 * Lower triangular `l` with `l l^T = a`, for symmetric positive definite matrices.
 *
 * Backward stable: `|a - l l^T| <= 4 n 2^-24 |l| |l^T|`, element by element. Where a matrix is
 * not positive definite (to working precision), its factor is NaN from the first column on in
 * which that shows; nothing is thrown, since the device does not report back. The gradient is
 * symmetric: that of a function of symmetric matrices.
 *
 * @param x `[..., n, n]` f32; only the lower triangle is read
 * @returns `[..., n, n]` f32, zeros above the diagonal
 * @throws ShapeError if the matrices are not square; DtypeError
 * Source: the gradient is Murray, "Differentiation of the Cholesky decomposition" (2016), eq. 9
 */
export function cholesky(x: Tensor): Tensor {
  matrixSize("cholesky", x, true);
  return apply(CHOLESKY, [x]);
}

/**
 * Solves `a x = b` from the Cholesky factor of `a`.
 *
 * @param l `[..., n, n]` f32, the result of `cholesky(a)`
 * @param b `[..., n, columns]` or `[n]` f32
 * @throws ShapeError if they do not fit; DtypeError
 */
export function choleskySolve(l: Tensor, b: Tensor): Tensor {
  return composed("choleskySolve", () => {
    return triangularSolve(l, triangularSolve(l, b), { transpose: true });
  });
}
