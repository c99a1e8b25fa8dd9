// All singular values of small matrices, on the host and in double precision.

import type { Tensor } from "../autograd/index.ts";
import { ShapeError, show } from "../engine/index.ts";

/** Sweeps after which the iteration has long converged; six to ten are usual. */
const MAX_SWEEPS = 60;

/**
 * The singular values of a matrix, computed on the host in float64: for looking at spectra, not
 * for training loops. The cost grows as m n min(m, n): a second for 512 x 512.
 *
 * @param x `[m, n]` f32
 * @returns min(m, n) values, largest first; relative error about 1e-15 of the largest, beside the
 *   rounding of the input. All NaN if an element is not finite
 * @throws ShapeError unless there are two axes
 * Source: one-sided Jacobi rotations; Golub, Van Loan, Matrix Computations, section 8.6.3
 */
export async function singularValues(x: Tensor): Promise<Float64Array> {
  const [m, n] = x.shape;
  if (x.shape.length !== 2 || m === undefined || n === undefined) {
    throw new ShapeError(`singularValues: not a matrix: ${show(x.shape)}. Give [m, n].`);
  }
  const data = await x.read();
  const lines = m <= n ? rowsOf(data, m, n) : columnsOf(data, m, n);
  if (!data.every(Number.isFinite)) return new Float64Array(lines.length).fill(NaN);
  for (let sweep = 0; sweep < MAX_SWEEPS && !orthogonalSweep(lines); sweep++);
  return Float64Array.from(lines, (line) => Math.sqrt(dot(line, line))).sort().reverse();
}

function rowsOf(data: ArrayLike<number>, m: number, n: number): Float64Array[] {
  return Array.from({ length: m }, (_, i) =>
    Float64Array.from({ length: n }, (_, j) => data[i * n + j] ?? NaN));
}

function columnsOf(data: ArrayLike<number>, m: number, n: number): Float64Array[] {
  return Array.from({ length: n }, (_, j) =>
    Float64Array.from({ length: m }, (_, i) => data[i * n + j] ?? NaN));
}

/** Turns every pair of lines until they are at right angles; true if all were already. */
function orthogonalSweep(lines: readonly Float64Array[]): boolean {
  let done = true;
  lines.forEach((a, p) => {
    for (const b of lines.slice(p + 1)) {
      const [alpha, beta, gamma] = [dot(a, a), dot(b, b), dot(a, b)];
      if (Math.abs(gamma) <= 1e-15 * Math.sqrt(alpha * beta)) continue;
      done = false;
      const zeta = (beta - alpha) / (2 * gamma);
      const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
      const cos = 1 / Math.hypot(1, t);
      rotate(a, b, cos, cos * t);
    }
  });
  return done;
}

function rotate(a: Float64Array, b: Float64Array, cos: number, sin: number): void {
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] ?? NaN, b[i] ?? NaN];
    a[i] = cos * x - sin * y;
    b[i] = sin * x + cos * y;
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? NaN) * (b[i] ?? NaN);
  return sum;
}
