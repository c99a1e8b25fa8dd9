// Inputs of ops under test: drawn values, and the layouts a tensor can have them in.

import { type DType, type Shape, type Tensor, expand, reshape, slice, tensor, transpose } from
  "../autograd/index.ts";
import type { Domain, OpRow } from "./op_rows.ts";
import { array64, broadcast64, build64, full64, transpose64 } from "./reference.ts";
import type { Array64 } from "./reference.ts";
import { half64 } from "./reference/half.ts";
import { at64, coordinatesOf, slice64 } from "./reference/parts.ts";
import type { TestRng } from "./rng.ts";

/** How far a value stays from a kink: more than the steps of numeric second derivatives. */
const CLEAR = 0.02;

/** Whether numbers of a dtype have fractions. */
export function isFloat(dtype: DType): dtype is "f32" | "f16" | "bf16" {
  return dtype === "f32" || dtype === "f16" || dtype === "bf16";
}

/** The nearest number that a float dtype has. */
export function nearest(dtype: DType, x: number): number {
  return dtype === "f16" || dtype === "bf16" ? half64(dtype, x) : Math.fround(x);
}

function drawFloat(
  rng: TestRng, [low, high]: Domain, kinks: readonly number[], dtype: DType,
): number {
  for (;;) {
    const x = nearest(dtype, low + (high - low) * rng.uniform());
    if (x < low || x > high) continue;
    if (kinks.every((kink) => Math.abs(x - kink) > CLEAR)) return x;
  }
}

function drawWhole(rng: TestRng, [low, high]: Domain, dtype: DType): number {
  if (dtype === "bool") return low > 0 ? 1 : rng.int(2);
  const first = Math.max(Math.ceil(low), dtype === "u32" ? 0 : -Infinity);
  return first + rng.int(Math.floor(high) - first + 1);
}

/** Values of a domain, evenly apart and in random order. */
function drawDistinct(
  rng: TestRng, count: number, [low, high]: Domain, dtype: DType,
): number[] {
  const list = Array.from({ length: count }, (_, i) => {
    return nearest(dtype, low + (high - low) * (i + 0.5) / count);
  });
  for (let i = count - 1; i > 0; i--) {
    const j = rng.int(i + 1);
    [list[i], list[j]] = [list[j] ?? 0, list[i] ?? 0];
  }
  return list;
}

/**
 * Random inputs of a row.
 *
 * @param shapes one of the row's cases
 * @param dtype of the inputs without one of their own
 */
export function drawInputs(
  rng: TestRng, row: OpRow, shapes: readonly Shape[], dtype: DType = "f32",
): Array64[] {
  const { inputs, kinks = [], distinct = false } = row;
  const counts = shapes.map((shape) => full64(shape, 0).data.length);
  const total = counts.reduce((sum, n) => sum + n, 0);
  const apart = distinct && isFloat(dtype)
    ? drawDistinct(rng, total, inputs[0]?.domain ?? [0, 1], dtype) : undefined;
  return inputs.map((input, k) => {
    const type = input.dtype ?? dtype;
    if (apart && input.dtype === undefined) {
      return array64(shapes[k] ?? [], apart.splice(0, counts[k]));
    }
    return build64(shapes[k] ?? [], () => {
      return isFloat(type) ? drawFloat(rng, input.domain, kinks, type)
        : drawWhole(rng, input.domain, type);
    });
  });
}

/** A tensor in some layout, and the numbers it stands for. */
export interface Laid {
  readonly tensor: Tensor;
  readonly array: Array64;
}

/** Puts numbers into a tensor. @param junk fills storage that the tensor must not read */
type Layout = (x: Array64, dtype: DType, junk: number) => Laid;

function stepped(x: Array64, dtype: DType, junk: number): Laid {
  const shape = x.shape.length === 0 ? [1] : x.shape;
  const large = shape.map((size) => 2 * size + 1);
  const data = build64(large, (i) => {
    const place = coordinatesOf(large, i);
    if (place.some((c) => c % 2 === 0)) return junk;
    return at64({ shape, data: x.data }, place.map((c) => (c - 1) / 2));
  });
  const part = slice(tensor(data, { dtype }), shape.map((size) => [1, 2 * size + 1, 2] as const));
  return { tensor: x.shape.length === 0 ? reshape(part, []) : part, array: x };
}

/**
 * The layouts: row-major; axes exchanged; every second element between others, at an odd offset;
 * backwards; repeated along one axis without being stored so (its first index stands for all).
 */
export const LAYOUTS: Readonly<Record<string, Layout>> = {
  contiguous: (x, dtype) => ({ tensor: tensor(x, { dtype }), array: x }),
  transposed: (x, dtype, junk) => {
    if (x.shape.length < 2) return stepped(x, dtype, junk);
    return { tensor: transpose(tensor(transpose64(x), { dtype })), array: x };
  },
  stepped,
  reversed: (x, dtype) => {
    const back = x.shape.map((size) => [-1, -size - 1, -1] as const);
    return { tensor: slice(tensor(slice64(x, back), { dtype }), back), array: x };
  },
  expanded: (x, dtype) => {
    const axis = x.shape.findIndex((size) => size > 1);
    if (axis < 0) return { tensor: tensor(x, { dtype }), array: x };
    const first = slice64(x, x.shape.map((_, k) => (k === axis ? [0, 1] as const : null)));
    const array = broadcast64(first, x.shape);
    return { tensor: expand(tensor(first, { dtype }), x.shape), array };
  },
};

/** How inputs are laid out. */
export interface Setting {
  /** Names of layouts, one for each input in turn. Default: all contiguous. */
  readonly layouts?: readonly string[];
  /** Of the inputs without a dtype of their own. Default f32. */
  readonly dtype?: DType;
}

/**
 * Inputs of a row as tensors.
 *
 * @throws RangeError for a layout that is not there
 */
export function layInputs(
  row: OpRow, arrays: readonly Array64[],
  { layouts = ["contiguous"], dtype: values = "f32" }: Setting = {},
): Laid[] {
  return arrays.map((x, k) => {
    const dtype = row.inputs[k]?.dtype ?? values;
    const lay = LAYOUTS[layouts[k % layouts.length] ?? ""];
    if (!lay) throw new RangeError(`layInputs: no such layout: ${layouts[k % layouts.length]}.`);
    return lay(x, dtype, isFloat(dtype) ? NaN : 1);
  });
}
