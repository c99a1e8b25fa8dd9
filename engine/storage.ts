import type { Pending } from "./fusion/pending.ts";
import type { BufferPool, PooledBuffer } from "./pool.ts";

/**
 * A counted hold on a pooled buffer, shared by a tensor, its views and the tape; or on a result
 * that waits to be computed, and has a buffer from then on.
 */
export class Storage {
  readonly #pool: BufferPool;
  #buffer: PooledBuffer | undefined;
  #pending: Pending | undefined;
  /** How many tensors outside any scope hold it. */
  kept = 0;
  #holders = 1;
  #readers = 0;

  constructor(pool: BufferPool, source: PooledBuffer | Pending) {
    this.#pool = pool;
    if ("gpu" in source) this.#buffer = source;
    else this.#pending = source;
  }

  /** The buffer; a result that waits is computed first. */
  get buffer(): PooledBuffer {
    this.#pending?.compute();
    return this.#buffer as PooledBuffer; // there from the start, or by `settle`
  }

  /** What waits to be computed, if it does. */
  get pending(): Pending | undefined {
    return this.#pending;
  }

  /** How many hold it. */
  get holders(): number {
    return this.#holders;
  }

  /** How many of them are results that wait and will read it. */
  get readers(): number {
    return this.#readers;
  }

  /** Whether only results that wait hold it. */
  get abandoned(): boolean {
    return this.#holders === this.#readers && this.#buffer !== undefined;
  }

  /** Another hold on the buffer, which is there: it has it until one of the two surrenders it. */
  twin(): Storage {
    return new Storage(this.#pool, this.buffer);
  }

  /**
   * Leaves its buffer to its twin.
   *
   * @param result that is to be written over the buffer, and is waited for
   */
  surrender(result?: Pending): void {
    this.#buffer = undefined;
    this.#pending = result;
  }

  /** Takes the buffer that the result is computed into. */
  settle(buffer: PooledBuffer): void {
    this.#buffer = buffer;
    this.#pending = undefined;
    buffer.readers = this.#readers;
    if (this.abandoned) this.#pool.abandoned = true;
  }

  /** Adds a holder. */
  retain(): this {
    this.#holders++;
    return this;
  }

  /** Adds a holder that will read the elements later on, as they are now. */
  retainReader(): void {
    this.#holders++;
    this.#readers++;
    if (this.#buffer) this.#buffer.readers++;
  }

  /** Removes such a holder. */
  releaseReader(): void {
    this.#readers--;
    if (this.#buffer) this.#buffer.readers--;
    this.#letGo();
  }

  /** Removes a holder; with the last one the buffer goes back, or what waits is given up. */
  release(): void {
    this.#letGo();
    if (this.#holders === this.#readers && this.#holders > 0) this.#pool.abandoned = true;
  }

  #letGo(): void {
    if (--this.#holders > 0) return;
    if (this.#buffer) this.#pool.release(this.#buffer);
    this.#pending?.drop();
  }
}
