// What a polar iteration starts from: matrices of one size, stacked and divided by a bound of their
// norms.

import norm from "../kernels/reduce/norm.wgsl" with { type: "text" };
import sizeText from "../kernels/polar/size.wgsl" with { type: "text" };
import startText from "../kernels/polar/start.wgsl" with { type: "text" };
import { type Tensor, cast, div, eq, expand, reshape, scale, scope, transpose, where } from
  "../autograd/index.ts";
import { type RowKernel, contiguousCopy, f32Bits, runRows, unroll } from "../engine/index.ts";
import { widened } from "./norms/lines.ts";
import type { PolarSet } from "./polar_coefficients.ts";
import { gelfandBound } from "./spectral.ts";

/** Tensors that a dispatch reads, as in the kernels. */
const SOURCES = 6;
/** Elements whose squares make one partial sum at least, and partial sums of a matrix at most. */
const [PART, PARTS] = [4096, 256];

const SIZE = /* @__PURE__ */ kernelOf("polarSize", sizeText);
const START = /* @__PURE__ */ kernelOf("polarStart", startText);

function kernelOf(name: string, text: string): RowKernel {
  return { name, wgsl: `${norm}\n${unroll(text, SOURCES, 1)}` };
}

/** Matrices on their way to their polar factors. */
export interface Stack {
  /** `[count, short, long]`, or the other way round where they are tall. */
  readonly x: Tensor;
  readonly tall: boolean;
}

/** Whether matrices have more rows than columns. */
export function isTall(g: Tensor): boolean {
  const [m = 1, n = 1] = g.shape.slice(-2);
  return m > n;
}

/**
 * The matrices of a list, each divided by a bound of its largest singular value; by two passes over
 * them, of which the second one stacks them.
 *
 * @param list each `[..., m, n]` or `[..., n, m]`; at least one, none empty
 */
export function startOf(list: readonly Tensor[], set: Required<PolarSet>): Stack {
  const { safety, gelfand, storage } = set;
  const tall = list.every(isTall);
  const x = scope(() => {
    const batches = list.map((g) => batchOf(widened(g), tall));
    if (gelfand === 0) return stored(normalized(batches, safety), storage);
    return stored(divided(normalized(batches, 1), gelfand, safety), storage);
  });
  return { x, tall };
}

/** In what matrices are kept between products. */
export function stored(x: Tensor, storage: Required<PolarSet>["storage"]): Tensor {
  return storage === "f32" ? x : cast(x, storage);
}

/** Divided by Gelfand's bound. */
function divided(unit: Tensor, gelfand: number, safety: number): Tensor {
  const bound = scale(gelfandBound(unit, gelfand), safety);
  return div(unit, where(eq(bound, 0), 1, bound));
}

/** The matrices `[count, m, n]`, turned to tall or wide ones, each on a stretch of memory. */
function batchOf(g: Tensor, tall: boolean): Tensor {
  const sides = g.shape.slice(-2);
  // expand makes a view even of a transposed matrix, where reshape would copy it
  const batch = g.shape.length === 2 ? expand(g, [1, ...sides]) : reshape(g, [-1, ...sides]);
  const whole = isDense(batch) ? batch : contiguousCopy(batch);
  return isTall(g) === tall ? whole : transpose(whole);
}

/** Whether the elements of a matrix are, in some order, those of a stretch of memory. */
function isDense({ layout: { shape, strides } }: Tensor): boolean {
  const [m = 1, n = 1] = shape.slice(-2);
  const [down = 0, across = 0] = strides.slice(-2);
  return down >= 0 && across >= 0 && down * (m - 1) + across * (n - 1) + 1 === m * n;
}

/** The matrices of the batches, each divided by its Frobenius norm and `safety`, in one stack. */
function normalized(batches: readonly Tensor[], safety: number): Tensor {
  const [head] = batches as readonly [Tensor, ...Tensor[]];
  const [, rows = 1, columns = 1] = head.shape;
  const count = batches.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  const size = rows * columns;
  const part = Math.max(PART, Math.ceil(size / PARTS));
  const parts = Math.ceil(size / part);
  const sizes = head.device.empty("polar", [count, parts, 2], "f32");
  const y = head.device.empty("polar", [count, rows, columns], "f32");
  inSixes(batches, parts, 4, (sources, first, length, words) => {
    runRows(SIZE, sources, sizes, length, [part, size, parts, first, 0, 0, 0, ...words]);
  });
  inSixes(batches, rows, 8, (sources, first, length, words) => {
    const head = [columns, rows, parts, first, f32Bits(1 / safety), 0, 0];
    runRows(START, [...sources, sizes], y, length, [...head, ...words]);
  });
  return y;
}

/**
 * Runs a kernel on six tensors at a time.
 *
 * @param each rows of the kernel for a matrix
 * @param length of the block of words that tells of a tensor: the end of its rows, offset, strides
 */
function inSixes(
  batches: readonly Tensor[], each: number, length: number,
  run: (sources: readonly Tensor[], first: number, rows: number, words: readonly number[]) => void,
): void {
  let first = 0;
  for (let i = 0; i < batches.length; i += SOURCES) {
    const part = batches.slice(i, i + SOURCES);
    let end = 0;
    const words = part.flatMap(({ layout: { shape, strides, offset } }) => {
      end += (shape[0] ?? 0) * each;
      const all = [end, offset, ...strides, 0, 0, 0];
      return length === 4 ? [end, offset, strides[0] ?? 0, 0] : all;
    });
    const bound = Array.from({ length: SOURCES }, (_, k) => part[k] ?? (part[0] as Tensor));
    run(bound, first, end, words);
    first += end;
  }
}
