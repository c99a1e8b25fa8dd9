// Measures of many tensors at once.

import { type Tensor, slice, squeeze, stack } from "../../autograd/index.ts";

/** Elements of one stack; a binding may be as small as 128 MiB. */
const STACK_LIMIT = 2 ** 24;

/**
 * A measure of each tensor of a list, those of one shape stacked and measured as a batch.
 *
 * @param measure of each member of a batch: it takes axes off the end
 * @returns in the order of the list
 */
export function measureTogether(
  list: readonly Tensor[], measure: (x: Tensor) => Tensor,
): Tensor[] {
  const found = new Array<Tensor>(list.length);
  for (const places of stacksOf(list)) {
    const [only = 0, ...more] = places;
    const at = (i: number) => list[i] as Tensor; // places are those of the list
    if (more.length === 0) {
      found[only] = measure(at(only));
      continue;
    }
    const each = measure(stack(places.map(at)));
    places.forEach((place, i) => {
      found[place] = squeeze(slice(each, [[i, i + 1]]), { axis: 0 });
    });
  }
  return found;
}

/** Places of tensors of one shape, as many as may be stacked. */
function stacksOf(list: readonly Tensor[]): number[][] {
  const open = new Map<string, number[]>();
  const all: number[][] = [];
  list.forEach(({ shape, size }, place) => {
    const key = shape.join("x");
    const group = open.get(key);
    if (group && (group.length + 1) * size <= STACK_LIMIT) group.push(place);
    else {
      const fresh = [place];
      open.set(key, fresh);
      all.push(fresh);
    }
  });
  return all;
}
