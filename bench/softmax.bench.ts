// Softmax along rows and what belongs to it.

import { type Tensor, logSoftmax, normal, rng, softmax, vjp } from "../autograd/index.ts";
import { type Bench, type Expected, bench } from "./harness.ts";
import { type Numbers, fold64 } from "./reference.ts";

const SIZES = [[4096, 1024], [65536, 64], [64, 65536]] as const;

/** Operations on an element: compare, subtract, exponentiate, add, divide. */
const FLOP = 5;

/** What the softmax of one row is made of: its largest element, and the sum of exponentials. */
interface RowSum {
  readonly top: number;
  readonly sum: number;
}

/** @param width elements of the row that count, from its start on */
function rowSum(data: Numbers, start: number, width: number): RowSum {
  const line = { data, start, step: 1 };
  const top = fold64(line, width, -Infinity, (best, value) => Math.max(best, value));
  return { top, sum: fold64(line, width, 0, (sum, value) => sum + Math.exp(value - top)) };
}

/** Elements of a softmax, or of its logarithm. */
async function softmax64(x: Tensor, { log = false, causal = false } = {}): Promise<Expected> {
  const data = await x.read();
  const [queries = 0, width = 0] = x.shape.slice(-2);
  return (index) => {
    const [row, column] = [Math.floor(index / width), index % width];
    const seen = causal ? width - queries + row % queries + 1 : width;
    if (column >= seen) return 0;
    const { top, sum } = rowSum(data, row * width, seen);
    const shifted = (data[index] ?? NaN) - top;
    return log ? shifted - Math.log(sum) : Math.exp(shifted) / sum;
  };
}

/** Elements of the gradient `p (dy - sum(p dy))` of a softmax `p` along rows. */
async function gradient64(x: Tensor, dy: Tensor): Promise<Expected> {
  const [data, back] = [await x.read(), await dy.read()];
  const width = x.shape.at(-1) ?? 0;
  return (index) => {
    const start = index - index % width;
    const { top, sum } = rowSum(data, start, width);
    const p = (i: number) => Math.exp((data[i] ?? NaN) - top) / sum;
    const dot = fold64({ data: back, start, step: 1 }, width, 0, (total, value, i) => {
      return total + value * p(start + i);
    });
    return p(index) * ((back[index] ?? NaN) - dot);
  };
}

/** Forward along short, middling and long rows, causal attention scores, and the gradient. */
export const softmaxBenches: readonly Bench[] = [
  /* @__PURE__ */ bench("softmax", { sizes: SIZES }, ([rows, columns]) => {
    const x = normal(rng(1), [rows, columns]);
    const n = rows * columns;
    return { flop: FLOP * n, bytes: 8 * n, run: () => softmax(x), expected: () => softmax64(x) };
  }),
  /* @__PURE__ */ bench("log softmax", { sizes: SIZES }, ([rows, columns]) => {
    const x = normal(rng(1), [rows, columns]);
    const n = rows * columns;
    return {
      flop: FLOP * n, bytes: 8 * n, run: () => logSoftmax(x),
      expected: () => softmax64(x, { log: true }),
    };
  }),
  /* @__PURE__ */ bench("causal softmax", { sizes: [[32, 256, 256]] }, ([heads, queries, keys]) => {
    const x = normal(rng(1), [heads, queries, keys]);
    const seen = heads * queries * (keys - (queries - 1) / 2);
    return {
      // Reads what a query sees; writes all, zeros included.
      flop: FLOP * seen, bytes: 4 * (seen + heads * queries * keys),
      run: () => softmax(x, { causal: true }), expected: () => softmax64(x, { causal: true }),
    };
  }),
  /* @__PURE__ */ bench("softmax + gradient", { sizes: [[4096, 1024]] }, ([rows, columns]) => {
    const [x, dy] = [normal(rng(1), [rows, columns]), normal(rng(2), [rows, columns])];
    const n = rows * columns;
    return {
      // Forward reads x and writes y; backward reads y and dy and writes dx.
      flop: (FLOP + 4) * n, bytes: 20 * n, run: () => pullBack(x, dy),
      expected: () => gradient64(x, dy),
    };
  }),
];

function pullBack(x: Tensor, dy: Tensor): Tensor {
  return vjp((scores: Tensor) => softmax(scores), x).pullback(dy);
}
