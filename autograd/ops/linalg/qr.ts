import qrText from "../../../kernels/linalg/qr.wgsl" with { type: "text" };
import { type GroupKernel, ShapeError, type Tensor, copyInto, full, matmulFused, runGroups, scope,
  show, zeros } from "../../../engine/index.ts";
import { type OpSpec, apply, composed, inFloat32 } from "../../define.ts";
import { add, lt, mul, sub, where } from "../arithmetic.ts";
import { diagonal, tril, triu } from "../diagonal.ts";
import { matmul } from "../matmul.ts";
import { type Range, concat, slice } from "../parts.ts";
import { transpose, unsqueeze } from "../views.ts";
import { asBatch, batchOf, block, flipped, likeBatch, matrixSize, panels } from "./matrices.ts";
import { scaled } from "./scaling.ts";
import { triangularSolve } from "./triangular.ts";

const KERNEL: GroupKernel = { name: "qr", wgsl: qrText, lanes: 256 };

/** Rows and columns of the last two axes; a view. */
export function part(x: Tensor, rows: Range, columns: Range): Tensor {
  return slice(x, [...Array<null>(x.shape.length - 2).fill(null), rows, columns]);
}

/** Subtracts `v t v^T target` from a block of a matrix; v `[batch, m, b]`, t `[batch, b, b]`. */
function reflect(v: Tensor, t: Tensor, target: Tensor): void {
  if (target.size === 0) return;
  const middle = matmulFused(t, matmulFused(flipped(v), target));
  copyInto(target, matmulFused(v, middle, { alpha: -1, d: target }));
}

/**
 * Householder factors of `[batch, m, n]`, which must be scaled to elements of about 1.
 *
 * @returns q `[batch, m, k]` and r `[batch, k, n]`, k = min(m, n); the diagonal of r is >= 0
 */
export function factorQr(a: Tensor): { readonly q: Tensor; readonly r: Tensor } {
  const [batch = 0, m = 0, n = 0] = a.shape;
  const k = Math.min(m, n);
  const w = zeros(a.shape, { device: a.device });
  const q = zeros([batch, m, k], { device: a.device });
  if (q.size === 0) return { q, r: zeros([batch, k, n], { device: a.device }) };
  copyInto(w, a);
  const ones = full([], 1, { device: a.device });
  copyInto(q.view("qr", { shape: [batch, k], strides: [m * k, k + 1], offset: 0 }), ones);
  const reflectors = panels(k).map(([first, end]) => {
    const [rows, b] = [m - first, end - first];
    const v = a.device.empty("qr", [batch, rows, b], "f32");
    const t = a.device.empty("qr", [batch, b, b], "f32");
    runGroups(KERNEL, [], [w, v, t], batch, [rows, b, n, first]);
    reflect(v, flipped(t), block(w, [first, m], [end, n]));
    return { first, v, t };
  });
  for (const { first, v, t } of reflectors.reverse()) {
    reflect(v, t, block(q, [first, m], [first, k]));
  }
  const r = triu(block(w, [0, k], [0, n]));
  const signs = where(lt(diagonal(r), 0), full([], -1, { device: a.device }), 1);
  return { q: mul(q, unsqueeze(signs, 1)), r: mul(r, unsqueeze(signs, 2)) };
}

/** Both factors in one tensor `[..., k, m + n]`: the transpose of q beside r. */
function packed(x: Tensor): Tensor {
  const a = asBatch("qr", x);
  const [batch = 0, m = 0, n = 0] = a.shape;
  const k = Math.min(m, n);
  const { whole, back } = scaled(a);
  const { q, r } = factorQr(whole);
  const out = a.device.empty("qr", [batch, k, m + n], "f32");
  if (out.size > 0) {
    copyInto(block(out, [0, k], [0, m]), flipped(q));
    copyInto(block(out, [0, k], [m, m + n]), mul(r, back));
  }
  return likeBatch(out, batchOf(x));
}

/** The gradient for as many rows as columns or more, from those of q and r. */
function tallGrad(q: Tensor, r: Tensor, dq: Tensor, dr: Tensor): Tensor {
  const m = sub(matmul(r, transpose(triu(dr))), matmul(transpose(dq), q));
  const middle = add(tril(m), transpose(tril(m, { k: -1 })));
  const right = add(dq, matmul(q, middle));
  return transpose(triangularSolve(r, transpose(right), { lower: false }));
}

function grad(dy: Tensor, y: Tensor, m: number, n: number): Tensor {
  const [q, dq] = [y, dy].map((t) => transpose(part(t, null, [0, m]))) as [Tensor, Tensor];
  const [r, dr] = [y, dy].map((t) => part(t, null, [m, m + n])) as [Tensor, Tensor];
  if (m >= n) return tallGrad(q, r, dq, dr);
  const [square, rest] = [[0, m], [m, n]] as const;
  const beside = part(dr, null, rest);
  const dqs = add(dq, matmul(matmul(q, part(r, null, rest)), transpose(beside)));
  const left = tallGrad(q, part(r, null, square), dqs, part(dr, null, square));
  return concat([left, matmul(q, beside)], { axis: -1 });
}

const QR: OpSpec = {
  name: "qr",
  forward: (x) => scope(() => packed(x as Tensor)), // checked on entry
  saves: "output",
  vjp: (dy, [x], y) => [() => {
    const [m, n] = matrixSize("qr", x as Tensor);
    return grad(dy, y, m, n);
  }],
};

/** Orthonormal columns and an upper triangular factor. */
export interface Qr {
  /** `[..., m, k]`, k = min(m, n); orthonormal columns. */
  readonly q: Tensor;
  /** `[..., k, n]`, zeros below the diagonal, which is not negative. */
  readonly r: Tensor;
}

/**
 * Reduced QR factors, `x = q r`, by Householder reflections.
 *
 * Errors are at most `4 k 2^-24`: of `q^T q - 1` in the spectral norm, of `x - q r` times the
 * Frobenius norm of x; k = max(m, n). That holds for matrices of any rank and scale. NaN or
 * infinity makes its whole matrix NaN.
 *
 * @param x `[..., m, n]` f32
 * @returns views of one tensor, f32. The gradient divides by the diagonal of r: not finite where
 *   the first min(m, n) columns are dependent
 * @throws ShapeError if x is no matrix; DtypeError
 * Source: the gradient for m < n is Roberts, Roberts, "QR and LQ decomposition matrix
 * backpropagation algorithms" (2020)
 */
export function qr(x: Tensor): Qr {
  return composed("qr", () => {
    const [m, n] = matrixSize("qr", x);
    const y = inFloat32([x], (t) => apply(QR, [t]));
    return { q: transpose(part(y, null, [0, m])), r: part(y, null, [m, m + n]) };
  });
}

/**
 * Least squares: x with the smallest `|a x - b|`, and for wide `a` the shortest such x.
 *
 * @param a `[..., m, n]` f32 of full rank (not finite otherwise: see `pinv`)
 * @param b `[..., m, columns]` f32; leading axes broadcast
 * @returns `[..., n, columns]`
 * @throws ShapeError if they do not fit; DtypeError
 */
export function lstsq(a: Tensor, b: Tensor): Tensor {
  return composed("lstsq", () => {
    const [m, n] = matrixSize("lstsq", a);
    if (matrixSize("lstsq", b)[0] !== m) {
      throw new ShapeError(
        `lstsq: the right-hand side does not fit: a ${show(a.shape)} and b ${show(b.shape)}. `
          + `Give b [..., ${m}, columns].`,
      );
    }
    return inFloat32([a, b], (...list) => {
      const [x, sides] = list as [Tensor, Tensor]; // as given
      if (m >= n) {
        const { q, r } = qr(x);
        return triangularSolve(r, matmul(transpose(q), sides), { lower: false });
      }
      const { q, r } = qr(transpose(x));
      return matmul(q, triangularSolve(r, sides, { lower: false, transpose: true }));
    });
  });
}
