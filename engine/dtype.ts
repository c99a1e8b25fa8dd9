import { DtypeError } from "./errors.ts";
import { type HalfType, halfBits, halfValues } from "./half.ts";

/**
 * Element type of a tensor. `f16` and `bf16` are stored in 2 bytes, two to a word, and computed
 * with in float32; the others take 4. `bool` is stored as 0 or 1.
 */
export type DType = "f32" | "i32" | "u32" | "bool" | HalfType;

/** All dtypes. */
export const DTYPES: readonly DType[] = ["f32", "i32", "u32", "bool", "f16", "bf16"];

/** The typed array that a tensor of any dtype reads as: `f16` and `bf16` as float32. */
export type HostArray = Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>;

/** Whether a dtype is stored in 2 bytes. */
export function isHalf(dtype: DType): dtype is HalfType {
  return dtype === "f16" || dtype === "bf16";
}

/** Whether a dtype has fractions, and so gradients. */
export function isFloat(dtype: DType): dtype is "f32" | HalfType {
  return dtype === "f32" || isHalf(dtype);
}

/** Bytes an element takes on the device. */
export function bytesPerElement(dtype: DType): 2 | 4 {
  return isHalf(dtype) ? 2 : 4;
}

/** Bytes of storage for so many elements: whole words. */
export function storageBytes(size: number, dtype: DType): number {
  return Math.ceil(size * bytesPerElement(dtype) / 4) * 4;
}

const WGSL_TYPE = {
  f32: "f32", i32: "i32", u32: "u32", bool: "u32", f16: "f32", bf16: "f32",
} as const;

/** The WGSL type in which a dtype is computed with. */
export function wgslType(dtype: DType): "f32" | "i32" | "u32" {
  return WGSL_TYPE[dtype];
}

/** The words that numbers of a dtype are stored in. */
export function deviceWords(dtype: DType, data: HostArray): HostArray {
  return isHalf(dtype) ? halfBits(dtype, data) : data;
}

/** Wraps bytes read from the device, with `size` elements, in the typed array of their dtype. */
export function hostArray(dtype: DType, bytes: ArrayBuffer, size: number): HostArray {
  if (isHalf(dtype)) return halfValues(dtype, bytes, size);
  if (dtype === "f32") return new Float32Array(bytes);
  if (dtype === "i32") return new Int32Array(bytes);
  return new Uint32Array(bytes);
}

/**
 * Checks that a dtype is among those an op takes. One that takes f32 takes f16 and bf16 too: they
 * are widened where they are read, or before (see `apply`).
 *
 * @throws DtypeError naming the op, the dtype and those it takes
 */
export function checkDtype(op: string, dtype: DType, allowed: readonly DType[]): void {
  if (allowed.includes(dtype) || (isHalf(dtype) && allowed.includes("f32"))) return;
  throw new DtypeError(
    `${op}: dtype not supported: ${dtype}. Use ${allowed.join(" or ")}, or cast first.`,
  );
}

/**
 * Checks that tensors have the 4-byte elements a kernel reads.
 *
 * @throws DtypeError naming the kernel and the dtype
 */
export function checkWords(op: string, tensors: readonly { readonly dtype: DType }[]): void {
  for (const { dtype } of tensors) {
    if (!isHalf(dtype)) continue;
    throw new DtypeError(`${op}: dtype not supported: ${dtype}. Use f32, or cast first.`);
  }
}

const RANGE = { i32: [-(2 ** 31), 2 ** 31 - 1], u32: [0, 2 ** 32 - 1], bool: [0, 1] } as const;

/** Whether a dtype can hold a number; a float dtype holds the one nearest to it. */
export function holds(dtype: DType, v: number): boolean {
  if (isFloat(dtype)) return true;
  const [low, high] = RANGE[dtype];
  return Number.isInteger(v) && v >= low && v <= high;
}

/**
 * Checks that a dtype can hold a number.
 *
 * @throws DtypeError naming the op, the number and the range
 */
export function checkValue(op: string, v: number, dtype: DType): void {
  if (isFloat(dtype) || holds(dtype, v)) return;
  const [low, high] = RANGE[dtype];
  throw new DtypeError(
    `${op}: a number does not fit ${dtype}: ${v}. Use whole numbers from ${low} to ${high}.`,
  );
}
