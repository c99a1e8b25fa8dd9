import determinantText from "../../../kernels/linalg/determinant.wgsl" with { type: "text" };
import { type Tensor, runThreads, scope } from "../../../engine/index.ts";
import { apply, composed, inFloat32 } from "../../define.ts";
import { lt, mul, neg, where } from "../arithmetic.ts";
import { matmul } from "../matmul.ts";
import { slice } from "../parts.ts";
import { reshape, transpose } from "../views.ts";
import { factorLu, identity, inverseOf, permuted, rowsOf } from "./lu.ts";
import { batchOf, matrixSize } from "./matrices.ts";
import { part } from "./qr.ts";
import { triangularSolve, withSides } from "./triangular.ts";

/** Solves with the factors of `a`, or of its transpose. */
function substitute(packed: Tensor, b: Tensor, turned: boolean): Tensor {
  const w = part(packed, null, [0, packed.shape.at(-2) ?? 0]);
  const unit = { unitDiagonal: true };
  if (!turned) {
    const y = triangularSolve(w, permuted(b, rowsOf(packed)), unit);
    return triangularSolve(w, y, { lower: false });
  }
  const y = triangularSolve(w, b, { lower: false, transpose: true });
  const x = triangularSolve(w, y, { ...unit, transpose: true });
  return permuted(x, inverseOf(rowsOf(packed)));
}

/** @param packed the factors of `a`, a constant: gradients go through `a` */
function solveWith(a: Tensor, b: Tensor, packed: Tensor, turned: boolean): Tensor {
  return apply({
    name: "solve",
    forward: (_, sides, factors) => scope(() => {
      return substitute(factors as Tensor, constant(sides as Tensor), turned);
    }),
    saves: "both",
    vjp: (dy, [m, , factors], x) => {
      const back = () => solveWith(m as Tensor, dy, factors as Tensor, !turned);
      return [() => {
        const db = back();
        return neg(turned ? matmul(x, transpose(db)) : matmul(db, transpose(x)));
      }, back];
    },
  }, [a, b, packed]);
}

/** A tensor that no tape knows. */
function constant(x: Tensor): Tensor {
  return x.view("solve", x.layout);
}

/**
 * Solves `a x = b` by LU with partial pivoting.
 *
 * Backward stable for each column: `|b - a x|` is at most `4 n 2^-24` times the growth of the
 * factors (in practice below 10) times `|a| |x|`. A singular matrix gives infinities and NaN.
 *
 * @param a `[..., n, n]` f32; leading axes broadcast
 * @param b `[..., n, columns]` or `[n]` f32
 * @returns x, the shape of `b` broadcast
 * @throws ShapeError if `a` is not square or does not fit `b`; DtypeError
 * @example
 * const x = solve(tensor([[2, 0], [0, 4]]), tensor([1, 1])); // [0.5, 0.25]
 */
export function solve(a: Tensor, b: Tensor): Tensor {
  return composed("solve", () => {
    return inFloat32([a, b], (t, c) => withSides("solve", t, c, (m, sides) => {
      return solveWith(m, sides, scope(() => factorLu("solve", m)), false);
    }));
  });
}

/**
 * Inverses of square matrices; `solve` is cheaper and more accurate where that will do.
 *
 * The error is at most about `4 n 2^-24` times the condition number. A singular matrix gives
 * infinities and NaN.
 *
 * @param a `[..., n, n]` f32
 * @throws ShapeError if the matrices are not square; DtypeError
 */
export function inverse(a: Tensor): Tensor {
  return composed("inverse", () => {
    matrixSize("inverse", a, true);
    return inFloat32([a], (t) => solve(t, identity(t, batchOf(t))));
  });
}

/** Sign, logarithm of the size, and determinant `[..., 3]`. */
function determinants(a: Tensor, op: string): Tensor {
  matrixSize(op, a, true);
  const packed = scope(() => factorLu(op, a));
  return apply({
    name: op,
    forward: (_, factors) => {
      const w = factors as Tensor; // made above
      const y = w.device.empty(op, [...batchOf(w), 3], "f32");
      const kernel = { name: "determinant", wgsl: determinantText };
      runThreads(kernel, [w], y, y.size / 3, [w.shape.at(-2) ?? 0, 0]);
      return y;
    },
    saves: "both",
    vjp: (dy, [m, factors], y) => [() => {
      const t = m as Tensor;
      const turned = solveWith(t, identity(t, batchOf(t)), factors as Tensor, true);
      const of = (x: Tensor, i: number) => last(x, i, [1, 1]);
      const onDet = mul(turned, mul(of(dy, 2), of(y, 2)));
      return op === "det" ? onDet : mul(turned, of(dy, 1));
    }],
  }, [a, packed]);
}

/** Element i of the last axis, which is left out or becomes other ones. */
function last(x: Tensor, i: number, tail: readonly number[] = []): Tensor {
  const batch = x.shape.slice(0, -1);
  return reshape(slice(x, [...batch.map(() => null), [i, i + 1]]), [...batch, ...tail]);
}

/**
 * Determinants of square matrices, by LU. They leave the range of float32 easily: see `slogdet`.
 *
 * @param a `[..., n, n]` f32
 * @returns `[...]`; 1 for matrices without elements. The gradient is not finite where it is 0
 * @throws ShapeError if the matrices are not square; DtypeError
 */
export function det(a: Tensor): Tensor {
  return composed("det", () => inFloat32([a], (t) => last(determinants(t, "det"), 2)));
}

/** A determinant in two parts. */
export interface Slogdet {
  /** `[...]`: 1, -1, or 0. A constant: it has no gradient. */
  readonly sign: Tensor;
  /** `[...]`: the natural logarithm of the size, -Infinity for 0. */
  readonly logabsdet: Tensor;
}

/**
 * Sign and logarithm of determinants of square matrices, by LU.
 *
 * @param a `[..., n, n]` f32
 * @returns the gradient of the logarithm is the transposed inverse: not finite where a is singular
 * @throws ShapeError if the matrices are not square; DtypeError
 */
export function slogdet(a: Tensor): Slogdet {
  return composed("slogdet", () => {
    const y = inFloat32([a], (t) => determinants(t, "slogdet"));
    return { sign: last(y, 0), logabsdet: last(y, 1) };
  });
}

/** The logarithm of determinants, NaN where they are negative; otherwise as `slogdet`. */
export function logdet(a: Tensor): Tensor {
  return composed("logdet", () => {
    const { sign, logabsdet } = slogdet(a);
    return where(lt(sign, 0), NaN, logabsdet);
  });
}
