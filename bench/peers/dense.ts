// Inputs of the tasks: numbers that are the same in every run.

import type { Dense } from "./contestant.ts";

/**
 * Numbers in [0, 1), the same for the same seed.
 *
 * Source: T. Ettinger's mulberry32
 */
export function uniforms(seed: number): () => number {
  let state = seed * 0x9e3779b9 | 0;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let t = Math.imul(state ^ state >>> 15, 1 | state);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
  };
}

/** Numbers spread evenly over [low, high). */
export function spread(
  seed: number, shape: readonly number[], [low, high]: readonly [number, number] = [-1, 1],
): Dense {
  const next = uniforms(seed);
  const data = new Float32Array(shape.reduce((n, d) => n * d, 1));
  for (let i = 0; i < data.length; i++) data[i] = low + (high - low) * next();
  return { shape, data };
}

/** Whole numbers in [0, count). */
export function labels(seed: number, shape: readonly number[], count: number): Dense {
  const next = uniforms(seed);
  const data = new Int32Array(shape.reduce((n, d) => n * d, 1));
  for (let i = 0; i < data.length; i++) data[i] = Math.floor(next() * count);
  return { shape, data };
}

/** The same number everywhere. */
export function filled(shape: readonly number[], value: number): Dense {
  return { shape, data: new Float32Array(shape.reduce((n, d) => n * d, 1)).fill(value) };
}

/** The same names with other values. */
export function mapNamed<A, B>(
  named: Readonly<Record<string, A>>, f: (value: A, name: string) => B,
): Record<string, B> {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [name, f(value, name)]));
}
