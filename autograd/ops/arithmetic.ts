import addBody from "../../kernels/binary/add.wgsl" with { type: "text" };
import divBody from "../../kernels/binary/div.wgsl" with { type: "text" };
import maximumBody from "../../kernels/binary/maximum.wgsl" with { type: "text" };
import minimumBody from "../../kernels/binary/minimum.wgsl" with { type: "text" };
import mulBody from "../../kernels/binary/mul.wgsl" with { type: "text" };
import powBody from "../../kernels/binary/pow.wgsl" with { type: "text" };
import subBody from "../../kernels/binary/sub.wgsl" with { type: "text" };
import eqBody from "../../kernels/compare/eq.wgsl" with { type: "text" };
import geBody from "../../kernels/compare/ge.wgsl" with { type: "text" };
import gtBody from "../../kernels/compare/gt.wgsl" with { type: "text" };
import leBody from "../../kernels/compare/le.wgsl" with { type: "text" };
import ltBody from "../../kernels/compare/lt.wgsl" with { type: "text" };
import neBody from "../../kernels/compare/ne.wgsl" with { type: "text" };
import logText from "../../kernels/math/log.wgsl" with { type: "text" };
import nanText from "../../kernels/math/nan.wgsl" with { type: "text" };
import whereBody from "../../kernels/ternary/where.wgsl" with { type: "text" };
import logBody from "../../kernels/unary/log.wgsl" with { type: "text" };
import negBody from "../../kernels/unary/neg.wgsl" with { type: "text" };
import squareBody from "../../kernels/unary/square.wgsl" with { type: "text" };
import { type Tensor, checkDtype, elementwise } from "../../engine/index.ts";
import { cast } from "../cast.ts";
import { type OpSpec, ANY, NUMERIC, apply, checkTensor, composed, defineBinary, defineUnary } from
  "../define.ts";
import { promoted } from "../promote.ts";
import type { Operand } from "../tape.ts";

export { cast } from "../cast.ts";

/**
 * Sum of two tensors, or of a tensor and a number, element by element.
 *
 * @param a any shape; floats or integers, or bool where the other is not
 * @param b a shape that broadcasts with `a`'s, any dtype (see `promoteTypes`); or a number
 * @returns the broadcast shape, the dtype the two promote to
 * @throws ShapeError if the shapes do not broadcast; DtypeError if both are bool
 */
export const add = /* @__PURE__ */ defineBinary({
  name: "add", body: addBody, dtypes: NUMERIC, saves: "nothing",
  vjp: (dy) => [() => dy, () => dy],
});

/** Difference `a - b`; operands and errors as for `add`. */
export const sub = /* @__PURE__ */ defineBinary({
  name: "sub", body: subBody, dtypes: NUMERIC, saves: "nothing",
  vjp: (dy) => [() => dy, () => neg(dy)],
});

/** Product `a b` element by element; operands and errors as for `add`. */
export const mul = /* @__PURE__ */ defineBinary({
  name: "mul", body: mulBody, dtypes: NUMERIC,
  vjp: (dy, [a, b]) => [() => mul(dy, b), () => mul(dy, a)],
});

/** Quotient `a / b`; operands as for `add`, also bool. Integers give f32; see `floorDivide`. */
export const div = /* @__PURE__ */ defineBinary({
  name: "div", body: divBody,
  vjp: (dy, [a, b]) => [() => div(dy, b), () => neg(div(mul(dy, a), mul(b, b)))],
});

/**
 * Larger of two elements, NaN if one is; operands and errors as for `add`. Of two equal elements
 * each gets half of the gradient.
 */
export const maximum = /* @__PURE__ */ defineBinary({
  name: "maximum", body: [nanText, maximumBody], dtypes: NUMERIC,
  vjp: (dy, [a, b]) => [() => mul(dy, share(gt, a, b)), () => mul(dy, share(gt, b, a))],
});

/**
 * Smaller of two elements, NaN if one is; operands and errors as for `add`. Of two equal elements
 * each gets half of the gradient.
 */
export const minimum = /* @__PURE__ */ defineBinary({
  name: "minimum", body: [nanText, minimumBody], dtypes: NUMERIC,
  vjp: (dy, [a, b]) => [() => mul(dy, share(lt, a, b)), () => mul(dy, share(lt, b, a))],
});

/** 1 where `a` wins, 1/2 where the two are equal, else 0. */
function share(wins: (a: Operand, b: Operand) => Tensor, a: Operand, b: Operand): Tensor {
  return add(cast(wins(a, b), "f32"), mul(cast(eq(a, b), "f32"), 0.5));
}

/**
 * `a` to the power of `b`, of integers as f32; NaN for a negative `a` unless `b` is whole, and 1
 * for `b = 0`. Operands as for `add`, also bool. The gradient by `b` takes `a > 0`.
 */
export const pow = /* @__PURE__ */ defineBinary({
  name: "pow", body: powBody, saves: "both",
  vjp: (dy, [a, b], y) => [
    () => mul(dy, mul(pow(a, typeof b === "number" ? b - 1 : sub(b, 1)), b)),
    () => mul(dy, mul(y, ln(a))),
  ],
});

/** True where the elements are equal; operands and errors as for `add`, also bool. */
export const eq = /* @__PURE__ */ defineBinary({
  name: "eq", body: eqBody, dtypes: ANY, out: "bool",
});
/** True where the elements differ; operands and errors as for `add`, also bool. */
export const ne = /* @__PURE__ */ defineBinary({
  name: "ne", body: neBody, dtypes: ANY, out: "bool",
});
/** True where `a < b`; operands and errors as for `add`. */
export const lt = /* @__PURE__ */ defineBinary({
  name: "lt", body: ltBody, dtypes: NUMERIC, out: "bool",
});
/** True where `a <= b`; operands and errors as for `add`. */
export const le = /* @__PURE__ */ defineBinary({
  name: "le", body: leBody, dtypes: NUMERIC, out: "bool",
});
/** True where `a > b`; operands and errors as for `add`. */
export const gt = /* @__PURE__ */ defineBinary({
  name: "gt", body: gtBody, dtypes: NUMERIC, out: "bool",
});
/** True where `a >= b`; operands and errors as for `add`. */
export const ge = /* @__PURE__ */ defineBinary({
  name: "ge", body: geBody, dtypes: NUMERIC, out: "bool",
});

/** Negative of each element; any shape, f32 or i32. Throws DtypeError for others. */
export const neg = /* @__PURE__ */ defineUnary({
  name: "neg", body: negBody, dtypes: ["f32", "i32"], saves: "nothing",
  vjp: (dy) => neg(dy),
});

/** Square of each element; any shape, f32, i32 or u32. Throws DtypeError for bool. */
export const square = /* @__PURE__ */ defineUnary({
  name: "square", body: squareBody, dtypes: NUMERIC,
  vjp: (dy, [x]) => mul(dy, mul(x, 2)),
});

/** Natural logarithm; any shape, f32. Throws DtypeError for others. */
export const log = /* @__PURE__ */ defineUnary({
  name: "log", body: [logText, logBody],
  vjp: (dy, [x]) => div(dy, x),
});

/** Logarithm of an operand, which may be a number. */
function ln(a: Operand): Operand {
  return typeof a === "number" ? Math.log(a) : log(a);
}

/** The tensor times a number; any shape, f32, i32 or u32. */
export function scale(x: Tensor, factor: number): Tensor {
  return composed("scale", () => mul(x, factor));
}

/**
 * `a` where the condition holds, else `b`.
 *
 * @param condition bool; broadcasts with the others
 * @param a any dtype, or a number
 * @param b any dtype, or a number; one of the two must be a tensor
 * @returns the broadcast shape, the dtype that `a` and `b` promote to
 * @throws ShapeError, DtypeError
 */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  return apply(WHERE, [condition, a, b]);
}

const WHERE: OpSpec = {
  name: "where",
  forward: (condition: Operand, a: Operand, b: Operand): Tensor => {
    const test = checkTensor("where", condition);
    checkDtype("where", test.dtype, ["bool"]);
    const type = promoted("where", [a, b]);
    const body = { name: "where", wgsl: whereBody };
    const convert = [false, true, true];
    return elementwise(test.device, { body, operands: [test, a, b], type, out: type, convert });
  },
  halves: "both",
  vjp: (dy: Tensor, [condition]: readonly Operand[]) => {
    const test = condition as Tensor; // forward has checked it
    return [() => dy, () => where(test, dy, 0), () => where(test, 0, dy)];
  },
};
