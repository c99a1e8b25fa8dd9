// Rounding to the two formats of 16 bits.

import type { Array64 } from "./array.ts";
import { map64 } from "./elementwise.ts";

/** Fraction bits, smallest exponent of a normal number, and the largest number. */
const FORMATS = {
  f16: { bits: 10, low: -14, top: 65504 },
  bf16: { bits: 7, low: -126, top: 2 ** 127 * (2 - 2 ** -7) },
} as const;

/**
 * The number of the format nearest to `x`, halves to the even one; infinity beyond the range.
 */
export function half64(dtype: keyof typeof FORMATS, x: number): number {
  if (x === 0 || !Number.isFinite(x)) return x;
  const { bits, low, top } = FORMATS[dtype];
  let exponent = low;
  while (2 ** (exponent + 1) <= Math.abs(x)) exponent++;
  const step = 2 ** (exponent - bits);
  const [steps, below] = [x / step, Math.floor(x / step)];
  const odd = Math.abs(below % 2) === 1;
  const up = steps - below > 0.5 || (steps - below === 0.5 && odd);
  const y = (below + Number(up)) * step;
  return Math.abs(y) > top ? Math.sign(y) * Infinity : y;
}

/**
 * `half64` of every element; other dtypes are left as they are.
 */
export function round64(dtype: string, x: Array64): Array64 {
  return dtype === "f16" || dtype === "bf16" ? map64(x, (v) => half64(dtype, v)) : x;
}
