import { eachTensor } from "../scope.ts";
import type { Storage } from "../storage.ts";

/**
 * Has tensors computed that wait for that: elementwise results, products, reductions and results of
 * whole rows are put off until something needs them, and what nobody needs is never computed. For
 * timing, and to say when memory is taken.
 *
 * @param tree a tensor, or nested arrays and objects of tensors
 * @returns the same tree; the work is recorded, and sent as always
 * @throws DisposedError, GpuError, DeviceLostError
 * @example
 * const y = evaluate(add(mul(a, b), c)); // one dispatch
 */
export function evaluate<T>(tree: T): T {
  const storages: Storage[] = [];
  eachTensor(tree, (t) => {
    t.device.check("evaluate");
    storages.push(t.storage("evaluate"));
  });
  const numbers = new Map(storages.map((s) => [s, s.pending?.number ?? 0]));
  // The last one first: those before it may come along with it.
  storages.sort((a, b) => (numbers.get(b) ?? 0) - (numbers.get(a) ?? 0));
  for (const storage of storages) storage.pending?.compute();
  return tree;
}
