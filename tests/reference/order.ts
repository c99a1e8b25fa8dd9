// Scans and orders of elements along an axis, line by line.

import { build64, full64, stridesOf } from "./array.ts";
import type { Array64 } from "./array.ts";
import { coordinatesOf } from "./parts.ts";

/** Every line along an axis replaced by another of the same length. */
export function lines64(
  list: readonly Array64[], axis: number, f: (...lines: readonly number[][]) => readonly number[],
): Array64 {
  const { shape } = list[0] as Array64; // the caller gives one
  const length = shape[axis] ?? 1;
  const step = stridesOf(shape)[axis] ?? 1;
  const out = full64(shape, 0);
  for (let i = 0; i < out.data.length; i++) {
    if (coordinatesOf(shape, i)[axis] !== 0) continue;
    const at = Array.from({ length }, (_, k) => i + k * step);
    const line = f(...list.map(({ data }) => at.map((place) => data[place] ?? NaN)));
    at.forEach((place, k) => out.data[place] = line[k] ?? NaN);
  }
  return out;
}

/** A running fold of a line. */
export function scan64(
  x: Array64, axis: number, start: number, merge: (sum: number, v: number) => number,
  { reverse = false, exclusive = false } = {},
): Array64 {
  return lines64([x], axis, (given = []) => {
    const line = reverse ? [...given].reverse() : given;
    let sum = start;
    const out = line.map((v) => {
      const before = sum;
      sum = merge(sum, v);
      return exclusive ? before : sum;
    });
    return reverse ? out.reverse() : out;
  });
}

/** `y[k] = a[k] y[k - 1] + b[k]` along an axis. */
export function linearScan64(a: Array64, b: Array64, axis: number, reverse = false): Array64 {
  return lines64([a, b], axis, (gains = [], added = []) => {
    const order = gains.map((_, k) => (reverse ? gains.length - 1 - k : k));
    const out: number[] = [];
    let state = 0;
    for (const k of order) {
      state = (gains[k] ?? NaN) * state + (added[k] ?? NaN);
      out[k] = state;
    }
    return out;
  });
}

/** Larger or smaller of two, NaN if one is. */
export function pick64(larger: boolean): (a: number, b: number) => number {
  return (a, b) => (a !== a || b !== b ? NaN : (larger ? Math.max : Math.min)(a, b));
}

/** The order of a line, equal elements as they were and NaN last. */
export function orderOf(line: readonly number[], descending: boolean): number[] {
  return [...line.keys()].sort((i, j) => {
    const [a = NaN, b = NaN] = [line[i], line[j]];
    if (a !== a || b !== b) return Number(a !== a) - Number(b !== b);
    return a === b ? 0 : (a < b) === descending ? 1 : -1;
  });
}

/** Indices of the elements in order along an axis. */
export function argsort64(x: Array64, axis: number, descending = false): Array64 {
  return lines64([x], axis, (line = []) => orderOf(line, descending));
}

/** The elements in order along an axis. */
export function sort64(x: Array64, axis: number, descending = false): Array64 {
  return lines64([x], axis, (line = []) => {
    return orderOf(line, descending).map((i) => line[i] ?? NaN);
  });
}

/** How many indices point to each place. */
export function count64(index: Array64, length: number): Array64 {
  return build64([length], (place) => {
    return index.data.filter((v) => (v < 0 ? v + length : v) === place).length;
  });
}
