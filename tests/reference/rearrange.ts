// Elements in other places, each found by its coordinates.

import { array64, build64, full64 } from "./array.ts";
import type { Array64 } from "./array.ts";
import { at64, coordinatesOf } from "./parts.ts";

/** An array whose element at each place is that of `x` at the place `from` names. */
export function rearranged64(
  x: Array64, shape: readonly number[], from: (place: readonly number[]) => readonly number[],
): Array64 {
  return build64(shape, (i) => at64(x, from(coordinatesOf(shape, i))));
}

const wrapped = (i: number, size: number): number => ((i % size) + size) % size;

/** Elements moved along an axis; what falls off comes in at the other end. */
export function roll64(x: Array64, shift: number, axis: number): Array64 {
  return rearranged64(x, x.shape, (place) => {
    return place.map((c, k) => (k === axis ? wrapped(c - shift, x.shape[k] ?? 1) : c));
  });
}

/** An array beside copies of itself; as many repeats as axes. */
export function tile64(x: Array64, repeats: readonly number[]): Array64 {
  const shape = x.shape.map((size, k) => size * (repeats[k] ?? 1));
  return rearranged64(x, shape, (place) => place.map((c, k) => c % (x.shape[k] ?? 1)));
}

/** Every slice along an axis repeated in place. */
export function repeat64(x: Array64, times: number, axis: number): Array64 {
  const shape = x.shape.map((size, k) => (k === axis ? size * times : size));
  return rearranged64(x, shape, (place) => {
    return place.map((c, k) => (k === axis ? Math.floor(c / times) : c));
  });
}

/** Where an element of a border comes from, along an axis of `size`. */
const BORDERS: Readonly<Record<string, (i: number, size: number) => number>> = {
  replicate: (i, size) => Math.min(size - 1, Math.max(0, i)),
  circular: wrapped,
  reflect: (i, size) => (i < 0 ? -i : i >= size ? 2 * (size - 1) - i : i),
};

/** An array with a border taken from its own elements; negative widths cut. */
export function border64(
  x: Array64, widths: readonly (readonly [number, number])[], mode: string,
): Array64 {
  const shape = x.shape.map((size, k) => size + (widths[k]?.[0] ?? 0) + (widths[k]?.[1] ?? 0));
  return rearranged64(x, shape, (place) => place.map((c, k) => {
    return BORDERS[mode]?.(c - (widths[k]?.[0] ?? 0), x.shape[k] ?? 1) ?? NaN;
  }));
}

/** The diagonal of matrices over the last two axes. */
export function diagonal64(x: Array64, offset: number): Array64 {
  const [rows = 0, columns = 0] = x.shape.slice(-2);
  const [down, right] = [Math.max(0, -offset), Math.max(0, offset)];
  const size = Math.max(0, Math.min(rows - down, columns - right));
  return rearranged64(x, [...x.shape.slice(0, -2), size], (place) => {
    const i = place.at(-1) ?? 0;
    return [...place.slice(0, -1), i + down, i + right];
  });
}

/** A square matrix with a vector on a diagonal. */
export function diagonalMatrix64(x: Array64, offset: number): Array64 {
  const size = x.data.length + Math.abs(offset);
  return build64([size, size], (i) => {
    const [row, column] = [Math.floor(i / size), i % size];
    return column - row === offset ? x.data[Math.min(row, column)] ?? NaN : 0;
  });
}

/** Matrices with zeros where `keep` does not hold of column - row. */
export function band64(x: Array64, keep: (columnLessRow: number) => boolean): Array64 {
  const columns = x.shape.at(-1) ?? 1;
  const rows = x.shape.at(-2) ?? 1;
  return build64(x.shape, (i) => {
    const [row, column] = [Math.floor(i / columns) % rows, i % columns];
    return keep(column - row) ? x.data[i] ?? NaN : 0;
  });
}

/** An array with elements replaced at indices along an axis, one after another. */
export function scatter64(x: Array64, index: Array64, updates: Array64, axis: number): Array64 {
  const out = array64(x.shape, x.data);
  const length = x.shape[axis] ?? 1;
  updates.data.forEach((value, i) => {
    const place = coordinatesOf(updates.shape, i);
    const to = index.data[i] ?? NaN;
    place[axis] = to < 0 ? to + length : to;
    out.data[flatIndex(x.shape, place)] = value;
  });
  return out;
}

function flatIndex(shape: readonly number[], place: readonly number[]): number {
  return place.reduce((sum, c, k) => sum * (shape[k] ?? 1) + c, 0);
}

/** A list of indices along an axis, as one for each element of `values`. */
export function spreadIndex64(index: Array64, values: Array64, axis: number): Array64 {
  return build64(values.shape, (i) => {
    return index.data[coordinatesOf(values.shape, i)[axis] ?? 0] ?? NaN;
  });
}

/** Elements or slices picked along an axis by an index of any shape. */
export function take64(x: Array64, index: Array64, axis: number): Array64 {
  const shape = [...x.shape.slice(0, axis), ...index.shape, ...x.shape.slice(axis + 1)];
  const rank = index.shape.length;
  const length = x.shape[axis] ?? 1;
  return rearranged64(x, shape, (place) => {
    const to = index.data[flatIndex(index.shape, place.slice(axis, axis + rank))] ?? NaN;
    return [...place.slice(0, axis), to < 0 ? to + length : to, ...place.slice(axis + rank)];
  });
}

/** An array with part of it, given by the flat places, replaced. */
export function replaced64(x: Array64, places: readonly number[], by: Array64): Array64 {
  const out = array64(x.shape, x.data);
  places.forEach((place, i) => out.data[place] = by.data[i] ?? NaN);
  return out;
}

/** The flat places of an array, as an array. */
export function places64(shape: readonly number[]): Array64 {
  return build64(shape, (i) => i);
}

/** A matrix with ones where `keep` holds of column - row. */
export function bandOnes64(
  rows: number, columns: number, keep: (columnLessRow: number) => boolean,
): Array64 {
  return band64(full64([rows, columns], 1), keep);
}
