// The latest of something in places of their own, written by turns; in compiled steps by one
// record.

import turnText from "../kernels/update/turn.wgsl" with { type: "text" };
import type { Tensor } from "../autograd/index.ts";
import { type Scalar, type ThreadKernel, copyInto, live, runThreads, unroll, withContiguous } from
  "../engine/index.ts";
import { inF32 } from "./precision.ts";

/** Places that a dispatch writes to. */
const PLACES = 2;

/** Copies a weight over one of some tensors, that whose turn it is. */
export function takeTurn(places: readonly Tensor[], weight: Tensor, turn: Scalar): void {
  if (typeof turn === "number") {
    copyInto(places[turn] as Tensor, weight);
    return;
  }
  withContiguous([inF32(weight)], ([x = weight]) => {
    for (let first = 0; first < places.length; first += PLACES) {
      const some = places.slice(first, first + PLACES);
      const last = some.pop() as Tensor; // there is one at least
      runThreads(turnKernel(1 + some.length), [x, ...some], last, x.size,
        [turn, first, x.layout.offset]);
    }
  });
}

function turnKernel(count: number): ThreadKernel {
  return {
    name: `updateTurn${count}`, usesUp: count > 1,
    wgsl: `const PLACES = ${count}u;\n${unroll(turnText, count, 1)}`,
  };
}

/**
 * Factors of a sum and of the next place, with which the places become a mean one after the other.
 * In a compiled step all places are summed: those that hold nothing yet times 0.
 */
export function meanFactors(
  window: number, parts: () => number,
): readonly (readonly [sum: Scalar, next: Scalar])[] {
  const now = live(parts);
  const most = typeof now === "number" ? now : window;
  return Array.from({ length: most - 1 }, (_, i) => {
    const factor = (): number => (parts() === i + 2 ? 1 / parts() : 1);
    return [live(factor), live(() => (parts() >= i + 2 ? factor() : 0))];
  });
}
