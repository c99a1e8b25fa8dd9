// Matrix products in float32.

import { type Tensor, matmul, normal, rng, transpose } from "../autograd/index.ts";
import { type ProductSizes, currentDevice, matmulFused } from "../engine/index.ts";
import { type Bench, type Size, type Work, bench } from "./harness.ts";
import { product64 } from "./reference.ts";
import { numbersOf } from "./size.ts";

/** A product `[..., m, k] x [..., k, n]`; one number stands for all sides. */
interface Product {
  readonly batch: readonly number[];
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

/** Reads `n`, `m x k x n` or `batch x m x k x n`. */
function asProduct(size: Size): Product {
  const numbers = numbersOf(size);
  const [m = 0, k = m, n = m] = numbers.slice(-3);
  return { batch: numbers.slice(0, -3), m, k, n };
}

function cost({ batch, m, k, n }: Product): Pick<Work, "flop" | "bytes"> {
  const count = batch.reduce((all, d) => all * d, 1);
  return { flop: count * 2 * m * k * n, bytes: count * 4 * (m * k + k * n + m * n) };
}

/** The kernel that the device takes; `explain` tells more. */
function kernelOf(
  { batch, m, k, n }: Product, ways: Omit<ProductSizes, "m" | "n" | "k" | "batch"> = {},
): Pick<Work, "kernel"> {
  const count = batch.reduce((all, d) => all * d, 1);
  const text = currentDevice().explain("matmul", { batch: count, m, k, n, ...ways });
  return { kernel: /^chosen \(\w+\): (.*?):/m.exec(text)?.[1] ?? "" };
}

function operands({ batch, m, k, n }: Product): [Tensor, Tensor] {
  return [normal(rng(1), [...batch, m, k]), normal(rng(2), [...batch, k, n])];
}

/** Products of `matmul`, by both transposes, and the symmetric one of the sign iteration. */
export const matmulBenches: readonly Bench[] = [
  /* @__PURE__ */ bench("matmul", {
    sizes: [64, 128, 256, 512, 1024, 2048, 4096, [512, 2048, 512], [1, 1024, 1024],
      [16, 128, 128, 128]],
  }, (size) => {
    const product = asProduct(size);
    const [a, b] = operands(product);
    return {
      ...cost(product), ...kernelOf(product),
      run: () => matmul(a, b), expected: () => product64(a, b),
    };
  }),
  /* @__PURE__ */ bench("matmul a^T b", { sizes: [512] }, (n) => {
    const product = asProduct(n);
    const [a, b] = operands(product);
    const at = transpose(a);
    return {
      ...cost(product), ...kernelOf(product, { transposeA: true }),
      run: () => matmul(at, b), expected: () => product64(at, b),
    };
  }),
  /* @__PURE__ */ bench("matmul a b^T", { sizes: [512] }, (n) => {
    const product = asProduct(n);
    const [a, b] = operands(product);
    const bt = transpose(b);
    return {
      ...cost(product), ...kernelOf(product, { transposeB: true }),
      run: () => matmul(a, bt), expected: () => product64(a, bt),
    };
  }),
  /* @__PURE__ */ bench("matmul a a^T", { sizes: [512, [256, 1024]] }, (size) => {
    const [m = 0, k = m] = numbersOf(size);
    const a = normal(rng(1), [m, k]);
    const at = transpose(a);
    return {
      // One triangle of the result; its mirror image is only written.
      flop: m * (m + 1) * k, bytes: 4 * (m * k + m * m),
      ...kernelOf({ batch: [], m, k, n: m }, { transposeB: true, symmetric: true }),
      run: () => matmulFused(a, at, { symmetric: true }), expected: () => product64(a, at),
    };
  }),
];
