import { type ConvForm, ShapeError, type Shape, type Tensor, type WindowAxis, checkDtype, convolve,
  convolveBack, convolveWeight, show } from "../../engine/index.ts";
import { apply, checkTensor, composed } from "../define.ts";
import type { Operand } from "../tape.ts";
import { sum } from "./reduce.ts";
import { reshape } from "./views.ts";
import { type PerAxis, type WindowOptions, checkAxes, perAxis, spanOf, windowAxes } from
  "./window.ts";

/** Options of the convolutions. */
export interface ConvOptions extends WindowOptions {
  /** `[out]`, added to every place. */
  readonly bias?: Tensor | undefined;
  /** Parts that the channels fall into, each convolved on its own. Default 1. */
  readonly groups?: number;
}

/** Options of the transposed convolutions. */
export interface ConvTransposeOptions extends Omit<ConvOptions, "padding"> {
  /** Elements cut off: a number for all sides, or one for each axis. Default 0. */
  readonly padding?: PerAxis;
  /** Places added after the last of each axis; below the stride or the dilation. Default 0. */
  readonly outputPadding?: PerAxis;
}

/**
 * Convolution of images, in fact their cross-correlation.
 *
 * @param x `[batch, in, height, width]` f32
 * @param weight `[out, in / groups, kernelHeight, kernelWidth]` f32
 * @returns `[batch, out, ..]`, of an axis `floor((size + padding - span) / stride) + 1` places, the
 *   span of the kernel being `(kernel - 1) dilation + 1`
 * @throws ShapeError if channels and groups do not fit or the kernel is larger than the padded
 *   input; RangeError for options that are not whole numbers; DtypeError
 * @example
 * const y = conv2d(x, weight, { bias, stride: 2, padding: 1 });
 */
export function conv2d(x: Tensor, weight: Tensor, options: ConvOptions = {}): Tensor {
  return composed("conv2d", () => run("conv2d", x, weight, options, [...IMAGE, "height", "width"]));
}

/**
 * Convolution of sequences: as `conv2d`, with one axis.
 *
 * @param x `[batch, in, length]` f32
 * @param weight `[out, in / groups, kernel]` f32
 */
export function conv1d(x: Tensor, weight: Tensor, options: ConvOptions = {}): Tensor {
  return composed("conv1d", () => run("conv1d", x, weight, options, [...IMAGE, "length"]));
}

/**
 * Transposed convolution of images: the gradient of `conv2d` by its input, as an operation.
 *
 * @param x `[batch, in, height, width]` f32
 * @param weight `[in, out / groups, kernelHeight, kernelWidth]` f32
 * @returns `[batch, out, ..]`, of an axis `(size - 1) stride - 2 padding + span + outputPadding`
 *   places
 * @throws as `conv2d`; ShapeError if nothing is left of the result; RangeError if `outputPadding`
 *   is too large
 */
export function convTranspose2d(
  x: Tensor, weight: Tensor, options: ConvTransposeOptions = {},
): Tensor {
  return composed("convTranspose2d", () => {
    return runTransposed("convTranspose2d", x, weight, options, [...IMAGE, "height", "width"]);
  });
}

/**
 * Transposed convolution of sequences: as `convTranspose2d`, with one axis.
 *
 * @param x `[batch, in, length]` f32
 * @param weight `[in, out / groups, kernel]` f32
 */
export function convTranspose1d(
  x: Tensor, weight: Tensor, options: ConvTransposeOptions = {},
): Tensor {
  return composed("convTranspose1d", () => {
    return runTransposed("convTranspose1d", x, weight, options, [...IMAGE, "length"]);
  });
}

const IMAGE = ["batch", "channels"] as const;

/** The axis that a sequence lacks to be an image. */
const UNIT: WindowAxis = { size: 1, out: 1, taps: 1, stride: 1, dilation: 1, before: 0 };

function run(
  op: string, x: Tensor, weight: Tensor, { bias, groups = 1, ...windows }: ConvOptions,
  names: readonly string[],
): Tensor {
  const [batch = 0, channels = 0, ...sizes] = checkAxes(op, "x", x, names);
  const [out = 0, depth = 0, ...kernel] = checkKernel(op, weight, names);
  checkGroups(op, groups, [["out", out]]);
  if (channels !== depth * groups) {
    throw new ShapeError(
      `${op}: channels differ: x ${show(x.shape)} has ${channels}, weight ${show(weight.shape)} `
        + `in ${groups} groups takes ${depth * groups}. Check the weight or groups.`,
    );
  }
  const axes = windowAxes(op, sizes, kernel, windows);
  checkBias(op, bias, out);
  const [wide = UNIT, high = UNIT] = axes.toReversed();
  const form = { batch, groups, depth, rows: out / groups, high, wide };
  const y = convolved(op, form, asImage(x), asImage(weight), bias);
  return reshape(y, [batch, out, ...axes.map((axis) => axis.out)]);
}

function runTransposed(
  op: string, x: Tensor, weight: Tensor, options: ConvTransposeOptions, names: readonly string[],
): Tensor {
  const { bias, groups = 1, stride = 1, dilation = 1, padding = 0, outputPadding = 0 } = options;
  const [batch = 0, channels = 0, ...places] = checkAxes(op, "x", x, names);
  const [into = 0, depth = 0, ...kernel] = checkKernel(op, weight, names);
  checkGroups(op, groups, [["in", into]]);
  if (channels !== into) {
    throw new ShapeError(
      `${op}: channels differ: x ${show(x.shape)} and weight ${show(weight.shape)} `
        + `(${channels} != ${into}). Give weight [in, out / groups, ..].`,
    );
  }
  checkBias(op, bias, depth * groups);
  const per = (name: string, value: PerAxis, least: number) =>
    perAxis(op, name, value, places.length, least);
  const [strides, dilations] = [per("stride", stride, 1), per("dilation", dilation, 1)];
  const [befores, extras] = [per("padding", padding, 0), per("outputPadding", outputPadding, 0)];
  const axes = places.map((out, i): WindowAxis => {
    const [step = 1, apart = 1, before = 0] = [strides[i], dilations[i], befores[i]];
    const taps = kernel[i] ?? 1;
    const span = spanOf({ taps, dilation: apart });
    const size = (out - 1) * step - 2 * before + span + (extras[i] ?? 0);
    return { size: out === 0 ? 0 : size, out, taps, stride: step, dilation: apart, before };
  });
  checkTransposed(op, axes, extras);
  const [wide = UNIT, high = UNIT] = axes.toReversed();
  const form = { batch, groups, depth, rows: into / groups, high, wide };
  const y = convolvedBack(op, form, asImage(x), asImage(weight), bias);
  return reshape(y, [batch, depth * groups, ...axes.map(({ size }) => size)]);
}

function checkTransposed(
  op: string, axes: readonly WindowAxis[], extras: readonly number[],
): void {
  if (axes.some(({ stride, dilation }, i) => (extras[i] ?? 0) >= Math.max(stride, dilation))) {
    throw new RangeError(
      `${op}: outputPadding is not below the stride or the dilation: ${show(extras)}. `
        + `Pad the result instead.`,
    );
  }
  if (axes.every(({ size, out }) => size > 0 || out === 0)) return;
  const sizes = show(axes.map(({ size }) => size));
  throw new ShapeError(`${op}: nothing is left of the result: ${sizes}. Use less padding.`);
}

function checkKernel(op: string, weight: Tensor, names: readonly string[]): Shape {
  const shape = checkAxes(op, "weight", weight, ["out", "in", ...names.slice(2)]);
  if (shape.slice(2).every((taps) => taps > 0)) return shape;
  throw new ShapeError(`${op}: the kernel is empty: ${show(shape)}. Give it an element or more.`);
}

function checkGroups(
  op: string, groups: number, parts: readonly (readonly [string, number])[],
): void {
  for (const [name, channels] of parts) {
    if (Number.isInteger(groups) && groups >= 1 && channels % groups === 0) continue;
    throw new ShapeError(
      `${op}: groups do not divide the channels: ${channels} ${name} by ${groups}. `
        + `Use a divisor of both.`,
    );
  }
}

function checkBias(op: string, bias: Tensor | undefined, out: number): void {
  if (bias === undefined) return;
  const { shape, dtype } = checkTensor(op, bias);
  checkDtype(op, dtype, ["f32"]);
  if (shape.length === 1 && shape[0] === out) return;
  throw new ShapeError(`${op}: the bias is not one number a channel: ${show(shape)} for ${out}. `
    + `Give [${out}].`);
}

function asImage(x: Tensor): Tensor {
  const { shape } = x;
  return shape.length === 4 ? x : reshape(x, [...shape.slice(0, 2), 1, ...shape.slice(2)]);
}

// Each derivative of the form by two of its three tensors is another of these three.

function convolved(op: string, form: ConvForm, x: Tensor, w: Tensor, bias?: Tensor): Tensor {
  return linear(op, convolve, form, [x, w, bias], (dy, a, b) => [
    () => convolvedBack(op, form, dy, b), () => convolvedWeight(op, form, a, dy),
  ]);
}

function convolvedBack(op: string, form: ConvForm, y: Tensor, w: Tensor, bias?: Tensor): Tensor {
  return linear(op, convolveBack, form, [y, w, bias], (dx, a, b) => [
    () => convolved(op, form, dx, b), () => convolvedWeight(op, form, dx, a),
  ]);
}

function convolvedWeight(op: string, form: ConvForm, x: Tensor, y: Tensor): Tensor {
  return linear(op, convolveWeight, form, [x, y], (dw, a, b) => [
    () => convolvedBack(op, form, b, dw), () => convolved(op, form, a, dw),
  ]);
}

function linear(
  op: string, compute: typeof convolve, form: ConvForm,
  [a, b, bias]: readonly [Tensor, Tensor, Tensor?],
  back: (dy: Tensor, a: Tensor, b: Tensor) => (() => Tensor)[],
): Tensor {
  return apply({
    name: op,
    forward: (...list: Operand[]) => {
      const [left, right, added] = list.map((t) => checkTensor(op, t));
      for (const t of list) checkDtype(op, (t as Tensor).dtype, ["f32"]); // checked
      return compute(op, form, left as Tensor, right as Tensor, added); // two or three
    },
    vjp: (dy, [left, right]) => [
      ...back(dy, left as Tensor, right as Tensor), // forward has checked them
      () => sum(dy, { axis: [0, 2, 3] }),
    ],
  }, bias ? [a, b, bias] : [a, b]);
}
