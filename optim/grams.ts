// Gram matrices of gradients along their axes, kept at a level at which no square leaves float32.

import { type Shape, type Tensor, abs, div, eigh, eq, eye, full, gt, matmul, max, maximum, mul,
  permute, pow, reshape, scale, square, transpose, unsqueeze, where } from "../autograd/index.ts";
import { matmulFused } from "../engine/index.ts";
import { stackwise } from "../nn/index.ts";
import { replaceInto } from "./elementwise.ts";
import type { Moment, SlotShapes, Slots } from "./pipeline.ts";

/** The axes that have a Gram matrix: those of at most `maxSide` elements. */
export function gramAxes(shape: Shape, maxSide: number): number[] {
  return shape.flatMap((size, axis) => (size <= maxSide ? [axis] : []));
}

/** The Gram matrix of an axis, over `level^2`. */
export function gramOf(state: Slots, axis: number): Tensor {
  return state[`gram${axis}`] as Tensor; // declared by `gramSlots`
}

/** What is kept: `gram0` `[d0, d0]` and so on, times `level^2` the Gram matrices. */
export function gramSlots(shape: Shape, axes: readonly number[]): SlotShapes {
  const grams = axes.map((axis) => [`gram${axis}`, [shape[axis] ?? 1, shape[axis] ?? 1]] as const);
  return { level: [], ...Object.fromEntries(grams) };
}

/**
 * Whether matrices are decomposed at a step: at the first, and every so many steps after it. Young
 * averages change fast, so before that at the powers of two, too.
 *
 * @param step from 1
 */
export function isDue(step: number, every: number): boolean {
  return (step - 1) % every === 0 || (step < every && Number.isInteger(Math.log2(step)));
}

/** Of a `Moment`, what matters here. */
type When = Pick<Moment, "decide" | "refused">;

/** Factors of the Gram matrices so far and of the gradient's. */
export interface GramWeights {
  readonly keep: number;
  readonly gain: number;
  /** At the first step, refused or not, this times the identity is there already; >= 0. */
  readonly start: number;
}

/** A gradient over the level of what is kept now, and that level, a scalar. */
export interface Levelled {
  readonly unit: Tensor;
  readonly level: Tensor;
}

/** Adds a gradient's Gram matrices to those kept. */
export function addGrams(
  g: Tensor, axes: readonly number[], state: Slots, { decide, refused }: When, weights: GramWeights,
): Levelled {
  const { keep, gain, start } = weights;
  const { level } = state as { readonly level: Tensor };
  if (decide(({ step }) => step === 1)) begin(state, axes, start);
  const top = maximum(max(abs(reshape(g, [g.size]))), level);
  const safe = where(eq(top, 0), 1, top);
  const unit = div(g, safe);
  const share = square(div(level, safe));
  for (const axis of axes) {
    const gram = gramOf(state, axis);
    const rows = unfolded(unit, axis);
    const options = { alpha: gain, beta: keep, d: mul(gram, share), symmetric: true };
    replaceInto(gram, matmulFused(rows, transpose(rows), options), refused);
  }
  replaceInto(level, top, refused);
  return { unit, level: top };
}

/** Gram matrices of no gradient yet: the identity, and a level whose square is `start`. */
function begin(state: Slots, axes: readonly number[], start: number): void {
  const { level } = state as { readonly level: Tensor };
  const { device } = level;
  replaceInto(level, full([], Math.sqrt(start), { device }));
  for (const axis of axes) {
    const gram = gramOf(state, axis);
    const [n = 1] = gram.shape;
    replaceInto(gram, eye(n, n, { device }));
  }
}

/** `[size of the axis, the rest]`. */
function unfolded(x: Tensor, axis: number): Tensor {
  const order = x.shape.map((_, i) => i);
  order.unshift(...order.splice(axis, 1));
  return reshape(permute(x, order), [x.shape[axis] ?? 1, -1]);
}

/** `x` with every line along an axis multiplied by a matrix: `y[i] = sum_j a[i, j] x[j]`. */
export function alongAxis(x: Tensor, a: Tensor, axis: number): Tensor {
  const order = x.shape.map((_, i) => i);
  order.push(...order.splice(axis, 1));
  const back = order.map((_, i) => order.indexOf(i));
  return permute(matmul(permute(x, order), transpose(a)), back);
}

/** Eigenvalues up to this times the side and the largest are rounding. */
const NOISE = 2 ** -22;

/**
 * A power of symmetric matrices `[..., n, n]` with eigenvalues >= 0. Those that are rounding count
 * as zero, and stay zero: negative powers are those of the pseudo-inverse.
 */
export function symmetricPower(a: Tensor, exponent: number): Tensor {
  if (a.size === 0) return a;
  const { values, vectors } = eigh(a);
  const largest = max(values, { axis: -1, keepDims: true });
  const some = gt(values, scale(largest, NOISE * (a.shape.at(-1) ?? 1)));
  const powers = where(some, pow(where(some, values, 1), exponent), 0);
  return matmul(mul(vectors, unsqueeze(powers, -2)), transpose(vectors));
}

/** A matrix, and the power of it that is wanted. */
export interface Powered {
  readonly gram: Tensor;
  readonly exponent: number;
}

/** `symmetricPower` of each of a list, those of one size and exponent decomposed together. */
export function symmetricPowers(list: readonly Powered[]): Tensor[] {
  const found = new Map<Powered, Tensor>();
  for (const exponent of new Set(list.map((one) => one.exponent))) {
    const same = list.filter((one) => one.exponent === exponent);
    const powers = stackwise(same.map(({ gram }) => gram), (a) => symmetricPower(a, exponent));
    same.forEach((one, i) => found.set(one, powers[i] as Tensor)); // one for each
  }
  return list.map((one) => found.get(one) as Tensor);
}
