// What a fuzzed op is, and a program made of such.

import type { Tensor } from "../../autograd/index.ts";
import type { TestRng } from "../rng.ts";
import type { Var } from "./tape64.ts";

/** Whole numbers among the arguments of a call: an index tensor, i32. */
export interface Ints {
  readonly shape: readonly number[];
  readonly ints: readonly number[];
}

/** A call chosen for a first input. */
export interface Draw {
  /** Shapes of the further inputs. */
  readonly others?: readonly (readonly number[])[];
  /** What follows the tensors in the call, as it is written in code. */
  readonly args?: readonly unknown[];
}

/** An op as the fuzzer knows it. */
export interface FuzzOp {
  /** The export that is called. */
  readonly name: string;
  /** Number of tensors it takes; 1 if left out. */
  readonly inputs?: number;
  /** Where inputs of a single call are drawn from. Default [-2, 2]. */
  readonly domain?: readonly [low: number, high: number];
  /** Chooses the first input's shape for a single call, where few shapes fit. */
  readonly shape?: (rng: TestRng) => readonly number[];
  /** Whether the arguments come before the tensors. */
  readonly first?: boolean;
  /** Whether the tensors go in as one list. */
  readonly list?: boolean;
  /** Chooses a call for a shape; undefined where the op does not fit. No arguments if left out. */
  readonly draw?: (rng: TestRng, shape: readonly number[]) => Draw | undefined;
  /** Takes an f32 tensor from the result, where it is something else. */
  readonly result?: (y: unknown) => Tensor;
  /** The same in float64; throws where the shapes do not fit. */
  readonly ref: (inputs: readonly Var[], ...args: never[]) => Var;
}

/** A tensor that a program starts from. */
export interface Leaf {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** A call; inputs count the leaves first, then the steps. */
export interface Step {
  readonly op: string;
  readonly inputs: readonly number[];
  readonly args: readonly unknown[];
}

/** Leaves and calls; the last one's result is the program's. */
export interface Program {
  readonly leaves: readonly Leaf[];
  readonly steps: readonly Step[];
}

/** Ops by name. */
export type OpTable = Readonly<Record<string, FuzzOp>>;
