import nanText from "../../kernels/math/nan.wgsl" with { type: "text" };
import argmaxText from "../../kernels/pool/argmax.wgsl" with { type: "text" };
import pickText from "../../kernels/pool/pick.wgsl" with { type: "text" };
import spreadText from "../../kernels/pool/spread.wgsl" with { type: "text" };
import { type ConvForm, type Shape, ShapeError, type Tensor, type ThreadKernel, checkDtype,
  convolve, convolveBack, full, runThreads, show, sizeOf, tensor, withContiguous } from
  "../../engine/index.ts";
import { apply, checkOptions, checkTensor, composed, inFloat32 } from "../define.ts";
import type { Operand } from "../tape.ts";
import { mul } from "./arithmetic.ts";
import { mean } from "./reduce.ts";
import { reshape } from "./views.ts";
import { type PaddedAxis, type PerAxis, type WindowOptions, perAxis, windowAxes } from
  "./window.ts";

/** Options of the pooling of windows. */
export interface PoolOptions extends WindowOptions {
  /** Elements of a window: a number, or one for each axis. */
  readonly kernel: PerAxis;
  /** Whether a last window that starts inside may reach beyond the padding. Default false. */
  readonly ceilMode?: boolean;
}

/** Options of the mean over windows. */
export interface AvgPoolOptions extends Omit<PoolOptions, "dilation"> {
  /** Whether padding counts as elements of a window. Default true. */
  readonly countIncludePad?: boolean;
}

/**
 * Largest element of each window; NaN if there is one. Padding is -infinity, and so is a window of
 * padding only. The gradient goes to the first of equals.
 *
 * @param x `[..., height, width]` f32
 * @param options.stride default: the kernel, so that windows lie side by side
 * @returns `[..., rows, columns]`, of an axis `floor((size + padding - span) / stride) + 1`
 * @throws ShapeError if a window is larger than the padded input; RangeError for options that are
 *   not whole numbers; DtypeError
 */
export function maxPool2d(x: Tensor, options: PoolOptions): Tensor {
  return composed("maxPool2d", () => maxPool("maxPool2d", x, 2, options));
}

/** Largest element of each window of `x [..., length]`: as `maxPool2d`, along one axis. */
export function maxPool1d(x: Tensor, options: PoolOptions): Tensor {
  return composed("maxPool1d", () => maxPool("maxPool1d", x, 1, options));
}

/**
 * Mean of each window.
 *
 * @param x `[..., height, width]` f32
 * @param options.stride default: the kernel, so that windows lie side by side
 * @returns `[..., rows, columns]`, as `maxPool2d`. Places that `ceilMode` adds never count
 * @throws as `maxPool2d`
 */
export function avgPool2d(x: Tensor, options: AvgPoolOptions): Tensor {
  return composed("avgPool2d", () => avgPool("avgPool2d", x, 2, options));
}

/** Mean of each window of `x [..., length]`: as `avgPool2d`, along one axis. */
export function avgPool1d(x: Tensor, options: AvgPoolOptions): Tensor {
  return composed("avgPool1d", () => avgPool("avgPool1d", x, 1, options));
}

/**
 * Mean over all places.
 *
 * @param x `[batch, channels, ...]` f32
 * @returns `[batch, channels]`; NaN where there are no places
 * @throws ShapeError if there are less than two axes; DtypeError
 */
export function globalAvgPool(x: Tensor): Tensor {
  const { shape } = checkTensor("globalAvgPool", x);
  checkDtype("globalAvgPool", x.dtype, ["f32"]);
  if (shape.length > 2) return mean(x, { axis: shape.slice(2).map((_, i) => i + 2) });
  throw new ShapeError(
    `globalAvgPool: nothing to average: ${show(shape)}. Give [batch, channels, height, width].`,
  );
}

/**
 * Largest element of each of so many windows of about one size: window o of n along an axis begins
 * at `floor(o size / n)` and ends before `ceil((o + 1) size / n)`. Otherwise as `maxPool2d`.
 *
 * @param x `[..., height, width]` f32
 * @param size of the result: a number, or one for each axis
 * @throws ShapeError if the input has no elements along an axis; RangeError for sizes below 1
 */
export function adaptiveMaxPool2d(x: Tensor, size: PerAxis): Tensor {
  return composed("adaptiveMaxPool2d", () => {
    const op = "adaptiveMaxPool2d";
    const sizes = checkImage(op, x, 2);
    const outs = perAxis(op, "size", size, 2, 1);
    if (sizes.includes(0)) {
      throw new ShapeError(`${op}: no elements: ${show(x.shape)}. Give an axis of 1 or more.`);
    }
    return largest(op, x, sizes.map((length, i) => {
      const out = outs[i] ?? 1;
      return { size: length, out, words: [length, out, 0, length, out, 1, 0, 0] };
    }));
  });
}

function maxPool(op: string, x: Tensor, axes: 1 | 2, options: PoolOptions): Tensor {
  const windows = windowsOf(op, x, axes, options);
  return largest(op, x, windows.map(({ size, out, taps, stride, dilation, before }) => {
    return { size, out, words: [size, out, taps, stride, 1, dilation, before, 0] };
  }));
}

function windowsOf(
  op: string, x: Tensor, axes: 1 | 2, options: PoolOptions,
): PaddedAxis[] {
  const { kernel, stride = kernel, padding, dilation, ceilMode } =
    checkOptions(op, options, "kernel");
  const sizes = checkImage(op, x, axes);
  const taps = perAxis(op, "kernel", kernel, axes, 1);
  return windowAxes(op, sizes, taps, { stride, padding, dilation }, ceilMode);
}

/** The sizes of the last axes. */
function checkImage(op: string, x: Tensor, axes: 1 | 2): Shape {
  const { shape, dtype } = checkTensor(op, x);
  checkDtype(op, dtype, ["f32"]);
  if (shape.length >= axes) return shape.slice(-axes);
  const form = axes === 1 ? "[..., length]" : "[..., height, width]";
  throw new ShapeError(`${op}: too few axes: ${show(shape)}. Give ${form}.`);
}

/** An axis with the words that tell its windows to the kernels. */
interface PoolAxis {
  readonly size: number;
  readonly out: number;
  readonly words: readonly number[];
}

/** The axis that a line lacks to be a plane. */
const UNIT: PoolAxis = { size: 1, out: 1, words: [1, 1, 1, 1, 1, 1, 0, 0] };

/** Bits of -infinity, which stands for a window without elements. */
const NO_ELEMENT = 0xff800000;

/** Windows on the last axes of a tensor. */
interface Pool {
  readonly op: string;
  readonly axes: readonly PoolAxis[];
  /** Sizes of the other axes. */
  readonly planes: Shape;
}

/** The elements that are the largest of their windows: constant places, and a pick by them. */
function largest(op: string, x: Tensor, axes: readonly PoolAxis[]): Tensor {
  const pool = { op, axes, planes: x.shape.slice(0, x.shape.length - axes.length) };
  const index = apply({
    name: op,
    forward: (t) => {
      const kernel = { name: "pool.argmax", wgsl: [nanText, argmaxText].join("\n") };
      return run(pool, kernel, [t], "out", "i32", ([at = 0]) => [at, 0, 0, ...axisWords(axes)]);
    },
  }, [x]);
  return pick(pool, x, index, NO_ELEMENT);
}

/** Elements by their places; its adjoint is `spread`, and the other way round. */
function pick(pool: Pool, x: Tensor, index: Tensor, missing: number): Tensor {
  const [area, out] = (["size", "out"] as const).map((side) => sizeOf(sidesOf(pool, side)));
  const kernel = { name: "pool.pick", wgsl: pickText };
  return apply({
    name: pool.op,
    forward: (...inputs) => run(pool, kernel, inputs, "out", "f32", (offsets) => {
      return [area ?? 1, out ?? 1, ...offsets, missing];
    }),
    vjp: (dy, [, at]) => [() => spread(pool, dy, at as Tensor)], // forward has checked it
  }, [x, index]);
}

function spread(pool: Pool, y: Tensor, index: Tensor): Tensor {
  const kernel = { name: "pool.spread", wgsl: spreadText };
  return apply({
    name: pool.op,
    forward: (...inputs) => run(pool, kernel, inputs, "size", "f32", (offsets) => {
      return [...offsets, 0, ...axisWords(pool.axes)];
    }),
    vjp: (dx, [, at]) => [() => pick(pool, dx, at as Tensor, 0)], // forward has checked it
  }, [y, index]);
}

function sidesOf({ axes }: Pool, side: "size" | "out"): number[] {
  return axes.map((axis) => axis[side]);
}

function axisWords(axes: readonly PoolAxis[]): number[] {
  const [wide = UNIT, high = UNIT] = axes.toReversed();
  return [...high.words, ...wide.words];
}

/** Runs a kernel with a thread for each place of the given side. */
function run(
  pool: Pool, kernel: ThreadKernel, inputs: readonly Operand[], side: "size" | "out",
  dtype: "f32" | "i32", params: (offsets: readonly number[]) => readonly number[],
): Tensor {
  const tensors = inputs.map((t) => checkTensor(pool.op, t));
  return withContiguous(tensors, (list) => {
    const [head] = list as [Tensor]; // there is one or more
    const out = head.device.empty(pool.op, [...pool.planes, ...sidesOf(pool, side)], dtype);
    runThreads(kernel, list, out, out.size, params(list.map((t) => t.layout.offset)));
    return out;
  });
}

/** The axis that a line lacks to be a plane. */
const LINE: PaddedAxis = {
  size: 1, out: 1, taps: 1, stride: 1, dilation: 1, before: 0, after: 0,
};

function avgPool(op: string, x: Tensor, count: 1 | 2, options: AvgPoolOptions): Tensor {
  const axes = windowsOf(op, x, count, options);
  const [wide = LINE, high = LINE] = axes.toReversed();
  const planes = x.shape.slice(0, x.shape.length - count);
  const counts = [high, wide].map((axis) => countsOf(axis, options.countIncludePad ?? true));
  const [down = [], across = []] = counts;
  const even = [...down, ...across].every((n, i) => n === (i < down.length ? high : wide).taps);
  const share = even ? 1 / (high.taps * wide.taps) : 1;
  const form = { batch: sizeOf(planes), groups: 1, depth: 1, rows: 1, high, wide };
  const shares = even ? 1 : tensor(
    down.flatMap((n) => across.map((m) => 1 / (n * m))),
    { shape: [high.out, wide.out], device: x.device },
  );
  return inFloat32([x], (t) => {
    const y = windowSums(op, form, share, reshape(t, [form.batch, 1, high.size, wide.size]));
    return reshape(even ? y : mul(y, shares), [...planes, ...axes.map(({ out }) => out)]);
  });
}

/** How many elements the mean of each window is over. */
function countsOf(axis: PaddedAxis, countIncludePad: boolean): number[] {
  const { size, out, taps, stride, before, after } = axis;
  const [low, high] = countIncludePad ? [-before, size + after] : [0, size];
  return Array.from({ length: out }, (_, o) => {
    const start = o * stride - before;
    return Math.min(start + taps, high) - Math.max(start, low);
  });
}

/** `share` times the sum of each window, as a convolution of each plane; and its adjoint. */
function windowSums(op: string, form: ConvForm, share: number, x: Tensor, back = false): Tensor {
  const taps = [1, 1, form.high.taps, form.wide.taps];
  return apply({
    name: op,
    forward: (t) => {
      const { device } = x;
      const weight = full(taps, share, { device });
      const y = (back ? convolveBack : convolve)(op, form, checkTensor(op, t), weight);
      weight.dispose();
      return y;
    },
    vjp: (dy) => [() => windowSums(op, form, share, dy, !back)],
    saves: "nothing",
  }, [x]);
}
