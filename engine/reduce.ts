import argmaxBody from "../kernels/reduce/argmax.wgsl" with { type: "text" };
import argminBody from "../kernels/reduce/argmin.wgsl" with { type: "text" };
import maxBody from "../kernels/reduce/max.wgsl" with { type: "text" };
import meanBody from "../kernels/reduce/mean.wgsl" with { type: "text" };
import minBody from "../kernels/reduce/min.wgsl" with { type: "text" };
import normBody from "../kernels/reduce/norm.wgsl" with { type: "text" };
import prodBody from "../kernels/reduce/prod.wgsl" with { type: "text" };
import sumBody from "../kernels/reduce/sum.wgsl" with { type: "text" };
import sumSquaresBody from "../kernels/reduce/sum_squares.wgsl" with { type: "text" };
import { type DType, checkWords } from "./dtype.ts";
import { contiguousCopy } from "./elementwise.ts";
import { ShapeError } from "./errors.ts";
import type { Source } from "./fusion/pending.ts";
import { ReductionHead } from "./reduce_head.ts";
import type { Fold } from "./reduce_passes.ts";
import { type Shape, at, isContiguous, show, sizeOf } from "./shape.ts";
import type { Tensor } from "./tensor.ts";
import { isWorthJoining, sourcesOf, waitFor } from "./waiting.ts";

/** A way to fold elements: its name, and WGSL that says how. */
export interface Reduction {
  readonly name: string;
  readonly wgsl: string;
}

/** Their sum; of bool, which is stored as 1 and 0, by an integer result. */
export const SUM: Reduction = { name: "sum", wgsl: sumBody };
/** Their mean. */
export const MEAN: Reduction = { name: "mean", wgsl: meanBody };
/** Sum of their squares. */
export const SUM_SQUARES: Reduction = { name: "sumSquares", wgsl: sumSquaresBody };
/** The largest, or NaN. */
export const MAX: Reduction = { name: "max", wgsl: maxBody };
/** The smallest, or NaN. */
export const MIN: Reduction = { name: "min", wgsl: minBody };
/** Place of the largest. */
export const ARGMAX: Reduction = { name: "argmax", wgsl: argmaxBody };
/** Place of the smallest. */
export const ARGMIN: Reduction = { name: "argmin", wgsl: argminBody };
/** Their product. */
export const PROD: Reduction = { name: "prod", wgsl: prodBody };
/** Root of the sum of their squares, without overflow. */
export const NORM: Reduction = { name: "norm", wgsl: normBody };

/**
 * Folds a tensor over some of its axes, each block of neighbouring ones in at most two passes, and
 * in a fixed order. It may wait until its result is needed: a chain that nobody else needs is then
 * worked out where its first pass would load elements, and what is done to the results by its last.
 *
 * @param axes sorted, without repeats
 * @param out dtype of the result
 * @returns the kept axes' shape, contiguous
 * @throws ShapeError for max, min, argmax and argmin over nothing
 */
export function reduce(kind: Reduction, x: Tensor, axes: readonly number[], out: DType): Tensor {
  const { shape } = x.layout;
  x.storage(kind.name);
  checkWords(kind.name, [x]);
  checkNotEmpty(kind.name, shape, axes);
  const kept = shape.filter((_, axis) => !axes.includes(axis));
  const { device, dtype } = x;
  const size = sizeOf(kept);
  if (size === 0) return device.empty(kind.name, kept, out);
  device.check(kind.name);
  const source = x.contiguous ? x : reordered(x, axes);
  const whole = { outer: size, length: x.size / size, inner: 1 };
  const folds = x.contiguous && x.size > 0 ? blocks(shape, axes) : [whole];
  const sources = sourcesOf(kind.name, [source]);
  const [input] = sources as [Source]; // one went in
  const head = new ReductionHead(device, { kind, dtype, out, input, folds });
  const before = input.storage.pending ? x.size : 0;
  const waits = isWorthJoining(device, Math.max(before, out === "f32" ? size : 0));
  const y = waitFor(device, head, sources, kept, out, waits);
  if (source !== x) source.dispose();
  return y;
}

/** What is folded in turn: blocks of neighbouring axes, the last first. */
function blocks(shape: Shape, axes: readonly number[]): Fold[] {
  const folds: Fold[] = [];
  let [length, inner] = [1, 1];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = at(shape, axis);
    if (axes.includes(axis)) length *= size;
    else if (length !== 1 && size !== 1) {
      folds.push({ outer: sizeOf(shape.slice(0, axis + 1)), length, inner });
      length = 1;
      inner *= size;
    } else inner *= size;
  }
  if (length !== 1 || folds.length === 0) folds.push({ outer: 1, length, inner });
  return folds;
}

/** The elements, contiguous, with the reduced axes last. */
function reordered(x: Tensor, axes: readonly number[]): Tensor {
  const { shape, strides, offset } = x.layout;
  const order = shape.map((_, a) => a);
  order.sort((a, b) => Number(axes.includes(a)) - Number(axes.includes(b)) || a - b);
  const layout = {
    shape: order.map((a) => at(shape, a)), strides: order.map((a) => at(strides, a)), offset,
  };
  const view = x.view("reduce", layout);
  if (isContiguous(layout)) return view;
  const copy = contiguousCopy(view);
  view.dispose();
  return copy;
}

function checkNotEmpty(kind: string, shape: Shape, axes: readonly number[]): void {
  if (!/max|min/.test(kind)) return;
  if (axes.every((a) => shape[a] !== 0)) return;
  throw new ShapeError(
    `${kind}: no elements to choose from: ${show(shape)} over axes ${show(axes)}. `
      + `Leave empty axes out.`,
  );
}
