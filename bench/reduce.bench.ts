// Folding many elements into few.

import { type Tensor, argmax, max, rng, sum, sumSquares, uniform } from "../autograd/index.ts";
import { type Bench, type Expected, type Work, bench } from "./harness.ts";
import { fold64 } from "./reference.ts";

const WHOLE = [2 ** 16, 2 ** 20, 2 ** 22, 2 ** 24] as const;
const MATRIX = [[4096, 1024], [1024, 4096]] as const;

type Next = (folded: number, value: number, index: number) => number;

const plus: Next = (total, value) => total + value;

/** What one element costs: it is read once and takes one operation or two. */
function cost(elements: number, results: number, each = 1): Pick<Work, "flop" | "bytes"> {
  return { flop: each * elements, bytes: 4 * (elements + results) };
}

/** Folds of the whole of `x`, or of its rows or columns if it is a matrix. */
async function folds(
  x: Tensor, along: "all" | "rows" | "columns", first: number, next: Next,
): Promise<Expected> {
  const data = await x.read();
  const [rows = 0, columns = 0] = x.shape;
  if (along === "all") return () => fold64({ data, start: 0, step: 1 }, x.size, first, next);
  if (along === "columns") {
    return (i) => fold64({ data, start: i, step: columns }, rows, first, next);
  }
  return (i) => fold64({ data, start: i * columns, step: 1 }, columns, first, next);
}

/** Sums over everything, over rows and over columns, and others over rows. */
export const reduceBenches: readonly Bench[] = [
  /* @__PURE__ */ bench("sum", { sizes: WHOLE }, (n) => {
    const x = uniform(rng(1), [n]);
    return { ...cost(n, 1), run: () => sum(x), expected: () => folds(x, "all", 0, plus) };
  }),
  /* @__PURE__ */ bench("sum of squares", { sizes: WHOLE }, (n) => {
    const x = uniform(rng(1), [n]);
    const next: Next = (total, value) => total + value * value;
    return {
      ...cost(n, 1, 2), run: () => sumSquares(x), expected: () => folds(x, "all", 0, next),
    };
  }),
  /* @__PURE__ */ bench("sum of rows", { sizes: MATRIX }, ([rows, columns]) => {
    const x = uniform(rng(1), [rows, columns]);
    return {
      ...cost(rows * columns, rows), run: () => sum(x, { axis: 1 }),
      expected: () => folds(x, "rows", 0, plus),
    };
  }),
  /* @__PURE__ */ bench("sum of columns", { sizes: MATRIX }, ([rows, columns]) => {
    const x = uniform(rng(1), [rows, columns]);
    return {
      ...cost(rows * columns, columns), run: () => sum(x, { axis: 0 }),
      expected: () => folds(x, "columns", 0, plus),
    };
  }),
  /* @__PURE__ */ bench("max of rows", { sizes: MATRIX }, ([rows, columns]) => {
    const x = uniform(rng(1), [rows, columns]);
    return {
      ...cost(rows * columns, rows), run: () => max(x, { axis: 1 }), tolerance: 0,
      expected: () => folds(x, "rows", -Infinity, (best, value) => Math.max(best, value)),
    };
  }),
  /* @__PURE__ */ bench("argmax of rows", { sizes: MATRIX }, ([rows, columns]) => {
    const x = uniform(rng(1), [rows, columns]);
    return {
      ...cost(rows * columns, rows), run: () => argmax(x, { axis: 1 }), tolerance: 0,
      expected: async () => argmaxOf(await x.read(), columns),
    };
  }),
];

/** The first place of the largest element of a row. */
function argmaxOf(data: ArrayLike<number>, columns: number): Expected {
  return (row) => {
    const line = { data, start: row * columns, step: 1 };
    const valueAt = (i: number) => data[line.start + i] ?? NaN;
    return fold64(line, columns, 0, (best, value, i) => (value > valueAt(best) ? i : best));
  };
}
