import asinText from "../../kernels/math/asin.wgsl" with { type: "text" };
import atanText from "../../kernels/math/atan.wgsl" with { type: "text" };
import bitsText from "../../kernels/math/bits.wgsl" with { type: "text" };
import erfText from "../../kernels/math/erf.wgsl" with { type: "text" };
import expm1Text from "../../kernels/math/expm1.wgsl" with { type: "text" };
import logText from "../../kernels/math/log.wgsl" with { type: "text" };
import log1pText from "../../kernels/math/log1p.wgsl" with { type: "text" };
import acosBody from "../../kernels/unary/acos.wgsl" with { type: "text" };
import acoshBody from "../../kernels/unary/acosh.wgsl" with { type: "text" };
import asinBody from "../../kernels/unary/asin.wgsl" with { type: "text" };
import asinhBody from "../../kernels/unary/asinh.wgsl" with { type: "text" };
import atanBody from "../../kernels/unary/atan.wgsl" with { type: "text" };
import atanhBody from "../../kernels/unary/atanh.wgsl" with { type: "text" };
import cbrtBody from "../../kernels/unary/cbrt.wgsl" with { type: "text" };
import coshBody from "../../kernels/unary/cosh.wgsl" with { type: "text" };
import erfcBody from "../../kernels/unary/erfc.wgsl" with { type: "text" };
import erfinvBody from "../../kernels/unary/erfinv.wgsl" with { type: "text" };
import fracBody from "../../kernels/unary/frac.wgsl" with { type: "text" };
import isFiniteBody from "../../kernels/unary/is_finite.wgsl" with { type: "text" };
import isInfiniteBody from "../../kernels/unary/is_infinite.wgsl" with { type: "text" };
import isNaNBody from "../../kernels/unary/is_nan.wgsl" with { type: "text" };
import log10Body from "../../kernels/unary/log10.wgsl" with { type: "text" };
import logitBody from "../../kernels/unary/logit.wgsl" with { type: "text" };
import sinhBody from "../../kernels/unary/sinh.wgsl" with { type: "text" };
import type { Tensor } from "../../engine/index.ts";
import { defineUnary } from "../define.ts";
import { add, div, mul, neg, square, sub } from "./arithmetic.ts";
import { hypot } from "./pairs.ts";
import { exp, rsqrt, sqrt } from "./unary.ts";

// Every function here takes a tensor of any shape, f32, and gives one of the same shape; it throws
// DtypeError for other dtypes and DisposedError for a disposed tensor. Errors are relative, also
// near 0 and in the tails.

/** Angle in [-pi/2, pi/2] whose sine is x; NaN outside [-1, 1]. */
export const asin = /* @__PURE__ */ defineUnary({
  name: "asin", body: [bitsText, asinText, asinBody],
  vjp: (dy, [x]) => mul(dy, rsqrt(mul(sub(1, x), add(x, 1)))),
});

/** Angle in [0, pi] whose cosine is x; NaN outside [-1, 1]. */
export const acos = /* @__PURE__ */ defineUnary({
  name: "acos", body: [bitsText, asinText, acosBody],
  vjp: (dy, [x]) => neg(mul(dy, rsqrt(mul(sub(1, x), add(x, 1))))),
});

/** Angle in [-pi/2, pi/2] whose tangent is x. */
export const atan = /* @__PURE__ */ defineUnary({
  name: "atan", body: [bitsText, atanText, atanBody],
  vjp: (dy, [x]) => div(dy, add(square(x), 1)),
});

/** Hyperbolic sine. */
export const sinh = /* @__PURE__ */ defineUnary({
  name: "sinh", body: [bitsText, expm1Text, sinhBody],
  vjp: (dy, [x]) => mul(dy, cosh(x)),
});

/** Hyperbolic cosine. */
export const cosh: (x: Tensor) => Tensor = /* @__PURE__ */ defineUnary({
  name: "cosh", body: [bitsText, coshBody],
  vjp: (dy, [x]) => mul(dy, sinh(x)),
});

/** Inverse of the hyperbolic sine. */
export const asinh = /* @__PURE__ */ defineUnary({
  name: "asinh", body: [bitsText, logText, log1pText, asinhBody],
  vjp: (dy, [x]) => div(dy, hypot(x, 1)),
});

/** Inverse of the hyperbolic cosine, from 0 up; NaN below 1. */
export const acosh = /* @__PURE__ */ defineUnary({
  name: "acosh", body: [bitsText, logText, log1pText, acoshBody],
  vjp: (dy, [x]) => div(dy, mul(sqrt(sub(x, 1)), sqrt(add(x, 1)))),
});

/** Inverse of the hyperbolic tangent; infinite at -1 and 1, NaN beyond. */
export const atanh = /* @__PURE__ */ defineUnary({
  name: "atanh", body: [bitsText, log1pText, atanhBody],
  vjp: (dy, [x]) => div(dy, mul(sub(1, x), add(x, 1))),
});

/** Logarithm to base 10. */
export const log10 = /* @__PURE__ */ defineUnary({
  name: "log10", body: [logText, log10Body],
  vjp: (dy, [x]) => div(dy, mul(x, Math.LN10)),
});

/** Cube root, also of negative elements. */
export const cbrt = /* @__PURE__ */ defineUnary({
  name: "cbrt", body: [bitsText, cbrtBody], saves: "output",
  vjp: (dy, _, y) => div(dy, mul(square(y), 3)),
});

/**
 * 1 - erf(x), with digits of its own where it is small.
 *
 * Source: Press et al., Numerical Recipes, section 6.2
 */
export const erfc = /* @__PURE__ */ defineUnary({
  name: "erfc", body: [erfText, erfcBody],
  vjp: (dy, [x]) => mul(dy, mul(exp(neg(square(x))), -2 / Math.sqrt(Math.PI))),
});

/**
 * Inverse of the Gauss error function; infinite at -1 and 1, NaN beyond.
 *
 * Source: Giles, "Approximating the erfinv function" (2010), table 5
 */
export const erfinv = /* @__PURE__ */ defineUnary({
  name: "erfinv", body: [bitsText, erfinvBody], saves: "output",
  vjp: (dy, _, y) => mul(dy, mul(exp(square(y)), Math.sqrt(Math.PI) / 2)),
});

/** log(x / (1 - x)), the inverse of `sigmoid`; NaN outside [0, 1]. */
export const logit = /* @__PURE__ */ defineUnary({
  name: "logit", body: [logText, log1pText, logitBody],
  vjp: (dy, [x]) => div(dy, mul(x, sub(1, x))),
});

/** Each element without its whole part; the sign stays. NaN for infinity. */
export const frac = /* @__PURE__ */ defineUnary({
  name: "frac", body: [bitsText, fracBody], saves: "nothing",
  vjp: (dy) => dy,
});

/** True where an element is NaN; bool. */
export const isNaN = /* @__PURE__ */ defineUnary({
  name: "isNaN", body: [bitsText, isNaNBody], out: "bool",
});

/** True where an element is infinite, of either sign; bool. */
export const isInfinite = /* @__PURE__ */ defineUnary({
  name: "isInfinite", body: [bitsText, isInfiniteBody], out: "bool",
});

/** True where an element is neither infinite nor NaN; bool. */
export const isFinite = /* @__PURE__ */ defineUnary({
  name: "isFinite", body: isFiniteBody, out: "bool",
});
