// The layout of a fixture file, as fixtures/README.md gives it.

import type { Tolerance } from "../close.ts";
import type { Check } from "./check.ts";

/** A number, or a name of one that JSON does not have. */
export type FixtureNumber = number | "NaN" | "Infinity" | "-Infinity";

/** A tensor with its values in the file, or generated, or only probed. */
export interface FixtureTensor {
  readonly shape: readonly number[];
  readonly dtype?: "f32" | "i32" | "bool";
  readonly data?: readonly FixtureNumber[];
  readonly gen?: { readonly kind: string; readonly seed: number; readonly div: number };
  readonly probe?: { readonly idx: readonly number[]; readonly val: readonly FixtureNumber[] };
  readonly fro?: number;
}

/** Tolerances for a float32 and for a float64 path; the first may be missing. */
export interface Tolerances {
  readonly f32?: Tolerance;
  readonly f64?: Tolerance;
}

/** One for all outputs, or one for every output by its name. */
export type CaseTolerances = Tolerances | Readonly<Record<string, Tolerances>>;

/** A fixture value: a tensor, a number, text, or lists and maps of them. */
export type FixtureValue =
  | FixtureTensor
  | FixtureNumber
  | string
  | boolean
  | null
  | readonly FixtureValue[]
  | { readonly [name: string]: FixtureValue };

/** Values by name. */
export type FixtureValues = Readonly<Record<string, FixtureValue>>;

/** One case. Which of the members it has depends on the kind of its file. */
export interface FixtureCase {
  readonly id: string;
  readonly in?: FixtureValues;
  readonly out: FixtureValues;
  readonly tol?: CaseTolerances;
  readonly attrs?: FixtureValues;
  readonly hyper?: FixtureValues;
  readonly meta?: FixtureValues;
  readonly cot?: FixtureValues;
  readonly grad?: FixtureValues;
  readonly expr?: FixtureValue;
  readonly op?: string;
  readonly norm?: string;
  readonly algo?: string;
  readonly module?: string;
  readonly what?: string;
  readonly text?: string;
}

/** One file. */
export interface FixtureFile {
  readonly kind: string;
  readonly cases: readonly FixtureCase[];
}

/** Runs one case. It fails by throwing and skips by throwing `Missing`. */
export type CaseRunner = (fixture: FixtureCase, check: Check) => Promise<void>;
