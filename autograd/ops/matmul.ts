import { type Tensor, matmulFused } from "../../engine/index.ts";
import { apply, checkTensor } from "../define.ts";
import type { Operand } from "../tape.ts";
import { reshape, transpose } from "./views.ts";

const MATMUL = {
  name: "matmul",
  forward: (a: Operand, b: Operand): Tensor => {
    return matmulFused(checkTensor("matmul", a), checkTensor("matmul", b));
  },
  vjp: (dy: Tensor, inputs: readonly Operand[]) => {
    const [a, b] = inputs as readonly [Tensor, Tensor]; // forward has checked them
    return [() => matmul(dy, transpose(b)), () => matmul(transpose(a), dy)];
  },
};

/**
 * Matrix product over the last two axes; leading axes broadcast.
 *
 * @param a `[..., m, k]` f32; a transposed view is read as it lies, not copied
 * @param b `[..., k, n]` f32
 * @returns `[..., m, n]` f32
 * @throws ShapeError if the inner sizes differ or the leading axes do not broadcast; DtypeError
 * @example
 * const y = matmul(x, transpose(weight)); // a linear layer
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  const [left, right] = [checkTensor("matmul", a).shape, checkTensor("matmul", b).shape];
  const inner = left.at(-1);
  if (left.length < 3 || right.length !== 2 || inner === 0) return apply(MATMUL, [a, b]);
  // One tall product, whose gradient by b is one product too instead of a sum over batches.
  const tall = apply(MATMUL, [reshape(a, [-1, inner ?? 1]), b]);
  return reshape(tall, [...left.slice(0, -1), ...right.slice(1)]);
}
