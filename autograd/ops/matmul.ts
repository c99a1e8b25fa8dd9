import { type Tensor, matmulFused, scope } from "../../engine/index.ts";
import { convert } from "../cast.ts";
import { type OpSpec, apply, checkTensor } from "../define.ts";
import { promoteTypes } from "../promote.ts";
import type { Operand } from "../tape.ts";
import { reshape, transpose, unsqueeze } from "./views.ts";

const MATMUL: OpSpec = {
  name: "matmul",
  forward: (a: Operand, b: Operand): Tensor => {
    const y = matmulFused(checkTensor("matmul", a), checkTensor("matmul", b));
    const dtype = promoteTypes((a as Tensor).dtype, (b as Tensor).dtype);
    if (dtype === "f32") return y;
    const rounded = convert(y, dtype);
    y.dispose();
    return rounded;
  },
  halves: "both", // read as they are where the adapter can
  vjp: (dy: Tensor, inputs: readonly Operand[]) => {
    const [a, b] = inputs as readonly [Tensor, Tensor]; // forward has checked them
    return [() => productLike(a, dy, transpose(b)), () => productLike(b, transpose(a), dy)];
  },
};

/**
 * The gradient of an operand, in the order in which that lies: the weight of `x W^T` then has a
 * gradient as contiguous as itself, which optimizers read by whole vectors.
 */
function productLike({ layout: { strides } }: Tensor, left: Tensor, right: Tensor): Tensor {
  const [down, across] = strides.slice(-2);
  if (down !== 1 || across === 1) return matmul(left, right);
  return transpose(matmul(transpose(right), transpose(left)));
}

/**
 * Matrix product over the last two axes; leading axes broadcast.
 *
 * @param a `[..., m, k]` f32; a transposed view is read as it lies, not copied
 * @param b `[..., k, n]` f32
 * @returns `[..., m, n]` f32. A vector `[k]` on the left is a row, on the right a column, and its
 *   axis is left out of the result, as in NumPy
 * @throws ShapeError if the inner sizes differ or the leading axes do not broadcast; DtypeError
 * @example
 * const y = matmul(x, transpose(weight)); // a linear layer
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  const [left, right] = [checkTensor("matmul", a).shape, checkTensor("matmul", b).shape];
  if (left.length === 1 || right.length === 1) return scope(() => withVectors(a, b));
  const inner = left.at(-1);
  if (left.length < 3 || right.length !== 2 || inner === 0) return apply(MATMUL, [a, b]);
  // One tall product, whose gradient by b is one product too instead of a sum over batches.
  return scope(() => {
    const tall = apply(MATMUL, [reshape(a, [-1, inner ?? 1]), b]);
    return reshape(tall, [...left.slice(0, -1), ...right.slice(1)]);
  });
}

/** The product where one operand or both are vectors. */
function withVectors(a: Tensor, b: Tensor): Tensor {
  const row = a.shape.length === 1;
  const column = b.shape.length === 1;
  const y = matmul(row ? unsqueeze(a, 0) : a, column ? unsqueeze(b, 1) : b);
  const shape = row ? [...y.shape.slice(0, -2), ...y.shape.slice(-1)] : y.shape;
  return reshape(y, column ? shape.slice(0, -1) : shape);
}
