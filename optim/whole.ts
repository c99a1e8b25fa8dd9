// Tensors measured whole: Euclidean norms as scalars, for any scale.

import { type Tensor, div, eq, mul, norm, reshape, stack, where } from "../autograd/index.ts";
import { unitLines } from "../nn/index.ts";

/** The Euclidean norm of all elements, a scalar. */
export function wholeNorm(x: Tensor): Tensor {
  return norm(x);
}

/** The Euclidean norm of all elements of all tensors, a scalar; not of none. */
export function togetherNorm(list: readonly Tensor[]): Tensor {
  return wholeNorm(stack(list.map(wholeNorm)));
}

/** All elements divided by their Euclidean norm; zeros stay. */
export function wholeUnit(x: Tensor): Tensor {
  return reshape(unitLines(reshape(x, [x.size]), [-1]), x.shape);
}

/** `a / b`, and `other` where b is 0. */
export function quotient(a: Tensor | number, b: Tensor, other: number): Tensor {
  const zero = eq(b, 0);
  return where(zero, other, div(a, where(zero, 1, b)));
}

/** `x a / b` for scalars a and b that are norms; x itself where one of them is 0. */
export function trusted(x: Tensor, a: Tensor, b: Tensor): Tensor {
  return mul(x, where(eq(a, 0), 1, quotient(a, b, 1)));
}
