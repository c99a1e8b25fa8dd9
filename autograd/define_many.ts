import type { Tensor } from "../engine/index.ts";
import { type ElementwiseSpec, apply, elementwiseForward } from "./define.ts";
import type { InputGrads, Operand } from "./tape.ts";

/**
 * Declares an operation on tensors that broadcast, any of which but one may be a number. Numbers
 * arrive in the kernel as parameters: it is compiled once, whatever they are.
 */
export function defineMany(
  spec: ElementwiseSpec & {
    readonly vjp: (dy: Tensor, inputs: readonly Operand[], y: Tensor) => InputGrads;
  },
): (...operands: Operand[]) => Tensor {
  const { name, vjp, saves = "inputs" } = spec;
  const op = { name, vjp, saves, halves: true, forward: elementwiseForward(spec) };
  return (...operands) => apply(op, operands);
}
