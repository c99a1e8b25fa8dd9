import type { HostArray } from "./dtype.ts";
import type { PooledBuffer } from "./pool.ts";
import type { Dispatch } from "./recorder.ts";
import type { Storage } from "./storage.ts";
import type { Tensor } from "./tensor.ts";

/** Something on the host that steps change: a counter, a generator of random numbers. */
export interface HostState {
  /** @returns what puts it back to where it stands now */
  readonly mark: () => () => void;
}

/** What hears of everything that a step does while it is recorded to be replayed. */
export interface Capture {
  /** A dispatch was recorded. */
  readonly dispatched: (dispatch: Dispatch) => void;
  /** A buffer was taken from its pool. */
  readonly acquired: (buffer: PooledBuffer) => void;
  /** A buffer went back to its pool. */
  readonly released: (buffer: PooledBuffer) => void;
  /** Elements were written to a buffer from the host. */
  readonly uploaded: (buffer: PooledBuffer, words: HostArray) => void;
  /** A tensor is about to be used; its storage is undefined if it was disposed. */
  readonly used: (t: Tensor, storage: Storage | undefined) => void;
  /**
   * Something was worked out on the host, which is done again before every replay.
   *
   * @param run false where the record does not hold any more
   * @param state what it changes
   */
  readonly worked: (run: () => unknown, state?: HostState) => void;
}

/** The capture that is open, if there is one. */
export const capturing: { now: Capture | undefined } = { now: undefined };

/** Whether a step is being recorded. */
export function isCapturing(): boolean {
  return capturing.now !== undefined;
}

/**
 * Refuses what cannot be replayed.
 *
 * @param advice what to do instead
 * @throws Error while a step is being recorded
 */
export function refuseInStep(op: string, advice: string): void {
  if (capturing.now) throw new Error(`${op}: not inside a compiled step. ${advice}`);
}
