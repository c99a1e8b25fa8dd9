// Matrix product.

import { array64, broadcast64, broadcastShapes, sizeOf } from "./array.ts";
import type { Array64 } from "./array.ts";

function multiplyInto(out: Float64Array, a: Float64Array, b: Float64Array, inner: number): void {
  const rows = inner === 0 ? 0 : a.length / inner;
  const columns = inner === 0 ? 0 : b.length / inner;
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < inner; k++) {
      const factor = a[i * inner + k] ?? NaN;
      for (let j = 0; j < columns; j++) {
        out[i * columns + j] = (out[i * columns + j] ?? 0) + factor * (b[k * columns + j] ?? NaN);
      }
    }
  }
}

/**
 * Matrix product of the last two axes; the axes before them broadcast.
 *
 * @param a [..., m, k]
 * @param b [..., k, n]
 * @returns [..., m, n]
 * @throws RangeError if the inner sizes differ or the batches do not broadcast
 */
export function matmul64(a: Array64, b: Array64): Array64 {
  const [m = 1, inner = 1] = a.shape.slice(-2);
  const [innerB = 1, n = 1] = b.shape.slice(-2);
  if (inner !== innerB) throw new RangeError(`matmul64: inner sizes ${inner} and ${innerB}.`);
  const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const left = broadcast64(a, [...batch, m, inner]).data;
  const right = broadcast64(b, [...batch, inner, n]).data;
  const out = new Float64Array(sizeOf(batch) * m * n);
  for (let i = 0; i < sizeOf(batch); i++) {
    multiplyInto(
      out.subarray(i * m * n, (i + 1) * m * n),
      left.subarray(i * m * inner, (i + 1) * m * inner),
      right.subarray(i * inner * n, (i + 1) * inner * n),
      inner,
    );
  }
  return array64([...batch, m, n], out);
}
