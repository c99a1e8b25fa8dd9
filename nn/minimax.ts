// Best odd polynomials of degree 3 and 5 on an interval, in float64 on the host.

/** One step `p(x) = a x + b x^3 + c x^5` of an iteration on singular values; c is 0 for a cubic. */
export type Coefficients = readonly [a: number, b: number, c: number];

/** Most rounds of the exchange; it converges in about ten. */
const ROUNDS = 200;
/** The exchange has converged when its error moves less than this. */
const STILL = 1e-15;
/** Above this ratio of the ends, the Taylor polynomial is as good as float64 can tell. */
const NARROW = 1 - 5e-6;

/**
 * The value `a x + b x^3 + c x^5`.
 *
 * @param x a singular value
 */
export function evaluate([a, b, c]: Coefficients, x: number): number {
  return x * (a + x * x * (b + x * x * c));
}

/**
 * The odd cubic closest to 1 on an interval, by its closed form.
 *
 * @param lower 0 < lower <= upper
 * @returns coefficients with c = 0; the error is `1 - evaluate(p, lower)`
 * @throws RangeError if the interval is empty or not positive
 * Source: Amsel, Persson, Musco, Gower 2025, "The Polar Express"
 */
export function optimalCubic(lower: number, upper: number): Coefficients {
  checkInterval("optimalCubic", lower, upper);
  const s = lower * lower + lower * upper + upper * upper;
  const k = 2 / (lower * upper * (lower + upper) + 2 * (s / 3) ** 1.5);
  return [k * s, -k, 0];
}

/**
 * The odd quintic closest to 1 on an interval, by exchanging its two inner extremal points.
 *
 * @param lower 0 < lower <= upper
 * @returns coefficients; the error is `1 - evaluate(p, lower)`
 * @throws RangeError if the interval is empty or not positive
 * Source: Amsel, Persson, Musco, Gower 2025, "The Polar Express"
 */
export function optimalQuintic(lower: number, upper: number): Coefficients {
  checkInterval("optimalQuintic", lower, upper);
  if (lower / upper >= NARROW) {
    return [15 / 8 / upper, -10 / 8 / upper ** 3, 3 / 8 / upper ** 5];
  }
  let inner: readonly [number, number] = [(3 * lower + upper) / 4, (lower + 3 * upper) / 4];
  let [best, error] = levelled(lower, inner, upper);
  for (let round = 0; round < ROUNDS; round++) {
    inner = extrema(best);
    const before = error;
    [best, error] = levelled(lower, inner, upper);
    if (Math.abs(error - before) < STILL) break;
  }
  return best;
}

/** The quintic whose error is E, -E, E, -E at lower, the two inner points, and upper. */
function levelled(
  lower: number, [q, r]: readonly [number, number], upper: number,
): readonly [Coefficients, number] {
  const rows = [lower, q, r, upper].map((x, i) => [x, x ** 3, x ** 5, i % 2 === 0 ? 1 : -1, 1]);
  const [a = NaN, b = NaN, c = NaN, error = NaN] = solve(rows);
  return [[a, b, c], error];
}

/** Where the derivative `a + 3 b x^2 + 5 c x^4` is zero, x > 0, in rising order. */
function extrema([a, b, c]: Coefficients): readonly [number, number] {
  const root = Math.sqrt(9 * b * b - 20 * a * c);
  return [Math.sqrt((-3 * b - root) / (10 * c)), Math.sqrt((-3 * b + root) / (10 * c))];
}

/** Solves a linear system given as rows `[coefficients.., right side]`, by elimination. */
function solve(rows: number[][]): number[] {
  const n = rows.length;
  const at = (i: number, j: number): number => rows[i]?.[j] ?? NaN;
  for (let k = 0; k < n; k++) {
    const below = [...rows.keys()].slice(k);
    const pivot = below.reduce((p, i) => (Math.abs(at(i, k)) > Math.abs(at(p, k)) ? i : p), k);
    [rows[k], rows[pivot]] = [rows[pivot] ?? [], rows[k] ?? []];
    for (let i = k + 1; i < n; i++) {
      const factor = at(i, k) / at(k, k);
      rows[i] = (rows[i] ?? []).map((v, j) => v - factor * at(k, j));
    }
  }
  const x = new Array<number>(n).fill(0);
  for (let k = n - 1; k >= 0; k--) {
    const known = x.reduce((sum, v, j) => (j > k ? sum + at(k, j) * v : sum), 0);
    x[k] = (at(k, n) - known) / at(k, k);
  }
  return x;
}

function checkInterval(op: string, lower: number, upper: number): void {
  if (lower > 0 && lower <= upper && upper < Infinity) return;
  throw new RangeError(
    `${op}: not an interval of positive numbers: [${lower}, ${upper}]. Use 0 < lower <= upper.`,
  );
}
