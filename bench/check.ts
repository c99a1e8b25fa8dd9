// Is what is timed right? A few elements of the result against their float64 values.

import { BenchError, type Expected } from "./harness.ts";

/** Elements looked at. */
const SPOTS = 256;
/** Allowed error where a bench states none: rounding stays far below, a wrong kernel far above. */
const TOLERANCE = 1e-4;
/** Steps of the golden ratio spread evenly over any range and fall in step with no tile. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * Places to look at: all of a short range, else its ends and an even spread between.
 *
 * @param size of the range
 * @returns places in [0, size)
 */
export function spots(size: number): number[] {
  if (size <= SPOTS) return Array.from({ length: size }, (_, i) => i);
  const between = Array.from({ length: SPOTS - 2 }, (_, i) => {
    return Math.floor(((i + 1) * GOLDEN) % 1 * size);
  });
  return [0, ...between, size - 1];
}

/**
 * Compares a result with what it should be.
 *
 * @param name of the case, for the message
 * @param got the whole result, row-major
 * @param tolerance share of the expected values' root mean square
 * @throws BenchError if an element is off, or there is none
 */
export function checkSpots(
  name: string, got: ArrayLike<number>, expected: Expected, tolerance = TOLERANCE,
): void {
  const places = spots(got.length);
  if (places.length === 0) throw new BenchError(`${name}: empty result: nothing was computed.`);
  const wanted = places.map(expected);
  const allowed = tolerance * Math.sqrt(wanted.reduce((sum, w) => sum + w * w, 0) / wanted.length);
  places.forEach((place, i) => {
    const [is, should] = [got[place] ?? NaN, wanted[i] ?? NaN];
    if (is === should || Math.abs(is - should) <= allowed) return; // infinity is itself
    throw new BenchError(
      `${name}: wrong result: element ${place} is ${is}, not ${should} (allowed error `
        + `${allowed.toExponential(1)}). The kernel is wrong; its time means nothing.`,
    );
  });
}
