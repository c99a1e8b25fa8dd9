import atan2Body from "../../kernels/binary/atan2.wgsl" with { type: "text" };
import copysignBody from "../../kernels/binary/copysign.wgsl" with { type: "text" };
import hypotBody from "../../kernels/binary/hypot.wgsl" with { type: "text" };
import logAddExpBody from "../../kernels/binary/log_add_exp.wgsl" with { type: "text" };
import quotientBody from "../../kernels/binary/quotient.wgsl" with { type: "text" };
import atanText from "../../kernels/math/atan.wgsl" with { type: "text" };
import bitsText from "../../kernels/math/bits.wgsl" with { type: "text" };
import log1pText from "../../kernels/math/log1p.wgsl" with { type: "text" };
import gateBody from "../../kernels/quaternary/gate.wgsl" with { type: "text" };
import nanToNumBody from "../../kernels/quaternary/nan_to_num.wgsl" with { type: "text" };
import clipBody from "../../kernels/ternary/clip.wgsl" with { type: "text" };
import lerpBody from "../../kernels/ternary/lerp.wgsl" with { type: "text" };
import { type Tensor, isFloat, zeros } from "../../engine/index.ts";
import { NUMERIC, checkTensor, composed, defineBinary } from "../define.ts";
import { defineMany } from "../define_many.ts";
import type { Operand } from "../tape.ts";
import { div, mul, neg, sub, where } from "./arithmetic.ts";
import { sigmoid, sign } from "./unary.ts";

/** Zeros like a gradient: that of an operand the result does not follow. */
function nothing(dy: Tensor): Tensor {
  return zeros(dy.shape, { device: dy.device });
}

/**
 * Angle of the point (x, y) in [-pi, pi], by the rules of IEEE 754 for zeros and infinities.
 * Operands and errors as for `add`, f32.
 *
 * @param y ordinate
 * @param x abscissa
 */
export const atan2 = /* @__PURE__ */ defineBinary({
  name: "atan2", body: [bitsText, atanText, atan2Body],
  vjp: (dy, [y, x]) => {
    const part = (side: Operand) => {
      const h = hypot(x, y);
      return div(mul(dy, div(side, h)), h);
    };
    return [() => part(x), () => neg(part(y))];
  },
});

/**
 * sqrt(a^2 + b^2) without overflow or underflow on the way; infinite if one is, else NaN if one is.
 * Operands and errors as for `add`, f32. The gradient at (0, 0) is 0.
 */
export const hypot: (a: Operand, b: Operand) => Tensor = /* @__PURE__ */ defineBinary({
  name: "hypot", body: [bitsText, hypotBody], saves: "both",
  vjp: (dy, [a, b], y) => [() => mul(dy, quotient(a, y)), () => mul(dy, quotient(b, y))],
});

/** Quotient, and 0 where the divisor is 0. */
export const quotient: (a: Operand, b: Operand) => Tensor = /* @__PURE__ */ defineBinary({
  name: "quotient", body: quotientBody, saves: "both",
  vjp: (dy, [, b], y) => [() => quotient(dy, b), () => neg(quotient(mul(dy, y), b))],
});

/** Size of `a` with the sign of `b`, also that of zeros and NaN; operands as for `add`, f32. */
export const copysign = /* @__PURE__ */ defineBinary({
  name: "copysign", body: [bitsText, copysignBody], saves: "both",
  vjp: (dy, [a], y) => [() => mul(dy, mul(sign(a as Tensor), sign(y))), () => nothing(dy)],
});

/** log(exp(a) + exp(b)) without overflow; operands and errors as for `add`, f32. */
export const logAddExp = /* @__PURE__ */ defineBinary({
  name: "logAddExp", body: [bitsText, log1pText, logAddExpBody],
  vjp: (dy, [a, b]) => [
    () => mul(dy, sigmoid(sub(a, b))), () => mul(dy, sigmoid(sub(b, a))),
  ],
});

/**
 * From `a` at weight 0 to `b` at weight 1, in a straight line: a + weight (b - a).
 *
 * @param a any shape, f32, or a number
 * @param b a shape that broadcasts with the others', or a number
 * @param weight tensor or number; beyond [0, 1] the line goes on
 * @throws ShapeError if the shapes do not broadcast; DtypeError; TypeError for three numbers
 */
export function lerp(a: Operand, b: Operand, weight: Operand): Tensor {
  return LERP(a, b, weight);
}

const LERP = /* @__PURE__ */ defineMany({
  name: "lerp", body: [lerpBody],
  vjp: (dy, [a = 0, b = 0, w = 0]) => [
    () => (typeof w === "number" ? mul(dy, 1 - w) : mul(dy, sub(1, w))),
    () => mul(dy, w),
    () => (typeof a === "number" && typeof b === "number" ? mul(dy, b - a) : mul(dy, sub(b, a))),
  ],
});

/** The first operand where the second lies inside an open interval, else 0. */
export const gate: (...operands: Operand[]) => Tensor = /* @__PURE__ */ defineMany({
  name: "gate", body: [gateBody],
  vjp: (d, [, x = 0, low = 0, high = 0]) => [() => gate(d, x, low, high), () => nothing(d)],
});

/** The range of `clip`. */
export interface ClipOptions {
  /** Default: none. */
  readonly min?: number | undefined;
  /** Default: none. */
  readonly max?: number | undefined;
}

/**
 * Each element, but at least `min` and at most `max`; NaN stays. The gradient passes inside the
 * interval only, not at its ends.
 *
 * @param x any shape; f32, i32 or u32
 * @throws RangeError if `min` is above `max`; DtypeError
 */
export function clip(x: Tensor, { min, max }: ClipOptions = {}): Tensor {
  if (!((min ?? -Infinity) <= (max ?? Infinity))) {
    throw new RangeError(
      `clip: min is above max: ${min ?? "none"} and ${max ?? "none"}. Exchange them.`,
    );
  }
  const { dtype } = checkTensor("clip", x);
  const [low, high] = RANGE[dtype as keyof typeof RANGE] ?? [-Infinity, Infinity];
  return CLIP(x, Math.max(min ?? low, low), Math.min(max ?? high, high));
}

const RANGE = { i32: [-(2 ** 31), 2 ** 31 - 1], u32: [0, 2 ** 32 - 1] } as const;

const CLIP = /* @__PURE__ */ defineMany({
  name: "clip", body: [bitsText, clipBody], dtypes: NUMERIC,
  vjp: (dy, [x = 0, low = 0, high = 0]) => [() => gate(dy, x, low, high)],
});

/** What `nanToNum` puts in place. */
export interface NanToNumOptions {
  /** For NaN. Default 0. */
  readonly nan?: number;
  /** For infinity. Default: the largest f32. */
  readonly infinity?: number;
  /** For minus infinity. Default: the least f32. */
  readonly negativeInfinity?: number;
}

const LARGEST = (2 - 2 ** -23) * 2 ** 127;

/**
 * Each element, or a number in place of NaN and the infinities; the gradient there is 0.
 *
 * @param x any shape and dtype; integers are as they were
 */
export function nanToNum(x: Tensor, options: NanToNumOptions = {}): Tensor {
  const { nan = 0, infinity = LARGEST, negativeInfinity = -LARGEST } = options;
  if (!isFloat(checkTensor("nanToNum", x).dtype)) return x.alias();
  return NAN_TO_NUM(x, nan, infinity, negativeInfinity);
}

const NAN_TO_NUM = /* @__PURE__ */ defineMany({
  name: "nanToNum", body: [bitsText, nanToNumBody],
  vjp: (dy, [x = 0]) => [() => gate(dy, x, -Infinity, Infinity)],
});

/**
 * Each element, or a number where the mask holds.
 *
 * @param x any shape and dtype
 * @param mask bool; broadcasts with `x`
 * @param value fits the dtype
 * @throws ShapeError if the shapes do not broadcast; DtypeError
 */
export function maskedFill(x: Tensor, mask: Tensor, value: number): Tensor {
  return composed("maskedFill", () => where(mask, value, x));
}
