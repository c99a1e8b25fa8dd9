// What a library has to offer to take part.

import type { Expected } from "../harness.ts";

/** Numbers of a shape, row-major; whole numbers are labels or tokens. */
export interface Dense {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** Tensors by name, in a fixed order. */
export type Named = Readonly<Record<string, Dense>>;

/** Work from inputs to one result. `sign`: five steps of Jordan's Newton-Schulz iteration. */
export interface Forward {
  readonly kind: "matmul" | "fma" | "chain" | "sum" | "softmax" | "sign" | "conv";
  readonly inputs: readonly Dense[];
  /** Float64 value of an element of the result. */
  readonly expected: Expected;
  /** Allowed error as a share of the values' root mean square. */
  readonly tolerance?: number;
}

/** Which network is trained. */
export type ModelName = "mlp" | "gpt" | "tiny";

/** How it is trained. */
export type OptimizerName = "sgd" | "adam" | "muon";

/** Training on one batch, again and again: loss, gradient and update. */
export interface Training {
  readonly kind: "train";
  readonly model: ModelName;
  readonly optimizer: OptimizerName;
  /** Learning rate. */
  readonly rate: number;
  /** First weights; matrices are `[fanIn, fanOut]`. */
  readonly weights: Named;
  readonly x: Dense;
  readonly y: Dense;
  /** Float64 values of the loss before each of the first updates. */
  readonly losses: readonly number[];
}

/** What all contestants are given. */
export type Task = Forward | Training;

/** One library at work on one task. */
export interface Work {
  /** Starts the work once: for training, one step. */
  readonly run: () => void | Promise<void>;
  /** Waits until all that was started is computed. */
  readonly settle: () => Promise<void>;
  /** The result of the last run; for training its loss. */
  readonly read: () => Promise<ArrayLike<number>>;
  /** Gives back all memory. */
  readonly free: () => void | Promise<void>;
}

/** A library, in one of the ways of using it. */
export interface Contestant {
  /** As in the table. */
  readonly name: string;
  readonly version: string;
  /**
   * @returns undefined if it is no other than another entry of the same library
   * @throws NotPossible if it has no such feature
   */
  readonly start: (task: Task) => Work | Promise<Work> | undefined;
}

/** A library lacks what a task needs; the message says what. */
export class NotPossible extends Error {
  override readonly name = "NotPossible";
}
