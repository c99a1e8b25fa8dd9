import toBool from "../kernels/unary/cast.bool.wgsl" with { type: "text" };
import toI32 from "../kernels/unary/cast.i32.wgsl" with { type: "text" };
import toU32 from "../kernels/unary/cast.u32.wgsl" with { type: "text" };
import copy from "../kernels/unary/copy.wgsl" with { type: "text" };
import { DTYPES, type DType, type Tensor, checkDtype, elementwise, isFloat } from
  "../engine/index.ts";
import { checkTensor } from "./check.ts";
import { note } from "./tape.ts";

const COPY = { name: "convert", wgsl: copy };
const TO_BOOL = { name: "cast_bool", wgsl: toBool };
const TO_WHOLE = {
  i32: { name: "cast_i32", wgsl: toI32 }, u32: { name: "cast_u32", wgsl: toU32 },
};

/**
 * The elements converted to another dtype.
 *
 * Between floats the nearest number, halves to the even one, and infinity beyond the range; NaN
 * stays. From float to integer towards zero, held to the integer's range, 0 for NaN. Between `i32`
 * and `u32` the same bits. To `bool`, false where the element is 0; from it, 0 and 1. Integers
 * become `bf16` by way of f32. Gradients pass between floats.
 *
 * @param x any shape and dtype
 * @returns same shape, `dtype`
 * @throws DtypeError for a dtype there is not
 */
export function cast(x: Tensor, dtype: DType): Tensor {
  checkDtype("cast", dtype, DTYPES);
  const from = checkTensor("cast", x).dtype;
  if (from === dtype) return x.alias();
  const output = convert(x, dtype);
  const vjp = (dy: Tensor) => [() => cast(dy, from)];
  if (isFloat(from) && isFloat(dtype)) {
    note({ op: "cast", inputs: [x], output, saves: "nothing", vjp });
  }
  return output;
}

/** As `cast`, for a dtype that is another, without a gradient. */
export function convert(x: Tensor, out: DType): Tensor {
  const whole = isFloat(x.dtype) && (out === "i32" || out === "u32");
  const body = out === "bool" ? TO_BOOL : whole ? TO_WHOLE[out] : COPY;
  const type = out === "bool" || whole ? x.dtype : out;
  return elementwise(x.device, { body, operands: [x], type, out, convert: [true] });
}
