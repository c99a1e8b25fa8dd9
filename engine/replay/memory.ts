import type { BufferPool, PooledBuffer } from "../pool.ts";
import type { Slot } from "./recording.ts";

/** A buffer, and the stretches of one plan in which it is taken. */
interface Shelf {
  readonly buffer: PooledBuffer;
  readonly taken: (readonly [first: number, last: number])[];
}

/**
 * Memory that the plans of one step share: between two replays nothing in it is needed, and in a
 * replay what is needed at different times has the same place.
 */
export class PlanMemory {
  readonly #pool: BufferPool;
  readonly #buffers: PooledBuffer[] = [];

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  /**
   * Finds a buffer for every slot: the largest slots first, each in the smallest buffer that is
   * large enough and free while it is used.
   *
   * Source: Pisarchyk, Lee 2020, "Efficient memory management for deep neural net inference",
   * greedy by size
   */
  place(slots: readonly Slot[]): Map<Slot, PooledBuffer> {
    const shelves: Shelf[] = this.#buffers.map((buffer) => ({ buffer, taken: [] }));
    const placed = new Map<Slot, PooledBuffer>();
    for (const slot of [...slots].sort((a, b) => b.bytes - a.bytes)) {
      const shelf = shelves.find((s) => fits(s, slot)) ?? this.#grow(shelves, slot.bytes);
      shelf.taken.push([slot.first, slot.last]);
      placed.set(slot, shelf.buffer);
    }
    return placed;
  }

  /** Adds a buffer where it keeps the order of sizes, which is that of the search. */
  #grow(shelves: Shelf[], bytes: number): Shelf {
    const buffer = this.#pool.acquire(bytes);
    const shelf = { buffer, taken: [] };
    const after = shelves.findIndex((s) => s.buffer.size > buffer.size);
    const at = after < 0 ? shelves.length : after;
    shelves.splice(at, 0, shelf);
    this.#buffers.splice(at, 0, buffer);
    return shelf;
  }

  /** Gives the memory back. */
  free(): void {
    for (const buffer of this.#buffers) this.#pool.release(buffer);
    this.#buffers.length = 0;
  }
}

function fits({ buffer, taken }: Shelf, { bytes, first, last }: Slot): boolean {
  return buffer.size >= bytes && taken.every(([from, to]) => last < from || first > to);
}
