import type { Tensor } from "./tensor.ts";

/** The sets of tensors owned by the open scopes, innermost last. */
export const openSets: Set<Tensor>[] = [];

/** Hands a new tensor to the innermost open scope. */
export function own(t: Tensor): void {
  const set = openSets.at(-1);
  set?.add(t);
  t.owner = set;
}
