import { eachTensor } from "../scope.ts";
import type { Tensor } from "../tensor.ts";

/**
 * Has tensors computed that wait for that: elementwise results and products are put off until
 * something needs them, and what nobody needs is never computed. For timing, and to say when
 * memory is taken.
 *
 * @param tree a tensor, or nested arrays and objects of tensors
 * @returns the same tree; the work is recorded, and sent as always
 * @throws DisposedError, GpuError, DeviceLostError
 * @example
 * const y = evaluate(add(mul(a, b), c)); // one dispatch
 */
export function evaluate<T>(tree: T): T {
  const list: Tensor[] = [];
  eachTensor(tree, (t) => list.push(t));
  list.sort((a, b) => b.id - a.id); // the last one first: those before it may come along with it
  for (const t of list) {
    t.device.check("evaluate");
    t.storage("evaluate").pending?.compute();
  }
  return tree;
}
