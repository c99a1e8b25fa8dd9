import { type Tensor, scope } from "../../../engine/index.ts";
import { cast } from "../../cast.ts";
import { apply, composed, inFloat32 } from "../../define.ts";
import { add, div, gt, mul, sub, where } from "../arithmetic.ts";
import { matmul } from "../matmul.ts";
import { max, min, sum, sumSquares } from "../reduce.ts";
import { abs, sqrt } from "../unary.ts";
import { reshape, transpose, unsqueeze } from "../views.ts";
import { identity } from "./lu.ts";
import { EPS, asBatch, batchOf, likeBatch, matrixSize } from "./matrices.ts";
import { inverse } from "./solve.ts";
import { svd } from "./svd.ts";

/** Which singular values count as 0. */
export interface RankOptions {
  /** Those up to this part of the largest one. Default: 2 max(m, n) 2^-24. */
  readonly rtol?: number;
}

function checkLimit(op: string, rtol: number | undefined): void {
  if (rtol === undefined || rtol >= 0) return;
  throw new RangeError(`${op}: rtol is not >= 0: ${rtol}. Leave it out for the default.`);
}

/** Which singular values `[..., k]` of matrices count: bool. */
function counted(x: Tensor, s: Tensor, rtol: number | undefined): Tensor {
  if (s.size === 0) return gt(s, 0);
  const limit = rtol ?? 2 * Math.max(...x.shape.slice(-2)) * EPS;
  return gt(s, mul(max(s, { axis: -1, keepDims: true }), limit));
}

/**
 * Moore-Penrose inverse, by singular values.
 *
 * @param x `[..., m, n]` f32
 * @param options.rtol singular values up to this part of the largest count as 0
 * @returns `[..., n, m]`. The gradient takes the rank as given, and passes equal singular values
 * @throws ShapeError if x is no matrix; RangeError; DtypeError
 * Source: the gradient is Golub, Pereyra 1973, eq. 4.12
 */
export function pinv(x: Tensor, { rtol }: RankOptions = {}): Tensor {
  return composed("pinv", () => {
    matrixSize("pinv", x);
    checkLimit("pinv", rtol);
    return apply({
      name: "pinv",
      forward: (t) => scope(() => pseudoInverse(asBatch("pinv", t), t as Tensor, rtol)),
      saves: "both",
      vjp: (dy, [t], y) => [() => pinvGrad(t as Tensor, y, dy)], // checked on entry
    }, [x]);
  });
}

/** @param batch the same as a new value, of which no tape takes notice */
function pseudoInverse(batch: Tensor, x: Tensor, rtol: number | undefined): Tensor {
  const { u, s, vt } = svd(batch);
  const keeps = counted(batch, s, rtol);
  const factors = where(keeps, div(1, where(keeps, s, 1)), 0);
  const y = matmul(mul(transpose(vt), unsqueeze(factors, 1)), transpose(u));
  return likeBatch(y, batchOf(x));
}

/** -p^T dy p^T + (1 - x p) dy^T p p^T + p^T p dy^T (1 - p x). */
function pinvGrad(x: Tensor, p: Tensor, dy: Tensor): Tensor {
  const [turned, dt] = [transpose(p), transpose(dy)];
  const left = matmul(matmul(dt, p), turned);
  const right = matmul(matmul(turned, p), dt);
  return add(
    sub(sub(left, matmul(x, matmul(p, left))), matmul(matmul(turned, dy), turned)),
    sub(right, matmul(matmul(right, p), x)),
  );
}

/**
 * How many singular values count; a constant.
 *
 * @param x `[..., m, n]` f32
 * @param options.rtol singular values up to this part of the largest count as 0
 * @returns `[...]` i32
 * @throws ShapeError if x is no matrix; RangeError; DtypeError
 */
export function matrixRank(x: Tensor, { rtol }: RankOptions = {}): Tensor {
  return composed("matrixRank", () => {
    matrixSize("matrixRank", x);
    checkLimit("matrixRank", rtol);
    return sum(cast(counted(x, svd(x).s, rtol), "i32"), { axis: -1 });
  });
}

/** Condition number `[...]`: the largest singular value over the smallest. Throws as `svd`. */
export function cond(x: Tensor): Tensor {
  return composed("cond", () => {
    matrixSize("cond", x);
    return inFloat32([x], (t) => {
      const { s } = svd(t);
      return div(max(s, { axis: -1 }), min(s, { axis: -1 }));
    });
  });
}

/** A norm of matrices: of all elements, of the singular values, or of columns or rows. */
export type MatrixNorm = "fro" | "nuc" | 2 | -2 | 1 | -1 | "inf" | "-inf";

/**
 * Norms of matrices.
 *
 * @param x `[..., m, n]` f32
 * @param options.ord `"fro"` root of the sum of squares (default); `"nuc"` sum of the singular
 *   values; `2` the largest and `-2` the smallest of them; `1` largest and `-1` smallest column sum
 *   of sizes; `"inf"` and `"-inf"` the same of rows
 * @param options.keepDims keep both axes with size 1. Default false
 * @returns `[...]` f32
 * @throws ShapeError if x is no matrix, or has no element to take the largest or smallest of;
 *   DtypeError
 */
export function matrixNorm(
  x: Tensor,
  { ord = "fro", keepDims = false }: {
    readonly ord?: MatrixNorm;
    readonly keepDims?: boolean;
  } = {},
): Tensor {
  return composed("matrixNorm", () => {
    matrixSize("matrixNorm", x);
    return inFloat32([x], (t) => {
      const y = norm(t, ord);
      return keepDims ? reshape(y, [...y.shape, 1, 1]) : y;
    });
  });
}

function norm(x: Tensor, ord: MatrixNorm): Tensor {
  const last = { axis: -1 };
  switch (ord) {
    case "fro": return sqrt(sumSquares(x, { axis: [-2, -1] }));
    case "nuc": return sum(svd(x).s, last);
    case 2: return max(svd(x).s, last);
    case -2: return min(svd(x).s, last);
    case 1: return max(sum(abs(x), { axis: -2 }), last);
    case -1: return min(sum(abs(x), { axis: -2 }), last);
    case "inf": return max(sum(abs(x), last), last);
    case "-inf": return min(sum(abs(x), last), last);
    default:
      throw new RangeError(
        `matrixNorm: no such norm: ${String(ord)}. Use fro, nuc, 2, -2, 1, -1, inf or -inf.`,
      );
  }
}

/**
 * Square matrices to a whole power, by repeated squaring; negative powers are those of the inverse.
 *
 * @param x `[..., n, n]` f32
 * @throws ShapeError if the matrices are not square; RangeError if the power is not whole;
 *   DtypeError
 */
export function matrixPower(x: Tensor, power: number): Tensor {
  return composed("matrixPower", () => {
    matrixSize("matrixPower", x, true);
    if (!Number.isSafeInteger(power)) {
      throw new RangeError(`matrixPower: the power is not whole: ${power}. Use eigh() for roots.`);
    }
    return inFloat32([x], (t) => {
      let square = power < 0 ? inverse(t) : t;
      let result: Tensor | undefined;
      for (let left = Math.abs(power); left > 0; left = Math.floor(left / 2)) {
        if (left % 2 === 1) result = result ? matmul(result, square) : square;
        if (left > 1) square = matmul(square, square);
      }
      return result ?? identity(t, batchOf(t));
    });
  });
}
