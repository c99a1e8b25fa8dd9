// Inverses and logarithms of sums that JavaScript does not have, in float64.

import { erfcScalar } from "./special.ts";

/**
 * Inverse of the error function: 60 halvings of an interval, then steps of Newton's.
 */
export function erfinvScalar(x: number): number {
  if (!(Math.abs(x) < 1)) return Math.abs(x) === 1 ? x * Infinity : NaN;
  const rest = 1 - Math.abs(x);
  let [low, high] = [0, 6];
  for (let k = 0; k < 60; k++) {
    const middle = (low + high) / 2;
    if (erfcScalar(middle) > rest) low = middle;
    else high = middle;
  }
  let y = (low + high) / 2;
  if (y < 0.5) { // the rest has no digits for a small x
    for (let k = 0; k < 5; k++) {
      y -= (erfSmall(y) - Math.abs(x)) / (2 / Math.sqrt(Math.PI) * Math.exp(-y * y));
    }
  }
  return x < 0 ? -y : y;
}

/** erf by its Taylor series, exact for a small argument. */
function erfSmall(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 40; n++) {
    term *= -x * x / n;
    sum += term / (2 * n + 1);
  }
  return 2 / Math.sqrt(Math.PI) * sum;
}

/** log(exp(a) + exp(b)). */
export function logAddExpScalar(a: number, b: number): number {
  const top = Math.max(a, b);
  return Number.isFinite(top) ? top + Math.log1p(Math.exp(-Math.abs(a - b))) : top;
}

/** Size of the first, sign of the second (a NaN counts as positive). */
export function copysignScalar(a: number, b: number): number {
  return Object.is(b, -0) || b < 0 ? -Math.abs(a) : Math.abs(a);
}
