// Comparing numbers with a tolerance.

/** A value passes when `|got - expected| <= atol + rtol * |expected|`. */
export interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
}

/** Numbers with a shape, row-major. */
export interface Shaped {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** Anything that can be compared: one number, flat numbers, or numbers with a shape. */
export type Values = number | ArrayLike<number> | Shaped;

/** The worst of the values that are too far apart. */
export interface Difference {
  /** Flat index. */
  readonly index: number;
  readonly got: number;
  readonly expected: number;
  readonly absolute: number;
  readonly relative: number;
  /** What `absolute` may be at most there. */
  readonly allowed: number;
  /** How many values differ, of `total`. */
  readonly count: number;
  readonly total: number;
}

function isShaped(values: Values): values is Shaped {
  return typeof values === "object" && "shape" in values;
}

function flat(values: Values): ArrayLike<number> {
  if (typeof values === "number") return [values];
  return isShaped(values) ? values.data : values;
}

function absoluteError(got: number, expected: number): number {
  if (Object.is(got, expected) || got === expected) return 0;
  if (Number.isNaN(got) && Number.isNaN(expected)) return 0;
  const error = Math.abs(got - expected);
  return Number.isFinite(error) ? error : Infinity; // a NaN or an infinity where none is expected
}

/**
 * Finds the value that is furthest over its tolerance. NaN equals NaN, infinities equal themselves.
 *
 * @param got flat values
 * @param expected as many
 * @param tolerance for every value
 * @returns undefined when all values are close
 */
export function difference(
  got: ArrayLike<number>,
  expected: ArrayLike<number>,
  { rtol, atol }: Tolerance,
): Difference | undefined {
  let worst: Omit<Difference, "count" | "total"> | undefined;
  let worstRatio = -1;
  let count = 0;
  for (let index = 0; index < expected.length; index++) {
    const g = got[index] ?? NaN; // lengths are checked by the caller
    const e = expected[index] ?? NaN;
    const absolute = absoluteError(g, e);
    const allowed = Number.isFinite(e) ? atol + rtol * Math.abs(e) : 0;
    if (absolute <= allowed) continue;
    count++;
    const ratio = absolute / (allowed + Number.MIN_VALUE);
    if (ratio <= worstRatio) continue;
    worstRatio = ratio;
    worst = { index, got: g, expected: e, absolute, relative: absolute / Math.abs(e), allowed };
  }
  return worst && { ...worst, count, total: expected.length };
}

function place(index: number, shape: readonly number[] | undefined): string {
  if (shape === undefined) return `[${index}]`;
  const coordinates: number[] = [];
  let rest = index;
  for (const size of [...shape].reverse()) {
    coordinates.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return `[${coordinates.join(", ")}]`;
}

/**
 * Says in one line what differs.
 *
 * @param d from `difference`
 * @param shape of the compared values, to name the place by coordinates
 */
export function describeDifference(d: Difference, shape?: readonly number[]): string {
  const short = (x: number): string => x.toExponential(2);
  return (
    `${d.count} of ${d.total} values differ, worst at ${place(d.index, shape)}: ` +
    `got ${d.got}, expected ${d.expected}, absolute error ${short(d.absolute)}, ` +
    `relative error ${short(d.relative)}, allowed ${short(d.allowed)}`
  );
}

function checkShapes(got: Values, expected: Values): void {
  const list = (shape: readonly number[]): string => `[${shape.join(", ")}]`;
  if (isShaped(got) && isShaped(expected)) {
    const [a, b] = [list(got.shape), list(expected.shape)];
    if (a !== b) throw new Error(`assertClose: shapes differ: got ${a}, expected ${b}.`);
  }
  const [n, m] = [flat(got).length, flat(expected).length];
  if (n !== m) throw new Error(`assertClose: lengths differ: got ${n}, expected ${m}.`);
}

/**
 * Fails unless every value is close to the expected one. NaN equals NaN, infinities equal
 * themselves; shapes are compared when both sides carry one.
 *
 * @param got what the code under test gave
 * @param expected from a float64 reference or a closed form
 * @param tolerance both parts, >= 0
 * @throws Error with the worst index, both values, both errors, and how many differ
 * @example
 * assertClose(await y.read(), matmul64(a, b), { rtol: 1e-5, atol: 1e-5 });
 */
export function assertClose(got: Values, expected: Values, tolerance: Tolerance): void {
  const { rtol, atol } = tolerance;
  if (!(rtol >= 0 && atol >= 0)) {
    throw new RangeError(`assertClose: a tolerance is not >= 0: rtol ${rtol}, atol ${atol}.`);
  }
  checkShapes(got, expected);
  const found = difference(flat(got), flat(expected), tolerance);
  if (found === undefined) return;
  const shape = isShaped(expected) ? expected.shape : isShaped(got) ? got.shape : undefined;
  throw new Error(`assertClose: ${describeDifference(found, shape)}.`);
}
