// Tasks from inputs to a result, with the float64 values of the result.

import { JORDAN, evaluate } from "../../nn/index.ts";
import { dot64, fold64 } from "../reference.ts";
import { type Spectrum, rotated } from "../rotated.ts";
import type { Dense, Forward } from "./contestant.ts";
import { spread } from "./dense.ts";

/** Ratio of the largest to the smallest singular value of what Newton-Schulz starts from. */
const CONDITION = 20;
/** What five steps make of a small change at most: 3.4445^5. */
const SIGN_GROWTH = 485;

/** A product of matrices `[..., m, k] x [..., k, n]`. */
export function matmulTask(
  [m, k, n]: readonly [number, number, number], batch: readonly number[] = [],
): Forward {
  const [a, b] = [spread(1, [...batch, m, k]), spread(2, [...batch, k, n])];
  return {
    kind: "matmul", inputs: [a, b],
    expected: (index) => {
      const matrix = Math.floor(index / (m * n));
      const row = { data: a.data, start: Math.floor(index / n) * k, step: 1 };
      return dot64(row, { data: b.data, start: matrix * k * n + index % n, step: n }, k);
    },
  };
}

/** `a * b + c`. */
export function fmaTask(size: number): Forward {
  const inputs = [1, 2, 3].map((seed) => spread(seed, [size]));
  return {
    kind: "fma", inputs,
    expected: (i) => {
      const [a = NaN, b = NaN, c = NaN] = inputs.map(({ data }) => data[i]);
      return a * b + c;
    },
  };
}

/** Eight operations: `3 exp(-sqrt((x / 2)^2 + 1)) - 1`. */
export function chainTask(size: number): Forward {
  const x = spread(1, [size], [-3, 3]);
  return {
    kind: "chain", inputs: [x],
    expected: (i) => 3 * Math.exp(-Math.sqrt(((x.data[i] ?? NaN) / 2) ** 2 + 1)) - 1,
  };
}

/** The sum of all elements. */
export function sumTask(size: number): Forward {
  const x = spread(1, [size], [0, 1]);
  const expected = (): number => {
    return fold64({ data: x.data, start: 0, step: 1 }, size, 0, (sum, value) => sum + value);
  };
  return { kind: "sum", inputs: [x], expected };
}

/** Softmax of every row. */
export function softmaxTask(rows: number, columns: number): Forward {
  const x = spread(1, [rows, columns], [-4, 4]);
  return {
    kind: "softmax", inputs: [x],
    expected: (i) => {
      const row = { data: x.data, start: i - i % columns, step: 1 };
      const total = fold64(row, columns, 0, (sum, value) => sum + Math.exp(value));
      return Math.exp(x.data[i] ?? NaN) / total;
    },
  };
}

/** Newton-Schulz on matrices whose singular values are known. */
export function signTask(rows: number, columns: number, batch = 1): Forward {
  const last = Math.min(rows, columns) - 1;
  const spectrum: Spectrum = {
    batch, rows, columns,
    value: (matrix, i) => CONDITION ** (-i / last) * (1 + 0.5 * matrix / batch),
  };
  const iterated = (): Float64Array => rotated(signed64(spectrum, last + 1));
  let values: Float64Array | undefined;
  const shape = batch === 1 ? [rows, columns] : [batch, rows, columns];
  return {
    kind: "sign", inputs: [{ shape, data: new Float32Array(rotated(spectrum)) }],
    expected: (i) => (values ??= iterated())[i] ?? NaN,
    tolerance: signTolerance(Math.max(rows, columns)),
  };
}

/**
 * An estimate of four standard deviations of rounding: that of the first product's sums, each of
 * whose terms may be off by 2^-24, and its growth. Not a bound.
 */
function signTolerance(terms: number): number {
  return 4 * SIGN_GROWTH * 2 ** -24 * Math.sqrt(terms);
}

function signed64(spectrum: Spectrum, count: number): Spectrum {
  const value = (matrix: number, i: number): number => {
    const all = Array.from({ length: count }, (_, place) => spectrum.value(matrix, place));
    const start = (all[i] ?? NaN) / Math.hypot(...all);
    return JORDAN.coefficients.reduce((x, p) => evaluate(p, x), start);
  };
  return { ...spectrum, value };
}

/** Sizes of a convolution 3x3 that keeps the images' sides. */
export interface ConvSizes {
  readonly batch: number;
  readonly into: number;
  readonly out: number;
  readonly side: number;
}

/** A convolution 3x3 with a border of zeros: images `[batch, into, side, side]`. */
export function convTask({ batch, into, out, side }: ConvSizes): Forward {
  const [x, w] = [spread(1, [batch, into, side, side]), spread(2, [out, into, 3, 3])];
  return {
    kind: "conv", inputs: [x, w],
    expected: (index) => {
      const [column, row] = [index % side, Math.floor(index / side) % side];
      const plane = Math.floor(index / side ** 2);
      const [o, image] = [plane % out, Math.floor(plane / out)];
      let sum = 0;
      for (let c = 0; c < into; c++) {
        const pixels = (image * into + c) * side ** 2;
        sum += tap64(x, w, { pixels, taps: (o * into + c) * 9, row, column, side });
      }
      return sum;
    },
  };
}

interface Place {
  readonly pixels: number;
  readonly taps: number;
  readonly row: number;
  readonly column: number;
  readonly side: number;
}

/** One channel's part of an element. */
function tap64(x: Dense, w: Dense, { pixels, taps, row, column, side }: Place): number {
  let sum = 0;
  for (let tap = 0; tap < 9; tap++) {
    const [i, j] = [row + Math.floor(tap / 3) - 1, column + tap % 3 - 1];
    if (i < 0 || j < 0 || i >= side || j >= side) continue;
    sum += (x.data[pixels + i * side + j] ?? NaN) * (w.data[taps + tap] ?? NaN);
  }
  return sum;
}
