import mulText from "../kernels/binary/mul.wgsl" with { type: "text" };
import blendText from "../kernels/update/blend.wgsl" with { type: "text" };
import descendText from "../kernels/update/descend.wgsl" with { type: "text" };
import peakText from "../kernels/update/peak.wgsl" with { type: "text" };
import ratioText from "../kernels/update/ratio.wgsl" with { type: "text" };
import rootText from "../kernels/update/root_mean_square.wgsl" with { type: "text" };
import { type Body, type Scalar, type Tensor, elementwise, elementwiseInto } from
  "../engine/index.ts";

const BLEND: Body = { name: "updateBlend", wgsl: blendText };
const DESCEND: Body = { name: "updateDescend", wgsl: descendText };
const MUL: Body = { name: "mul", wgsl: mulText };
const PEAK: Body = { name: "updatePeak", wgsl: peakText };
const RATIO: Body = { name: "updateRatio", wgsl: ratioText };
const ROOT: Body = { name: "updateRootMeanSquare", wgsl: rootText };

/** A scalar that is not 0 where a step is refused: what is changed in place then stays. */
export type Refused = Tensor | undefined;

function call(body: Body, operands: readonly (Tensor | Scalar)[]) {
  return { body, operands, type: "f32", out: "f32", convert: operands.map(() => true) } as const;
}

/** The product `x factor` as a new tensor. */
export function times(x: Tensor, factor: Scalar): Tensor {
  return elementwise(x.device, call(MUL, [x, factor]));
}

/**
 * The weighted sum `a x + b y` as a new tensor.
 *
 * @param y same shape as `x`, or one that broadcasts to it
 */
export function blend(x: Tensor, y: Tensor, a: Scalar, b: Scalar): Tensor {
  return elementwise(x.device, call(BLEND, [x, y, a, b, 0]));
}

/** Replaces `x` by `a x + b y`. */
export function blendInto(x: Tensor, y: Tensor, a: Scalar, b: Scalar, refused?: Refused): void {
  elementwiseInto(x, call(BLEND, [x, y, a, b, refused ?? 0]));
}

/** Replaces `x` by `y`. */
export function replaceInto(x: Tensor, y: Tensor, refused?: Refused): void {
  blendInto(x, y, 0, 1, refused);
}

/**
 * Replaces the root mean square `s` by `sqrt(beta s^2 + (1 - beta) g^2)`, for `s` and `g` of any
 * scale.
 */
export function rootMeanSquareInto(s: Tensor, g: Tensor, beta: number, refused?: Refused): void {
  rootBlendInto(s, g, beta, 1 - beta, refused);
}

/** Replaces the root mean square `s` by `sqrt(share s^2 + gain g^2)`; the two add up to 1. */
export function rootBlendInto(
  s: Tensor, g: Tensor, share: Scalar, gain: Scalar, refused?: Refused,
): void {
  elementwiseInto(s, call(ROOT, [s, g, share, gain, gain, refused ?? 0]));
}

/** Replaces the root sum of squares `s` by `sqrt(s^2 + g^2)`, for `s` and `g` of any scale. */
export function rootSumInto(s: Tensor, g: Tensor, refused?: Refused): void {
  elementwiseInto(s, call(ROOT, [s, g, 1, 1, 0, refused ?? 0]));
}

/** The root `sqrt(s^2 + more^2)` as a new tensor; `s` >= 0. */
export function rootSum(s: Tensor, more: number): Tensor {
  return elementwise(s.device, call(ROOT, [s, more, 1, 1, 0, 0]));
}

/** The quotient `m a / (s b + eps)` as a new tensor; 0 where the divisor is 0. */
export function ratio(m: Tensor, s: Tensor, a: Scalar, b: Scalar, eps: Scalar): Tensor {
  return elementwise(m.device, call(RATIO, [m, s, a, b, eps]));
}

/** Replaces the weight `w` by `share w - rate t`. */
export function descendInto(
  w: Tensor, t: Tensor, share: Scalar, rate: Scalar, refused?: Refused,
): void {
  elementwiseInto(w, call(DESCEND, [w, t, share, rate, refused ?? 0]));
}

/** Replaces a peak by the larger of it and `x`. */
export function peakInto(peak: Tensor, x: Tensor, refused?: Refused): void {
  elementwiseInto(peak, call(PEAK, [peak, x, refused ?? 0]));
}
