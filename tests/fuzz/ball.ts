// Arrays in float64 that carry a bound of how far the same computation in float32 may be off: a
// running error analysis. A value near a jump, or one left over from a cancellation, gets a wide
// bound by itself, so that no tolerance has to be chosen for a program.

import { sizeOf } from "../reference.ts";

/** Unit roundoff of float32. */
export const ROUNDING = 2 ** -24;
/** Subnormal results may be flushed to zero. */
const TINY = 2 ** -125;

/** Exact values, and bounds of the float32 ones' errors, row-major. */
export interface Ball {
  readonly shape: readonly number[];
  readonly value: Float64Array;
  readonly error: Float64Array;
}

/** How far a float32 function is off by itself, in units of the roundoff. */
export interface Accuracy {
  /** Relative to the result. Default 4: two units in the last place. */
  readonly relative?: number;
  /** Absolute, where the function is put together from parts of about 1. Default 0. */
  readonly absolute?: number;
}

/** Numbers that float32 holds exactly. */
export function exact(shape: readonly number[], values: ArrayLike<number>): Ball {
  return { shape, value: Float64Array.from(values), error: new Float64Array(sizeOf(shape)) };
}

function off(y: number, { relative = 4, absolute = 0 }: Accuracy): number {
  return ROUNDING * (relative * Math.abs(y) + absolute) + TINY;
}

/** Like `Math.max`, but NaN counts as infinite: a bound that is not known. */
function larger(a: number, b: number): number {
  return Number.isNaN(a) || Number.isNaN(b) ? Infinity : Math.max(a, b);
}

/** `f` of every element; the bound is how far it goes at both ends, so `f` should be monotone. */
export function mapBall(x: Ball, f: (x: number) => number, accuracy: Accuracy = {}): Ball {
  const value = x.value.map(f);
  const error = x.error.map((e, i) => {
    const [at, y] = [x.value[i] ?? NaN, value[i] ?? NaN];
    const moved = e === 0 ? 0 : larger(Math.abs(f(at + e) - y), Math.abs(f(at - e) - y));
    return moved + off(y, accuracy);
  });
  return { shape: x.shape, value, error };
}

/** `f` of every pair of elements of one shape; the bound is how far it goes at the corners. */
export function zipBall(
  a: Ball, b: Ball, f: (a: number, b: number) => number, accuracy: Accuracy = {},
): Ball {
  const value = a.value.map((x, i) => f(x, b.value[i] ?? NaN));
  const error = value.map((y, i) => {
    const [x, dx] = [a.value[i] ?? NaN, a.error[i] ?? NaN];
    const [z, dz] = [b.value[i] ?? NaN, b.error[i] ?? NaN];
    let moved = 0;
    if (dx > 0 || dz > 0) {
      for (const p of [x - dx, x + dx]) {
        for (const q of [z - dz, z + dz]) moved = larger(moved, Math.abs(f(p, q) - y));
      }
    }
    return moved + off(y, accuracy);
  });
  return { shape: a.shape, value, error };
}

/** Elements by flat index; 0 for an index below 0. */
export function pickBall(x: Ball, shape: readonly number[], from: ArrayLike<number>): Ball {
  const take = (list: Float64Array) =>
    Float64Array.from(from, (i) => (i < 0 ? 0 : list[i] ?? NaN));
  return { shape, value: take(x.value), error: take(x.error) };
}

/** Sums of the elements that go to one flat index: the adjoint of `pickBall`. */
export function foldBall(x: Ball, shape: readonly number[], to: ArrayLike<number>): Ball {
  const size = sizeOf(shape);
  const value = new Float64Array(size);
  const error = new Float64Array(size);
  const total = new Float64Array(size);
  const count = new Float64Array(size);
  const add = (list: Float64Array, k: number, amount: number) => {
    list[k] = (list[k] ?? 0) + amount;
  };
  for (let i = 0; i < x.value.length; i++) {
    const k = to[i] ?? -1;
    if (k < 0) continue;
    add(value, k, x.value[i] ?? NaN);
    add(total, k, Math.abs(x.value[i] ?? NaN));
    add(error, k, x.error[i] ?? NaN);
    add(count, k, 1);
  }
  // Of n terms in any order each partial sum is rounded, n - 1 in all.
  const bounds = error.map((e, k) => {
    return e + ROUNDING * Math.max(0, (count[k] ?? 0) - 1) * (total[k] ?? 0);
  });
  return { shape, value, error: bounds };
}

/** The same with a bound that is known better, or not at all. */
export function withError(x: Ball, error: (i: number) => number): Ball {
  return { ...x, error: x.error.map((_, i) => error(i)) };
}
