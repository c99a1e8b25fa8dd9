// Float64 values of a few elements, from inputs read back from the device.

import type { Tensor } from "../autograd/index.ts";
import type { Expected } from "./harness.ts";

/** Numbers read from a tensor. */
export type Numbers = ArrayLike<number>;

/** Every `step`-th number from `start` on. */
export interface Line {
  readonly data: Numbers;
  readonly start: number;
  readonly step: number;
}

/** The product of two lines, over their first `count` numbers. */
export function dot64(a: Line, b: Line, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    sum += (a.data[a.start + i * a.step] ?? NaN) * (b.data[b.start + i * b.step] ?? NaN);
  }
  return sum;
}

/** Folds a line from its first number on. */
export function fold64(
  { data, start, step }: Line, count: number, first: number,
  next: (folded: number, value: number, index: number) => number,
): number {
  let folded = first;
  for (let i = 0; i < count; i++) folded = next(folded, data[start + i * step] ?? NaN, i);
  return folded;
}

/**
 * Elements of a matrix product.
 *
 * @param a `[..., m, k]`
 * @param b `[..., k, n]`, the same leading axes
 */
export async function product64(a: Tensor, b: Tensor): Promise<Expected> {
  const [left, right] = [await a.read(), await b.read()];
  const [m = 0, k = 0, n = 0] = [...a.shape.slice(-2), b.shape.at(-1)];
  return (index) => {
    const matrix = Math.floor(index / (m * n));
    const [row, column] = [Math.floor(index / n) % m, index % n];
    const across = { data: left, start: (matrix * m + row) * k, step: 1 };
    const down = { data: right, start: matrix * k * n + column, step: n };
    return dot64(across, down, k);
  };
}

/**
 * Elements of an elementwise result.
 *
 * @param inputs of the result's size
 * @param f of one element of each input
 */
export async function map64(
  inputs: readonly Tensor[], f: (...values: number[]) => number,
): Promise<Expected> {
  const data: Numbers[] = [];
  for (const input of inputs) data.push(await input.read());
  return (index) => f(...data.map((numbers) => numbers[index] ?? NaN));
}
