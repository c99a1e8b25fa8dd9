import { type Tensor, dispose, isHalf, keep, openScope, scope, zeros } from
  "../engine/index.ts";
import { cast } from "./cast.ts";
import { add } from "./ops/arithmetic.ts";
import { sumTo } from "./ops/reduce.ts";
import type { Entry, Tape } from "./tape.ts";

/**
 * Walks a tape back from its results, using it up: what an operation saved is freed as soon as
 * its gradients are known.
 *
 * @param seeds results and the gradients with respect to them
 * @param leaves tensors the tape was opened with
 * @returns gradients of the leaves in order and in their dtypes, in the current scope; zeros where
 *   nothing led there
 */
export function backward(
  tape: Tape, seeds: readonly (readonly [Tensor, Tensor])[], leaves: readonly Tensor[],
): Tensor[] {
  const grads = new Map<number, Tensor>();
  try {
    for (const [y, dy] of seeds) accumulate(grads, y, dy);
    for (let entry = tape.pop(); entry; entry = tape.pop()) step(entry, grads);
    return leaves.map((leaf) => {
      const found = grads.get(leaf.id);
      const { shape, dtype, device } = leaf;
      return found ? cast(found, dtype) : zeros(shape, { dtype, device });
    });
  } finally {
    tape.free();
    for (const g of grads.values()) g.dispose();
  }
}

function step({ output, inputs, vjp, saved }: Entry, grads: Map<number, Tensor>): void {
  const dy = grads.get(output.id);
  grads.delete(output.id);
  using _work = openScope();
  try {
    if (!dy) return;
    const thunks = vjp(cast(dy, output.dtype));
    inputs.forEach((x, i) => {
      const thunk = x && thunks[i];
      if (thunk) accumulate(grads, x, sumTo(thunk(), x.shape));
    });
  } finally {
    dy?.dispose();
    dispose(saved);
  }
}

/**
 * Adds a gradient to what has come together for a value: one is kept in the value's dtype, a sum of
 * several in f32. The map's handles have no scope.
 */
function accumulate(grads: Map<number, Tensor>, x: Tensor, grad: Tensor): void {
  const before = grads.get(x.id);
  const total = !before ? cast(grad, x.dtype)
    : scope(() => add(isHalf(x.dtype) ? cast(before, "f32") : before, grad));
  grads.set(x.id, keep(total));
  before?.dispose();
}
