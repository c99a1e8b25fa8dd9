import type { HostState } from "../capture.ts";

/**
 * Does again what a step did on the host.
 *
 * @param work in order; one that gives false finds that the record does not hold
 * @param states what the work changes
 * @returns whether all of it was done; if not, or if it throws, the states are as they were
 */
export function redo(work: readonly (() => unknown)[], states: Iterable<HostState>): boolean {
  const marks = Array.from(states, (state) => state.mark());
  let done = false;
  try {
    done = work.every((run) => run() !== false);
    return done;
  } finally {
    if (!done) for (const back of marks) back();
  }
}
