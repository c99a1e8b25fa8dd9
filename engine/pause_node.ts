// Waiting for a software adapter in Node. While a promise of Dawn is open, Node asks for its
// outcome at every turn of the event loop, without a pause, and so keeps a processor from the
// adapter, which computes on the same ones.

/** The time, and ways to let it pass. */
export interface Clock {
  /** Milliseconds. */
  now(): number;
  /** Blocks the thread. */
  sleep(milliseconds: number): void;
  /** Runs something at the next turn of the event loop. */
  soon(turn: () => void): void;
}

/** Milliseconds without a pause: a short wait is not to be prolonged. */
const AWAKE = 0.2;
/** Share of the time waited so far that a pause takes, which is what it may prolong the wait by. */
const SHARE = 1 / 16;
/** Milliseconds of a pause at most: whatever else the thread has to do waits for its end. */
const LONGEST = 1;

/** Waits with pauses between the turns of the event loop, which all open waits share. */
export class PausedWaits {
  readonly #clock: Clock;
  #open = 0;
  #turning = false;
  #since = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The outcome of some work. */
  async of<R>(work: Promise<R>): Promise<R> {
    this.#since = this.#clock.now();
    this.#open++;
    if (!this.#turning) this.#next();
    try {
      return await work;
    } finally {
      this.#open--;
      this.#since = this.#clock.now(); // the next may be about to end as well
    }
  }

  #next(): void {
    this.#turning = this.#open > 0;
    if (this.#turning) this.#clock.soon(() => this.#turn());
  }

  #turn(): void {
    const waited = this.#clock.now() - this.#since;
    if (this.#open > 0 && waited > AWAKE) this.#clock.sleep(Math.min(LONGEST, waited * SHARE));
    this.#next();
  }
}

/** Never changes, so that a wait for it ends by time alone. */
const nothing = /* @__PURE__ */ new Int32Array(/* @__PURE__ */ new SharedArrayBuffer(4));

/** The time of the process. */
export const CLOCK: Clock = {
  now: () => performance.now(),
  sleep: (milliseconds) => void Atomics.wait(nothing, 0, 0, milliseconds),
  soon: (turn) => void setImmediate(turn),
};
