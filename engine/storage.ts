import type { BufferPool, PooledBuffer } from "./pool.ts";

/** A counted hold on a pooled buffer, shared by a tensor, its views and the tape. */
export class Storage {
  readonly buffer: PooledBuffer;
  readonly #pool: BufferPool;
  #holders = 1;

  constructor(pool: BufferPool, buffer: PooledBuffer) {
    this.#pool = pool;
    this.buffer = buffer;
  }

  /** How many hold it. */
  get holders(): number {
    return this.#holders;
  }

  /** Adds a holder. */
  retain(): this {
    this.#holders++;
    return this;
  }

  /** Removes a holder; the last one gives the buffer back. */
  release(): void {
    if (--this.#holders === 0) this.#pool.release(this.buffer);
  }
}
