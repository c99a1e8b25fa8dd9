// Dense linear algebra in float64: textbook loops, one matrix or a batch.

import { array64, build64, sizeOf, transpose64 } from "./array.ts";
import type { Array64 } from "./array.ts";

/** A matrix as rows. */
export type Rows = number[][];

/** The matrices of a batch `[..., m, n]`, as rows. */
export function matrices64(x: Array64): Rows[] {
  const [m = 1, n = 1] = x.shape.slice(-2);
  return Array.from({ length: sizeOf(x.shape.slice(0, -2)) }, (_, b) => {
    return Array.from({ length: m }, (_row, i) => {
      return [...x.data.subarray((b * m + i) * n, (b * m + i + 1) * n)];
    });
  });
}

/** Applies a function to every matrix of a batch. */
export function each64(x: Array64, f: (rows: Rows) => Rows): Array64 {
  const results = matrices64(x).map(f);
  const [head = f(Array.from({ length: x.shape.at(-2) ?? 0 }, () => {
    return Array<number>(x.shape.at(-1) ?? 0).fill(0);
  }))] = results;
  const shape = [...x.shape.slice(0, -2), head.length, head[0]?.length ?? x.shape.at(-1) ?? 0];
  return array64(shape, results.flat(2));
}

/** The identity of size n. */
export function eye64(n: number): Array64 {
  return build64([n, n], (i) => (i % (n + 1) === 0 ? 1 : 0));
}

const at = (rows: Rows, i: number, j: number): number => rows[i]?.[j] ?? NaN;

function set(rows: Rows, i: number, j: number, value: number): void {
  const row = rows[i];
  if (row) row[j] = value;
}

/** Cholesky factor, column by column. */
export function cholesky64(x: Array64): Array64 {
  return each64(x, (a) => {
    const n = a.length;
    const l = a.map(() => Array<number>(n).fill(0));
    for (let j = 0; j < n; j++) {
      for (let i = j; i < n; i++) {
        let sum = at(a, i, j);
        for (let k = 0; k < j; k++) sum -= at(l, i, k) * at(l, j, k);
        set(l, i, j, i === j ? Math.sqrt(sum) : sum / at(l, j, j));
      }
    }
    return l;
  });
}

/** Solves a x = b by elimination with partial pivoting; shapes [..., n, n] and [..., n, k]. */
export function solve64(a: Array64, b: Array64): Array64 {
  const sides = matrices64(b);
  const solved = matrices64(a).map((rows, index) => {
    const side = sides[index % sides.length] ?? [];
    return eliminate(rows.map((row, i) => [...row, ...side[i] ?? []])).rows;
  });
  return array64([...a.shape.slice(0, -1), b.shape.at(-1) ?? 0], solved.flat(2));
}

/** Determinants of [..., n, n]. */
export function det64(a: Array64): Array64 {
  return array64(a.shape.slice(0, -2), matrices64(a).map((rows) => {
    return eliminate(rows.map((row) => [...row])).det;
  }));
}

/** Gauss-Jordan on [a | b]; gives what b became, and the determinant. */
function eliminate(m: Rows): { rows: Rows; det: number } {
  const n = m.length;
  let det = 1;
  for (let j = 0; j < n; j++) {
    let top = j;
    for (let i = j; i < n; i++) if (Math.abs(at(m, i, j)) > Math.abs(at(m, top, j))) top = i;
    if (top !== j) {
      [m[j], m[top]] = [m[top] ?? [], m[j] ?? []];
      det = -det;
    }
    const pivot = at(m, j, j);
    det *= pivot;
    m[j] = (m[j] ?? []).map((v) => v / pivot);
    for (let i = 0; i < n; i++) {
      if (i === j) continue;
      const factor = at(m, i, j);
      m[i] = (m[i] ?? []).map((v, k) => v - factor * at(m, j, k));
    }
  }
  return { rows: m.map((row) => row.slice(n)), det };
}

/** One triangle of matrices, without the rest; k = 0 with the diagonal, -1 without. */
export function triangle64(x: Array64, lower: boolean, k = 0): Array64 {
  const [m = 1, n = 1] = x.shape.slice(-2);
  return { shape: x.shape, data: x.data.map((v, index) => {
    const [i, j] = [Math.floor(index / n) % m, index % n];
    return (lower ? j - i : i - j) <= k ? v : 0;
  }) };
}

/** Reduced QR factors of one matrix with a non-negative diagonal of R, by Gram-Schmidt twice. */
export function qr64(x: Array64): { q: Array64; r: Array64 } {
  const [m = 0, n = 0] = x.shape;
  const k = Math.min(m, n);
  const columns = matrices64(transpose64(x))[0] ?? [];
  const q: Rows = [];
  const r = Array.from({ length: k }, () => Array<number>(n).fill(0));
  columns.forEach((column, j) => {
    let rest = [...column];
    for (let pass = 0; pass < 2; pass++) {
      q.forEach((unit, i) => {
        const part = unit.reduce((sum, v, t) => sum + v * (rest[t] ?? 0), 0);
        set(r, i, j, at(r, i, j) + part);
        rest = rest.map((v, t) => v - part * (unit[t] ?? 0));
      });
    }
    if (j >= k) return;
    const size = Math.hypot(...rest);
    set(r, j, j, size);
    q.push(rest.map((v) => v / size));
  });
  return {
    q: transpose64(array64([k, m], q.flat())), r: array64([k, n], r.flat()),
  };
}

/** Eigenvalues, rising, and eigenvectors as columns of one symmetric matrix: cyclic Jacobi. */
export function eigh64(x: Array64): { values: Float64Array; vectors: Array64 } {
  const a = (matrices64(x)[0] ?? []).map((row) => [...row]);
  const n = a.length;
  const v = (matrices64(eye64(n))[0] ?? []).map((row) => [...row]);
  const turn = (rows: Rows, p: number, q: number, c: number, s: number): void => {
    for (const row of rows) {
      const [f, g] = [row[p] ?? NaN, row[q] ?? NaN];
      [row[p], row[q]] = [c * f - s * g, s * f + c * g];
    }
  };
  const turnRows = (m: Rows, p: number, q: number, c: number, s: number): void => {
    const [f, g] = [m[p] ?? [], m[q] ?? []];
    m[p] = f.map((x, i) => c * x - s * (g[i] ?? NaN));
    m[q] = f.map((x, i) => s * x + c * (g[i] ?? NaN));
  };
  for (let sweep = 0; sweep < 30; sweep++) {
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        if (at(a, p, q) === 0) continue;
        const zeta = (at(a, q, q) - at(a, p, p)) / (2 * at(a, p, q));
        const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
        const c = 1 / Math.hypot(1, t);
        turn(a, p, q, c, c * t);
        turnRows(a, p, q, c, c * t);
        turn(v, p, q, c, c * t);
      }
    }
  }
  const order = a.map((_, i) => i).sort((i, j) => at(a, i, i) - at(a, j, j));
  const data = v.flatMap((row) => order.map((j) => row[j] ?? NaN));
  return {
    values: Float64Array.from(order, (i) => at(a, i, i)), vectors: array64([n, n], data),
  };
}
