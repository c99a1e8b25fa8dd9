// Ctrl-C: finish the step, write what there is, end with exit code 130; once more: end at once.

import process from "node:process";

/** The exit code of a program that was stopped by Ctrl-C: 128 + SIGINT. */
export const INTERRUPTED = 130;

/** The part of `process` that is needed. */
export interface Signals {
  on(signal: "SIGINT", listener: () => void): unknown;
  off(signal: "SIGINT", listener: () => void): unknown;
}

/** Whether somebody pressed Ctrl-C. Disposing of it gives Ctrl-C its usual meaning back. */
export interface Interrupt {
  readonly requested: boolean;
  [Symbol.dispose](): void;
}

/** How `watchInterrupt` behaves. */
export interface InterruptOptions {
  /** Called at the first Ctrl-C. */
  readonly notify?: () => void;
  /** Seconds after the first Ctrl-C in which another one is the same one. */
  readonly grace?: number;
  readonly signals?: Signals;
}

/**
 * Watches for Ctrl-C until it is disposed of.
 *
 * One Ctrl-C under `npm` arrives twice, from the terminal and passed on by npm, so a second one
 * counts only after a moment. From then on nobody listens any more and the system itself ends the
 * process, also in the middle of a long computation.
 *
 * @example
 * using interrupt = watchInterrupt();
 * while (step < steps && !interrupt.requested) await train(step++);
 */
export function watchInterrupt(options: InterruptOptions = {}): Interrupt {
  const { notify = () => {}, grace = 0.5, signals = process } = options;
  let requested = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = (): void => {
    clearTimeout(timer);
    signals.off("SIGINT", listener);
  };
  function listener(): void {
    if (requested) return;
    requested = true;
    notify();
    timer = setTimeout(stop, grace * 1000);
    timer.unref?.(); // must not keep the process alive
  }
  signals.on("SIGINT", listener);
  return {
    get requested() {
      return requested;
    },
    [Symbol.dispose]: stop,
  };
}
