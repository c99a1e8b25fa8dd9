// Singular values and the polar factor of small matrices.

import { array64, build64, transpose64 } from "./array.ts";
import type { Array64 } from "./array.ts";
import { matmul64 } from "./matmul.ts";

/** `x = u diag(s) v^T` with orthonormal columns in `u` and `v`, and `s` falling. */
export interface Svd64 {
  /** [m, r], r = min(m, n). Columns of zero singular values are zero. */
  readonly u: Array64;
  /** r values, largest first. */
  readonly s: Float64Array;
  /** [n, r] */
  readonly v: Array64;
}

type Columns = Float64Array[];

function columnsOf(x: Array64): Columns {
  const [m = 1, n = 1] = x.shape;
  return Array.from({ length: n }, (_, j) =>
    Float64Array.from({ length: m }, (_, i) => x.data[i * n + j] ?? NaN),
  );
}

function fromColumns(columns: Columns, rows: number): Array64 {
  const data = new Float64Array(rows * columns.length);
  columns.forEach((column, j) => {
    column.forEach((value, i) => (data[i * columns.length + j] = value));
  });
  return array64([rows, columns.length], data);
}

function inner(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? NaN), 0);
}

function rotate(columns: Columns, p: number, q: number, cos: number, sin: number): void {
  const [a, b] = [columns[p], columns[q]];
  if (a === undefined || b === undefined) return;
  columns[p] = a.map((value, i) => cos * value - sin * (b[i] ?? NaN));
  columns[q] = a.map((value, i) => sin * value + cos * (b[i] ?? NaN));
}

// One pass over all pairs; gives the largest cosine between two columns that it met.
function sweep(a: Columns, v: Columns): number {
  let worst = 0;
  for (let p = 0; p < a.length; p++) {
    for (let q = p + 1; q < a.length; q++) {
      const [x, y] = [a[p], a[q]];
      if (x === undefined || y === undefined) continue;
      const [alpha, beta, gamma] = [inner(x, x), inner(y, y), inner(x, y)];
      if (gamma === 0) continue;
      worst = Math.max(worst, Math.abs(gamma) / Math.sqrt(alpha * beta));
      const zeta = (beta - alpha) / (2 * gamma);
      const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
      const cos = 1 / Math.hypot(1, t);
      rotate(a, p, q, cos, cos * t);
      rotate(v, p, q, cos, cos * t);
    }
  }
  return worst;
}

/**
 * Singular value decomposition by one-sided Jacobi rotations.
 *
 * @param x [m, n], finite
 * @returns accurate to a few units of float64 for well scaled matrices
 * Source: Demmel & Veselic, "Jacobi's method is more accurate than QR" (1992), algorithm 4.1
 */
export function svd64(x: Array64): Svd64 {
  const [m = 1, n = 1] = x.shape;
  if (m < n) {
    const { u, s, v } = svd64(transpose64(x));
    return { u: v, s, v: u };
  }
  const a = columnsOf(x);
  const v = columnsOf(build64([n, n], (i) => (i % (n + 1) === 0 ? 1 : 0)));
  for (let round = 0; round < 60 && sweep(a, v) > 1e-15; round++);
  const sizes = a.map((column) => Math.sqrt(inner(column, column)));
  const order = sizes.map((_, j) => j).sort((i, j) => (sizes[j] ?? 0) - (sizes[i] ?? 0));
  const sorted = (columns: Columns): Columns => order.map((j) => columns[j] ?? new Float64Array());
  const unit = a.map((column, j) => column.map((value) => value / (sizes[j] || 1)));
  return {
    u: fromColumns(sorted(unit), m),
    s: Float64Array.from(order, (j) => sizes[j] ?? NaN),
    v: fromColumns(sorted(v), n),
  };
}

/**
 * Singular values, largest first.
 *
 * @param x [m, n]
 * @returns min(m, n) values
 */
export function singularValues64(x: Array64): Float64Array {
  return svd64(x).s;
}

/**
 * `u f(s) v^T`: a function applied to the singular values.
 *
 * @param x [m, n]
 * @param f gets the singular value and the largest one
 */
export function spectral64(x: Array64, f: (s: number, largest: number) => number): Array64 {
  const { u, s, v } = svd64(x);
  const scaled = u.data.map((value, i) => value * f(s[i % s.length] ?? 0, s[0] ?? 0));
  return matmul64(array64(u.shape, scaled), transpose64(v));
}

/**
 * Polar factor `u v^T` over the singular directions that are not zero.
 *
 * @param x [m, n]
 * @param cut singular values up to `cut` times the largest count as zero
 */
export function polar64(x: Array64, cut = 1e-12): Array64 {
  return spectral64(x, (s, largest) => (s > cut * largest ? 1 : 0));
}
