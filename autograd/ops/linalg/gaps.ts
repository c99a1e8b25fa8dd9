import { type Tensor, ones } from "../../../engine/index.ts";
import { add, div, gt, mul, sub, where } from "../arithmetic.ts";
import { max } from "../reduce.ts";
import { abs } from "../unary.ts";
import { transpose } from "../views.ts";
import { EPS } from "./matrices.ts";

/**
 * `1 / (x_j - x_i)`, or with `squared` `1 / (x_j^2 - x_i^2)`; 0 where the two count as equal, being
 * no further apart than `8 n 2^-24` of the largest.
 *
 * @param x `[..., n, 1]`
 * @returns `[..., n, n]`
 */
export function gaps(x: Tensor, squared: boolean): Tensor {
  const n = x.shape.at(-2) ?? 0;
  const row = transpose(x);
  const apart = sub(row, x);
  if (n === 0) return apart;
  const largest = max(abs(x), { axis: -2, keepDims: true });
  const far = gt(abs(apart), mul(largest, 8 * n * EPS));
  const product = squared ? mul(apart, add(row, x)) : apart;
  return where(far, div(1, where(far, product, 1)), 0);
}

/** `1 / x`; 0 where x counts as 0, being at most `8 n 2^-24` of the largest. x `[..., n, 1]`. */
export function inverses(x: Tensor): Tensor {
  if (x.size === 0) return x;
  const n = x.shape.at(-2) ?? 0;
  const far = gt(abs(x), mul(max(abs(x), { axis: -2, keepDims: true }), 8 * n * EPS));
  return where(far, div(ones([], { device: x.device }), where(far, x, 1)), 0);
}

/** `factor * (x^T - x)` of the last two axes. */
export function spread(x: Tensor, factor: number): Tensor {
  return mul(sub(transpose(x), x), factor);
}
