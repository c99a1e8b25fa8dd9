// Attention, query by query.

import { array64, broadcast64, broadcastShapes, reshape64, sizeOf } from "./array.ts";
import type { Array64 } from "./array.ts";

/** How queries and keys are weighed. */
export interface Attention64 {
  readonly scale: number;
  /** Query i sees the keys up to i + keys - queries. */
  readonly causal?: boolean;
  /** Added to the scaled scores; broadcasts to them. -infinity hides a key. */
  readonly mask?: Array64 | undefined;
}

/** The weighted mean of one query's values; zeros if it sees none. */
function mean(scores: readonly number[], values: Float64Array, width: number): number[] {
  const top = Math.max(...scores);
  const weights = scores.map((s) => (s === -Infinity ? 0 : Math.exp(s - top)));
  const total = weights.reduce((sum, w) => sum + w, 0);
  return Array.from({ length: width }, (_, c) => {
    const sum = weights.reduce((part, w, j) => part + w * (values[j * width + c] ?? NaN), 0);
    return total === 0 ? 0 : sum / total;
  });
}

/**
 * Attention; leading axes broadcast.
 *
 * @param q [..., queries, dim]
 * @param k [..., keys, dim]
 * @param v [..., keys, width]
 * @returns [..., queries, width]; zeros for a query that sees no key
 */
export function attention64(q: Array64, k: Array64, v: Array64, options: Attention64): Array64 {
  const { scale, causal = false, mask } = options;
  const [queries = 0, dim = 0] = q.shape.slice(-2);
  const [keys = 0, width = 0] = v.shape.slice(-2);
  const leading = [q, k, v].map(({ shape }) => shape.slice(0, -2));
  const batch = broadcastShapes(broadcastShapes(leading[0] ?? [], leading[1] ?? []),
    leading[2] ?? []);
  const [left, right, values] = [
    broadcast64(q, [...batch, queries, dim]).data, broadcast64(k, [...batch, keys, dim]).data,
    broadcast64(v, [...batch, keys, width]).data,
  ];
  const added = mask && broadcast64(mask, [...batch, queries, keys]).data;
  const out: number[] = [];
  for (let row = 0; row < sizeOf(batch) * queries; row++) {
    const [matrix, i] = [Math.floor(row / queries), row % queries];
    const scores = Array.from({ length: keys }, (_, j) => {
      if (causal && j > i + keys - queries) return -Infinity;
      let dot = 0;
      for (let c = 0; c < dim; c++) {
        dot += (left[row * dim + c] ?? NaN) * (right[(matrix * keys + j) * dim + c] ?? NaN);
      }
      return scale * dot + (added?.[row * keys + j] ?? 0);
    });
    const start = matrix * keys * width;
    out.push(...mean(scores, values.subarray(start, start + keys * width), width));
  }
  return array64([...batch, queries, width], out);
}

/** The heads of keys or values, each repeated for the `times` heads of queries that share it. */
export function repeatHeads64(x: Array64, times: number): Array64 {
  const { shape } = x;
  const [heads = 1, rows = 1, columns = 1] = shape.slice(-3);
  const split = reshape64(x, [...shape.slice(0, -3), heads, 1, rows, columns]);
  const wide = broadcast64(split, [...shape.slice(0, -3), heads, times, rows, columns]);
  return reshape64(wide, [...shape.slice(0, -3), heads * times, rows, columns]);
}
