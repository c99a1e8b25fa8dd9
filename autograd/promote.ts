import { type DType, checkValue, holds, isFloat, isHalf } from "../engine/index.ts";
import { checkTensor } from "./check.ts";
import type { Operand } from "./tape.ts";

/** From the one that gives way to all, to the one that none gives way to. */
const ORDER: readonly DType[] = ["bool", "u32", "i32", "bf16", "f16", "f32"];

/**
 * The dtype of results of elements of two dtypes: that of the two which comes last in
 * `bool`, `u32`, `i32`, `f16` or `bf16`, `f32`; for `f16` with `bf16` it is `f32`.
 *
 * An integer stays near the float it meets, `i32` with `f16` gives `f16`. `u32` with `i32` gives
 * `i32`, so a `u32` element from 2^31 on wraps to a negative one: there are no wider integers.
 */
export function promoteTypes(a: DType, b: DType): DType {
  if (a !== b && isHalf(a) && isHalf(b)) return "f32";
  return ORDER[Math.max(ORDER.indexOf(a), ORDER.indexOf(b))] ?? "f32";
}

/**
 * The dtype that operands are computed in: by `promoteTypes` for tensors, whose shapes do not
 * matter. A number gives way: it takes the tensors' dtype, but with integers a fraction gives
 * `f32`, and with `bool` a whole number gives `i32`.
 *
 * @throws TypeError if none is a tensor; DtypeError if a whole number does not fit the integers
 */
export function promoted(op: string, operands: readonly Operand[]): DType {
  const tensors = operands.filter((x) => typeof x !== "number").map((x) => checkTensor(op, x));
  const [head, ...rest] = tensors.map((t) => t.dtype);
  if (head === undefined) {
    const list = operands.join(", ");
    throw new TypeError(`${op}: no tensor among the operands: ${list}. Use tensor().`);
  }
  const dtype = rest.reduce(promoteTypes, head);
  return operands.reduce<DType>((type, x) => {
    return typeof x === "number" ? withNumber(op, type, x) : type;
  }, dtype);
}

function withNumber(op: string, dtype: DType, x: number): DType {
  if (isFloat(dtype)) return dtype;
  if (!Number.isInteger(x)) return "f32";
  const type = dtype === "bool" ? "i32" : dtype;
  if (!holds(type, x)) checkValue(op, x, type);
  return type;
}
