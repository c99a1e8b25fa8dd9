import expSumText from "../../kernels/row/exp_sum.wgsl" with { type: "text" };
import logSoftmaxText from "../../kernels/row/log_softmax.wgsl" with { type: "text" };
import logSoftmaxGradText from "../../kernels/row/log_softmax_grad.wgsl" with { type: "text" };
import softmaxText from "../../kernels/row/softmax.wgsl" with { type: "text" };
import softmaxGradText from "../../kernels/row/softmax_grad.wgsl" with { type: "text" };
import { ShapeError, type Tensor, f32Bits, resolveAxis, scope, show } from "../../engine/index.ts";
import { apply, checkOptions, checkTensor } from "../define.ts";
import { rowOp } from "../row_op.ts";
import type { Operand } from "../tape.ts";
import { mul, sub } from "./arithmetic.ts";
import { sum } from "./reduce.ts";
import { exp } from "./unary.ts";
import { reshape, transpose } from "./views.ts";

/** Options of `softmax`. */
export interface SoftmaxOptions {
  /** The axis whose results add up to 1. Default: the last. */
  readonly axis?: number;
  /** Factor of the inputs. Default 1. */
  readonly scale?: number;
  /**
   * For scores `[..., queries, keys]`: a query sees the keys up to its own place, counted from
   * the end if there are more keys than queries; the others get 0. Default false.
   */
  readonly causal?: boolean;
}

/**
 * exp(scale x) divided by its sum along an axis, computed from the largest element down.
 *
 * @param x any shape; f32. Elements of -infinity get 0; a line of nothing else gets NaN
 * @returns same shape, f32
 * @throws ShapeError if the axis does not exist, or for `causal` with fewer keys than queries
 */
export function softmax(x: Tensor, options: SoftmaxOptions = {}): Tensor {
  const { axis = -1, scale = 1, causal = false } = checkOptions("softmax", options, "axis");
  const { shape } = checkTensor("softmax", x);
  const queries = causal ? checkCausal(x) : 1;
  if (shape.length === 0) return scope(() => reshape(softmax(reshape(x, [1]), { scale }), []));
  if (!isLast("softmax", x, axis)) {
    if (causal) {
      throw new ShapeError(
        `softmax: a causal softmax runs along the last axis: axis ${axis} of ${show(shape)}. `
          + `Transpose the scores.`,
      );
    }
    const swap = { axes: [axis, -1] as const };
    return scope(() => transpose(softmax(transpose(x, swap), { scale }), swap));
  }
  const wgsl = `${expSumText}${softmaxText}`;
  const kernel = { name: "softmax", wgsl, switches: { CAUSAL: causal } };
  return apply({
    name: "softmax",
    forward: (t) => rowOp(kernel, [t], (width, [at = 0]) => [
      width, queries, f32Bits(scale), at,
    ]),
    vjp: (dy, _, y) => [() => softmaxGrad(y, dy, scale)],
    saves: "output",
  }, [x]);
}

/** scale y (dy - sum(y dy)) along the last axis. */
function softmaxGrad(y: Tensor, dy: Tensor, scale: number): Tensor {
  const kernel = { name: "softmaxGrad", wgsl: softmaxGradText };
  return apply({
    name: "softmaxGrad",
    forward: (...inputs) => rowOp(kernel, inputs, (width, [y0 = 0, dy0 = 0]) => [
      width, y0, dy0, f32Bits(scale),
    ]),
    vjp: (d, inputs) => {
      const [p, g] = inputs as readonly [Tensor, Tensor]; // forward has checked them
      const dot = (a: Tensor, b: Tensor) => sum(mul(a, b), { axis: -1, keepDims: true });
      const byY = () => sub(mul(d, sub(g, dot(p, g))), mul(g, dot(d, p)));
      return [() => mul(byY(), scale), () => softmaxGrad(p, d, scale)];
    },
  }, [y, dy]);
}

/**
 * Logarithm of the softmax along an axis, exact also where the softmax is near 0.
 *
 * @param x any shape; f32
 * @returns same shape, f32
 * @throws ShapeError if the axis does not exist
 */
export function logSoftmax(x: Tensor, options: { readonly axis?: number } = {}): Tensor {
  const { axis = -1 } = checkOptions("logSoftmax", options, "axis");
  if (checkTensor("logSoftmax", x).shape.length === 0) {
    return scope(() => reshape(logSoftmax(reshape(x, [1])), []));
  }
  if (!isLast("logSoftmax", x, axis)) {
    const swap = { axes: [axis, -1] as const };
    return scope(() => transpose(logSoftmax(transpose(x, swap)), swap));
  }
  const kernel = { name: "logSoftmax", wgsl: `${expSumText}${logSoftmaxText}` };
  return apply({
    name: "logSoftmax",
    forward: (t) => rowOp(kernel, [t], (width, [at = 0]) => [width, at]),
    vjp: (dy, _, y) => [() => logSoftmaxGrad(y, dy)],
    saves: "output",
  }, [x]);
}

/** dy - exp(y) sum(dy) along the last axis. */
function logSoftmaxGrad(y: Tensor, dy: Tensor): Tensor {
  const kernel = { name: "logSoftmaxGrad", wgsl: logSoftmaxGradText };
  return apply({
    name: "logSoftmaxGrad",
    forward: (...inputs) => rowOp(kernel, inputs, (width, [y0 = 0, dy0 = 0]) => [width, y0, dy0]),
    vjp: (d, inputs) => {
      const [logs, g] = inputs as readonly [Tensor, Tensor]; // forward has checked them
      const all = { axis: -1, keepDims: true };
      return [
        () => mul(mul(d, exp(logs)), mul(sum(g, all), -1)),
        () => sub(d, sum(mul(d, exp(logs)), all)),
      ];
    },
  }, [y, dy]);
}

function isLast(op: string, x: Operand, axis: number): boolean {
  const { shape } = checkTensor(op, x);
  return resolveAxis(op, axis, shape) === shape.length - 1;
}

/** Number of queries of causal scores. */
function checkCausal(x: Tensor): number {
  const [queries, keys] = x.shape.slice(-2);
  if (queries !== undefined && keys !== undefined && keys >= queries) return queries;
  throw new ShapeError(
    `softmax: causal scores need as many keys as queries or more: ${show(x.shape)}. `
      + `Give [..., queries, keys].`,
  );
}
