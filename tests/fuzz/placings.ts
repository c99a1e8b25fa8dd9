// More ops that move elements: turned, repeated, cut by diagonals, in order, and running sums.

import { build64, permute64, reshape64, sizeOf } from "../reference.ts";
import { at64, coordinatesOf } from "../reference/parts.ts";
import type { Tensor } from "../../autograd/index.ts";
import type { TestRng } from "../rng.ts";
import { withError } from "./ball.ts";
import { PRODUCTS, rank } from "./folds.ts";
import { anAxis, drawInts, front } from "./moves.ts";
import { type Var, fold, move, pick } from "./tape64.ts";
import type { Draw, FuzzOp, Ints } from "./types.ts";

type Shape = readonly number[];

/** Elements by coordinates; outside there are zeros. */
function byPlace(
  x: Var, shape: Shape, from: (place: readonly number[]) => readonly number[],
): Var {
  const own = build64(x.ball.shape, (i) => i);
  const source = build64(shape, (i) => at64(own, from(coordinatesOf(shape, i))));
  return pick(x, shape, source.data.map((i) => (Number.isNaN(i) ? -1 : i)));
}

/** Keeps the elements for which a rule holds. */
function masked(x: Var, keep: (row: number, column: number) => boolean): Var {
  const { shape } = x.ball;
  if (shape.length < 2) throw new RangeError("no matrix");
  return byPlace(x, shape, (place) => {
    const [row = 0, column = 0] = place.slice(-2);
    return keep(row, column) ? place : place.map(() => -1);
  });
}

function drawOffset(name: string) {
  return (rng: TestRng, shape: Shape): Draw | undefined =>
    shape.length < 2 ? undefined : { args: [{ [name]: rng.int(5) - 2 }] };
}

/** The diagonal of the last two axes, as a new last one. */
function diagonalOf(x: Var, k: number): Var {
  const [rows = 0, columns = 0] = x.ball.shape.slice(-2);
  const length = Math.max(0, k >= 0 ? Math.min(rows, columns - k) : Math.min(rows + k, columns));
  return byPlace(x, [...x.ball.shape.slice(0, -2), length], (place) => {
    const i = place.at(-1) ?? 0;
    return [...place.slice(0, -1), i + Math.max(0, -k), i + Math.max(0, k)];
  });
}

const layouts: readonly FuzzOp[] = [
  {
    name: "roll",
    draw: (rng, shape) => {
      const axis = anAxis(rng, shape);
      return axis === undefined ? undefined : { args: [rng.int(9) - 4, { axis }] };
    },
    ref: ([x], shift: number, { axis }: { axis: number }) => {
      const { shape } = (x as Var).ball;
      const at = front(axis, shape.length);
      const size = shape[at] ?? 1;
      return byPlace(x as Var, shape, (place) =>
        place.with(at, (((place[at] ?? 0) - shift) % size + size) % size));
    },
  },
  {
    name: "tile", draw: (rng, shape) => ({ args: [shape.map(() => rng.int(3))] }),
    ref: ([x], times: readonly number[]) => {
      const { shape } = (x as Var).ball;
      if (times.length !== shape.length) throw new RangeError("tile");
      return byPlace(x as Var, shape.map((d, k) => d * (times[k] ?? 1)), (place) =>
        place.map((c, k) => c % (shape[k] ?? 1)));
    },
  },
  {
    name: "repeatInterleave",
    draw: (rng, shape) => {
      const axis = anAxis(rng, shape);
      return axis === undefined ? undefined : { args: [rng.int(4), { axis }] };
    },
    ref: ([x], times: number, { axis }: { axis: number }) => {
      const { shape } = (x as Var).ball;
      const at = front(axis, shape.length);
      return byPlace(x as Var, shape.with(at, (shape[at] ?? 1) * times), (place) =>
        place.with(at, Math.floor((place[at] ?? 0) / times)));
    },
  },
  {
    name: "tril", draw: drawOffset("k"),
    ref: ([x], { k }: { k: number }) => masked(x as Var, (i, j) => j - i <= k),
  },
  {
    name: "triu", draw: drawOffset("k"),
    ref: ([x], { k }: { k: number }) => masked(x as Var, (i, j) => j - i >= k),
  },
  {
    name: "diagonal", draw: drawOffset("offset"),
    ref: ([x], { offset }: { offset: number }) => {
      if (rank(x) < 2) throw new RangeError("no matrix");
      return diagonalOf(x as Var, offset);
    },
  },
  {
    name: "diag",
    shape: (rng) => [1 + rng.int(9), 1 + rng.int(9)].slice(rng.int(2)),
    draw: (rng, shape) =>
      (shape.length < 1 || shape.length > 2 ? undefined : { args: [{ k: rng.int(5) - 2 }] }),
    ref: ([x], { k }: { k: number }) => {
      if (rank(x) === 2) return diagonalOf(x as Var, k);
      const size = ((x as Var).ball.shape[0] ?? 0) + Math.abs(k);
      return byPlace(x as Var, [size, size], ([i = 0, j = 0]) =>
        [j - i === k ? Math.min(i, j) : -1]);
    },
  },
  {
    name: "moveAxis",
    draw: (rng, shape) => (shape.length === 0 ? undefined
      : { args: [rng.int(shape.length), rng.int(shape.length) - shape.length] }),
    ref: ([x], from: number, to: number) => {
      const order = (x as Var).ball.shape.map((_, k) => k).filter((k) => k !== from);
      order.splice(front(to, rank(x)), 0, from);
      return move(x as Var, (t) => permute64(t, order));
    },
  },
  {
    name: "indexSelect",
    draw: (rng, shape) => {
      const axis = anAxis(rng, shape);
      const size = axis === undefined ? 0 : shape.at(axis) ?? 0;
      return size === 0 ? undefined : { args: [drawInts(rng, [rng.int(5)], size), { axis }] };
    },
    ref: ([x], index: Ints, { axis }: { axis: number }) => {
      const { shape } = (x as Var).ball;
      const at = front(axis, shape.length);
      const size = shape[at] ?? 1;
      return byPlace(x as Var, shape.with(at, index.ints.length), (place) => {
        const row = index.ints[place[at] ?? 0] ?? NaN;
        return place.with(at, row < 0 ? row + size : row);
      });
    },
  },
];

/** Lines along an axis: for each, the flat places of its elements. */
function linesOf(shape: Shape, axis: number): number[][] {
  const size = shape[axis] ?? 1;
  const inner = sizeOf(shape.slice(axis + 1));
  return Array.from({ length: size === 0 ? 0 : sizeOf(shape) / size }, (_, line) => {
    const start = Math.floor(line / inner) * size * inner + line % inner;
    return Array.from({ length: size }, (_, j) => start + j * inner);
  });
}

/** In order along an axis; where it is not clear which one comes first, no gradient is. */
function ordered(x: Var, axis: number, sign: 1 | -1): Var {
  const { shape, value, error } = x.ball;
  const from = new Float64Array(value.length);
  const spread = new Float64Array(value.length);
  const unsure = new Uint8Array(value.length);
  for (const line of linesOf(shape, axis)) {
    const order = [...line].sort((a, b) => sign * ((value[a] ?? NaN) - (value[b] ?? NaN)) || a - b);
    const worst = Math.max(...line.map((i) => error[i] ?? 0));
    line.forEach((to, k) => {
      from[to] = order[k] ?? 0;
      spread[to] = worst;
      const here = value[order[k] ?? 0] ?? NaN;
      const near = [k - 1, k + 1].some((other) => other in order
        && Math.abs((value[order[other] ?? 0] ?? NaN) - here) <= 2 * worst);
      unsure[order[k] ?? 0] = Number(worst > 0 && near);
    });
  }
  const y = pick(x, shape, from);
  return {
    ball: withError(y.ball, (i) => spread[i] ?? 0),
    parents: y.parents.map(({ from: source, back }) => ({
      from: source,
      back: (dy) => {
        const dx = back(dy);
        return withError(dx, (i) => (unsure[i] ? Infinity : dx.error[i] ?? NaN));
      },
    })),
  };
}

function drawOrder(name: string) {
  return (rng: TestRng, shape: Shape): Draw | undefined => {
    const axis = anAxis(rng, shape);
    return axis === undefined ? undefined : { args: [{ axis, [name]: rng.int(2) === 0 }] };
  };
}

const orders: readonly FuzzOp[] = [
  {
    name: "sort", draw: drawOrder("descending"),
    ref: ([x], { axis, descending }: { axis: number; descending: boolean }) =>
      ordered(x as Var, front(axis, rank(x)), descending ? -1 : 1),
  },
  {
    name: "topk",
    draw: (rng, shape) => {
      const draw = drawOrder("largest")(rng, shape);
      const { axis } = (draw?.args?.[0] ?? { axis: 0 }) as { axis: number };
      return draw && { args: [rng.int((shape.at(axis) ?? 0) + 1), ...draw.args ?? []] };
    },
    result: (y) => (y as { values: Tensor }).values,
    ref: ([x], k: number, { axis, largest }: { axis: number; largest: boolean }) => {
      const at = front(axis, rank(x));
      const y = ordered(x as Var, at, largest ? -1 : 1);
      return byPlace(y, y.ball.shape.with(at, k), (place) => place);
    },
  },
  {
    name: "cumsum",
    draw: (rng, shape) => {
      const axis = anAxis(rng, shape);
      if (axis === undefined || sizeOf(shape) * (shape.at(axis) ?? 1) > 2 * PRODUCTS) {
        return undefined;
      }
      return { args: [{ axis }] };
    },
    ref: ([x], { axis }: { axis: number }) => {
      const { shape } = (x as Var).ball;
      const pairs = linesOf(shape, front(axis, shape.length)).flatMap((line) =>
        line.flatMap((to, k) => line.slice(0, k + 1).map((from) => [from, to] as const)));
      const terms = pick(x as Var, [pairs.length], pairs.map(([from]) => from));
      return fold(terms, shape, pairs.map(([, to]) => to));
    },
  },
  {
    name: "flatten",
    ref: ([x]) => move(x as Var, (t) => reshape64(t, [t.data.length])),
  },
];

/** All of them. */
export const placingOps: readonly FuzzOp[] = [...layouts, ...orders];
