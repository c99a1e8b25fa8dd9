// Normalisations along the last axis, without gain or bias; epsilon is inside the root.

import { type Array64, permute64, reshape64, sizeOf } from "./array.ts";
import { map64, mul64, sub64 } from "./elementwise.ts";
import { mean64 } from "./reduce.ts";

const LAST = { axis: -1, keepDims: true } as const;

/**
 * `x / sqrt(mean(x^2) + eps)` along the last axis.
 */
export function rmsNorm64(x: Array64, eps = 1e-6): Array64 {
  const meanSquare = mean64(map64(x, (value) => value * value), LAST);
  return mul64(x, map64(meanSquare, (value) => 1 / Math.sqrt(value + eps)));
}

/**
 * `(x - mean) / sqrt(var + eps)` along the last axis.
 */
export function layerNorm64(x: Array64, eps = 1e-5): Array64 {
  return rmsNorm64(sub64(x, mean64(x, LAST)), eps);
}

/**
 * A function of rows, applied to the elements along some axes at once.
 *
 * @param axes in ascending order, not negative
 */
export function alongAxes64(
  x: Array64, axes: readonly number[], f: (rows: Array64) => Array64,
): Array64 {
  const others = x.shape.map((_, k) => k).filter((k) => !axes.includes(k));
  const order = [...others, ...axes];
  const moved = permute64(x, order);
  const sizes = moved.shape.slice(others.length);
  const rows = reshape64(moved, [...moved.shape.slice(0, others.length), sizeOf(sizes)]);
  const y = reshape64(f(rows), moved.shape);
  return permute64(y, order.map((_, k) => order.indexOf(k)));
}

/**
 * Rotary embedding over halves: with `theta = position * base^(-j / half)`,
 * `lo' = lo cos - hi sin` and `hi' = lo sin + hi cos`.
 *
 * @param x [..., seq, headDim], headDim even
 * @param modula true for the form of the Modula reference: `lo cos + hi sin`, `lo sin - hi cos`
 */
export function rope64(x: Array64, base = 10000, modula = false): Array64 {
  const [seq = 1, width = 2] = x.shape.slice(-2);
  const half = width / 2;
  const data = x.data.map((_, index) => {
    const column = index % width;
    const j = column % half;
    const theta = (Math.floor(index / width) % seq) * base ** (-j / half);
    const lo = x.data[index - column + j] ?? NaN;
    const hi = x.data[index - column + j + half] ?? NaN;
    const sign = modula ? -1 : 1;
    return column < half
      ? lo * Math.cos(theta) - sign * hi * Math.sin(theta)
      : lo * Math.sin(theta) + sign * hi * Math.cos(theta);
  });
  return { shape: x.shape, data };
}
