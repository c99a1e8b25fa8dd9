// What a bench is: work at some sizes, with what it costs and what must come out of it.

import type { Tensor } from "../autograd/index.ts";

/** Size of a case: one number, or several such as the sides of a matrix. */
export type Size = number | readonly [number, ...number[]];

/** The float64 value that an element of the result should have; `index` is row-major. */
export type Expected = (index: number) => number;

/** One piece of work to be timed. */
export interface Work {
  /** Records the work once; it must do all of it each time, with the same dispatches. */
  readonly run: () => Tensor;
  /** Floating-point operations that the result takes. */
  readonly flop: number;
  /** Bytes that must move at least: every operand read once, every result written once. */
  readonly bytes: number;
  /** Reads the inputs and gives the right values, to be compared at a few places. */
  readonly expected: () => Expected | Promise<Expected>;
  /** Allowed error as a share of the values' root mean square. Default 1e-4. */
  readonly tolerance?: number;
  /** Matrices worked on in one run, where their rate is of interest. */
  readonly matrices?: number;
  /** What the host's time is shared among, where that is not dispatches: operations, or steps. */
  readonly ops?: number;
  /** The kernel that is used, where there is a choice. */
  readonly kernel?: string;
  /** Gives back what belongs to no scope. */
  readonly free?: () => void;
}

/** A named bench and the sizes it is usually run at. */
export interface Bench {
  readonly name: string;
  readonly sizes: readonly Size[];
  readonly make: (size: Size) => Work;
}

/** Something is wrong with what was to be timed: its result, or how much of it was done. */
export class BenchError extends Error {
  override readonly name = "BenchError";
}

/**
 * Declares a bench.
 *
 * @param name what is timed, in a few words
 * @param options.sizes usual sizes; other sizes with as many numbers as one of these work too
 * @param make makes the inputs, in the current scope, and the work on them
 * @example
 * bench("matmul", { sizes: [256, 1024] }, (n) => {
 *   const [a, b] = [normal(rng(1), [n, n]), normal(rng(2), [n, n])];
 *   return {
 *     run: () => matmul(a, b), flop: 2 * n ** 3, bytes: 12 * n * n,
 *     expected: async () => product64(await a.read(), await b.read(), n),
 *   };
 * });
 */
export function bench<S extends Size>(
  name: string,
  { sizes }: { readonly sizes: readonly S[] },
  make: (size: S) => Work,
): Bench {
  // The plan gives a bench only sizes with as many numbers as one of its own.
  return { name, sizes, make: (size) => make(size as S) };
}
