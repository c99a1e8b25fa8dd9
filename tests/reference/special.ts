// Scalar functions that JavaScript does not have, in float64.

// sum of (2x^2)^n / (1 * 3 * ... * (2n + 1)): all terms positive, so nothing cancels.
function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

// Continued fraction for x >= 2, evaluated from the far end; 80 levels are enough for 1e-17 there.
function erfcFraction(x: number): number {
  let tail = x;
  for (let k = 80; k >= 1; k--) tail = x + k / 2 / tail;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * tail);
}

/**
 * Gauss error function, `2/sqrt(pi)` times the integral of `exp(-t^2)` from 0 to x.
 *
 * @returns within 1e-15 of the true value
 * Source: Abramowitz & Stegun 7.1.6 and 7.1.14
 */
export function erfScalar(x: number): number {
  const size = Math.abs(x);
  if (!(size > 0)) return x; // 0, -0 and NaN
  const value = size < 2 ? erfSeries(size) : 1 - erfcFraction(size);
  return x < 0 ? -value : value;
}

/**
 * Complementary error function `1 - erf(x)`, with its own digits where it is small.
 */
export function erfcScalar(x: number): number {
  return x < 2 ? 1 - erfScalar(x) : erfcFraction(x);
}

/**
 * GELU by the error function: `x/2 (1 + erf(x / sqrt 2))`.
 */
export function geluScalar(x: number): number {
  return (x / 2) * erfcScalar(-x / Math.SQRT2);
}

/**
 * GELU by the tanh form: `x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`.
 *
 * Source: Hendrycks & Gimpel, "Gaussian Error Linear Units" (2016), section 2
 */
export function geluTanhScalar(x: number): number {
  return (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
}

/**
 * Logistic function `1 / (1 + exp(-x))`.
 */
export function sigmoidScalar(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/**
 * `log(1 + exp(x))` without overflow.
 */
export function softplusScalar(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/**
 * Round half to even.
 */
export function roundScalar(x: number): number {
  const nearest = Math.round(x); // JavaScript rounds halves up
  return nearest - x === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
}
