// What every norm is by its definition, in float64.

import { embedRms, exact, frobenius, l1, l1ToL1, l1ToL2, l1ToRms, l1ToRmsOverFanIn, l2, l2ToLinf,
  l2ToRms, linf, linfToLinf, maxAbs, nuclear, rms, rmsEntry, rmsToLinf, rmsToRms, rmsToRmsInput,
  schatten, signOverFanIn, spectral, sumAbs } from "../../nn/index.ts";
import type { Method, Norm } from "../../nn/index.ts";
import { singularValues64, transpose64 } from "../reference.ts";
import type { Array64 } from "../reference.ts";

type Measure = (list: Iterable<number>) => number;
type OfMatrix = (a: Array64) => number;
type Factor = (m: number, n: number) => number;

/** A norm with its definition and that of its dual. */
export interface NormCase {
  readonly norm: Norm;
  readonly primal: OfMatrix;
  readonly dual: OfMatrix;
  /** The ways to compute it that differ. */
  readonly methods: readonly (Method | undefined)[];
}

const abs = (list: Iterable<number>): number[] => Array.from(list, Math.abs);
const most: Measure = (list) => Math.max(0, ...abs(list));
const total: Measure = (list) => abs(list).reduce((a, b) => a + b, 0);
const length: Measure = (list) => Math.hypot(...list);
const powers = (p: number): Measure => {
  return (list) => abs(list).reduce((sum, x) => sum + x ** p, 0) ** (1 / p);
};

/** The rows of a matrix; a vector is one row. */
export function rowsOf({ shape, data }: Array64): Float64Array[] {
  const [m = 1, n = 1] = shape.length === 1 ? [1, ...shape] : shape;
  return Array.from({ length: m }, (_, i) => data.slice(i * n, (i + 1) * n));
}

/** The columns of a matrix. */
export function columnsOf(a: Array64): Float64Array[] {
  return rowsOf(transpose64(a));
}

const whole = ({ data }: Array64): Float64Array[] => [data];
const spectrum = (a: Array64): Float64Array[] => [singularValues64(a)];

/** The largest measure of a part; the dual norm sums the dual measures. */
function define(
  norm: Norm, parts: (a: Array64) => readonly Iterable<number>[], inner: Measure, dual: Measure,
  factor: Factor = () => 1,
): NormCase {
  const of = ({ shape }: Array64): number => {
    const [m = 1, n = 1] = shape.length === 1 ? [1, ...shape] : shape;
    return factor(m, n);
  };
  return {
    norm,
    primal: (a) => most(parts(a).map(inner)) * of(a),
    dual: (g) => total(parts(g).map(dual)) / of(g),
    methods: parts === spectrum ? [undefined, exact] : [undefined],
  };
}

/** Norms of matrices. */
export const matrixCases: readonly NormCase[] = [
  define(frobenius, whole, length, length),
  define(rmsEntry, whole, length, length, (m, n) => 1 / Math.sqrt(m * n)),
  define(spectral, spectrum, most, total),
  define(rmsToRms, spectrum, most, total, (m, n) => Math.sqrt(n / m)),
  define(rmsToRmsInput, spectrum, most, total, (m, n) => Math.min(1, Math.sqrt(n / m))),
  define(l2ToRms, spectrum, most, total, (m) => 1 / Math.sqrt(m)),
  define(nuclear, spectrum, total, most),
  define(schatten(4), spectrum, powers(4), powers(4 / 3)),
  define(schatten(1.5), spectrum, powers(1.5), powers(3)),
  define(embedRms, rowsOf, length, length, (_, n) => 1 / Math.sqrt(n)),
  define(l1ToL1, columnsOf, total, most),
  define(l1ToL2, columnsOf, length, length),
  define(l1ToRms, columnsOf, length, length, (m) => 1 / Math.sqrt(m)),
  define(l1ToRmsOverFanIn, columnsOf, length, length, (m, n) => n / Math.sqrt(m)),
  define(l2ToLinf, rowsOf, length, length),
  define(rmsToLinf, rowsOf, length, length, (_, n) => Math.sqrt(n)),
  define(linfToLinf, rowsOf, total, most),
  define(maxAbs, whole, most, total),
  define(signOverFanIn, whole, most, total, (_, n) => n),
  define(sumAbs, whole, total, most),
];

/** Norms of vectors. */
export const vectorCases: readonly NormCase[] = [
  define(l1, whole, total, most),
  define(l2, whole, length, length),
  define(linf, whole, most, total),
  define(rms, whole, length, length, (_, n) => 1 / Math.sqrt(n)),
];

/** A norm and how it is computed, for titles of tests. */
export function titleOf({ norm, methods }: NormCase, method: Method | undefined): string {
  return methods.length > 1 ? `${norm.name} (${method?.name ?? "iteration"})` : norm.name;
}

/** Every norm with shapes to try it on. */
export const allCases: readonly (readonly [NormCase, readonly (readonly number[])[]])[] = [
  ...matrixCases.map((c) => [c, [[5, 7], [8, 3], [1, 4], [6, 1], [1, 1]]] as const),
  ...vectorCases.map((c) => [c, [[7], [1]]] as const),
];
