// Ops that bring elements together: reductions, normalizations, products.

import { broadcastShapes, permute64, reshape64, sizeOf } from "../reference.ts";
import type { TestRng } from "../rng.ts";
import { withError } from "./ball.ts";
import { type Var, binary, constant, expandTo, expansion, fold, leaf, maxOver, move, pick, sumOver,
  unary } from "./tape64.ts";
import type { FuzzOp, Ints } from "./types.ts";

type Shape = readonly number[];

/** Options of a fold. */
export interface Axes {
  readonly axis?: number | readonly number[];
  readonly keepDims?: boolean;
}

/** Sum of two. */
export const add = (a: Var, b: Var) =>
  binary(a, b, { f: (x, y) => x + y, slopes: [() => 1, () => 1], relative: 1 });
/** Difference of two. */
export const sub = (a: Var, b: Var) =>
  binary(a, b, { f: (x, y) => x - y, slopes: [() => 1, () => -1], relative: 1 });
/** Product of two. */
export const mul = (a: Var, b: Var) =>
  binary(a, b, { f: (x, y) => x * y, slopes: [(_, y) => y, (x) => x], relative: 1 });
/** Quotient of two. */
export const div = (a: Var, b: Var) =>
  binary(a, b, { f: (x, y) => x / y, slopes: [(_, y) => 1 / y, (x, y) => -x / (y * y)] });
/** A number times each element. */
export const times = (x: Var, factor: number) =>
  unary(x, { f: (v) => v * factor, slope: () => factor, relative: 2 });
/** e to the power of each element. */
export const exp = (x: Var) => unary(x, { f: Math.exp, slope: Math.exp, relative: 16 });
const log = (x: Var) =>
  unary(x, { f: Math.log, slope: (v) => 1 / v, relative: 8, absolute: 2 });
/** Root of each element. */
export const sqrt = (x: Var) => unary(x, { f: Math.sqrt, slope: (v) => 0.5 / Math.sqrt(v) });

/** The axes of a fold, counted from the front. */
export function axesOf({ axis }: Axes, rank: number): number[] {
  if (axis === undefined) return Array.from({ length: rank }, (_, k) => k);
  return [axis].flat().map((k) => (k < 0 ? k + rank : k));
}

/** Without the axes, unless they are to be kept. */
function dropped(x: Var, options: Axes, rank: number): Var {
  if (options.keepDims) return x;
  const axes = axesOf(options, rank);
  return move(x, (t) => reshape64(t, t.shape.filter((_, k) => !axes.includes(k))));
}

/** A fold over axes as options say, from one that keeps them with size 1. */
export function folding(
  of: (x: Var, axes: readonly number[], count: number) => Var,
): FuzzOp["ref"] {
  return ([x], options: Axes = {}) => {
    const { shape } = (x as Var).ball;
    const axes = axesOf(options, shape.length);
    const count = sizeOf(axes.map((k) => shape[k] ?? 1));
    return dropped(of(x as Var, axes, count), options, shape.length);
  };
}

function drawAxes(rng: TestRng, shape: Shape): Axes {
  const keepDims = rng.int(2) === 0;
  if (rng.int(3) === 0 || shape.length === 0) return { keepDims };
  const axes = shape.flatMap((_, k) => (rng.int(2) ? [k] : []));
  return { axis: axes.length === 1 ? (axes[0] ?? 0) - shape.length : axes, keepDims };
}

/** Axes that are not empty, for ops without a value over nothing. */
export function drawFull(rng: TestRng, shape: Shape): { args: unknown[] } | undefined {
  const options = drawAxes(rng, shape);
  const empty = axesOf(options, shape.length).some((k) => shape[k] === 0);
  return empty ? undefined : { args: [options] };
}

function drawLast(_: TestRng, shape: Shape): { args: unknown[] } | undefined {
  return shape.length > 0 ? { args: [] } : undefined;
}

function drawOne(rng: TestRng, shape: Shape): { args: unknown[] } | undefined {
  if (shape.length === 0) return undefined;
  const axis = rng.int(2 * shape.length) - shape.length;
  return shape.at(axis < 0 ? axis : axis - shape.length) === 0 ? undefined : { args: [{ axis }] };
}

/** Sum of squares over axes. */
export const sumSquares = (x: Var, axes: readonly number[]) => sumOver(mul(x, x), axes);

/** Variance over axes, divided by a count. */
export const variance = (x: Var, axes: readonly number[], count: number) => {
  return times(sumSquares(sub(x, times(sumOver(x, axes), 1 / count)), axes), 1 / count);
};

/** Shifted by the largest, as a constant: the result does not depend on it. */
const shifted = (x: Var, axes: readonly number[]) => sub(x, leaf(maxOver(x, axes).ball));

const logSumExp = (x: Var, axes: readonly number[]) =>
  add(log(sumOver(exp(shifted(x, axes)), axes)), maxConstant(x, axes));

/** The shift put back; its gradient goes round by the other way. */
function maxConstant(x: Var, axes: readonly number[]): Var {
  return leaf(maxOver(x, axes).ball);
}

/** Softmax over axes. */
export const softmax = (x: Var, axes: readonly number[]) => {
  const e = exp(shifted(x, axes));
  return div(e, sumOver(e, axes));
};

const logSoftmax = (x: Var, axes: readonly number[]) => {
  const z = shifted(x, axes);
  return sub(z, log(sumOver(exp(z), axes)));
};

/** The last axis. */
export const last = (x: Var) => [x.ball.shape.length - 1];

/** Divided by its root mean square over the last axis. */
export function normalized(x: Var, eps: number): Var {
  const width = x.ball.shape.at(-1) ?? 1;
  const square = times(sumSquares(x, last(x)), 1 / width);
  return div(x, sqrt(add(square, constant([], eps))));
}

/** Less its mean over the last axis. */
export const centered = (x: Var) => {
  return sub(x, times(sumOver(x, last(x)), 1 / (x.ball.shape.at(-1) ?? 1)));
};

/** The place of the largest; any other where it is not clear which one it is. */
function place(x: Var, axes: readonly number[], sign: 1 | -1): Var {
  const top = expandTo(maxOver(times(x, sign), axes), x.ball.shape);
  const { value } = times(x, sign).ball;
  const axis = axes[0] ?? 0;
  const inner = sizeOf(x.ball.shape.slice(axis + 1));
  const kept = x.ball.shape.map((size, k) => (axes.includes(k) ? 1 : size));
  const line = expansion(kept, x.ball.shape);
  const found = new Float64Array(sizeOf(kept)).fill(-1);
  const unsure = new Uint8Array(sizeOf(kept));
  value.forEach((v, i) => {
    const k = line[i] ?? 0;
    const j = axes.length === 1 ? Math.floor(i / inner) % (x.ball.shape[axis] ?? 1) : i;
    const gap = (top.ball.value[i] ?? 0) - v;
    if (gap === 0 && found[k] === -1) found[k] = j;
    else if (gap <= 2 * (top.ball.error[i] ?? 0) && (x.ball.error[i] ?? 0) > 0) unsure[k] = 1;
  });
  const y = constant(kept, 0).ball;
  return leaf(withError({ ...y, value: found }, (k) => (unsure[k] ? Infinity : 0)));
}

const reductions: readonly FuzzOp[] = [
  { name: "sum", draw: (rng, s) => ({ args: [drawAxes(rng, s)] }), ref: folding(sumOver) },
  {
    name: "sumSquares", draw: (rng, s) => ({ args: [drawAxes(rng, s)] }), ref: folding(sumSquares),
  },
  {
    name: "mean", draw: drawFull,
    ref: folding((x, axes, count) => times(sumOver(x, axes), 1 / count)),
  },
  { name: "variance", draw: drawFull, ref: folding(variance) },
  { name: "max", draw: drawFull, ref: folding((x, axes) => maxOver(x, axes)) },
  {
    name: "min", draw: drawFull,
    ref: folding((x, axes) => times(maxOver(times(x, -1), axes), -1)),
  },
  { name: "logsumexp", draw: drawFull, ref: folding(logSumExp) },
  { name: "softmax", draw: drawOne, ref: ([x], o: Axes) => softmax(x as Var, axesOf(o, rank(x))) },
  {
    name: "logSoftmax", draw: drawOne,
    ref: ([x], o: Axes) => logSoftmax(x as Var, axesOf(o, rank(x))),
  },
  {
    name: "rmsNorm", ref: ([x]) => normalized(x as Var, 1e-6), draw: drawLast, domain: [0.25, 2],
  },
  {
    name: "layerNorm", draw: (_, shape) => ((shape.at(-1) ?? 0) > 1 ? { args: [] } : undefined),
    ref: ([x]) => normalized(centered(x as Var), 1e-5),
  },
  ...(["argmax", "argmin"] as const).map((name): FuzzOp => ({
    name, draw: drawOne,
    ref: folding((x, axes) => place(x, axes, name === "argmax" ? 1 : -1)),
  })),
];

/** Number of axes of an operand that is there. */
export function rank(x: Var | undefined): number {
  return (x as Var).ball.shape.length;
}

/** Sums of products over the triples (place in a, place in b, place in the result). */
export function contract(
  a: Var, b: Var, shape: Shape, each: (visit: (i: number, j: number, k: number) => void) => void,
): Var {
  const [left, right, to]: [number[], number[], number[]] = [[], [], []];
  each((i, j, k) => {
    left.push(i);
    right.push(j);
    to.push(k);
  });
  const size = [to.length];
  return fold(mul(pick(a, size, left), pick(b, size, right)), shape, to);
}

/** Matrix product. */
export function product(a: Var, b: Var): Var {
  const [row, column] = [rank(a) === 1, rank(b) === 1];
  const shapeA = row ? [1, ...a.ball.shape] : a.ball.shape;
  const shapeB = column ? [...b.ball.shape, 1] : b.ball.shape;
  const [m = 1, inner = 1] = shapeA.slice(-2);
  const [innerB = 1, n = 1] = shapeB.slice(-2);
  if (inner !== innerB) throw new RangeError("inner sizes differ");
  const batch = broadcastShapes(shapeA.slice(0, -2), shapeB.slice(0, -2));
  const [fromA, fromB] = [shapeA, shapeB].map((s) => expansion(s.slice(0, -2), batch));
  const shape = [...batch, ...(row ? [] : [m]), ...(column ? [] : [n])];
  return contract(a, b, shape, (visit) => {
    for (let g = 0; g < sizeOf(batch); g++) {
      const [atA, atB] = [(fromA?.[g] ?? 0) * m * inner, (fromB?.[g] ?? 0) * inner * n];
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          for (let k = 0; k < inner; k++) {
            visit(atA + i * inner + k, atB + k * n + j, (g * m + i) * n + j);
          }
        }
      }
    }
  });
}

/** Most products of one matrix product. */
export const PRODUCTS = 60_000;

const products: readonly FuzzOp[] = [
  {
    name: "matmul", inputs: 2,
    draw: (rng, shape) => {
      const inner = shape.at(-1);
      if (inner === undefined) return undefined;
      const n = [0, 1, 2, 3, 7, 31, 33, 65][rng.int(8)] ?? 1;
      if (sizeOf(shape) * n > PRODUCTS) return undefined;
      if (rng.int(4) === 0) return { others: [[inner]] };
      const batch = rng.int(2) ? [] : shape.slice(0, -2).map((d) => (rng.int(2) ? 1 : d));
      return { others: [[...batch, inner, n]] };
    },
    ref: ([a, b]) => product(a as Var, b as Var),
  },
  {
    name: "crossEntropy",
    draw: (rng, shape) => {
      const classes = shape.at(-1) ?? 0;
      if (classes === 0 || shape.length > 4 || sizeOf(shape) === 0) return undefined;
      const rows = shape.slice(0, -1);
      const ints = Array.from({ length: sizeOf(rows) }, () => rng.int(classes));
      return { args: [{ shape: rows, ints }, { reduction: ["mean", "sum", "none"][rng.int(3)] }] };
    },
    ref: ([x], labels: Ints, { reduction }: { reduction: string }) => {
      const logs = logSoftmax(x as Var, last(x as Var));
      const classes = logs.ball.shape.at(-1) ?? 1;
      const from = labels.ints.map((label, row) => row * classes + label);
      if (labels.ints.length * classes !== logs.ball.value.length) throw new RangeError("labels");
      const losses = times(pick(logs, labels.shape, from), -1);
      if (reduction === "none") return losses;
      const total = fold(losses, [], losses.ball.value.map(() => 0));
      return reduction === "sum" ? total : times(total, 1 / from.length);
    },
  },
  {
    name: "gram", draw: (_, shape) => {
      const [m = 0] = shape.slice(-2);
      return shape.length < 2 || sizeOf(shape) * m > PRODUCTS ? undefined : {};
    },
    ref: ([x]) => {
      const order = (x as Var).ball.shape.map((_, k) => k);
      const turned = [...order.slice(0, -2), ...order.slice(-2).reverse()];
      return product(x as Var, move(x as Var, (t) => permute64(t, turned)));
    },
  },
];

/** All of them. */
export const foldingOps: readonly FuzzOp[] = [...reductions, ...products];
