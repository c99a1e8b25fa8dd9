import bitsText from "../../kernels/math/bits.wgsl" with { type: "text" };
import logText from "../../kernels/math/log.wgsl" with { type: "text" };
import expSumText from "../../kernels/row/exp_sum.wgsl" with { type: "text" };
import logsumexpText from "../../kernels/row/logsumexp.wgsl" with { type: "text" };
import powerBody from "../../kernels/ternary/scaled_power.wgsl" with { type: "text" };
import rootBody from "../../kernels/ternary/scaled_root.wgsl" with { type: "text" };
import absBody from "../../kernels/unary/abs.wgsl" with { type: "text" };
import { type Body, MAX, NORM, PROD, SUM, type Tensor, checkDtype, dispose, elementwise, full,
  reduce, resolveAxes, rowMajor, rowResult, rowsOf, sizeOf, withContiguous } from
  "../../engine/index.ts";
import { asFloat } from "../as_float.ts";
import { NUMERIC, apply, checkOptions, checkTensor, composed, inFloat32 } from "../define.ts";
import { add, cast, eq, mul, ne, pow, sub, where } from "./arithmetic.ts";
import { quotient } from "./pairs.ts";
import { pad } from "./pad.ts";
import { concat, slice } from "./parts.ts";
import { type ReduceOptions, fold, keptShape, max, mean, min, sum, sumSquares } from "./reduce.ts";
import { softmax } from "./softmax.ts";
import { abs, sign } from "./unary.ts";
import { permute, reshape, unsqueeze } from "./views.ts";

/**
 * Product over axes; 1 for a product over nothing. The gradient is made of products of the other
 * elements, so that it is right beside zeros too.
 *
 * @param x any shape; f32, i32 or u32
 * @returns the other axes, same dtype
 * @throws ShapeError if an axis does not exist; DtypeError for bool
 */
export function prod(x: Tensor, options: ReduceOptions = {}): Tensor {
  const axes = resolveAxes("prod", options.axis, checkTensor("prod", x).shape);
  const back = (dy: Tensor, input: Tensor) => mul(dy, othersOver(input, axes));
  return fold(PROD, x, options, back, NUMERIC, "inputs");
}

/** The axes in front that are kept, then those that are folded. */
function foldLast(shape: readonly number[], axes: readonly number[]): number[] {
  return [...shape.keys()].sort((a, b) => Number(axes.includes(a)) - Number(axes.includes(b)));
}

/** Number of elements that are folded into one. */
function foldSize(shape: readonly number[], axes: readonly number[]): number {
  return sizeOf(axes.map((a) => shape[a] ?? 1));
}

/** For every element the product of the others along some axes. */
function othersOver(x: Tensor, axes: readonly number[]): Tensor {
  const length = foldSize(x.shape, axes);
  if (x.size === 0) return x;
  const order = foldLast(x.shape, axes);
  const turned = permute(x, order);
  const full = 2 ** Math.ceil(Math.log2(length));
  const rows = pad(reshape(turned, [x.size / length, length]), [[0, 0], [0, full - length]], {
    value: 1,
  });
  const others = slice(othersOf(rows), [null, [0, length]]);
  const back = order.map((_, i) => order.indexOf(i));
  return permute(reshape(others, turned.shape), back);
}

/**
 * For every element of the rows, 2^k long, the product of the others: that of the others among
 * the products of the halves, times the partner. Nothing is divided.
 */
function othersOf(rows: Tensor): Tensor {
  const [, width = 1] = rows.shape;
  if (width === 1) return add(mul(rows, 0), 1);
  const half = width / 2;
  const [a, b] = [slice(rows, [null, [0, half]]), slice(rows, [null, [half, width]])];
  if (half === 1) return concat([b, a], { axis: 1 });
  const others = othersOf(mul(a, b));
  return concat([mul(others, b), mul(others, a)], { axis: 1 });
}

/** Options of `variance` and `std`. */
export interface VarianceOptions extends ReduceOptions {
  /** Taken off the count that is divided by: 1 for the estimate from a sample. Default 0. */
  readonly correction?: number;
}

/** Elements less their mean, and the count to divide by. */
function centred(
  op: string, x: Tensor, { axis, correction = 0 }: VarianceOptions,
): { gaps: Tensor; count: number } {
  const { shape } = checkTensor(op, x);
  const count = foldSize(shape, resolveAxes(op, axis, shape)) - correction;
  const less = (t: Tensor) => sub(t, mean(t, { axis, keepDims: true }));
  // Twice, since the rounding of a mean would count where elements hardly vary.
  return { gaps: less(less(x)), count: Math.max(0, count) };
}

/**
 * Mean square of the distance from the mean, over axes; NaN where the count less
 * `correction` is 0.
 *
 * @param x any shape, f32
 * @returns the other axes, f32
 * @throws ShapeError if an axis does not exist; DtypeError
 */
export function variance(x: Tensor, options: VarianceOptions = {}): Tensor {
  return composed("variance", () => inFloat32([checkTensor("variance", x)], (wide) => {
    const { gaps, count } = centred("variance", wide, options);
    return mul(sumSquares(gaps, options), 1 / count);
  }));
}

/** Square root of the `variance`; the gradient where all elements are equal is 0. */
export function std(x: Tensor, options: VarianceOptions = {}): Tensor {
  return composed("std", () => inFloat32([checkTensor("std", x)], (wide) => {
    const { gaps, count } = centred("std", wide, options);
    const { axis, keepDims = false } = options;
    return mul(norm(gaps, { axis, keepDims }), 1 / Math.sqrt(count));
  }));
}

/**
 * log(sum(exp(x))) over axes, from the largest element; -infinity over nothing, and over elements
 * of -infinity only, with the gradient 0.
 *
 * @param x any shape, f32
 * @returns the other axes, f32
 * @throws ShapeError if an axis does not exist; DtypeError
 */
export function logsumexp(
  x: Tensor, options: ReduceOptions = {},
): Tensor {
  return composed("logsumexp", () => {
    const { axis, keepDims = false } = checkOptions("logsumexp", options, "axis");
    const { shape } = checkTensor("logsumexp", x);
    const axes = resolveAxes("logsumexp", axis, shape);
    const turned = permute(asFloat("logsumexp", x), foldLast(shape, axes));
    const kept = turned.shape.slice(0, shape.length - axes.length);
    const rows = reshape(turned, [...kept, foldSize(shape, axes)]);
    return reshape(rowLogSums(rows), keepDims ? keptShape(shape, axes) : kept);
  });
}

function rowLogSums(rows: Tensor): Tensor {
  const kernel = { name: "logsumexp", wgsl: `${logText}${expSumText}${logsumexpText}` };
  const shape = rows.shape.slice(0, -1);
  return apply({
    name: "logsumexp",
    forward: (t) => {
      const input = checkTensor("logsumexp", t);
      checkDtype("logsumexp", input.dtype, ["f32"]);
      if (input.size === 0) return full(shape, -Infinity, { device: input.device });
      return withContiguous([input], ([x]) => {
        const { layout: { offset } } = x as Tensor; // one went in
        return rowResult(kernel, [x as Tensor], shape, [rowsOf(input).width, offset]);
      });
    },
    vjp: (dy, [x], y) => [() => {
      const spread = mul(unsqueeze(dy, -1), softmax(x as Tensor)); // forward has checked it
      return where(eq(unsqueeze(y, -1), -Infinity), 0, spread);
    }],
    saves: "both",
  }, [rows]);
}

/** Options of `norm`. */
export interface VectorNormOptions extends ReduceOptions {
  /** Order: any positive number, 0, Infinity or -Infinity. Default 2. */
  readonly p?: number;
}

/**
 * Norm over axes, seen as one vector: (sum |x|^p)^(1/p); for `p = Infinity` the largest size, for
 * -Infinity the smallest, for 0 the number of elements that are not 0. It neither overflows nor
 * underflows on the way. The gradient at a vector of zeros is 0.
 *
 * @param vector any shape, f32
 * @returns the other axes, f32
 * @throws RangeError for another order; ShapeError if an axis does not exist, or is empty for an
 *   infinite order; DtypeError
 */
export function norm(vector: Tensor, { p = 2, ...options }: VectorNormOptions = {}): Tensor {
  return composed("norm", () => {
    const x = asFloat("norm", vector);
    if (p === 1) return sum(abs(x), options);
    if (p === Infinity) return max(abs(x), options);
    if (p === -Infinity) return min(abs(x), options);
    if (p === 0) return sum(cast(ne(x, 0), x.dtype), options);
    if (!(p > 0)) {
      throw new RangeError(
        `norm: not an order: ${p}. Use a positive number, 0, Infinity or -Infinity.`,
      );
    }
    if (p !== 2) return powerNorm(x, p, options);
    const back = (dy: Tensor, input: Tensor, y: Tensor) => {
      return mul(dy, quotient(input, reshape(y, dy.shape)));
    };
    return fold(NORM, x, options, back, ["f32"], "both");
  });
}

const ABS: Body = { name: "abs", wgsl: absBody };
const POWER = /* @__PURE__ */ scaled("scaledPower", powerBody);
const ROOT = /* @__PURE__ */ scaled("scaledRoot", rootBody);

function scaled(name: string, wgsl: string): Body {
  return { name, wgsl: `${bitsText}${wgsl}` };
}

/** The norm of a positive order, from the largest size, so that no power overflows. */
function powerNorm(x: Tensor, p: number, { axis, keepDims = false }: ReduceOptions): Tensor {
  const { shape } = checkTensor("norm", x);
  const axes = resolveAxes("norm", axis, shape);
  const kept = keptShape(shape, axes);
  const y = apply({
    name: "norm",
    forward: (t) => powerForward(checkTensor("norm", t), p, axes),
    vjp: (dy, [t], root) => [() => {
      const input = t as Tensor; // forward has checked it
      const part = pow(quotient(abs(input), reshape(root, kept)), p - 1);
      return mul(reshape(dy, kept), where(eq(input, 0), 0, mul(sign(input), part)));
    }],
    saves: "both",
  }, [x]);
  return keepDims ? reshape(y, kept) : y;
}

function powerForward(x: Tensor, p: number, axes: readonly number[]): Tensor {
  checkDtype("norm", x.dtype, ["f32"]);
  if (foldSize(x.shape, axes) === 0) return reduce(SUM, x, axes, "f32");
  const run = (body: Body, ...operands: (Tensor | number)[]) => {
    return elementwise(x.device, { body, operands, type: "f32", out: "f32" });
  };
  const sizes = run(ABS, x);
  const top = reduce(MAX, sizes, axes, "f32");
  const shape = keptShape(x.shape, axes);
  const wide = top.view("norm", { shape, strides: rowMajor(shape), offset: 0 });
  const powers = run(POWER, x, wide, p);
  const total = reduce(SUM, powers, axes, "f32");
  const y = run(ROOT, total, top, p);
  dispose([sizes, top, wide, powers, total]);
  return y;
}

/** How many elements are not 0, over axes; i32. NaN counts. Throws as `any`. */
export function countNonzero(x: Tensor, options: ReduceOptions = {}): Tensor {
  return composed("countNonzero", () => {
    return cast(countTrue("countNonzero", cast(x, "bool"), options), "i32");
  });
}

/**
 * Whether some element is not 0, over axes; false over nothing, and NaN counts as not 0.
 *
 * @param x any shape and dtype
 * @returns the other axes, bool
 * @throws ShapeError if an axis does not exist
 */
export function any(x: Tensor, options: ReduceOptions = {}): Tensor {
  return composed("any", () => cast(countTrue("any", cast(x, "bool"), options), "bool"));
}

/** Whether no element is 0, over axes; true over nothing. As `any`. */
export function all(x: Tensor, options: ReduceOptions = {}): Tensor {
  return composed("all", () => eq(countTrue("all", eq(cast(x, "bool"), 0), options), 0));
}

function countTrue(op: string, x: Tensor, options: ReduceOptions): Tensor {
  const { axis, keepDims = false } = checkOptions(op, options, "axis");
  const axes = resolveAxes(op, axis, x.shape);
  const y = reduce(SUM, x, axes, "u32"); // true is stored as 1
  return keepDims ? reshape(y, keptShape(x.shape, axes)) : y;
}
