import { type Tensor, copyInto, matmulFused, scope } from "../../../engine/index.ts";
import { type OpSpec, apply, composed, inFloat32 } from "../../define.ts";
import { add, mul, scale } from "../arithmetic.ts";
import { diagonalMatrix } from "../diagonal.ts";
import { matmul } from "../matmul.ts";
import { max, sum } from "../reduce.ts";
import { abs } from "../unary.ts";
import { reshape, transpose } from "../views.ts";
import { gaps, spread } from "./gaps.ts";
import { rotated } from "./jacobi.ts";
import { asBatch, batchOf, block, likeBatch, matrixSize } from "./matrices.ts";
import { part } from "./qr.ts";
import { orderOf, reordered, scaled, signsOf } from "./scaling.ts";

/** `a` plus a bound of its spectrum times 1: the singular values are then in the order of it. */
function shifted(a: Tensor): Tensor {
  const whole = add(a, 0);
  const n = a.shape[2] ?? 0;
  const bound = max(sum(abs(a), { axis: 2, keepDims: true }), { axis: 1 }); // [batch, 1]
  const { offset } = whole.layout;
  const diagonal = whole.view("eigh", {
    shape: [a.shape[0] ?? 0, n], strides: [n * n, n + 1], offset,
  });
  copyInto(diagonal, add(diagonal, bound));
  return whole;
}

/** Values and vectors in one tensor `[..., n, 1 + n]`: each value and its vector in a row. */
function packed(x: Tensor): Tensor {
  const a = asBatch("eigh", x);
  const [batch = 0, n = 0] = a.shape;
  const out = a.device.empty("eigh", [batch, n, 1 + n], "f32");
  if (out.size === 0 || n === 0) return likeBatch(out, batchOf(x));
  const { whole, back } = scaled(a);
  const { v } = rotated(shifted(whole));
  const quotients = sum(mul(matmulFused(v, whole), v), { axis: 2 });
  const order = orderOf(quotients, false);
  const vectors = reordered(v, order);
  const values = reordered(reshape(quotients, [batch, n, 1]), order);
  copyInto(block(out, [0, n], [0, 1]), mul(values, back));
  copyInto(block(out, [0, n], [1, n + 1]), mul(vectors, signsOf(vectors)));
  return likeBatch(out, batchOf(x));
}

const EIGH: OpSpec = {
  name: "eigh",
  forward: (x) => scope(() => packed(x as Tensor)), // checked on entry
  saves: "output",
  vjp: (dy, _, y) => [() => {
    const n = y.shape.at(-2) ?? 0;
    const [values, rows, drows] = [part(y, null, [0, 1]), part(y, null, [1, n + 1]),
      part(dy, null, [1, n + 1])];
    const product = matmul(rows, transpose(drows)); // V^T dV
    const turned = mul(gaps(values, false), spread(product, -0.5));
    const dvalues = reshape(part(dy, null, [0, 1]), values.shape.slice(0, -1));
    const middle = add(turned, diagonalMatrix(dvalues));
    return matmul(matmul(transpose(rows), middle), rows);
  }],
};

/** Eigenvalues and eigenvectors. */
export interface Eigh {
  /** `[..., n]`, rising. */
  readonly values: Tensor;
  /** `[..., n, n]`, orthonormal columns in the order of the values. */
  readonly vectors: Tensor;
}

/**
 * Eigenvalues and eigenvectors of symmetric matrices, by Jacobi rotations.
 *
 * Errors are at most `4 n 2^-24` times the Frobenius norm of the matrix, of each eigenvalue and of
 * `a v - v w`; and `4 n 2^-24` of `v^T v - 1`. The element of largest size of each eigenvector is
 * positive. NaN or infinity makes its whole matrix NaN.
 *
 * The gradient is exact where eigenvalues are apart. Those closer than `8 n 2^-24` of the largest
 * count as equal, and get none from how their vectors turn into each other. It is then exact for
 * sums over equal ones of functions of the values, and for the space their vectors span together,
 * but not for a matrix built from them: its elements between two equal ones are lost.
 *
 * @param x `[..., n, n]` f32; of other matrices the symmetric part `(x + x^T) / 2` is taken
 * @returns views of one tensor, f32
 * @throws ShapeError if the matrices are not square; DtypeError
 */
export function eigh(x: Tensor): Eigh {
  return composed("eigh", () => {
    const [n] = matrixSize("eigh", x, true);
    const y = inFloat32([x], (t) => apply(EIGH, [scale(add(t, transpose(t)), 0.5)]));
    const values = part(y, null, [0, 1]);
    return {
      values: reshape(values, values.shape.slice(0, -1)),
      vectors: transpose(part(y, null, [1, n + 1])),
    };
  });
}
