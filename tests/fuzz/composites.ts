// Ops that are short formulas of others: losses, norms, products by name, attention.

import { permute64, reshape64, sizeOf } from "../reference.ts";
import { coordinatesOf } from "../reference/parts.ts";
import type { TestRng } from "../rng.ts";
import { exact } from "./ball.ts";
import { PRODUCTS, axesOf, centered, contract, div, drawFull, exp, folding, last, mul, normalized,
  product, rank, softmax, sqrt, sub, sumSquares, times, variance } from "./folds.ts";
import { type Surface, type Var, binary, fold, leaf, maxOver, move, pick, sumOver } from
  "./tape64.ts";
import type { Draw, FuzzOp } from "./types.ts";

type Shape = readonly number[];

const REDUCTIONS = ["mean", "sum", "none"];

/** A loss of each element, reduced. */
function loss(name: string, surface: Surface, args: (rng: TestRng) => object = () => ({})): FuzzOp {
  return {
    name, inputs: 2,
    draw: (rng, shape) => (sizeOf(shape) === 0 ? undefined
      : { others: [shape], args: [{ reduction: REDUCTIONS[rng.int(3)], ...args(rng) }] }),
    ref: ([a, b], { reduction }: { reduction: string }) => {
      const losses = binary(a as Var, b as Var, surface);
      if (reduction === "none") return losses;
      const total = fold(losses, [], losses.ball.value.map(() => 0));
      return reduction === "sum" ? total : times(total, 1 / losses.ball.value.length);
    },
  };
}

/** Differences of numbers of a few units lose as much as those. */
const GAP = { relative: 8, absolute: 8 } as const;

const losses: readonly FuzzOp[] = [
  loss("mseLoss", {
    f: (a, b) => (a - b) ** 2, slopes: [(a, b) => 2 * (a - b), (a, b) => 2 * (b - a)], ...GAP,
  }),
  loss("l1Loss", {
    f: (a, b) => Math.abs(a - b),
    slopes: [(a, b) => Math.sign(a - b), (a, b) => Math.sign(b - a)], ...GAP,
  }),
  loss("huberLoss", {
    f: (a, b) => (Math.abs(a - b) < 1 ? (a - b) ** 2 / 2 : Math.abs(a - b) - 0.5),
    slopes: [
      (a, b) => Math.max(-1, Math.min(1, a - b)), (a, b) => Math.max(-1, Math.min(1, b - a)),
    ],
    ...GAP,
  }),
];

/** More than one element to fold, whose spread is not 0. */
function drawSeveral(rng: TestRng, shape: Shape): Draw | undefined {
  const draw = drawFull(rng, shape);
  const [options = {}] = (draw?.args ?? []) as [object?];
  const count = sizeOf(axesOf(options, shape.length).map((k) => shape[k] ?? 1));
  return count > 1 ? draw : undefined;
}

const reductions: readonly FuzzOp[] = [
  {
    name: "std", draw: drawSeveral,
    ref: folding((x, axes, count) => sqrt(variance(x, axes, count))),
  },
  {
    name: "norm", draw: drawFull, domain: [0.5, 2],
    ref: folding((x, axes) => sqrt(sumSquares(x, axes))),
  },
  {
    name: "prod", domain: [0.5, 1.5],
    draw: (rng, shape) => {
      const axis = shape.findIndex((d) => d > 0 && d < 34);
      return axis < 0 ? undefined : { args: [{ axis, keepDims: rng.int(2) === 0 }] };
    },
    ref: folding((x, [axis = 0]) => {
      const shape = x.ball.shape.with(axis, 1);
      const inner = sizeOf(shape.slice(axis + 1));
      const size = x.ball.shape[axis] ?? 1;
      const part = (j: number) => pick(x, shape, Float64Array.from({ length: sizeOf(shape) },
        (_, i) => Math.floor(i / inner) * size * inner + j * inner + i % inner));
      let y = part(0);
      for (let j = 1; j < size; j++) y = mul(y, part(j));
      return y;
    }),
  },
  {
    name: "softmin", draw: (_, shape) => ((shape.at(-1) ?? 0) > 0 ? { args: [] } : undefined),
    ref: ([x]) => softmax(times(x as Var, -1), last(x as Var)),
  },
  {
    name: "groupNorm",
    shape: (rng) => [1 + rng.int(2), 2 * (1 + rng.int(3)), 1 + rng.int(9), 1 + rng.int(5)],
    draw: (rng, shape) => {
      const groups = 1 + rng.int(2);
      const [, channels = 0, ...places] = shape;
      const fits = channels % groups === 0 && sizeOf([channels / groups, ...places]) > 1;
      return shape.length < 3 || !fits ? undefined : { args: [groups] };
    },
    ref: ([x], groups: number) => {
      const { shape } = (x as Var).ball;
      const [batch = 1, channels = 1] = shape;
      if (channels % groups !== 0) throw new RangeError("groups");
      const flat = [batch, groups, sizeOf(shape.slice(1)) / groups];
      const y = normalized(centered(move(x as Var, (t) => reshape64(t, flat))), 1e-5);
      return move(y, (t) => reshape64(t, shape));
    },
  },
];

/** Equations for a first operand of that rank, and the sizes that the second one adds. */
const EQUATIONS: Readonly<Record<number, readonly string[]>> = {
  1: ["i,j->ij", "i,i->", "i,ij->j"],
  2: ["ij,jk->ki", "ij,ij->i", "ij,j->i", "ij,kl->il"],
  3: ["bij,bjk->bik", "bij,bij->b", "bij,kj->ikb", "bij,bik->jk"],
};

function einsum(a: Var, b: Var, equation: string): Var {
  const [left = "", right = "", out = ""] = equation.split(/,|->/);
  const sizes = new Map<string, number>();
  for (const [letters, { shape }] of [[left, a.ball], [right, b.ball]] as const) {
    if (letters.length !== shape.length) throw new RangeError(equation);
    [...letters].forEach((letter, k) => {
      const size = shape[k] ?? 1;
      if ((sizes.get(letter) ?? size) !== size) throw new RangeError(equation);
      sizes.set(letter, size);
    });
  }
  const letters = [...sizes.keys()];
  const all = [...sizes.values()];
  const shapeOf = (names: string) => [...names].map((letter) => sizes.get(letter) ?? 1);
  const flat = (names: string, place: readonly number[]) =>
    [...names].reduce((at, letter) =>
      at * (sizes.get(letter) ?? 1) + (place[letters.indexOf(letter)] ?? 0), 0);
  return contract(a, b, shapeOf(out), (visit) => {
    for (let i = 0; i < sizeOf(all); i++) {
      const place = coordinatesOf(all, i);
      visit(flat(left, place), flat(right, place), flat(out, place));
    }
  });
}

const products: readonly FuzzOp[] = [
  {
    name: "einsum", inputs: 2, first: true,
    draw: (rng, shape) => {
      const list = EQUATIONS[shape.length];
      const equation = list?.[rng.int(list.length)];
      if (!equation) return undefined;
      const [left = "", right = ""] = equation.split(/,|->/);
      const size = new Map([...left].map((letter, k) => [letter, shape[k] ?? 1]));
      for (const letter of right) if (!size.has(letter)) size.set(letter, 1 + rng.int(5));
      if (sizeOf([...size.values()]) > PRODUCTS) return undefined;
      return { others: [[...right].map((letter) => size.get(letter) ?? 1)], args: [equation] };
    },
    ref: ([a, b], equation: string) => einsum(a as Var, b as Var, equation),
  },
  {
    name: "scaledDotProductAttention", inputs: 3,
    shape: (rng) => [1 + rng.int(3), 1 + rng.int(40), 1 + rng.int(9)].slice(rng.int(2)),
    draw: (rng, shape) => {
      const [queries = 0, dim = 0] = shape.slice(-2);
      if (shape.length < 2 || sizeOf(shape) === 0 || shape.length > 4) return undefined;
      const keys = queries + rng.int(5);
      if (sizeOf(shape) * keys > PRODUCTS) return undefined;
      const other = [...shape.slice(0, -2), keys, dim];
      return { others: [other, other], args: [{ causal: rng.int(2) === 0 }] };
    },
    ref: ([q, k, v], { causal }: { causal: boolean }) => {
      const keys = k as Var;
      const order = keys.ball.shape.map((_, i) => i);
      const turned = [...order.slice(0, -2), ...order.slice(-2).reverse()];
      const width = keys.ball.shape.at(-1) ?? 1;
      const scores = times(product(q as Var, move(keys, (t) => permute64(t, turned))),
        1 / Math.sqrt(width));
      return product(chances(scores, causal), v as Var);
    },
  },
];

/** The softmax of scores, of those keys alone that a query may see. */
function chances(scores: Var, causal: boolean): Var {
  if (!causal) return softmax(scores, last(scores));
  const { shape } = scores.ball;
  const [queries = 0, keys = 0] = shape.slice(-2);
  if (rank(scores) < 2 || keys < queries) throw new RangeError("causal");
  const seen = exact(shape, Array.from({ length: sizeOf(shape) }, (_, i) =>
    Number(i % keys <= Math.floor(i / keys) % queries + keys - queries)));
  const e = mul(exp(sub(scores, leaf(maxOver(scores, last(scores)).ball))), leaf(seen));
  return div(e, sumOver(e, last(scores)));
}

/** All of them. */
export const compositeOps: readonly FuzzOp[] = [...losses, ...reductions, ...products];
