/** The dtypes of 16 bits: IEEE 754 binary16, and the upper half of a float32. */
export type HalfType = "f16" | "bf16";

const word = /* @__PURE__ */ new Uint32Array(1);
const float = /* @__PURE__ */ new Float32Array(word.buffer);

/**
 * The bits of the nearest half-precision number, halves to the even one; infinity beyond the range;
 * NaN stays.
 */
function bitsOf(dtype: HalfType, x: number): number {
  float[0] = x;
  const bits = word[0] ?? 0;
  const size = bits & 0x7fffffff;
  const sign = (bits >>> 16) & 0x8000;
  if (dtype === "bf16") {
    if (size > 0x7f800000) return sign | (size >>> 16) | 0x40;
    return sign | ((size + 0x7fff + ((size >>> 16) & 1)) >>> 16);
  }
  if (size > 0x7f800000) return sign | 0x7e00 | ((size >>> 13) & 0x3ff);
  if (size >= 0x47800000) return sign | 0x7c00;
  if (size < 0x38800000) return sign | roundEven(Math.abs(float[0] ?? 0) * 2 ** 24);
  return sign | ((size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13);
}

function roundEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  return below + Number(rest > 0.5 || (rest === 0.5 && below % 2 === 1));
}

function valueOf(dtype: HalfType, bits: number): number {
  const size = bits & 0x7fff;
  const sign = (bits & 0x8000) << 16;
  if (dtype === "bf16") word[0] = bits << 16;
  else if (size < 0x400) float[0] = (sign ? -1 : 1) * size * 2 ** -24;
  else word[0] = sign | ((size << 13) + (size < 0x7c00 ? 0x38000000 : 0x70000000));
  return float[0] ?? 0;
}

/** Numbers packed two to a word, the first in the low half; the last word is filled up by 0. */
export function halfBits(dtype: HalfType, data: ArrayLike<number>): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(data.length / 2));
  for (let i = 0; i < data.length; i++) {
    words[i >> 1] = (words[i >> 1] ?? 0) | (bitsOf(dtype, data[i] ?? 0) << (i % 2 * 16));
  }
  return words;
}

/** The first `size` numbers of packed ones, as float32: exact. */
export function halfValues(
  dtype: HalfType, bytes: ArrayBuffer, size: number,
): Float32Array<ArrayBuffer> {
  const words = new Uint32Array(bytes);
  const values = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    values[i] = valueOf(dtype, ((words[i >> 1] ?? 0) >>> (i % 2 * 16)) & 0xffff);
  }
  return values;
}

/** The number of a dtype nearest to `x`. */
export function roundHalf(dtype: HalfType, x: number): number {
  return valueOf(dtype, bitsOf(dtype, x));
}
