import floorDivideBody from "../../kernels/binary/floor_divide.wgsl" with { type: "text" };
import floorDivideWhole from "../../kernels/binary/floor_divide.whole.wgsl" with { type: "text" };
import remainderBody from "../../kernels/binary/remainder.wgsl" with { type: "text" };
import remainderWhole from "../../kernels/binary/remainder.whole.wgsl" with { type: "text" };
import fmodText from "../../kernels/math/fmod.wgsl" with { type: "text" };
import { NUMERIC, defineBinary } from "../define.ts";
import { mul, neg } from "./arithmetic.ts";

/**
 * The quotient `a / b` rounded down to a whole number, as NumPy has it; exact below 2^21 for
 * floats. For `b = 0` integers give 0 and floats `a / b`. Operands and errors as for `add`. Its
 * derivative is taken as 0.
 */
export const floorDivide = /* @__PURE__ */ defineBinary({
  name: "floorDivide", body: [fmodText, floorDivideBody], whole: floorDivideWhole, dtypes: NUMERIC,
});

/**
 * What is left of `a` after division by `b` rounded down: `a - b floorDivide(a, b)`, rounded once,
 * with the sign of `b`, as NumPy and PyTorch have it. For `b = 0` integers give 0 and floats NaN.
 * Operands and errors as for `add`.
 */
export const remainder = /* @__PURE__ */ defineBinary({
  name: "remainder", body: [fmodText, remainderBody], whole: remainderWhole, dtypes: NUMERIC,
  vjp: (dy, [a, b]) => [() => dy, () => neg(mul(dy, floorDivide(a, b)))],
});
