import jacobiText from "../../../kernels/linalg/jacobi.wgsl" with { type: "text" };
import { type Tensor, copyInto, f32Bits, full, matmulFused, runGroups, zeros } from
  "../../../engine/index.ts";
import { block, flipped } from "./matrices.ts";
import { factorQr } from "./qr.ts";

/**
 * Sweeps at most; those after the last rotation only look. After QR twice, random, graded,
 * clustered and rank-deficient matrices of up to 256 rows needed 10, random ones of 512 rows 11;
 * without it graded ones of 64 rows needed more than 16.
 */
const SWEEPS = 16;

/** Rows up to which one workgroup takes a whole matrix, all rounds in one dispatch. */
const ALONE = 64;

/** The smallest power of two that is not less. */
function powerOfTwo(n: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, n)));
}

/** `x = q w^T v`, the rows of w orthogonal, with orthonormal columns in q and rows in v. */
export interface Rotated {
  /** `[batch, m, n]` */
  readonly q: Tensor;
  /** `[batch, n, n]`: orthogonal rows, whose lengths are the singular values. */
  readonly w: Tensor;
  /** `[batch, n, n]` */
  readonly v: Tensor;
}

/**
 * Splits matrices by orthogonal transformations: QR twice, which nearly sorts and parts the
 * singular values, `x = q r = q (p s)^T`, and rotations of the rows of s until they are orthogonal.
 *
 * @param x `[batch, m, n]` f32, m >= n, elements of about 1
 * Source: Drmac, Veselic, "New fast and accurate Jacobi SVD algorithm" (2008), section 2
 */
export function rotated(x: Tensor): Rotated {
  const { q, r } = factorQr(x);
  const { q: p, r: s } = factorQr(flipped(r));
  const { rows, v } = orthogonalRows(s);
  return { q, w: rows, v: matmulFused(v, flipped(p)) };
}

/** Rotates the rows of `[batch, n, n]` until they are orthogonal: rows = v g. */
function orthogonalRows(g: Tensor): { readonly rows: Tensor; readonly v: Tensor } {
  const { device } = g;
  const [batch = 0, n = 0, m = 0] = g.shape;
  const length = m + n;
  const w = zeros([batch, n, length], { device });
  const parts = { rows: block(w, [0, n], [0, m]), v: block(w, [0, n], [m, length]) };
  if (w.size === 0) return parts;
  copyInto(parts.rows, g);
  copyInto(w.view("jacobi", {
    shape: [batch, n], strides: [n * length, length + 1], offset: m,
  }), full([], 1, { device }));
  sweep(w, m);
  return { rows: parts.rows, v: straightened(parts.v) };
}

function sweep(w: Tensor, m: number): void {
  const { device } = w;
  const [batch = 0, n = 0, length = 0] = w.shape;
  const pairs = Math.ceil(n / 2);
  const alone = n <= ALONE;
  // On a software adapter a barrier costs more than the work of a lane.
  const side = device.info.software ? 1 : Math.min(64, alone ? 64 / powerOfTwo(pairs) : 64);
  const group = Math.min(powerOfTwo(pairs), 64 / side);
  const lanes = side * group;
  const chunks = alone ? 1 : Math.ceil(pairs / group);
  const kernel = { name: `jacobi${side}`, wgsl: `const L = ${side}u;\n${jacobiText}`, lanes };
  const busy = zeros([batch, SWEEPS], { dtype: "u32", device });
  const rounds = SWEEPS * (2 * pairs - 1);
  // What a dot product of unit vectors is off by, if its rounding errors are random.
  const tolerance = f32Bits(2 ** -24 * Math.max(2, Math.sqrt(m)));
  const count = alone ? rounds : 1;
  for (let first = 0; first < rounds; first += count) {
    runGroups(kernel, [], [w, busy], batch * chunks,
      [n, m, length, chunks, first, count, SWEEPS, tolerance]);
  }
}

/** A product of many rotations brought back to orthogonal: 3/2 v - 1/2 v v^T v. */
function straightened(v: Tensor): Tensor {
  const square = matmulFused(v, flipped(v), { symmetric: true });
  return matmulFused(square, v, { alpha: -0.5, beta: 1.5, d: v });
}
