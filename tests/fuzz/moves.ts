// Ops that move elements: changes of layout, parts, joins, and lookups by index.

import { array64, broadcast64, build64, permute64, reshape64, sizeOf, transpose64 } from
  "../reference.ts";
import { concat64, embedding64, gather64, pad64, slice64 } from "../reference/parts.ts";
import type { TestRng } from "../rng.ts";
import { type Var, expansion, fold, move, pick } from "./tape64.ts";
import type { FuzzOp, Ints } from "./types.ts";

type Shape = readonly number[];
type RangeArg = readonly [number, number, number] | null;

/** A random order of the axes. */
export function shuffled(rng: TestRng, rank: number): number[] {
  const order = Array.from({ length: rank }, (_, k) => k);
  for (let i = rank - 1; i > 0; i--) {
    const j = rng.int(i + 1);
    [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
  }
  return order;
}

/** Another shape of as many elements. */
export function regrouped(rng: TestRng, shape: Shape): number[] {
  const size = sizeOf(shape);
  if (size === 0) return [...shape].reverse();
  const out: number[] = [];
  for (let rest = size; rest > 1 && out.length < 4;) {
    const divisors = Array.from({ length: Math.min(rest, 512) }, (_, i) => i + 1)
      .filter((d) => rest % d === 0);
    const d = rng.int(3) === 0 ? rest : divisors[rng.int(divisors.length)] ?? 1;
    out.push(d);
    rest /= d;
    if (out.length === 4) out[3] = (out[3] ?? 1) * rest;
  }
  return out;
}

/** Ranges with steps, some backwards, some beyond the ends. */
function drawRanges(rng: TestRng, shape: Shape): RangeArg[] {
  return shape.map((size) => {
    if (rng.int(3) === 0) return null;
    const step = [1, 1, 2, 3, -1, -2][rng.int(6)] ?? 1;
    const [a, b] = [rng.int(size + 1), rng.int(size + 1)];
    const [low, high] = [Math.min(a, b), Math.max(a, b)];
    return step > 0 ? [low, high, step] : [high - 1, low - size - 1, step];
  });
}

/** Any axis of a shape; undefined for a scalar. */
export function anAxis(rng: TestRng, shape: Shape): number | undefined {
  if (shape.length === 0) return undefined;
  return rng.int(shape.length) - (rng.int(2) === 0 ? shape.length : 0);
}

/** An axis counted from the front. */
export const front = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** Random whole numbers in [-length, length). */
export function drawInts(rng: TestRng, shape: Shape, length: number): Ints {
  return { shape, ints: Array.from({ length: sizeOf(shape) }, () => rng.int(2 * length) - length) };
}

const ints64 = ({ shape, ints }: Ints) => array64(shape, ints);

/** Joined along an axis, each part put in by its places. */
function joined(parts: readonly Var[], axis: number): Var {
  const start = parts.map(({ ball }, k) => {
    return array64(ball.shape, ball.value.map((_, i) => k + i * parts.length)); // part and place
  });
  const { shape, data } = concat64(start, front(axis, start[0]?.shape.length ?? 0));
  const from = (which: number) =>
    data.map((code) => (code % parts.length === which ? Math.floor(code / parts.length) : -1));
  const pieces = parts.map((part, k) => pick(part, shape, from(k)));
  const add = (pickOf: (v: Var) => Float64Array) => {
    return data.map((code, i) => pickOf(pieces[code % parts.length] as Var)[i] ?? NaN);
  };
  const ball = { shape, value: add((v) => v.ball.value), error: add((v) => v.ball.error) };
  return { ball, parents: pieces.map((piece) => ({ from: piece, back: (dy) => dy })) };
}

const views: readonly FuzzOp[] = [
  {
    name: "transpose",
    draw: (rng, shape) => (shape.length < 2 ? undefined
      : { args: [{ axes: [rng.int(shape.length), rng.int(shape.length) - shape.length] }] }),
    ref: ([x], { axes: [a, b] }: { axes: [number, number] }) =>
      move(x as Var, (t) => transpose64(t, a, b)),
  },
  {
    name: "permute", draw: (rng, shape) => ({ args: [shuffled(rng, shape.length)] }),
    ref: ([x], axes: readonly number[]) => move(x as Var, (t) => permute64(t, axes)),
  },
  {
    name: "reshape", draw: (rng, shape) => ({ args: [regrouped(rng, shape)] }),
    ref: ([x], shape: Shape) => move(x as Var, (t) => reshape64(t, shape)),
  },
  {
    name: "slice", draw: (rng, shape) => ({ args: [drawRanges(rng, shape)] }),
    ref: ([x], ranges: RangeArg[]) => move(x as Var, (t) => slice64(t, ranges)),
  },
  {
    name: "expand",
    draw: (rng, shape) => {
      const to = shape.map((size) => (size === 1 ? [0, 1, 2, 3][rng.int(4)] ?? 1 : size));
      return { args: [rng.int(3) === 0 && shape.length < 5 ? [2, ...to] : to] };
    },
    ref: ([x], shape: Shape) => move(x as Var, (t) => broadcast64(t, shape)),
  },
  {
    name: "unsqueeze",
    draw: (rng, shape) => (shape.length > 4 ? undefined : { args: [rng.int(shape.length + 1)] }),
    ref: ([x], axis: number) =>
      move(x as Var, (t) => reshape64(t, t.shape.toSpliced(axis, 0, 1))),
  },
  {
    name: "squeeze",
    ref: ([x]) => move(x as Var, (t) => reshape64(t, t.shape.filter((size) => size !== 1))),
  },
  {
    name: "flip",
    draw: (rng, shape) => ({ args: [{ axes: shape.flatMap((_, k) => (rng.int(2) ? [k] : [])) }] }),
    ref: ([x], { axes }: { axes: number[] }) => move(x as Var, (t) =>
      slice64(t, t.shape.map((size, k) => (axes.includes(k) ? [size - 1, -size - 1, -1] : null)))),
  },
  {
    name: "pad",
    draw: (rng, shape) => ({
      args: [shape.map(() => [rng.int(3), rng.int(3)]), { value: rng.int(5) / 2 }],
    }),
    ref: ([x], widths: [number, number][], { value }: { value: number }) => {
      const from = (x as Var).ball.shape;
      const { shape, data } = pad64(build64(from, (i) => i), widths, -1);
      const inside = pick(x as Var, shape, data);
      const values = inside.ball.value.map((v, i) => ((data[i] ?? 0) < 0 ? value : v));
      return { ...inside, ball: { ...inside.ball, value: values } };
    },
  },
];

const joins: readonly FuzzOp[] = ["concat", "stack"].map((name): FuzzOp => ({
  name, inputs: 2, list: true,
  draw: (rng, shape) => {
    const axis = anAxis(rng, shape);
    if (axis === undefined || shape.length > 4) return undefined;
    const at = front(axis, shape.length);
    const size = name === "stack" ? shape[at] ?? 1 : rng.int(5);
    return { others: [shape.with(at, size)], args: [{ axis: at }] };
  },
  ref: (parts, { axis }: { axis: number }) => {
    if (name === "concat") return joined(parts, axis);
    return joined(parts.map((part) => {
      return move(part, (t) => reshape64(t, t.shape.toSpliced(axis, 0, 1)));
    }), axis);
  },
}));

const lookups: readonly FuzzOp[] = [
  {
    name: "gather",
    draw: (rng, shape) => {
      const axis = anAxis(rng, shape);
      if (axis === undefined) return undefined;
      const at = front(axis, shape.length);
      if (shape[at] === 0) return undefined;
      return { args: [drawInts(rng, shape.with(at, rng.int(6)), shape[at] ?? 1), axis] };
    },
    ref: ([x], index: Ints, axis: number) => {
      const at = front(axis, (x as Var).ball.shape.length);
      return move(x as Var, (t) => gather64(t, ints64(index), at));
    },
  },
  {
    name: "embedding",
    draw: (rng, shape) => {
      if (shape.length === 0 || shape.length > 4 || shape[0] === 0) return undefined;
      return { args: [drawInts(rng, [rng.int(4), 3].slice(rng.int(2)), shape[0] ?? 1)] };
    },
    ref: ([x], ids: Ints) => move(x as Var, (t) => embedding64(t, ints64(ids))),
  },
  {
    name: "scatterAdd",
    draw: (rng, shape) => {
      const axis = anAxis(rng, shape);
      if (axis === undefined) return undefined;
      const length = 1 + rng.int(6);
      return { args: [drawInts(rng, shape, length), axis, length] };
    },
    ref: ([x], index: Ints, axis: number, length: number) => {
      const from = (x as Var).ball.shape;
      if (from.join() !== index.shape.join()) throw new RangeError("index and elements differ");
      const at = front(axis, from.length);
      const shape = from.with(at, length);
      const inner = sizeOf(from.slice(at + 1));
      const to = index.ints.map((j, i) => {
        const outer = Math.floor(i / (inner * (from[at] ?? 1)));
        const row = j < 0 ? j + length : j;
        return row < 0 || row >= length ? -1 : (outer * length + row) * inner + i % inner;
      });
      return fold(x as Var, shape, to);
    },
  },
  {
    name: "sumTo",
    draw: (rng, shape) => ({ args: [shape.map((size) => (rng.int(2) ? 1 : size))] }),
    ref: ([x], shape: Shape) => fold(x as Var, shape, expansion(shape, (x as Var).ball.shape)),
  },
];

/** All of them. */
export const movingOps: readonly FuzzOp[] = [...views, ...joins, ...lookups];
