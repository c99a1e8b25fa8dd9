import { DtypeError } from "./errors.ts";

/** Element type of a tensor. Every type takes 4 bytes an element; `bool` is stored as 0 or 1. */
export type DType = "f32" | "i32" | "u32" | "bool";

/** All dtypes. */
export const DTYPES: readonly DType[] = ["f32", "i32", "u32", "bool"];

/** The typed array that a tensor of any dtype reads as. */
export type HostArray = Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>;

/** Bytes an element takes on the device. */
export const BYTES_PER_ELEMENT = 4;

const WGSL_TYPE = { f32: "f32", i32: "i32", u32: "u32", bool: "u32" } as const;

/** The WGSL type in which a dtype is stored. */
export function wgslType(dtype: DType): "f32" | "i32" | "u32" {
  return WGSL_TYPE[dtype];
}

/** Wraps bytes read from the device in the typed array of their dtype. */
export function hostArray(dtype: DType, bytes: ArrayBuffer): HostArray {
  if (dtype === "f32") return new Float32Array(bytes);
  if (dtype === "i32") return new Int32Array(bytes);
  return new Uint32Array(bytes);
}

/**
 * Checks that a dtype is among those an op takes.
 *
 * @throws DtypeError naming the op, the dtype and those it takes
 */
export function checkDtype(op: string, dtype: DType, allowed: readonly DType[]): void {
  if (allowed.includes(dtype)) return;
  throw new DtypeError(
    `${op}: dtype not supported: ${dtype}. Use ${allowed.join(" or ")}, or cast first.`,
  );
}

const RANGE = { i32: [-(2 ** 31), 2 ** 31 - 1], u32: [0, 2 ** 32 - 1], bool: [0, 1] } as const;

/**
 * Checks that a dtype can hold a number.
 *
 * @throws DtypeError naming the op, the number and the range
 */
export function checkValue(op: string, v: number, dtype: DType): void {
  if (dtype === "f32") return;
  const [low, high] = RANGE[dtype];
  if (Number.isInteger(v) && v >= low && v <= high) return;
  throw new DtypeError(
    `${op}: a number does not fit ${dtype}: ${v}. Use whole numbers from ${low} to ${high}.`,
  );
}
