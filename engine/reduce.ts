import argmaxBody from "../kernels/reduce/argmax.wgsl" with { type: "text" };
import argminBody from "../kernels/reduce/argmin.wgsl" with { type: "text" };
import columns from "../kernels/reduce/columns.wgsl" with { type: "text" };
import first from "../kernels/reduce/first.wgsl" with { type: "text" };
import last from "../kernels/reduce/last.wgsl" with { type: "text" };
import maxBody from "../kernels/reduce/max.wgsl" with { type: "text" };
import meanBody from "../kernels/reduce/mean.wgsl" with { type: "text" };
import minBody from "../kernels/reduce/min.wgsl" with { type: "text" };
import next from "../kernels/reduce/next.wgsl" with { type: "text" };
import normBody from "../kernels/reduce/norm.wgsl" with { type: "text" };
import orderF32 from "../kernels/reduce/order.f32.wgsl" with { type: "text" };
import orderI32 from "../kernels/reduce/order.i32.wgsl" with { type: "text" };
import orderU32 from "../kernels/reduce/order.u32.wgsl" with { type: "text" };
import paramsText from "../kernels/reduce/params.wgsl" with { type: "text" };
import partial from "../kernels/reduce/partial.wgsl" with { type: "text" };
import prodBody from "../kernels/reduce/prod.wgsl" with { type: "text" };
import rows from "../kernels/reduce/rows.wgsl" with { type: "text" };
import sumBody from "../kernels/reduce/sum.wgsl" with { type: "text" };
import sumSquaresBody from "../kernels/reduce/sum_squares.wgsl" with { type: "text" };
import type { Device } from "./device.ts";
import { type DType, checkWords, wgslType } from "./dtype.ts";
import { contiguousCopy } from "./elementwise.ts";
import { ShapeError } from "./errors.ts";
import { foldGrid } from "./grid.ts";
import type { KernelSource } from "./pipeline.ts";
import { f32Bits } from "./recorder.ts";
import { type Shape, at, isContiguous, show, sizeOf } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

const ORDER = { f32: orderF32, i32: orderI32, u32: orderU32 } as const;

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

/** Elements one thread of the column kernel adds up; longer columns are cut into chunks. */
const COLUMN_CHUNK = 256;
/** Elements each lane of the row kernel takes at least before a row is cut into chunks. */
const ROW_CHUNK_PER_LANE = 16;
/** Rows shorter than this are summed by one thread each. */
const SHORT = 32;

/** A contiguous tensor seen as `[outer, length, inner]`, to be folded over `length`. */
interface Fold {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

/** One pass: what it folds, into how many chunks, by which kernel. */
interface Pass extends Fold {
  readonly chunk: number;
  readonly chunks: number;
  readonly byRows: boolean;
}

/**
 * Folds a tensor over some of its axes, in at most two passes and in a fixed order.
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
  const y = x.device.empty(kind.name, kept, out);
  if (y.size === 0) return y;
  const fold = asFold(shape, axes);
  const source = fold && x.contiguous ? x : reordered(x, axes);
  const whole = fold ?? { outer: sizeOf(kept), length: x.size / sizeOf(kept), inner: 1 };
  runPasses(kind, source, whole, y);
  if (source !== x) source.dispose();
  return y;
}

/** The axes as one block in the middle, or undefined where they are apart. */
function asFold(shape: Shape, axes: readonly number[]): Fold | undefined {
  const begin = axes[0] ?? shape.length;
  const end = (axes.at(-1) ?? begin - 1) + 1;
  const apart = shape.some((d, a) => a >= begin && a < end && d !== 1 && !axes.includes(a));
  if (apart) return undefined;
  const [outer, length, inner] = [shape.slice(0, begin), shape.slice(begin, end), shape.slice(end)];
  return { outer: sizeOf(outer), length: sizeOf(length), inner: sizeOf(inner) };
}

/** The elements with the reduced axes last (or as they were, if those are one block). */
function reordered(x: Tensor, axes: readonly number[]): Tensor {
  const { shape, strides, offset } = x.layout;
  const order = shape.map((_, a) => a);
  if (!asFold(shape, axes)) {
    order.sort((a, b) => Number(axes.includes(a)) - Number(axes.includes(b)) || a - b);
  }
  const layout = {
    shape: order.map((a) => at(shape, a)), strides: order.map((a) => at(strides, a)), offset,
  };
  const view = x.view("reduce", layout);
  if (isContiguous(layout)) return view;
  const copy = contiguousCopy(view);
  view.dispose();
  return copy;
}

function runPasses(kind: Reduction, x: Tensor, fold: Fold, y: Tensor): void {
  const pass = plan(x.device, fold);
  if (pass.chunks === 1) return runPass(kind, x, y, pass, fold.length, [first, last]);
  const words = kind.name.startsWith("arg") || kind.name === "norm" ? 2 : 1;
  const type = kind.name === "mean" ? "f32" : x.dtype;
  const shape = [fold.outer, pass.chunks, fold.inner, words];
  const parts = x.device.empty(kind.name, shape, type);
  runPass(kind, x, parts, pass, fold.length, [first, partial]);
  const rest = { ...plan(x.device, { ...fold, length: pass.chunks }), chunks: 1 };
  runPass(kind, parts, y, { ...rest, chunk: pass.chunks }, fold.length, [next, last], x.dtype);
  parts.dispose();
}

function lanes(device: Device, length: number): number {
  if (device.info.software) return 8;
  return length >= 1024 ? 256 : 64;
}

function plan(device: Device, fold: Fold): Pass {
  const { outer, length, inner } = fold;
  const solo = device.info.software && outer >= 64; // a barrier costs more than the adding up
  const byRows = inner === 1 && length > SHORT && !solo;
  const chunk = byRows ? rowChunk(device, fold) : Math.max(COLUMN_CHUNK, Math.ceil(length / 1024));
  const size = Math.max(1, Math.min(chunk, length));
  const chunks = Math.max(1, Math.ceil(length / size));
  return { outer, length, inner, byRows, chunk: size, chunks };
}

/** Enough chunks that all rows together fill the device, none too small for its lanes. */
function rowChunk(device: Device, { outer, length }: Fold): number {
  const wanted = Math.ceil(512 / outer);
  const smallest = lanes(device, length) * ROW_CHUNK_PER_LANE;
  return Math.max(smallest, Math.ceil(length / wanted));
}

function runPass(
  kind: Reduction, x: Tensor, y: Tensor, pass: Pass, count: number,
  ends: readonly [string, string], type: DType = x.dtype,
): void {
  const { outer, length, inner, chunk, chunks, byRows } = pass;
  const width = byRows ? lanes(x.device, chunk) : 64;
  const stage = `${ends[0] === first ? "first" : "next"}-${ends[1] === last ? "last" : "part"}`;
  const key = `${kind.name}:${type}>${y.dtype}:${byRows ? "rows" : "columns"}:${width}:${stage}`;
  const groups = byRows ? outer * chunks : Math.ceil(outer * chunks * inner / width);
  x.device.dispatch({
    kernel: x.device.kernels.get(key, () => passSource(kind, type, y.dtype, byRows, width, ends)),
    buffers: [x.storage(kind.name).buffer, y.storage(kind.name).buffer],
    params: [outer, length, inner, chunks, chunk, x.layout.offset, 0, f32Bits(count)],
    grid: foldGrid(groups),
  });
}

function passSource(
  kind: Reduction, type: DType, out: DType, byRows: boolean, width: number,
  ends: readonly [string, string],
): KernelSource {
  const T = wgslType(type);
  const prelude = `alias T = ${T};\nalias R = ${wgslType(out)};\nconst WG = ${width}u;`;
  const code = [prelude, paramsText, ORDER[T], kind.wgsl, ...ends, byRows ? rows : columns];
  return { name: kind.name, code: code.join("\n"), bindings: "rw" };
}

function checkNotEmpty(kind: string, shape: Shape, axes: readonly number[]): void {
  if (!/max|min/.test(kind)) return;
  if (axes.every((a) => shape[a] !== 0)) return;
  throw new ShapeError(
    `${kind}: no elements to choose from: ${show(shape)} over axes ${show(axes)}. `
      + `Leave empty axes out.`,
  );
}
