// Host numbers inside steps that are recorded once and replayed: see `compile`.

import { type HostState, capturing } from "./capture.ts";
import { f32Bits } from "./recorder.ts";

/** A number on the host that is worked out anew before every replay of a compiled step. */
export class Live {
  /** What it is now. */
  value: number;

  /** @internal Use `live`. */
  constructor(value: number) {
    this.value = value;
  }
}

/** A constant of a kernel: a number, or one that changes from replay to replay. */
export type Scalar = number | Live;

/** Whether an operand is a constant. */
export function isScalar(x: unknown): x is Scalar {
  return typeof x === "number" || x instanceof Live;
}

/**
 * A number for a kernel that depends on the host's state: a learning rate, the number of the step.
 *
 * @param compute called now; in a compiled step again before every replay, in the order in which
 *   the step did it
 * @returns what it gives, or in a compiled step what stands for it
 */
export function live(compute: () => number): Scalar {
  const capture = capturing.now;
  if (!capture) return compute();
  const made = new Live(compute());
  capture.worked(() => {
    made.value = compute();
  });
  return made;
}

/**
 * Something that a step decides on the host and on which its record depends: a refresh every few
 * steps.
 *
 * @param compute called now; in a compiled step again before every replay. If it comes out
 *   otherwise then, the record is not used: the step is recorded once for each outcome
 */
export function decide<T extends number | string | boolean>(compute: () => T): T {
  const outcome = compute();
  capturing.now?.worked(() => compute() === outcome);
  return outcome;
}

/**
 * Changes the host's state as a step goes on: advances a counter.
 *
 * @param state what is changed, to be put back where a record turns out not to be usable
 * @param advance called now; in a compiled step again before every replay, in the order in which
 *   the step did it. What it throws is thrown by the replay, before any work
 */
export function atReplay(state: HostState, advance: () => void): void {
  advance();
  capturing.now?.worked(advance, state);
}

/** A word of a parameter block that changes from replay to replay. */
export class LiveWord {
  readonly source: Live;
  /** Whether it holds the bits of a float32, and not a whole number. */
  readonly float: boolean;

  constructor(source: Live, float: boolean) {
    this.source = source;
    this.float = float;
  }

  /** The word as it is now. */
  get bits(): number {
    const { value } = this.source;
    return this.float ? f32Bits(value) : value >>> 0;
  }
}

/** A word of a parameter block. */
export type Word = number | LiveWord;

/** A constant as a word: a whole number. */
export function wholeWord(x: Scalar): Word {
  return typeof x === "number" ? x >>> 0 : new LiveWord(x, false);
}

/** A constant as a word: the bits of a float32. */
export function floatWord(x: Scalar): Word {
  return typeof x === "number" ? f32Bits(x) : new LiveWord(x, true);
}
