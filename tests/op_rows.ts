// What a row of tests/fixtures/*.ts says of an exported op. The tests that come from it are in
// op_checks.ts.

import type { DType, Shape, Tensor } from "../autograd/index.ts";
import type { Tolerance } from "./close.ts";
import { array64, map64, zip64 } from "./reference.ts";
import type { Array64 } from "./reference.ts";

/** Where values are drawn from, both ends included. */
export type Domain = readonly [low: number, high: number];

/** One input of an op. */
export interface Input {
  /** Values are drawn from it: float32 numbers, or whole ones for integer dtypes. */
  readonly domain: Domain;
  /** Its own dtype, for indices, labels and conditions. Default: each of the row's in turn. */
  readonly dtype?: DType;
}

/** A call written out: inputs and result, where rules meet (NaN, infinity, ties, no such index). */
export interface Example {
  readonly inputs: readonly Array64[];
  readonly output: Array64;
}

/** One exported op, or one set of its options. The tolerance is that of its values. */
export interface OpRow extends Tolerance {
  /** The exported function; it names the row. */
  readonly op: (...args: never[]) => unknown;
  /** Which options the row is about. */
  readonly label?: string;
  /** The call, where it is not `op(...inputs)`. */
  readonly call?: (...inputs: Tensor[]) => Tensor;
  /** The same in float64. */
  readonly ref: (...inputs: Array64[]) => Array64;
  /** The same for integer dtypes, where it differs. */
  readonly refWhole?: (...inputs: Array64[]) => Array64;
  readonly inputs: readonly Input[];
  /** One entry a case: a shape for each input. Small cases are differentiated too. */
  readonly shapes: readonly (readonly Shape[])[];
  /** Of the inputs without one of their own. Default f32 alone. */
  readonly dtypes?: readonly DType[];
  /** dtype of the result, or how it comes from theirs. Default: that of those inputs. */
  readonly out?: DType | ((dtype: DType) => DType);
  /** `constant` for an op without a derivative: its gradients are zeros. Default `smooth`. */
  readonly gradient?: "smooth" | "constant";
  /** Numbers that no value may be near, since the derivative jumps there. */
  readonly kinks?: readonly number[];
  /** No two values may be near each other, since the derivative jumps where two are equal. */
  readonly distinct?: boolean;
  /** Of first derivatives. Default `GRADIENT`. */
  readonly gradTol?: Tolerance;
  /** Of second derivatives. Default `SECOND`. */
  readonly secondTol?: Tolerance;
  /**
   * How many times f16 and bf16 round a result of about the largest size in it: once, at the end,
   * where an op runs in float32. An op made of others that each round says how many. Default 1.
   */
  readonly roundings?: number;
  readonly examples?: readonly Example[];
  /** The op that the error for a wrong dtype names, where a row's op is made of others. */
  readonly says?: string;
}

/**
 * A vjp is a few float32 operations on values of about 1, each within 13 units in the last place:
 * 1.6e-6, the bound of WGSL for exp in the domains used. Software adapters stay below 1e-6 in all.
 */
export const GRADIENT: Tolerance = { rtol: 5e-6, atol: 3e-6 };

/** A second derivative is a few first ones, and its reference is off by up to 1e-6. */
export const SECOND: Tolerance = { rtol: 2e-5, atol: 1e-5 };

/** Relative error of one rounding, and half of the smallest number there is. */
const HALVES = {
  f16: { rtol: 2 ** -11, atol: 2 ** -25 }, bf16: { rtol: 2 ** -8, atol: 2 ** -134 },
} as const;

/**
 * The tolerance of a result in a dtype: that for float32, and what rounding to f16 or bf16 adds.
 *
 * @param size of the largest value, to which roundings on the way are relative
 */
export function toleranceOf(
  { rtol, atol }: Tolerance, dtype: DType, roundings = 1, size = 0,
): Tolerance {
  if (dtype === "f32") return { rtol, atol };
  if (dtype !== "f16" && dtype !== "bf16") return { rtol: 0, atol: 0 };
  const half = HALVES[dtype];
  return { rtol: rtol + half.rtol, atol: atol + half.atol + (roundings - 1) * half.rtol * size };
}

/** A function of one element; see `unary`. */
export interface UnaryRow extends Omit<OpRow, "inputs" | "shapes" | "op" | "ref" | "refWhole"> {
  readonly op: (x: Tensor) => Tensor;
  readonly ref: (x: number) => number;
  readonly domain: Domain;
}

/**
 * Elements of one tensor: scalar, empty, odd, whole vectors of four, longer than a workgroup. Those
 * of more than two axes are too large to be laid out in every way: all these kernels have one
 * frame, and each number of axes is a pipeline more.
 */
export const UNARY_SHAPES: readonly (readonly Shape[])[] = [
  [[]], [[0]], [[7]], [[3, 5]], [[2, 3, 12]], [[2, 0, 3]], [[1, 1031]],
];

/** Where IEEE 754 has rules of its own, and so has the reference. */
const SPECIAL = [NaN, Infinity, -Infinity, 0, -0, 1, -1];

/** Rows of functions of one element. */
export function unary(rows: readonly UnaryRow[]): OpRow[] {
  return rows.map(({ ref, domain, ...row }) => {
    const special = array64([SPECIAL.length], SPECIAL);
    return {
      examples: [{ inputs: [special], output: map64(special, ref) }],
      ...row,
      ref: (x) => map64(x, ref),
      inputs: [{ domain }],
      shapes: UNARY_SHAPES,
    };
  });
}

/** A function of two elements; see `binary`. */
export interface BinaryRow
  extends Omit<OpRow, "inputs" | "shapes" | "op" | "ref" | "refWhole" | "call"> {
  readonly op: (a: Tensor | number, b: Tensor | number) => Tensor;
  readonly ref: (a: number, b: number) => number;
  /** The same for integer dtypes, where it differs. */
  readonly refWhole?: (a: number, b: number) => number;
  readonly domains: readonly [Domain, Domain];
  /** A number that takes the place of each operand in turn. */
  readonly number: number;
}

/** Pairs that are equal, or broadcast along first, middle, last and missing axes. */
export const BINARY_SHAPES: readonly (readonly Shape[])[] = [
  [[], []], [[7], [7]], [[3, 5], []], [[5], [3, 5]], [[2, 1, 32], [3, 1]], [[3, 4], [3, 1]],
  [[0], [1]], [[2, 0], [2, 1]], [[1031], [1031]], [[33, 1], [1, 40]],
];

const ODD = [NaN, Infinity, -Infinity, 0, 1, -2];

/** Every pair of numbers for which IEEE 754 has rules. */
function pairs(): readonly [Array64, Array64] {
  const all = ODD.flatMap((a) => ODD.map((b) => [a, b] as const));
  return [array64([all.length], all.map(([a]) => a)), array64([all.length], all.map(([, b]) => b))];
}

/** Rows of functions of two elements: on two tensors, and with a number in place of each. */
export function binary(rows: readonly BinaryRow[]): OpRow[] {
  return rows.flatMap(({ op, ref, refWhole = ref, domains, number, ...row }) => {
    const [a, b] = pairs();
    const zip = (f: typeof ref) => (x: Array64, y: Array64) => zip64(x, y, f);
    const both: OpRow = {
      examples: [{ inputs: [a, b], output: zip64(a, b, ref) }],
      ...row, op, ref: zip(ref), refWhole: zip(refWhole),
      inputs: domains.map((domain) => ({ domain })), shapes: BINARY_SHAPES,
    };
    const { distinct: _, ...one } = row;
    const left: OpRow = {
      ...one, op, label: "with a number on the left", shapes: UNARY_SHAPES,
      call: (x) => op(number, x),
      ref: (x) => map64(x, (v) => ref(number, v)),
      refWhole: (x) => map64(x, (v) => refWhole(number, v)),
      inputs: [{ domain: domains[1] }], kinks: [...row.kinks ?? [], number], examples: [],
    };
    const right: OpRow = {
      ...left, label: "with a number on the right",
      call: (x) => op(x, number),
      ref: (x) => map64(x, (v) => ref(v, number)),
      refWhole: (x) => map64(x, (v) => refWhole(v, number)),
      inputs: [{ domain: domains[0] }],
    };
    return [both, left, right];
  });
}

/** A row of an op that moves elements of any dtype and changes none. */
export function moved(
  op: OpRow["op"], label: string, call: (x: Tensor) => Tensor, ref: (x: Array64) => Array64,
  ...shapes: readonly Shape[]
): OpRow {
  return {
    op, label, call, ref, inputs: [{ domain: [-4, 4] }], shapes: shapes.map((shape) => [shape]),
    dtypes: ["f32", "i32", "u32", "bool"], rtol: 0, atol: 0,
  };
}
