// The sign iteration: how fast matrices are orthogonalised, by every coefficient set.

import { matmul, normal, rng, tensor } from "../autograd/index.ts";
import { BERNSTEIN, CONVERGED, CUBIC, JORDAN, MODULA_SIX, POLAR_EXPRESS, POLAR_EXPRESS_CUBIC,
  POLAR_EXPRESS_FIVE, type PolarSet, QUINTIC, SPEEDRUN, WITHIN_ONE, evaluate,
  polar, polarCost } from "../nn/index.ts";
import { type Bench, type Size, type Work, bench } from "./harness.ts";
import { product64 } from "./reference.ts";
import { type Spectrum, rotated } from "./rotated.ts";
import { numbersOf } from "./size.ts";

/** Square, wide, tall and square matrices, alone and in stacks. */
const SIZES = [
  128, 256, 512, 1024, 2048, [256, 1024], [1024, 128], [8, 128, 128], [24, 128, 128],
  [8, 256, 1024],
] as const;

/** Ratio of the largest to the smallest singular value. */
const CONDITION = 20;
/**
 * Rounding of the first products is amplified by the slope at 0, up to 6363 (Polar Express, eight
 * steps), before the iteration converges: seen up to 1.4e-4. A wrong tile errs by 0.1 and more.
 */
const TOLERANCE = 2e-3;

/** Sizes of `n`, `m x n` or `batch x m x n`. */
interface Stack {
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
}

function asStack(size: Size): Stack {
  const numbers = numbersOf(size);
  const [rows = 0, columns = rows] = numbers.slice(-2);
  return { batch: numbers.length === 3 ? numbers[0] ?? 0 : 1, rows, columns };
}

/** Singular values from 1 down, a little different in each matrix of the stack. */
function spectrumOf(stack: Stack): Spectrum {
  const last = Math.min(stack.rows, stack.columns) - 1;
  const value = (matrix: number, i: number) => {
    return CONDITION ** (-i / Math.max(last, 1)) * (1 + 0.5 * matrix / stack.batch);
  };
  return { ...stack, value };
}

/** What the iteration makes of a spectrum: the polynomials in turn, from the normalized start. */
function iterated64(spectrum: Spectrum, { coefficients, safety = 1 }: PolarSet): Spectrum {
  const { batch, rows, columns, value } = spectrum;
  const places = Array.from({ length: Math.min(rows, columns) }, (_, i) => i);
  const norms = Array.from({ length: batch }, (_, matrix) => {
    return Math.hypot(...places.map((i) => value(matrix, i)));
  });
  return {
    ...spectrum,
    value: (matrix, i) => {
      const start = value(matrix, i) / ((norms[matrix] ?? NaN) * safety);
      return coefficients.reduce((x, p) => evaluate(p, x), start);
    },
  };
}

function signWork(size: Size, set: PolarSet): Work {
  const stack = asStack(size);
  const spectrum = spectrumOf(stack);
  const { batch, rows, columns } = stack;
  const shape = numbersOf(size).length === 3 ? [batch, rows, columns] : [rows, columns];
  const g = tensor(rotated(spectrum), { shape });
  return {
    ...polarCost(shape, set), matrices: batch, run: () => polar(g, set), tolerance: TOLERANCE,
    expected: () => {
      const values = rotated(iterated64(spectrum, set));
      return (i) => values[i] ?? NaN;
    },
  };
}

const SETS: readonly (readonly [name: string, set: PolarSet])[] = [
  ["cubic", CUBIC],
  ["quintic Taylor", QUINTIC],
  ["quintic Bernstein", BERNSTEIN],
  ["Jordan", JORDAN],
  ["Modula six", MODULA_SIX],
  ["within one", WITHIN_ONE],
  ["Polar Express 5", POLAR_EXPRESS_FIVE],
  ["Polar Express 8", POLAR_EXPRESS],
  ["Polar Express cubic", POLAR_EXPRESS_CUBIC],
  ["speedrun", SPEEDRUN],
  ["converged", CONVERGED],
];

/** The product of a step that is not symmetric, to compare the rates of whole iterations with. */
const stepProduct: Bench = bench("product in a step", { sizes: SIZES }, (size) => {
  const { batch, rows, columns } = asStack(size);
  const [short, long] = [Math.min(rows, columns), Math.max(rows, columns)];
  const [a, b] = [normal(rng(1), [batch, short, short]), normal(rng(2), [batch, short, long])];
  return {
    flop: 2 * batch * short * short * long, bytes: 4 * batch * short * (short + 2 * long),
    matrices: batch, run: () => matmul(a, b), expected: () => product64(a, b),
  };
});

/** That product, then one bench for each coefficient set; the name says how many steps it has. */
export const signBenches: readonly Bench[] = [stepProduct, ...SETS.map(([name, set]) => {
  const steps = set.coefficients.length;
  return bench(`${name} x${steps}`, { sizes: SIZES }, (size) => signWork(size, set));
})];
