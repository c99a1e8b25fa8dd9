import { type Word, isScalar } from "../live.ts";
import { PARAM_BYTES } from "../pipeline.ts";
import type { PooledBuffer } from "../pool.ts";
import type { Fusion } from "./fusion.ts";
import type { ChainWriter } from "./head.ts";
import type { Pending } from "./pending.ts";
import { planAll } from "./plan.ts";
import { type Program, HEADER_WORDS } from "./program.ts";

/** A chain of steps that gives the elements of a head's input. */
export interface Prologue {
  readonly program: Program;
  /** What it reads. */
  readonly bound: readonly PooledBuffer[];
  /** Where its kept steps are written. */
  readonly outs: readonly PooledBuffer[];
  /** Parameter words: those of an elementwise kernel. */
  readonly words: readonly Word[];
  readonly writer: ChainWriter;
}

/** A prologue before there is memory for what it keeps. */
export interface PlannedPrologue extends Omit<Prologue, "outs" | "writer"> {
  readonly kept: readonly Pending[];
  /** Storage buffers that it binds in place of the head's input. */
  readonly bindings: number;
}

/**
 * The chain that waits as the input of a head, to be worked out where the head loads its elements.
 * One that takes too many parameters is computed now.
 *
 * @param all as of `computeChain`
 */
export function prologueOf(
  fusion: Fusion, { head, inputs }: Pending, all: boolean,
): PlannedPrologue | undefined {
  const [input] = inputs;
  if (!head?.loads || input === undefined || isScalar(input)) return undefined;
  const { pending } = input.storage;
  if (!pending) return undefined;
  const plan = planAll(fusion, pending, { all, loads: head.loads });
  const { program, bound, kept, walk, constants } = plan;
  const words = [...Array<number>(HEADER_WORDS).fill(0), ...constants, ...walk.words];
  if (head.words + words.length > PARAM_BYTES / 4) {
    pending.compute(all);
    return undefined;
  }
  return { program, bound, kept, words, bindings: bound.length - 1 + kept.length };
}
