// Work on each element alone. The bytes are those of one pass over memory, however many dispatches
// an expression takes, so its share of the roofline shows what fusing them is worth.

import { type Tensor, add, exp, geluTanh, mul, neg, normal, rng, sqrt, square, sub, transpose } from
  "../autograd/index.ts";
import { contiguousCopy } from "../engine/index.ts";
import { type Bench, bench } from "./harness.ts";
import { map64 } from "./reference.ts";

const SIZES = [2 ** 16, 2 ** 20, 2 ** 22, 2 ** 24] as const;

function random(shape: readonly number[], count: number): Tensor[] {
  return Array.from({ length: count }, (_, i) => normal(rng(i + 1), shape));
}

/** Bytes of so many float32 operands and results of `n` elements. */
function pass(n: number, operands: number): number {
  return 4 * n * operands;
}

/** Eight operations one after another. */
function chain(x: Tensor): Tensor {
  return sub(mul(exp(neg(sqrt(add(square(mul(x, 0.5)), 1)))), 3), 1);
}

/** `gelu` by its tanh approximation, in float64. */
function gelu64(x: number): number {
  return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
}

/** Sums, chains, a function with more arithmetic, broadcasting, and a copy across the grain. */
export const elementwiseBenches: readonly Bench[] = [
  /* @__PURE__ */ bench("a + b", { sizes: SIZES }, (n) => {
    const [a, b] = random([n], 2) as [Tensor, Tensor]; // as many as asked for
    return {
      flop: n, bytes: pass(n, 3), run: () => add(a, b),
      expected: () => map64([a, b], (x, y) => x + y),
    };
  }),
  /* @__PURE__ */ bench("a * b + c", { sizes: SIZES }, (n) => {
    const [a, b, c] = random([n], 3) as [Tensor, Tensor, Tensor]; // as many as asked for
    return {
      flop: 2 * n, bytes: pass(n, 4), run: () => add(mul(a, b), c),
      expected: () => map64([a, b, c], (x, y, z) => x * y + z),
    };
  }),
  /* @__PURE__ */ bench("gelu", { sizes: SIZES }, (n) => {
    const x = normal(rng(1), [n]);
    return {
      flop: n, bytes: pass(n, 2), run: () => geluTanh(x), expected: () => map64([x], gelu64),
    };
  }),
  /* @__PURE__ */ bench("chain of 8", { sizes: SIZES }, (n) => {
    const x = normal(rng(1), [n]);
    return {
      flop: 8 * n, bytes: pass(n, 2), run: () => chain(x),
      expected: () => map64([x], (v) => 3 * Math.exp(-Math.sqrt((v / 2) ** 2 + 1)) - 1),
    };
  }),
  /* @__PURE__ */ bench("rows + bias", { sizes: [[4096, 1024]] }, ([rows, columns]) => {
    const [x, bias] = [normal(rng(1), [rows, columns]), normal(rng(2), [columns])];
    return {
      flop: rows * columns, bytes: pass(rows * columns, 2) + 4 * columns,
      run: () => add(x, bias),
      expected: async () => {
        const [values, shifts] = [await x.read(), await bias.read()];
        return (i) => (values[i] ?? NaN) + (shifts[i % columns] ?? NaN);
      },
    };
  }),
  /* @__PURE__ */ bench("transpose copy", { sizes: [[2048, 2048]] }, ([rows, columns]) => {
    const x = normal(rng(1), [rows, columns]);
    const across = transpose(x);
    return {
      flop: 0, bytes: pass(rows * columns, 2), run: () => contiguousCopy(across),
      expected: async () => {
        const values = await x.read();
        return (i) => values[i % rows * columns + Math.floor(i / rows)] ?? NaN;
      },
    };
  }),
];
