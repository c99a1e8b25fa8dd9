import andBody from "../../kernels/logic/and.wgsl" with { type: "text" };
import bitNotBody from "../../kernels/logic/bit_not.wgsl" with { type: "text" };
import notBody from "../../kernels/logic/not.wgsl" with { type: "text" };
import orBody from "../../kernels/logic/or.wgsl" with { type: "text" };
import shiftLeftBody from "../../kernels/logic/shift_left.wgsl" with { type: "text" };
import shiftRightBody from "../../kernels/logic/shift_right.wgsl" with { type: "text" };
import xorBody from "../../kernels/logic/xor.wgsl" with { type: "text" };
import type { DType } from "../../engine/index.ts";
import { defineBinary, defineUnary } from "../define.ts";

// The bits of integers and the logic of bool. Operands broadcast; of bit operations one may be a
// number, which must fit the other's dtype. None has a gradient.

const WHOLE: readonly DType[] = ["i32", "u32"];
const BOOL: readonly DType[] = ["bool"];

/** Bits that both integers have; i32 or u32. Throws DtypeError for others, ShapeError. */
export const bitAnd = /* @__PURE__ */ defineBinary({
  name: "bitAnd", body: andBody, dtypes: WHOLE,
});
/** Bits that one integer has, or both; as `bitAnd`. */
export const bitOr = /* @__PURE__ */ defineBinary({ name: "bitOr", body: orBody, dtypes: WHOLE });
/** Bits that one integer has and the other has not; as `bitAnd`. */
export const bitXor = /* @__PURE__ */ defineBinary({
  name: "bitXor", body: xorBody, dtypes: WHOLE,
});
/** Bits that the integer has not; i32 or u32. Throws DtypeError for others. */
export const bitNot = /* @__PURE__ */ defineUnary({
  name: "bitNot", body: bitNotBody, dtypes: WHOLE,
});
/** The first integer's bits moved up by the second; 0 for places outside 0 to 31. As `bitAnd`. */
export const shiftLeft = /* @__PURE__ */ defineBinary({
  name: "shiftLeft", body: shiftLeftBody, dtypes: WHOLE,
});
/**
 * The first integer's bits moved down by the second. The sign bit of i32 is repeated, so places
 * outside 0 to 31 give 0 or -1; they give 0 for u32. As `bitAnd`.
 */
export const shiftRight = /* @__PURE__ */ defineBinary({
  name: "shiftRight", body: shiftRightBody, dtypes: WHOLE,
});

/** Whether both are true; bool. Throws DtypeError for others, ShapeError. */
export const logicalAnd = /* @__PURE__ */ defineBinary({
  name: "logicalAnd", body: andBody, dtypes: BOOL,
});
/** Whether one is true, or both; bool. Throws as `logicalAnd`. */
export const logicalOr = /* @__PURE__ */ defineBinary({
  name: "logicalOr", body: orBody, dtypes: BOOL,
});
/** Whether one is true and the other is not; bool. Throws as `logicalAnd`. */
export const logicalXor = /* @__PURE__ */ defineBinary({
  name: "logicalXor", body: xorBody, dtypes: BOOL,
});
/** Whether it is false; bool. Throws DtypeError for others. */
export const logicalNot = /* @__PURE__ */ defineUnary({
  name: "logicalNot", body: notBody, dtypes: BOOL,
});
