// Parts of arrays: slices, joins, borders, and elements picked by index.

import { build64, full64, sizeOf, stridesOf } from "./array.ts";
import type { Array64 } from "./array.ts";

/** Coordinates of the element with that flat index. */
export function coordinatesOf(shape: readonly number[], index: number): number[] {
  return stridesOf(shape).map((stride, k) => Math.floor(index / stride) % (shape[k] ?? 1));
}

/** The element at coordinates; NaN outside. */
export function at64(x: Array64, coordinates: readonly number[]): number {
  if (coordinates.some((c, k) => c < 0 || c >= (x.shape[k] ?? 1))) return NaN;
  const strides = stridesOf(x.shape);
  return x.data[coordinates.reduce((sum, c, k) => sum + c * (strides[k] ?? 0), 0)] ?? NaN;
}

/** Places of one axis, in the order in which Python's `range(*slice.indices(size))` gives them. */
export function placesOf(
  range: readonly [start: number, end: number, step?: number] | null, size: number,
): number[] {
  const [start, end, step = 1] = range ?? [0, size, 1];
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const clamp = (i: number): number => Math.min(high, Math.max(low, i < 0 ? i + size : i));
  const places: number[] = [];
  for (let i = clamp(start); step > 0 ? i < clamp(end) : i > clamp(end); i += step) places.push(i);
  return places;
}

/**
 * Part of an array by a range for each axis, as in Python.
 *
 * @param ranges missing ones and null take the whole axis
 */
export function slice64(
  x: Array64, ranges: readonly (readonly [number, number, number?] | null)[],
): Array64 {
  const places = x.shape.map((size, k) => placesOf(ranges[k] ?? null, size));
  const shape = places.map((list) => list.length);
  return build64(shape, (i) => {
    return at64(x, coordinatesOf(shape, i).map((c, k) => places[k]?.[c] ?? NaN));
  });
}

/** Arrays joined along an axis, which must not be negative. */
export function concat64(list: readonly Array64[], axis = 0): Array64 {
  const sizes = list.map(({ shape }) => shape[axis] ?? 1);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const shape = (list[0]?.shape ?? []).map((size, k) => (k === axis ? total : size));
  return build64(shape, (i) => {
    const place = coordinatesOf(shape, i);
    let which = 0;
    while ((place[axis] ?? 0) >= (sizes[which] ?? Infinity)) {
      place[axis] = (place[axis] ?? 0) - (sizes[which++] ?? 0);
    }
    return at64(list[which] as Array64, place); // the sizes add up to the axis
  });
}

/** An array with a border of one value, as wide as the pair for each axis says. */
export function pad64(
  x: Array64, widths: readonly (readonly [number, number])[], value = 0,
): Array64 {
  const shape = x.shape.map((size, k) => size + (widths[k]?.[0] ?? 0) + (widths[k]?.[1] ?? 0));
  return build64(shape, (i) => {
    const place = coordinatesOf(shape, i).map((c, k) => c - (widths[k]?.[0] ?? 0));
    const inside = place.every((c, k) => c >= 0 && c < (x.shape[k] ?? 1));
    return inside ? at64(x, place) : value;
  });
}

/** An index as counted from the front. */
function fromFront(index: number, length: number): number {
  return index < 0 ? index + length : index;
}

/** `y[.., j, ..] = x[.., index[.., j, ..], ..]`; NaN where the index is out of range. */
export function gather64(x: Array64, index: Array64, axis: number): Array64 {
  return build64(index.shape, (i) => {
    const place = coordinatesOf(index.shape, i);
    place[axis] = fromFront(index.data[i] ?? NaN, x.shape[axis] ?? 1);
    return at64(x, place);
  });
}

/** Zeros with elements added in at indices along an axis; those out of range are left out. */
export function scatterAdd64(x: Array64, index: Array64, axis: number, length: number): Array64 {
  const out = full64(x.shape.map((size, k) => (k === axis ? length : size)), 0);
  const strides = stridesOf(out.shape);
  x.data.forEach((value, i) => {
    const place = coordinatesOf(x.shape, i);
    const to = fromFront(index.data[i] ?? NaN, length);
    if (!(to >= 0 && to < length)) return;
    place[axis] = to;
    const at = place.reduce((sum, c, k) => sum + c * (strides[k] ?? 0), 0);
    out.data[at] = (out.data[at] ?? 0) + value;
  });
  return out;
}

/** Rows of a table; NaN where the index is out of range. */
export function embedding64(table: Array64, ids: Array64): Array64 {
  const [count = 0, ...rest] = table.shape;
  const width = sizeOf(rest);
  return build64([...ids.shape, ...rest], (i) => {
    const row = fromFront(ids.data[Math.floor(i / width)] ?? NaN, count);
    return row >= 0 && row < count ? table.data[row * width + (i % width)] ?? NaN : NaN;
  });
}

/** 1 at the place of each label, else 0. */
export function oneHot64(labels: Array64, classes: number): Array64 {
  return build64([...labels.shape, classes], (i) => {
    return Number(labels.data[Math.floor(i / classes)] === i % classes);
  });
}
