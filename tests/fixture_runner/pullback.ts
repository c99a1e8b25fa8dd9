// Gradients by cotangents, the one place where the runner meets the transforms.

import { vjp } from "../../autograd/index.ts";
import type { Tensor } from "../../autograd/index.ts";
import type { Tensors } from "./op_rows.ts";

/** Outputs of a function and the gradient of `sum(out * cot)` by each of its leaves. */
export interface Pulled {
  readonly outputs: Tensors;
  readonly grads: Tensors;
}

function pick(outputs: Tensors, names: readonly string[]): Record<string, Tensor> {
  return Object.fromEntries(
    names.map((name) => {
      const output = outputs[name];
      if (output === undefined) throw new Error(`fixture: the row gives no output "${name}".`);
      return [name, output];
    }),
  );
}

/**
 * Runs a function and pulls cotangents back through it.
 *
 * @param f from leaves to outputs by name; run twice if some output has no cotangent
 * @param leaves f32, to take the gradient by
 * @param cotangents of the outputs by their name, of their shape
 * @param others names of outputs that have no cotangent
 */
export function pullback(
  f: (leaves: Tensors) => Tensors,
  leaves: Tensors,
  cotangents: Tensors,
  others: readonly string[] = [],
): Pulled {
  const names = Object.keys(cotangents);
  const { value, pullback: pull } = vjp((at: Tensors) => pick(f(at), names), leaves);
  const grads = pull(cotangents);
  return { outputs: { ...(others.length > 0 && pick(f(leaves), others)), ...value }, grads };
}
