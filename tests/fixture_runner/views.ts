// Tensors as the matrices that norms and optimizers take. What comes out shares its elements with
// what went in.

import { reshape } from "../../autograd/index.ts";
import type { Tensor } from "../../autograd/index.ts";

/** A convolution weight [out, in, ...] as a matrix [out, rest]; anything else as it is. */
export function flat(x: Tensor): Tensor {
  return x.shape.length > 2 ? reshape(x, [x.shape[0] ?? 1, -1]) : x;
}

/** A vector as a matrix of one row; anything else as it is. */
export function oneRow(x: Tensor): Tensor {
  return x.shape.length < 2 ? reshape(x, [1, -1]) : x;
}
