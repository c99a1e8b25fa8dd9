import { type FinishedRowKernel, type Tensor, checkDtype, rowResult, rowsOf, withContiguous } from
  "../engine/index.ts";
import { checkTensor } from "./define.ts";
import type { Operand } from "./tape.ts";

/**
 * Runs a row kernel over the last axis of f32 tensors of one shape.
 *
 * @param params words after the number of rows, from the contiguous inputs
 * @returns a new tensor of that shape
 * @throws DtypeError if an input is not f32
 */
export function rowOp(
  kernel: FinishedRowKernel, inputs: readonly Operand[],
  params: (width: number, offsets: readonly number[]) => readonly number[],
): Tensor {
  const tensors = inputs.map((x) => checkTensor(kernel.name, x));
  for (const t of tensors) checkDtype(kernel.name, t.dtype, ["f32"]);
  return withContiguous(tensors, (list) => {
    const [head] = list as [Tensor]; // a row kernel has an input
    const words = params(rowsOf(head).width, list.map((t) => t.layout.offset));
    return rowResult(kernel, list, head.shape, words);
  });
}
