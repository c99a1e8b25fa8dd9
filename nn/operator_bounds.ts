// How much one weight can stretch: its operator norm as it is now, from both sides.

import { type Tensor, abs, concat, max, permute, reshape, scope, slice, sqrt, sum, sumSquares }
  from "../autograd/index.ts";
import type { WeightAction } from "./module.ts";
import { lineNorms } from "./norms/lines.ts";
import { singularValues } from "./singular_values.ts";
import { spectralBounds } from "./spectral.ts";

/**
 * How an input is measured: `rms`, the largest RMS of a vector of features over all positions; or
 * the l1, l2 or linf norm of a whole example. Tokens are one-hot vectors in l1.
 */
export type InputNorm = "rms" | "l1" | "l2" | "linf";

/** An operator norm. */
export interface OperatorBound {
  /** Never too small, rounding included. */
  readonly upper: number;
  /** The same measured from below. */
  readonly lower: number;
  /** What it is a norm to. */
  readonly to: InputNorm;
}

/** Half the distance of 1 to the next float32. */
const UNIT = 2 ** -24;
/** What a few roots and divisions on a GPU may miss, relatively. */
const FEW = 64 * UNIT;
/** GPUs may take what is below it for zero. */
const SMALLEST_NORMAL = 2 ** -126;

/** Bound of the relative error of a sum of `count` products in float32, in any order. */
function gamma(count: number): number {
  return count * UNIT < 1 ? (count * UNIT) / (1 - count * UNIT) : Infinity;
}

/** A number from below and above. */
type Range = readonly [lower: number, upper: number];

/**
 * The norm of what a weight does to vectors of features.
 *
 * @param from how the input is measured; a table takes only `l1`
 * @param exact singular values by decomposition in float64, in place of matrix products in float32
 * @returns undefined where the weight cannot take such an input
 */
export async function operatorBound(
  weight: Tensor, { kind, factor = 1, groups = 1 }: WeightAction, from: InputNorm, exact: boolean,
): Promise<OperatorBound | undefined> {
  if (kind === "shift" || (kind === "table" && from !== "l1")) return undefined;
  const all = { table: tableBound, diagonal: peakBound, matrix: matrixBound, kernel: kernelBound };
  const [lower, upper] = await all[kind](weight, from, exact, groups);
  const to = kind === "diagonal" ? from : "rms";
  return { lower: Math.abs(factor) * lower, upper: Math.abs(factor) * upper, to };
}

/** One-hot vectors to RMS: the largest row. */
function tableBound(weight: Tensor): Promise<Range> {
  return linesBound(() => weight, -1, weight.shape.at(-1) ?? 1);
}

/** The largest RMS of a line of so many entries. */
async function linesBound(view: () => Tensor, axis: number, size: number): Promise<Range> {
  const [found = NaN] = await readAll(() => [max(lineNorms(view(), [axis]))]);
  return widen(found / Math.sqrt(size), gamma(size) + FEW);
}

async function peakBound(weight: Tensor): Promise<Range> {
  const [found = NaN] = await readAll(() => [max(abs(weight))]);
  return widen(found, 0);
}

/** `[..., m, n]`: the largest of the blocks. */
async function matrixBound(weight: Tensor, from: InputNorm, exact: boolean): Promise<Range> {
  const [m = 1, n = 1] = weight.shape.slice(-2);
  if (from === "l1") return linesBound(() => weight, -2, m);
  const sizes = await spectralRanges(() => reshape(weight, [-1, m, n]), exact);
  const whole = timesEach(largest(sizes), from === "l2" ? 1 / Math.sqrt(m) : Math.sqrt(n / m));
  if (from !== "linf") return whole;
  const rows = await readAll(() => {
    const totals = sum(abs(weight), { axis: -1 });
    return [max(sqrt(sumSquares(totals, { axis: -1 })))];
  });
  return least(whole, widen((rows[0] ?? NaN) / Math.sqrt(m), gamma(n + m) + FEW));
}

/**
 * `[out, in / groups, ...]`. An output is a sum of one matrix for each tap, and one matrix
 * `[out, in taps]` of a patch; the smaller of the two bounds holds.
 */
async function kernelBound(
  weight: Tensor, from: InputNorm, exact: boolean, groups: number,
): Promise<Range> {
  const [out = 1, inner = 1, ...sides] = weight.shape;
  const taps = sides.reduce((a, b) => a * b, 1);
  const rows = out / groups;
  if (from === "l1") return linesBound(() => reshape(weight, [out, -1]), -2, out);
  const flat = largest(await spectralRanges(() => reshape(weight, [groups, rows, -1]), exact));
  if (from === "l2") return timesEach(flat, 1 / Math.sqrt(out));
  const ratio = Math.sqrt(inner / rows);
  const each = await spectralRanges(() => {
    const apart = permute(reshape(weight, [groups, rows, inner, taps]), [3, 0, 1, 2]);
    return reshape(apart, [taps * groups, rows, inner]);
  }, exact);
  const tapwise = Array.from({ length: taps }, (_, t) => {
    return largest(each.slice(t * groups, (t + 1) * groups));
  });
  const total = tapwise.reduce<Range>(([a, b], [c, d]) => [a + c, b + d], [0, 0]);
  return least(timesEach(total, ratio), timesEach(flat, ratio * Math.sqrt(taps)));
}

/** The largest singular value of each matrix of a view `[count, m, n]`. */
async function spectralRanges(view: () => Tensor, exact: boolean): Promise<Range[]> {
  const blocks = scope(view);
  try {
    return await rangesOf(blocks, exact);
  } finally {
    blocks.dispose();
  }
}

async function rangesOf(blocks: Tensor, exact: boolean): Promise<Range[]> {
  const [count = 1, m = 1, n = 1] = blocks.shape;
  if (blocks.size === 0) return [[0, 0]];
  if (exact) {
    return Promise.all(Array.from({ length: count }, async (_, i) => {
      const block = scope(() => reshape(slice(blocks, [[i, i + 1]]), [m, n]));
      const [first = 0] = await singularValues(block);
      block.dispose();
      return widen(first, 1e-12);
    }));
  }
  const found = await readAll(() => {
    const { lower, upper } = spectralBounds(blocks);
    return [lower, upper, reshape(lineNorms(blocks, [-2, -1]), [count])];
  });
  return Array.from({ length: count }, (_, i): Range => {
    const [lower = NaN, upper = NaN, whole = NaN] = [0, 1, 2].map((k) => found[k * count + i]);
    const margin = spectralMargin(m, n, (whole / lower) ** 2);
    return [lower, upper * (1 + margin) + Math.sqrt(m * n) * SMALLEST_NORMAL];
  });
}

/**
 * What rounding can take from Gelfand's bound, relatively. The Gram matrix G of k terms an entry is
 * off by at most gamma(k) |W|_F^2: that is gamma(k) |G| times the stable rank s. A squaring of S,
 * of Frobenius norm one, is off by gamma(r), at most gamma(r) s of |S|^2, and the j-th counts with
 * weight 2^-j. The root halves all that. Entries are off by 5 units each time they are divided to
 * moderate size: 5 units sqrt(s) of the whole.
 */
function spectralMargin(m: number, n: number, measured: number): number {
  const [r, k] = [Math.min(m, n), Math.max(m, n)];
  const stable = measured >= 1 ? Math.min(r, 1.01 * measured) : r;
  return ((gamma(k) + gamma(r)) * stable) / 2 + 10 * UNIT * Math.sqrt(stable) + FEW;
}

function widen(x: number, margin: number): Range {
  return [x * (1 - margin), x * (1 + margin) + SMALLEST_NORMAL];
}

function timesEach([lower, upper]: Range, factor: number): Range {
  return [lower * factor, upper * factor];
}

function largest(list: readonly Range[]): Range {
  return [Math.max(...list.map(([lower]) => lower)), Math.max(...list.map(([, upper]) => upper))];
}

function least(a: Range, b: Range): Range {
  return [Math.min(a[0], b[0]), Math.min(a[1], b[1])];
}

/** Reads small tensors made by a function, one after the other in one list. */
async function readAll(make: () => readonly Tensor[]): Promise<number[]> {
  const all = scope(() => concat(make().map((x) => reshape(x, [x.size]))));
  const values = Array.from(await all.read());
  all.dispose();
  return values;
}
