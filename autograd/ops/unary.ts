import erfText from "../../kernels/math/erf.wgsl" with { type: "text" };
import expm1Text from "../../kernels/math/expm1.wgsl" with { type: "text" };
import logText from "../../kernels/math/log.wgsl" with { type: "text" };
import log1pText from "../../kernels/math/log1p.wgsl" with { type: "text" };
import tanhText from "../../kernels/math/tanh.wgsl" with { type: "text" };
import trigText from "../../kernels/math/trig.wgsl" with { type: "text" };
import absBody from "../../kernels/unary/abs.wgsl" with { type: "text" };
import ceilBody from "../../kernels/unary/ceil.wgsl" with { type: "text" };
import cosBody from "../../kernels/unary/cos.wgsl" with { type: "text" };
import erfBody from "../../kernels/unary/erf.wgsl" with { type: "text" };
import expBody from "../../kernels/unary/exp.wgsl" with { type: "text" };
import exp2Body from "../../kernels/unary/exp2.wgsl" with { type: "text" };
import expm1Body from "../../kernels/unary/expm1.wgsl" with { type: "text" };
import floorBody from "../../kernels/unary/floor.wgsl" with { type: "text" };
import geluBody from "../../kernels/unary/gelu.wgsl" with { type: "text" };
import geluTanhBody from "../../kernels/unary/gelu_tanh.wgsl" with { type: "text" };
import geluTanhSlopeBody from "../../kernels/unary/gelu_tanh_slope.wgsl" with { type: "text" };
import log1pBody from "../../kernels/unary/log1p.wgsl" with { type: "text" };
import log2Body from "../../kernels/unary/log2.wgsl" with { type: "text" };
import logSigmoidBody from "../../kernels/unary/log_sigmoid.wgsl" with { type: "text" };
import reciprocalBody from "../../kernels/unary/reciprocal.wgsl" with { type: "text" };
import reluBody from "../../kernels/unary/relu.wgsl" with { type: "text" };
import roundBody from "../../kernels/unary/round.wgsl" with { type: "text" };
import rsqrtBody from "../../kernels/unary/rsqrt.wgsl" with { type: "text" };
import sigmoidBody from "../../kernels/unary/sigmoid.wgsl" with { type: "text" };
import signBody from "../../kernels/unary/sign.wgsl" with { type: "text" };
import siluBody from "../../kernels/unary/silu.wgsl" with { type: "text" };
import sinBody from "../../kernels/unary/sin.wgsl" with { type: "text" };
import softplusBody from "../../kernels/unary/softplus.wgsl" with { type: "text" };
import sqrtBody from "../../kernels/unary/sqrt.wgsl" with { type: "text" };
import stepBody from "../../kernels/unary/step.wgsl" with { type: "text" };
import tanBody from "../../kernels/unary/tan.wgsl" with { type: "text" };
import tanhBody from "../../kernels/unary/tanh.wgsl" with { type: "text" };
import truncBody from "../../kernels/unary/trunc.wgsl" with { type: "text" };
import type { Tensor } from "../../engine/index.ts";
import { defineUnary } from "../define.ts";
import { add, div, mul, neg, square, sub } from "./arithmetic.ts";

// Every function here takes a tensor of any shape, f32, and gives one of the same shape and dtype;
// it throws DtypeError for other dtypes and DisposedError for a disposed tensor.

/** Absolute value. */
export const abs = /* @__PURE__ */ defineUnary({
  name: "abs", body: absBody,
  vjp: (dy, [x]) => mul(dy, sign(x)),
});

/** -1, 0 or 1 by the sign; NaN stays. Its derivative is taken as 0. */
export const sign = /* @__PURE__ */ defineUnary({
  name: "sign", body: signBody,
});

/** Largest whole number not above each element. */
export const floor = /* @__PURE__ */ defineUnary({
  name: "floor", body: floorBody,
});

/** Smallest whole number not below each element. */
export const ceil = /* @__PURE__ */ defineUnary({
  name: "ceil", body: ceilBody,
});

/** Nearest whole number, halves to the even one. */
export const round = /* @__PURE__ */ defineUnary({
  name: "round", body: roundBody,
});

/** Each element without its fraction. */
export const trunc = /* @__PURE__ */ defineUnary({
  name: "trunc", body: truncBody,
});

/** e to the power of each element. */
export const exp = /* @__PURE__ */ defineUnary({
  name: "exp", body: expBody, saves: "output",
  vjp: (dy, _, y) => mul(dy, y),
});

/** 2 to the power of each element. */
export const exp2 = /* @__PURE__ */ defineUnary({
  name: "exp2", body: exp2Body, saves: "output",
  vjp: (dy, _, y) => mul(dy, mul(y, Math.LN2)),
});

/** Logarithm to base 2. */
export const log2 = /* @__PURE__ */ defineUnary({
  name: "log2", body: [logText, log2Body],
  vjp: (dy, [x]) => div(dy, mul(x, Math.LN2)),
});

/** log(1 + x), exact to rounding also for small x. */
export const log1p = /* @__PURE__ */ defineUnary({
  name: "log1p", body: [logText, log1pText, log1pBody],
  vjp: (dy, [x]) => div(dy, add(x, 1)),
});

/** exp(x) - 1, exact to rounding also for small x. */
export const expm1 = /* @__PURE__ */ defineUnary({
  name: "expm1", body: [expm1Text, expm1Body], saves: "output",
  vjp: (dy, _, y) => mul(dy, add(y, 1)),
});

/** Square root; NaN for negative elements. */
export const sqrt = /* @__PURE__ */ defineUnary({
  name: "sqrt", body: sqrtBody, saves: "output",
  vjp: (dy, _, y) => div(dy, mul(y, 2)),
});

/** 1 over the square root. */
export const rsqrt = /* @__PURE__ */ defineUnary({
  name: "rsqrt", body: rsqrtBody, saves: "output",
  vjp: (dy, _, y) => mul(dy, mul(mul(y, mul(y, y)), -0.5)),
});

/** 1 over each element. */
export const reciprocal = /* @__PURE__ */ defineUnary({
  name: "reciprocal", body: reciprocalBody, saves: "output",
  vjp: (dy, _, y) => neg(mul(dy, mul(y, y))),
});

/** Sine of radians; absolute error below 3e-7 for every angle. */
export const sin = /* @__PURE__ */ defineUnary({
  name: "sin", body: [trigText, sinBody],
  vjp: (dy, [x]) => mul(dy, cos(x)),
});

/** Cosine of radians; as `sin`. */
export const cos = /* @__PURE__ */ defineUnary({
  name: "cos", body: [trigText, cosBody],
  vjp: (dy, [x]) => neg(mul(dy, sin(x))),
});

/** Tangent of radians: the quotient of `sin` and `cos`. */
export const tan = /* @__PURE__ */ defineUnary({
  name: "tan", body: [trigText, tanBody], saves: "output",
  vjp: (dy, _, y) => mul(dy, add(mul(y, y), 1)),
});

/** Hyperbolic tangent. */
export const tanh = /* @__PURE__ */ defineUnary({
  name: "tanh", body: [expm1Text, tanhText, tanhBody], saves: "output",
  vjp: (dy, _, y) => mul(dy, sub(1, mul(y, y))),
});

/** 1 / (1 + exp(-x)). */
export const sigmoid = /* @__PURE__ */ defineUnary({
  name: "sigmoid", body: sigmoidBody, saves: "output",
  vjp: (dy, _, y) => mul(dy, mul(y, sub(1, y))),
});

/** log(1 + exp(x)). */
export const softplus = /* @__PURE__ */ defineUnary({
  name: "softplus", body: [log1pText, softplusBody],
  vjp: (dy, [x]) => mul(dy, sigmoid(x)),
});

/** log(1 / (1 + exp(-x))). */
export const logSigmoid = /* @__PURE__ */ defineUnary({
  name: "logSigmoid", body: [log1pText, logSigmoidBody],
  vjp: (dy, [x]) => mul(dy, sigmoid(neg(x))),
});

/** Larger of each element and 0; NaN stays. The slope at 0 is 0. */
export const relu = /* @__PURE__ */ defineUnary({
  name: "relu", body: reluBody, saves: "output",
  vjp: (dy, _, y) => mul(dy, step(y)),
});

/** x / (1 + exp(-x)), also called swish. */
export const silu = /* @__PURE__ */ defineUnary({
  name: "silu", body: siluBody,
  vjp: (dy, [x]) => mul(dy, siluSlope(x)),
});

/**
 * Gauss error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x; absolute
 * error below 3e-7.
 *
 * Source: Abramowitz & Stegun 7.1.5; Press et al., Numerical Recipes, section 6.2
 */
export const erf = /* @__PURE__ */ defineUnary({
  name: "erf", body: [erfText, erfBody],
  vjp: (dy, [x]) => mul(dy, mul(exp(neg(square(x))), 2 / Math.sqrt(Math.PI))),
});

/**
 * GeLU, exact: x times the normal distribution function of x.
 *
 * Source: Hendrycks, Gimpel 2016
 */
export const gelu = /* @__PURE__ */ defineUnary({
  name: "gelu", body: [erfText, geluBody],
  vjp: (dy, [x]) => mul(dy, geluSlope(x)),
});

/**
 * GeLU, tanh form: x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).
 *
 * Source: Hendrycks, Gimpel 2016
 */
export const geluTanh = /* @__PURE__ */ defineUnary({
  name: "geluTanh", body: geluTanhBody,
  vjp: (dy, [x]) => mul(dy, geluTanhSlope(x)),
});

/** 1 where the element is above 0, else 0: the slope of relu, whose own slope is taken as 0. */
export const step = /* @__PURE__ */ defineUnary({ name: "step", body: stepBody });

/** Derivative of the tanh form of GeLU. */
const geluTanhSlope = /* @__PURE__ */ defineUnary({
  name: "geluTanhSlope", body: geluTanhSlopeBody,
  vjp: (dy, [x]) => mul(dy, geluTanhCurve(x)),
});

const ROOT = /* @__PURE__ */ Math.sqrt(2 / Math.PI);

/** Second derivative of the tanh form of GeLU, from ops. */
function geluTanhCurve(x: Tensor): Tensor {
  const x2 = square(x);
  const t = tanh(mul(mul(x, add(mul(x2, 0.044715), 1)), ROOT));
  const slope = mul(add(mul(x2, 0.134145), 1), ROOT);
  const bend = mul(x, 0.26829 * ROOT);
  const bell = sub(1, square(t));
  const inner = add(slope, mul(mul(x, 0.5), sub(bend, mul(mul(t, square(slope)), 2))));
  return mul(bell, inner);
}

/** Derivative of GeLU: the distribution function plus x times the density. */
function geluSlope(x: Tensor): Tensor {
  const below = mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
  const density = mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return add(below, mul(x, density));
}

/** Derivative of silu: s + x s (1 - s) with s the sigmoid. */
function siluSlope(x: Tensor): Tensor {
  const s = sigmoid(x);
  return add(s, mul(x, mul(s, sub(1, s))));
}
