// Many tensors worked on at once.

import { type Tensor, slice, squeeze, stack } from "../autograd/index.ts";

/** Elements of one stack; a binding may be as small as 128 MiB. */
const STACK_LIMIT = 2 ** 24;

/**
 * Something made of each tensor of a list, of those of one shape as a batch.
 *
 * @param list tensors of any shapes, on one device
 * @param make works on trailing axes: of a stack `[count, ...]` it makes a stack `[count, ...]`. Its
 *   errors are thrown on
 * @returns what it made of each, in the order of the list
 */
export function stackwise(list: readonly Tensor[], make: (x: Tensor) => Tensor): Tensor[] {
  const found = new Array<Tensor>(list.length);
  for (const places of stacksOf(list)) {
    const [only = 0, ...more] = places;
    const at = (i: number) => list[i] as Tensor; // places are those of the list
    if (more.length === 0) {
      found[only] = make(at(only));
      continue;
    }
    const each = make(stack(places.map(at)));
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
