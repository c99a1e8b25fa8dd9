import leakyReluBody from "../../kernels/binary/leaky_relu.wgsl" with { type: "text" };
import bitsText from "../../kernels/math/bits.wgsl" with { type: "text" };
import expm1Text from "../../kernels/math/expm1.wgsl" with { type: "text" };
import eluBody from "../../kernels/quaternary/elu.wgsl" with { type: "text" };
import eluSlopeBody from "../../kernels/quaternary/elu_slope.wgsl" with { type: "text" };
import hardSigmoidBody from "../../kernels/unary/hard_sigmoid.wgsl" with { type: "text" };
import hardSwishBody from "../../kernels/unary/hard_swish.wgsl" with { type: "text" };
import mishBody from "../../kernels/unary/mish.wgsl" with { type: "text" };
import reluSquaredBody from "../../kernels/unary/relu_squared.wgsl" with { type: "text" };
import softsignBody from "../../kernels/unary/softsign.wgsl" with { type: "text" };
import { ShapeError, type Tensor, resolveAxis, show } from "../../engine/index.ts";
import { asFloat } from "../as_float.ts";
import { checkOptions, checkTensor, composed, defineBinary, defineUnary, inFloat32 } from
  "../define.ts";
import { defineMany } from "../define_many.ts";
import type { Operand } from "../tape.ts";
import { add, div, gt, le, mul, square, sub, where } from "./arithmetic.ts";
import { clip, gate } from "./pairs.ts";
import { split } from "./parts.ts";
import { type SoftmaxOptions, softmax } from "./softmax.ts";
import { abs, relu, sigmoid, silu, softplus, tanh } from "./unary.ts";

// Every function here takes a tensor of any shape, f32, and gives one of the same shape unless it
// says otherwise; it throws DtypeError for other dtypes.

/** Each element above 0, else `slope` times it; broadcasts as `add`. The slope at 0 is `slope`. */
export const prelu: (x: Tensor, slope: Operand) => Tensor = /* @__PURE__ */ (() => {
  const op = defineBinary({
    name: "prelu", body: leakyReluBody,
    vjp: (dy, [x, slope]) => {
      const above = gt(x, 0);
      return [() => where(above, dy, mul(dy, slope)), () => where(above, 0, mul(dy, x))];
    },
  });
  return (x: Tensor, slope: Operand) => op(x, slope);
})();

/** Each element above 0, else `slope` (default 0.01) times it. */
export function leakyRelu(x: Tensor, { slope = 0.01 }: { readonly slope?: number } = {}): Tensor {
  return composed("leakyRelu", () => prelu(asFloat("leakyRelu", x), slope));
}

/** Factors above 0, and below it of exp(rate x) - 1, then the rate; see `elu`. */
const ELU = /* @__PURE__ */ defineMany({
  name: "elu", body: [bitsText, expm1Text, eluBody],
  vjp: (dy, [x = 0, above = 0, below = 0, rate = 0]) => [
    () => mul(dy, ELU_SLOPE(x, above, Number(below) * Number(rate), rate)), // they are numbers
  ],
});

const ELU_SLOPE: (...operands: Operand[]) => Tensor = /* @__PURE__ */ defineMany({
  name: "eluSlope", body: [bitsText, eluSlopeBody],
  vjp: (dy, [x = 0, , below = 0, rate = 0]) => [
    () => mul(dy, ELU_SLOPE(x, 0, Number(below) * Number(rate), rate)),
  ],
});

/**
 * Each element above 0, else alpha (exp(x) - 1); alpha is 1 if not given.
 *
 * Source: Clevert, Unterthiner, Hochreiter 2015
 */
export function elu(x: Tensor, { alpha = 1 }: { readonly alpha?: number } = {}): Tensor {
  return ELU(x, 1, alpha, 1);
}

/**
 * Each element above 0, else alpha (exp(x / alpha) - 1), which has the slope 1 at 0.
 *
 * Source: Barron 2017
 */
export function celu(x: Tensor, { alpha = 1 }: { readonly alpha?: number } = {}): Tensor {
  return composed("celu", () => ELU(x, 1, alpha, 1 / alpha));
}

/**
 * `elu` with the two factors that keep mean 0 and variance 1.
 *
 * Source: Klambauer et al. 2017, equation 14
 */
export function selu(x: Tensor): Tensor {
  return composed("selu", () => {
    return ELU(x, 1.0507009873554805, 1.0507009873554805 * 1.6732632423543772, 1);
  });
}

/**
 * x tanh(log(1 + exp(x))).
 *
 * Source: Misra 2019
 */
export const mish = /* @__PURE__ */ defineUnary({
  name: "mish", body: [bitsText, mishBody],
  vjp: (dy, [x]) => {
    const t = tanh(softplus(x));
    return mul(dy, add(t, mul(mul(x, sigmoid(x)), sub(1, square(t)))));
  },
});

/** Square of the larger of each element and 0. */
export const reluSquared = /* @__PURE__ */ defineUnary({
  name: "reluSquared", body: [bitsText, reluSquaredBody],
  vjp: (dy, [x]) => mul(dy, mul(relu(x), 2)),
});

/** x / (1 + |x|). */
export const softsign = /* @__PURE__ */ defineUnary({
  name: "softsign", body: [bitsText, softsignBody],
  vjp: (dy, [x]) => div(dy, square(add(abs(x), 1))),
});

/** x / 6 + 1/2, at least 0 and at most 1; the slope at -3 and 3 is 0. */
export const hardSigmoid = /* @__PURE__ */ defineUnary({
  name: "hardSigmoid", body: [bitsText, hardSigmoidBody],
  vjp: (dy, [x]) => gate(mul(dy, 1 / 6), x, -3, 3),
});

/**
 * x times `hardSigmoid` of x.
 *
 * Source: Howard et al. 2019, section 5.2
 */
export const hardSwish = /* @__PURE__ */ defineUnary({
  name: "hardSwish", body: hardSwishBody,
  vjp: (dy, [x]) => {
    const bent = gate(mul(dy, add(mul(x, 1 / 3), 0.5)), x, -3, 3);
    return add(bent, gate(dy, x, 3, Infinity));
  },
});

/** Each element, but at least `min` (-1) and at most `max` (1); as `clip`. */
export function hardtanh(
  x: Tensor, { min = -1, max = 1 }: { readonly min?: number; readonly max?: number } = {},
): Tensor {
  return composed("hardtanh", () => clip(asFloat("hardtanh", x), { min, max }));
}

/** Each element, but at least 0 and at most 6; as `clip`. */
export function relu6(x: Tensor): Tensor {
  return clip(asFloat("relu6", x), { min: 0, max: 6 });
}

/** Each element above the threshold, else `value`. */
export function threshold(
  x: Tensor, options: { readonly threshold: number; readonly value: number },
): Tensor {
  return composed("threshold", () => {
    const { threshold: level, value } = checkOptions("threshold", options, "threshold");
    const float = asFloat("threshold", x);
    return where(le(float, level), value, float);
  });
}

/** Each element whose size is above `lambda` (0.5), else 0. */
export function hardshrink(x: Tensor, { lambda = 0.5 }: { readonly lambda?: number } = {}): Tensor {
  return composed("hardshrink", () => {
    const float = asFloat("hardshrink", x);
    return where(le(abs(float), lambda), 0, float);
  });
}

/** Each element moved towards 0 by `lambda` (0.5), and not beyond. */
export function softshrink(x: Tensor, { lambda = 0.5 }: { readonly lambda?: number } = {}): Tensor {
  return composed("softshrink", () => {
    const float = asFloat("softshrink", x);
    return sub(float, clip(float, { min: -lambda, max: lambda }));
  });
}

/** x - tanh(x); the error is that of tanh, absolute near 0. */
export function tanhshrink(x: Tensor): Tensor {
  return composed("tanhshrink", () => inFloat32([x], (wide) => sub(wide, tanh(wide))));
}

/** x / (1 + exp(-1.702 x)): `gelu` by a logistic function. */
export function quickGelu(x: Tensor): Tensor {
  return composed("quickGelu", () => inFloat32([x], (wide) => {
    return mul(wide, sigmoid(mul(wide, 1.702)));
  }));
}

/** `softmax` of the negative elements: the smallest gets the most. */
export function softmin(x: Tensor, { axis = -1 }: Pick<SoftmaxOptions, "axis"> = {}): Tensor {
  return composed("softmin", () => softmax(x, { axis, scale: -1 }));
}

/**
 * The first half along an axis times the logistic function of the second.
 *
 * @param axis of even size. Default: the last
 * @returns half as long along the axis
 * @throws ShapeError if the axis does not exist or is of odd size
 * Source: Dauphin et al. 2016
 */
export function glu(x: Tensor, { axis = -1 }: { readonly axis?: number } = {}): Tensor {
  return composed("glu", () => {
    return inFloat32(halves("glu", x, axis), (a, b) => mul(a as Tensor, sigmoid(b as Tensor)));
  });
}

/**
 * `silu` of the first half along an axis times the second; as `glu`.
 *
 * Source: Shazeer 2020
 */
export function swiglu(x: Tensor, { axis = -1 }: { readonly axis?: number } = {}): Tensor {
  return composed("swiglu", () => {
    return inFloat32(halves("swiglu", x, axis), (a, b) => mul(silu(a as Tensor), b as Tensor));
  });
}

function halves(op: string, x: Tensor, axis: number): [Tensor, Tensor] {
  const { shape } = checkTensor(op, x);
  const size = shape[resolveAxis(op, axis, shape)] ?? 0;
  if (size % 2 !== 0) {
    throw new ShapeError(
      `${op}: the axis does not fall into halves: axis ${axis} of ${show(shape)}. `
        + `Give one of even size.`,
    );
  }
  return split(x, [size / 2, size / 2], { axis }) as [Tensor, Tensor]; // two sizes
}
