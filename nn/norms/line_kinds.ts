// How a line is measured: its 1-, 2-, p- or infinity-norm, with what comes of each.

import ballText from "../../kernels/row/lp_ball.wgsl" with { type: "text" };
import { type Tensor, abs, arange, argmax, div, eq, gt, max, maximum, minimum, mul, permute, pow,
  reshape, scale, scope, sign, sum, where, zeros } from "../../autograd/index.ts";
import { type RowKernel, f32Bits, rowsOf, runRows, withContiguous } from "../../engine/index.ts";
import { type LineAxes, levelled, lineNorms, unitLines } from "./lines.ts";

/** A norm of lines. All on f32; `axis` says which axes make up one line. */
export interface LineKind {
  /** The norm of every line; these axes stay with size 1. */
  readonly sizes: (x: Tensor, axis: LineAxes) => Tensor;
  /** The dual norm of every line. */
  readonly dualSizes: (x: Tensor, axis: LineAxes) => Tensor;
  /** Of the lines of norm `factor` those with the largest inner products; 0 for zero lines. */
  readonly duals: (x: Tensor, axis: LineAxes, factor: number) => Tensor;
  /** The point with lines of norm at most `radius` that is nearest in the Euclidean norm. */
  readonly inBall: (x: Tensor, axis: LineAxes, radius: number) => Tensor;
  /** Lines of norm `radius` from random ones. */
  readonly onSphere: (x: Tensor, axis: LineAxes, radius: number) => Tensor;
}

/** The Euclidean norm, p = 2. */
export const euclidean: LineKind = {
  sizes: lineNorms,
  dualSizes: lineNorms,
  duals: unitLines,
  inBall: (x, axis, radius) => {
    if (x.size === 0) return empty(x);
    return scope(() => where(gt(lineNorms(x, axis), radius), unitLines(x, axis, radius), x));
  },
  onSphere: unitLines,
};

/** The largest absolute element, p = infinity. */
export const peak: LineKind = {
  sizes: peaks,
  dualSizes: totals,
  duals: signs,
  inBall: (x, _, radius) => scope(() => maximum(minimum(x, radius), -radius)),
  onSphere: signs,
};

/** The sum of absolute elements, p = 1. */
export const total: LineKind = {
  sizes: totals,
  dualSizes: peaks,
  duals: (x, axis, factor) => {
    if (x.size === 0) return empty(x);
    return scope(() => where(firstPeak(x, axis), scale(sign(x), factor), 0));
  },
  inBall: (x, axis, radius) => linesInBall(x, axis, 1, radius),
  onSphere: (x, axis, radius) => scope(() => scale(div(x, totals(x, axis)), radius)),
};

/** The p-norm, for any p from 1 to infinity. */
export function power(p: number): LineKind {
  if (p === 1) return total;
  if (p === 2) return euclidean;
  if (p === Infinity) return peak;
  const q = p / (p - 1);
  const duals: LineKind["duals"] = (x, axis, factor) => {
    if (x.size === 0) return empty(x);
    return scope(() => {
      const level = levelled(x, axis);
      const size = pow(sum(pow(abs(level.x), q), { axis, keepDims: true }), 1 / p);
      const bent = mul(sign(level.x), pow(abs(level.x), q - 1));
      return mul(bent, where(level.zero, 0, div(factor, size)));
    });
  };
  return {
    sizes: (x, axis) => powerSizes(x, axis, p),
    dualSizes: (x, axis) => powerSizes(x, axis, q),
    duals,
    inBall: (x, axis, radius) => linesInBall(x, axis, p, radius),
    onSphere: duals,
  };
}

function empty(x: Tensor): Tensor {
  return zeros(x.shape, { device: x.device });
}

function totals(x: Tensor, axis: LineAxes): Tensor {
  return scope(() => sum(abs(x), { axis, keepDims: true }));
}

function peaks(x: Tensor, axis: LineAxes): Tensor {
  if (x.size === 0) return totals(x, axis); // 0 for empty lines
  return scope(() => max(abs(x), { axis, keepDims: true }));
}

function signs(x: Tensor, _: LineAxes, factor: number): Tensor {
  return scope(() => scale(sign(x), factor));
}

function powerSizes(x: Tensor, axis: LineAxes, p: number): Tensor {
  if (x.size === 0) return totals(x, axis);
  return scope(() => {
    const level = levelled(x, axis);
    const sizes = pow(sum(pow(abs(level.x), p), { axis, keepDims: true }), 1 / p);
    return where(level.zero, 0, mul(sizes, level.largest));
  });
}

/** True at the largest absolute value of every line, the first one of equals. */
function firstPeak(x: Tensor, axis: LineAxes): Tensor {
  if (axis.length > 1) return reshape(firstPeak(asRows(x), [-1]), x.shape);
  const [at = -1] = axis;
  const length = x.shape.at(at) ?? 1;
  const places = arange(length, { dtype: "i32", device: x.device });
  const found = argmax(abs(x), { axis: at, keepDims: true });
  return eq(reshape(places, at === -1 ? [length] : [length, 1]), found);
}

/** Every matrix as one row. */
function asRows(x: Tensor): Tensor {
  return reshape(x, [...x.shape.slice(0, -2), -1]);
}

/** By a kernel on rows: there is no closed form. */
function linesInBall(x: Tensor, axis: LineAxes, p: number, radius: number): Tensor {
  if (x.size === 0) return empty(x);
  return scope(() => {
    if (axis.length > 1) return reshape(rowsInBall(asRows(x), p, radius), x.shape);
    const order = x.shape.map((_, i) => i);
    if (axis[0] !== -1) order.push(...order.splice(-2, 1)); // columns last
    return permute(rowsInBall(permute(x, order), p, radius), order); // its own inverse
  });
}

function rowsInBall(x: Tensor, p: number, radius: number): Tensor {
  return withContiguous([x], ([rows = x]) => {
    const out = rows.device.empty("projectBall", rows.shape, "f32");
    const { rows: count, width } = rowsOf(out);
    runRows(ballKernel(p === 1), [rows], out, count,
      [width, rows.layout.offset, f32Bits(radius), f32Bits(p), 0]);
    return out;
  });
}

function ballKernel(linear: boolean): RowKernel {
  return { name: "projectBall", wgsl: ballText, switches: { LINEAR: linear } };
}
