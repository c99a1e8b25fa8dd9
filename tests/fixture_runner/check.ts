// Collects the comparisons of one case, so that a failure reports the worst of them.

import type { Tensor } from "../../engine/index.ts";
import { describeDifference, difference } from "../close.ts";
import type { Difference, Shaped, Tolerance } from "../close.ts";
import { decode64, decodeNumber } from "./decode.ts";
import type { CaseTolerances, FixtureNumber, FixtureTensor, Tolerances } from "./types.ts";

/** Compares the outputs of one case. Nothing throws for a difference; see `failures`. */
export interface Check {
  /** One line for every output that differs, the worst first. */
  readonly failures: readonly string[];
  /** How many outputs were compared. */
  readonly compared: number;
  /**
   * Compares a tensor of the device with the file.
   *
   * @param name of the output, as in the file
   * @param expected integer and boolean tensors are compared exactly
   * @param like names of outputs whose tolerance to take where `name` has none
   */
  tensor(name: string, got: Tensor, expected: FixtureTensor, ...like: string[]): Promise<void>;
  /** Compares values that are on the host, or plain numbers, with the file. */
  values(
    name: string,
    got: Shaped | number,
    expected: FixtureTensor | FixtureNumber,
    precision: "f32" | "f64",
    ...like: string[]
  ): void;
  /** Notes a failure that is not a difference of numbers. */
  fail(name: string, reason: string): void;
}

function isShared(tolerances: CaseTolerances): tolerances is Tolerances {
  return "f32" in tolerances || "f64" in tolerances;
}

/**
 * The tolerance of an output.
 *
 * @param names of the output, then of those whose tolerance it may borrow
 * @throws Error if the file has none: a tolerance is never made up
 */
export function toleranceOf(
  tolerances: CaseTolerances | undefined,
  precision: "f32" | "f64",
  names: readonly string[],
): Tolerance {
  if (tolerances !== undefined && isShared(tolerances)) {
    const found = tolerances[precision];
    if (found !== undefined) return found;
  } else {
    for (const name of names) {
      const found = tolerances?.[name]?.[precision];
      if (found !== undefined) return found;
    }
  }
  throw new Error(`fixture: no ${precision} tolerance for "${names[0]}".`);
}

function probed(got: Shaped, probe: NonNullable<FixtureTensor["probe"]>): number[] {
  return probe.idx.map((index) => got.data[index] ?? NaN);
}

function frobenius(data: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += (data[i] ?? NaN) ** 2;
  return Math.sqrt(sum);
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, k) => size === b[k]);
}

const EXACT: Tolerance = { rtol: 0, atol: 0 };

function compareTensor(
  got: Shaped,
  expected: FixtureTensor,
  tolerance: Tolerance,
): string | Difference | undefined {
  if (!sameShape(got.shape, expected.shape)) {
    return `shape [${got.shape.join(", ")}], expected [${expected.shape.join(", ")}]`;
  }
  if (expected.probe === undefined) {
    return difference(got.data, decode64(expected).data, tolerance);
  }
  const { probe, fro } = expected;
  const worst = difference(probed(got, probe), probe.val.map(decodeNumber), tolerance);
  if (worst !== undefined || fro === undefined) return worst;
  return difference([frobenius(got.data)], [fro], tolerance);
}

/**
 * Opens the check of one case.
 *
 * @param tolerances of the case
 */
export function openCheck(tolerances: CaseTolerances | undefined): Check {
  const found: { line: string; size: number }[] = [];
  let compared = 0;
  const note = (name: string, worst: string | Difference, shape?: readonly number[]): void => {
    if (typeof worst === "string") found.push({ line: `${name}: ${worst}`, size: Infinity });
    else found.push({ line: `${name}: ${describeDifference(worst, shape)}`, size: worst.absolute });
  };
  const values: Check["values"] = (name, got, expected, precision, ...like) => {
    compared++;
    const plain = typeof expected !== "object";
    const want = plain ? { shape: [], data: [expected] } : expected;
    const exact = want.dtype === "i32" || want.dtype === "bool";
    const tolerance = exact ? EXACT : toleranceOf(tolerances, precision, [name, ...like]);
    const have = typeof got === "number" ? { shape: [], data: [got] } : got;
    const worst = compareTensor(have, want, tolerance);
    if (worst !== undefined) note(name, worst, want.probe === undefined ? want.shape : undefined);
  };
  return {
    get failures() {
      return [...found].sort((a, b) => b.size - a.size).map(({ line }) => line);
    },
    get compared() {
      return compared;
    },
    values,
    tensor: async (name, got, expected, ...like) => {
      const data = await got.read();
      const wanted = expected.dtype ?? "f32";
      if (got.dtype !== wanted) note(name, `dtype ${got.dtype}, expected ${wanted}`);
      values(name, { shape: got.shape, data }, expected, "f32", ...like);
    },
    fail: (name, reason) => {
      compared++;
      note(name, reason);
    },
  };
}
