// The float64 array, its making and its moving.

import type { TestRng } from "../rng.ts";

/** Numbers in float64, row-major. Goes into `tensor()` and `assertClose()` as it is. */
export interface Array64 {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/**
 * Number of elements of a shape.
 *
 * @returns 1 for a scalar's `[]`
 */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/**
 * Row-major strides of a shape, in elements.
 */
export function stridesOf(shape: readonly number[]): number[] {
  const strides: number[] = [];
  let stride = 1;
  for (const size of [...shape].reverse()) {
    strides.unshift(stride);
    stride *= size;
  }
  return strides;
}

/**
 * An array from numbers.
 *
 * @param shape any
 * @param data as many numbers as the shape has elements
 * @throws RangeError if the counts differ
 */
export function array64(shape: readonly number[], data: ArrayLike<number>): Array64 {
  if (data.length !== sizeOf(shape)) {
    throw new RangeError(`array64: [${shape.join(", ")}] does not hold ${data.length} numbers.`);
  }
  return { shape, data: Float64Array.from(data) };
}

/**
 * An array whose elements come from their flat index.
 */
export function build64(shape: readonly number[], value: (index: number) => number): Array64 {
  const data = new Float64Array(sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = value(i);
  return { shape, data };
}

/**
 * An array of one value.
 */
export function full64(shape: readonly number[], value: number): Array64 {
  return { shape, data: new Float64Array(sizeOf(shape)).fill(value) };
}

/**
 * A random array. Its values are float32 numbers, so that a float32 engine sees the same ones.
 *
 * @param rng of the test
 * @param shape any
 * @param domain uniform in `[low, high]`; standard normal when left out
 */
export function random64(
  rng: TestRng,
  shape: readonly number[],
  domain?: readonly [low: number, high: number],
): Array64 {
  if (domain === undefined) return build64(shape, () => Math.fround(rng.normal()));
  const [low, high] = domain;
  return build64(shape, () => Math.fround(low + (high - low) * rng.uniform()));
}

/**
 * The same elements under another shape.
 *
 * @param shape of as many elements; one size may be -1
 */
export function reshape64(x: Array64, shape: readonly number[]): Array64 {
  const known = sizeOf(shape.filter((size) => size !== -1));
  const filled = shape.map((size) => (size === -1 ? x.data.length / known : size));
  return array64(filled, x.data);
}

/**
 * Elements picked by stride: element `i` of the result is `data[offset + sum_k i_k strides_k]`.
 * Transposes, slices, flips and broadcasts are all of this form.
 */
export function strided64(
  x: Array64,
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
): Array64 {
  const own = stridesOf(shape);
  return build64(shape, (index) => {
    let at = offset;
    let rest = index;
    for (let k = 0; k < shape.length; k++) {
      const step = own[k] ?? 1;
      at += Math.floor(rest / step) * (strides[k] ?? 0);
      rest %= step;
    }
    return x.data[at] ?? NaN;
  });
}

/**
 * Axes in another order: axis `k` of the result is axis `axes[k]` of `x`.
 */
export function permute64(x: Array64, axes: readonly number[]): Array64 {
  const strides = stridesOf(x.shape);
  const pick = (list: readonly number[]): number[] =>
    axes.map((axis) => list[axis < 0 ? axis + list.length : axis] ?? NaN);
  return strided64(x, pick(x.shape), pick(strides));
}

/**
 * Two axes exchanged, by default the last two.
 */
export function transpose64(x: Array64, first = -2, second = -1): Array64 {
  const rank = x.shape.length;
  const order = x.shape.map((_, k) => k);
  order[(first + rank) % rank] = (second + rank) % rank;
  order[(second + rank) % rank] = (first + rank) % rank;
  return permute64(x, order);
}

/**
 * The shape two shapes broadcast to, by the rule of NumPy.
 *
 * @throws RangeError if they do not
 */
export function broadcastShapes(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, k) => {
    const sizeA = a[a.length - rank + k] ?? 1;
    const sizeB = b[b.length - rank + k] ?? 1;
    if (sizeA === sizeB || sizeB === 1) return sizeA;
    if (sizeA === 1) return sizeB;
    throw new RangeError(`[${a.join(", ")}] and [${b.join(", ")}] do not broadcast.`);
  });
}

/**
 * `x` repeated along its missing and size-1 axes to fill `shape`.
 */
export function broadcast64(x: Array64, shape: readonly number[]): Array64 {
  const own = stridesOf(x.shape);
  const missing = shape.length - x.shape.length;
  const strides = shape.map((_, k) => (x.shape[k - missing] === 1 ? 0 : (own[k - missing] ?? 0)));
  return strided64(x, shape, strides);
}
