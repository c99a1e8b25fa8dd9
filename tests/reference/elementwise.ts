// Functions applied to every element.

import { broadcast64, broadcastShapes, build64 } from "./array.ts";
import type { Array64 } from "./array.ts";

/**
 * `f` of every element.
 */
export function map64(x: Array64, f: (value: number) => number): Array64 {
  return { shape: x.shape, data: x.data.map(f) };
}

/**
 * `f` of every pair of elements, broadcast by the rule of NumPy.
 *
 * @throws RangeError if the shapes do not broadcast
 */
export function zip64(a: Array64, b: Array64, f: (a: number, b: number) => number): Array64 {
  const shape = broadcastShapes(a.shape, b.shape);
  const left = broadcast64(a, shape).data;
  const right = broadcast64(b, shape).data;
  return build64(shape, (i) => f(left[i] ?? NaN, right[i] ?? NaN));
}

/**
 * `a + b`, broadcast.
 */
export function add64(a: Array64, b: Array64): Array64 {
  return zip64(a, b, (x, y) => x + y);
}

/**
 * `a - b`, broadcast.
 */
export function sub64(a: Array64, b: Array64): Array64 {
  return zip64(a, b, (x, y) => x - y);
}

/**
 * `a * b`, broadcast.
 */
export function mul64(a: Array64, b: Array64): Array64 {
  return zip64(a, b, (x, y) => x * y);
}

/**
 * `c * x` for a number `c`.
 */
export function scale64(x: Array64, c: number): Array64 {
  return map64(x, (value) => c * value);
}

/**
 * The inner product `sum of a * b` of two arrays of one shape.
 */
export function dot64(a: Array64, b: Array64): number {
  return mul64(a, b).data.reduce((sum, value) => sum + value, 0);
}
