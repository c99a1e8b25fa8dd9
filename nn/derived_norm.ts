// Norms made for atoms, one for each recipe: weights that have one norm are worked on together.

import { perBlock, perTap, stacked, withRadius } from "./norms/combine.ts";
import type { Norm } from "./norms/norm.ts";

const made = /* @__PURE__ */ new WeakMap<Norm, Map<string, Norm>>();

function once(norm: Norm, key: string, make: () => Norm): Norm {
  const known = made.get(norm) ?? new Map<string, Norm>();
  made.set(norm, known);
  const found = known.get(key) ?? make();
  known.set(key, found);
  return found;
}

/** `withRadius`, and the norm itself for radius 1. Throws RangeError naming the weight. */
export function scaledTo(path: string, norm: Norm, radius: number): Norm {
  if (!(radius > 0 && radius < Infinity)) {
    throw new RangeError(
      `atom: the radius is not positive: ${radius} for ${path}. Use a number > 0.`,
    );
  }
  return radius === 1 ? norm : once(norm, `radius ${radius}`, () => withRadius(norm, radius));
}

/** A norm of matrices over a stack of them; any other is meant for the whole weight. */
export function overStack(norm: Norm): Norm {
  return norm.rank === 2 ? once(norm, "stack", () => stacked(norm)) : norm;
}

/** A norm of matrices tap by tap, and group by group; any other is meant for the whole kernel. */
export function overTaps(norm: Norm, spatial: number, groups: number): Norm {
  if (norm.rank !== 2) return norm;
  const taps = once(norm, `taps ${spatial}`, () => perTap(norm, { spatial }));
  return groups === 1 ? taps : once(taps, `groups ${groups}`, () => perBlock(taps, groups));
}
