// Reductions over one axis, several, or all.

import { array64, build64, permute64, reshape64, sizeOf } from "./array.ts";
import type { Array64 } from "./array.ts";
import { map64, zip64 } from "./elementwise.ts";

/** Which axes to reduce: one, several, or all when left out; negative ones count from the end. */
export interface Reduction {
  readonly axis?: number | readonly number[] | undefined;
  readonly keepDims?: boolean;
}

function normalAxes(rank: number, axis: Reduction["axis"]): number[] {
  if (axis === undefined) return Array.from({ length: rank }, (_, k) => k);
  const list = typeof axis === "number" ? [axis] : axis;
  return list.map((k) => (k < 0 ? k + rank : k)).sort((a, b) => a - b);
}

// A loop, not Math.max(...line): a long line would not fit into the arguments of a call.
function largest(line: Float64Array): number {
  return line.reduce((top, value) => Math.max(top, value), -Infinity);
}

function smallest(line: Float64Array): number {
  return line.reduce((low, value) => Math.min(low, value), Infinity);
}

/**
 * `f` of every line along the reduced axes, flattened in row-major order.
 *
 * @param f gets a copy of the line
 */
export function reduce64(
  x: Array64,
  { axis, keepDims = false }: Reduction,
  f: (line: Float64Array) => number,
): Array64 {
  const reduced = normalAxes(x.shape.length, axis);
  const kept = x.shape.map((_, k) => k).filter((k) => !reduced.includes(k));
  const sizesOf = (axes: readonly number[]): number[] => axes.map((k) => x.shape[k] ?? NaN);
  const lines = permute64(x, [...kept, ...reduced]).data;
  const length = sizeOf(sizesOf(reduced));
  const shape = keepDims
    ? x.shape.map((size, k) => (reduced.includes(k) ? 1 : size))
    : sizesOf(kept);
  return build64(shape, (i) => f(lines.slice(i * length, (i + 1) * length)));
}

function total(line: Float64Array): number {
  return line.reduce((sum, value) => sum + value, 0);
}

/**
 * Sum; 0 over an empty axis.
 */
export function sum64(x: Array64, reduction: Reduction = {}): Array64 {
  return reduce64(x, reduction, total);
}

/**
 * Mean; NaN over an empty axis.
 */
export function mean64(x: Array64, reduction: Reduction = {}): Array64 {
  return reduce64(x, reduction, (line) => total(line) / line.length);
}

/**
 * Sum of squares.
 */
export function sumSquares64(x: Array64, reduction: Reduction = {}): Array64 {
  return reduce64(x, reduction, (line) => line.reduce((sum, value) => sum + value * value, 0));
}

/**
 * Variance, divided by n.
 */
export function var64(x: Array64, reduction: Reduction = {}): Array64 {
  return reduce64(x, reduction, (line) => {
    const mean = total(line) / line.length;
    return line.reduce((sum, value) => sum + (value - mean) ** 2, 0) / line.length;
  });
}

/**
 * Largest element; NaN if one is NaN.
 */
export function max64(x: Array64, reduction: Reduction = {}): Array64 {
  return reduce64(x, reduction, largest);
}

/**
 * Smallest element; NaN if one is NaN.
 */
export function min64(x: Array64, reduction: Reduction = {}): Array64 {
  return reduce64(x, reduction, smallest);
}

/**
 * Position of the largest element along one axis; the first of equal ones.
 */
export function argmax64(x: Array64, reduction: Reduction): Array64 {
  return reduce64(x, reduction, (line) => line.indexOf(largest(line)));
}

/**
 * Position of the smallest element along one axis; the first of equal ones.
 */
export function argmin64(x: Array64, reduction: Reduction): Array64 {
  return reduce64(x, reduction, (line) => line.indexOf(smallest(line)));
}

/**
 * `log(sum(exp(x)))` without overflow.
 */
export function logsumexp64(x: Array64, reduction: Reduction = {}): Array64 {
  return reduce64(x, reduction, (line) => {
    const top = largest(line);
    if (!Number.isFinite(top)) return top;
    return top + Math.log(line.reduce((sum, value) => sum + Math.exp(value - top), 0));
  });
}

/**
 * Logarithm of the softmax along one axis.
 */
export function logSoftmax64(x: Array64, axis = -1): Array64 {
  return zip64(x, logsumexp64(x, { axis, keepDims: true }), (value, all) => value - all);
}

/**
 * Softmax along one axis.
 *
 * @param scale the logits are multiplied by it first
 */
export function softmax64(x: Array64, axis = -1, scale = 1): Array64 {
  return map64(logSoftmax64(map64(x, (value) => scale * value), axis), Math.exp);
}

/**
 * Cross-entropy of every row, in nats.
 *
 * @param logits [..., classes]
 * @param labels [...] whole numbers in [0, classes)
 * @returns [...]
 */
export function crossEntropy64(logits: Array64, labels: ArrayLike<number>): Array64 {
  const classes = logits.shape.at(-1) ?? 1;
  const rows = reshape64(logSoftmax64(logits), [-1, classes]);
  const loss = Array.from(labels, (label, row) => -(rows.data[row * classes + label] ?? NaN));
  return array64(logits.shape.slice(0, -1), loss);
}
