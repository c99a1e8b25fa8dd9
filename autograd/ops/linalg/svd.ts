import { type Tensor, copyInto, matmulFused, scope } from "../../../engine/index.ts";
import { type OpSpec, apply, composed, inFloat32 } from "../../define.ts";
import { add, mul, sub } from "../arithmetic.ts";
import { diagonalMatrix } from "../diagonal.ts";
import { matmul } from "../matmul.ts";
import { sumSquares } from "../reduce.ts";
import { sqrt } from "../unary.ts";
import { reshape, transpose } from "../views.ts";
import { gaps, inverses, spread } from "./gaps.ts";
import { rotated } from "./jacobi.ts";
import { asBatch, batchOf, block, flipped, likeBatch, matrixSize } from "./matrices.ts";
import { factorQr, part } from "./qr.ts";
import { orderOf, reordered, scaled, signsOf } from "./scaling.ts";

/** Singular values `[batch, k, 1]`, and the vectors as rows. */
interface Parts {
  readonly s: Tensor;
  readonly left: Tensor;
  readonly right: Tensor;
}

/**
 * The parts of `[batch, m, n]` with m >= n, scaled to elements of about 1. What is left of rotated
 * rows that vanish has no direction: Householder's QR finds one orthogonal to the others.
 */
function tall(x: Tensor): Parts {
  const [batch = 0, , n = 0] = x.shape;
  const { q, w, v } = rotated(x);
  const sizes = sqrt(sumSquares(w, { axis: 2 }));
  const order = orderOf(sizes, true);
  const units = factorQr(flipped(reordered(w, order)));
  return {
    s: reordered(reshape(sizes, [batch, n, 1]), order),
    left: flipped(matmulFused(q, units.q)),
    right: reordered(v, order),
  };
}

/** All in one tensor `[..., k, 1 + m + n]`: each singular value and its two vectors in a row. */
function packed(x: Tensor): Tensor {
  const a = asBatch("svd", x);
  const [batch = 0, m = 0, n = 0] = a.shape;
  const k = Math.min(m, n);
  const out = a.device.empty("svd", [batch, k, 1 + m + n], "f32");
  if (out.size === 0) return likeBatch(out, batchOf(x));
  const { whole, back } = scaled(a);
  const { s, left, right } = tall(m < n ? flipped(whole) : whole);
  const [u, v] = m < n ? [right, left] : [left, right];
  const signs = signsOf(u);
  copyInto(block(out, [0, k], [0, 1]), mul(s, back));
  copyInto(block(out, [0, k], [1, 1 + m]), mul(u, signs));
  copyInto(block(out, [0, k], [1 + m, 1 + m + n]), mul(v, signs));
  return likeBatch(out, batchOf(x));
}

/** s, and the rows of u^T and v^T. */
function unpacked(y: Tensor, m: number, n: number): readonly [Tensor, Tensor, Tensor] {
  return [part(y, null, [0, 1]), part(y, null, [1, 1 + m]), part(y, null, [1 + m, 1 + m + n])];
}

/** What is left of rows once their parts along orthonormal rows are taken away. */
function outside(x: Tensor, rows: Tensor): Tensor {
  return sub(x, matmul(matmul(x, transpose(rows)), rows));
}

function grad(dy: Tensor, y: Tensor, m: number, n: number): Tensor {
  const [s, u, v] = unpacked(y, m, n);
  const [ds, du, dv] = unpacked(dy, m, n);
  const apart = gaps(s, true);
  const along = transpose(s); // factors of columns
  const turnU = mul(mul(apart, spread(matmul(du, transpose(u)), 1)), along);
  const turnV = mul(s, mul(apart, spread(matmul(dv, transpose(v)), 1)));
  const straight = diagonalMatrix(reshape(ds, ds.shape.slice(0, -1)));
  const inner = matmul(add(add(turnU, turnV), straight), v); // [k, n], to be turned by u
  const inverse = inverses(s);
  const beside = mul(outside(dv, v), inverse);
  const whole = matmul(transpose(u), add(inner, beside));
  if (m === Math.min(m, n)) return whole; // u is square: nothing is outside
  return add(whole, matmul(transpose(mul(outside(du, u), inverse)), v));
}

const SVD: OpSpec = {
  name: "svd",
  forward: (x) => scope(() => packed(x as Tensor)), // checked on entry
  saves: "output",
  vjp: (dy, [x], y) => [() => {
    const [m, n] = matrixSize("svd", x as Tensor);
    return grad(dy, y, m, n);
  }],
};

/** Singular values and vectors. */
export interface Svd {
  /** `[..., m, k]`, k = min(m, n); orthonormal columns. */
  readonly u: Tensor;
  /** `[..., k]`, falling. */
  readonly s: Tensor;
  /** `[..., k, n]`, orthonormal rows: v transposed. */
  readonly vt: Tensor;
}

/**
 * Thin singular value decomposition, `x = u diag(s) vt`, by one-sided Jacobi rotations.
 *
 * Errors are at most `4 k 2^-24`, k = max(m, n): of `u^T u - 1` and `vt vt^T - 1` in the spectral
 * norm, of each singular value and of `x - u s vt` times the Frobenius norm of x. That holds for
 * matrices of any rank and scale. In each column of u the element of largest size is positive. NaN
 * or infinity makes its whole matrix NaN.
 *
 * The gradient is exact where singular values are apart and not 0. Those closer than `8 k 2^-24` of
 * the largest count as equal, and get none from how their vectors turn into each other; those as
 * close to 0 get none from how theirs leave the span. It is then exact for norms and other
 * functions of the values that treat equal ones alike, and for the spaces that the vectors of equal
 * ones span, but not for a matrix built from them (`pinv` has a gradient of its own).
 *
 * @param x `[..., m, n]` f32
 * @returns views of one tensor, f32
 * @throws ShapeError if x is no matrix; DtypeError
 * Source: Demmel, Veselic, "Jacobi's method is more accurate than QR" (1992); the gradient is
 * Townsend, "Differentiating the singular value decomposition" (2016)
 */
export function svd(x: Tensor): Svd {
  return composed("svd", () => {
    const [m, n] = matrixSize("svd", x);
    const [s, u, vt] = unpacked(inFloat32([x], (t) => apply(SVD, [t])), m, n);
    return { u: transpose(u), s: reshape(s, s.shape.slice(0, -1)), vt };
  });
}
