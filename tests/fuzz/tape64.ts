// Reverse differentiation in float64 with error bounds: a value remembers what it came from.

import { broadcastShapes, build64, sizeOf } from "../reference.ts";
import type { Array64 } from "../reference.ts";
import { type Accuracy, type Ball, exact, foldBall, mapBall, pickBall, withError, zipBall } from
  "./ball.ts";

/** A value of a program. */
export interface Var {
  readonly ball: Ball;
  readonly parents: readonly Parent[];
}

interface Parent {
  readonly from: Var;
  readonly back: (dy: Ball) => Ball;
}

/** A value without parents. */
export function leaf(ball: Ball): Var {
  return { ball, parents: [] };
}

/** The same number everywhere. */
export function constant(shape: readonly number[], value: number): Var {
  return leaf(exact(shape, new Float64Array(sizeOf(shape)).fill(value)));
}

/** A function of one element and its slope. */
export interface Curve extends Accuracy {
  readonly f: (x: number) => number;
  /** Left out for a function that counts as constant. */
  readonly slope?: (x: number) => number;
}

/** Slopes are computed from results by short formulas, such as 1 - y^2. */
const SLOPE: Accuracy = { relative: 16, absolute: 8 };

const product = (a: Ball, b: Ball): Ball => zipBall(a, b, (x, y) => x * y);
const plus = (a: Ball, b: Ball): Ball => zipBall(a, b, (x, y) => x + y);

/** A function of each element, with its slope. */
export function unary(x: Var, { f, slope, ...accuracy }: Curve): Var {
  const ball = mapBall(x.ball, f, accuracy);
  if (!slope) return leaf(ball);
  return {
    ball,
    parents: [{ from: x, back: (dy) => product(dy, mapBall(x.ball, slope, SLOPE)) }],
  };
}

/** A function of two elements, and its slopes by each. */
export interface Surface extends Accuracy {
  readonly f: (a: number, b: number) => number;
  readonly slopes?: readonly [by: Surface["f"], by: Surface["f"]];
}

/** A function of two values that broadcast. */
export function binary(a: Var, b: Var, { f, slopes, ...accuracy }: Surface): Var {
  const shape = broadcastShapes(a.ball.shape, b.ball.shape);
  const [left, right] = [expandTo(a, shape), expandTo(b, shape)];
  const ball = zipBall(left.ball, right.ball, f, accuracy);
  if (!slopes) return leaf(ball);
  return {
    ball,
    parents: [left, right].map((from, k) => ({
      from,
      back: (dy) => product(dy, zipBall(left.ball, right.ball, slopes[k as 0 | 1], SLOPE)),
    })),
  };
}

/** Elements by flat index of the input; 0 for an index below 0. */
export function pick(x: Var, shape: readonly number[], from: ArrayLike<number>): Var {
  return {
    ball: pickBall(x.ball, shape, from),
    parents: [{ from: x, back: (dy) => foldBall(dy, x.ball.shape, from) }],
  };
}

/** Sums by flat index of the result. */
export function fold(x: Var, shape: readonly number[], to: ArrayLike<number>): Var {
  return {
    ball: foldBall(x.ball, shape, to),
    parents: [{ from: x, back: (dy) => pickBall(dy, x.ball.shape, to) }],
  };
}

/** An array of its own flat indices; what moves it shows where elements come from. */
export function places(shape: readonly number[]): Array64 {
  return build64(shape, (i) => i);
}

/** A change of layout, given by what it does to an array. */
export function move(x: Var, how: (indices: Array64) => Array64): Var {
  const { shape, data } = how(places(x.ball.shape));
  return pick(x, shape, data);
}

/** Repeated to a larger shape. */
export function expandTo(x: Var, shape: readonly number[]): Var {
  if (shape.join() === x.ball.shape.join()) return x;
  return pick(x, shape, expansion(x.ball.shape, shape));
}

/** For each element of `large` the flat index in `small`, which broadcasts to it. */
export function expansion(small: readonly number[], large: readonly number[]): Float64Array {
  const missing = large.length - small.length;
  const strides = large.map(() => 0);
  let stride = 1;
  for (let k = small.length - 1; k >= 0; k--) {
    if (small[k] !== 1) strides[k + missing] = stride;
    stride *= small[k] ?? 1;
  }
  const from = new Float64Array(sizeOf(large));
  for (let i = 0; i < from.length; i++) {
    let rest = i;
    for (let k = large.length - 1; k >= 0; k--) {
      const size = large[k] ?? 1;
      from[i] = (from[i] ?? 0) + (rest % size) * (strides[k] ?? 0);
      rest = Math.floor(rest / size);
    }
  }
  return from;
}

/** The sum over axes, which stay with size 1. */
export function sumOver(x: Var, axes: readonly number[]): Var {
  const kept = x.ball.shape.map((size, k) => (axes.includes(k) ? 1 : size));
  return fold(x, kept, expansion(kept, x.ball.shape));
}

/** The largest over axes, which stay with size 1; equal ones share the gradient, or not. */
export function maxOver(x: Var, axes: readonly number[], ties: "share" | "first" = "share"): Var {
  const { shape, value, error } = x.ball;
  const kept = shape.map((size, k) => (axes.includes(k) ? 1 : size));
  const line = expansion(kept, shape);
  const top = new Float64Array(sizeOf(kept)).fill(-Infinity);
  const spread = new Float64Array(sizeOf(kept));
  value.forEach((v, i) => {
    const k = line[i] ?? 0;
    top[k] = Math.max(top[k] ?? NaN, v);
    spread[k] = Math.max(spread[k] ?? 0, error[i] ?? 0);
  });
  const equal = new Float64Array(sizeOf(kept));
  value.forEach((v, i) => {
    const k = line[i] ?? 0;
    if (v === top[k]) equal[k] = (equal[k] ?? 0) + 1;
  });
  const taken = new Set<number>();
  const winners = value.map((v, i) => {
    const k = line[i] ?? 0;
    if (v !== top[k]) return 0;
    if (ties === "share") return 1 / (equal[k] ?? 1);
    return taken.size < taken.add(k).size ? 1 : 0;
  });
  // Whoever is within the errors may have won.
  const near = value.map((v, i) => (top[line[i] ?? 0] ?? 0) - v - 2 * (spread[line[i] ?? 0] ?? 0));
  const rivals = new Float64Array(sizeOf(kept));
  near.forEach((gap, i) => {
    if (gap <= 0) rivals[line[i] ?? 0] = (rivals[line[i] ?? 0] ?? 0) + 1;
  });
  const shares = withError(exact(shape, winners), (i) => {
    const k = line[i] ?? 0;
    const unsure = (near[i] ?? 0) <= 0 && (rivals[k] ?? 0) > 1 && (spread[k] ?? 0) > 0;
    return unsure ? 1 : 4 * 2 ** -24;
  });
  return {
    ball: withError(exact(kept, top), (k) => spread[k] ?? 0),
    parents: [{ from: x, back: (dy) => product(pickBall(dy, shape, line), shares) }],
  };
}

/**
 * Gradients of sum(y * seed) by some of the values it came from; zeros where nothing leads there.
 */
export function gradients(y: Var, seed: Ball, wanted: readonly Var[]): Ball[] {
  const order: Var[] = [];
  const seen = new Set<Var>();
  const visit = (v: Var): void => {
    if (seen.has(v)) return;
    seen.add(v);
    for (const { from } of v.parents) visit(from);
    order.push(v);
  };
  visit(y);
  const grads = new Map<Var, Ball>([[y, seed]]);
  for (const v of order.reverse()) {
    const dy = grads.get(v);
    if (!dy) continue;
    for (const { from, back } of v.parents) {
      const more = back(dy);
      const before = grads.get(from);
      grads.set(from, before ? plus(before, more) : more);
    }
  }
  return wanted.map((v) => grads.get(v) ?? constant(v.ball.shape, 0).ball);
}
