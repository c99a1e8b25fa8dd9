import type { Device } from "../device.ts";
import { isHalf, storageBytes } from "../dtype.ts";
import { isScalar } from "../live.ts";
import { type PooledBuffer, sizeClass } from "../pool.ts";
import { type Layout, MAX_RANK, isContiguous, sizeOf } from "../shape.ts";
import type { Storage } from "../storage.ts";
import { bytesHeldFor, countSteps, gather } from "./chain.ts";
import { computeBefore, computeChain, computeInto } from "./compute.ts";
import { type Input, Pending, type Work, computeAll } from "./pending.ts";

/** Steps of a chain at most: what its kernel takes to compile grows with them. */
const MAX_STEPS = 16;
/** The same for a chain that begins with a head, which is counted, too. */
const MAX_AFTER_HEAD = 7;
/** Heads of which nothing is to be made yet that wait at most: they hold their operands. */
const MAX_OPEN = 4;

/** The results of a device that wait to be computed. */
export class Fusion {
  readonly device: Device;
  readonly #enabled: boolean;
  /** The one made last. */
  #last: Pending | undefined;
  /** Bytes that the largest of them will take, or more. */
  #largest = 0;
  /** Whether a result is being computed: of what its chain is planned from nothing may go. */
  #busy = false;
  /** Heads made lately. */
  #open: Pending[] = [];

  /** @param enabled whether results wait at all; else each is computed at once */
  constructor(device: Device, enabled: boolean) {
    this.device = device;
    this.#enabled = enabled;
  }

  /**
   * Lets a result wait; where its chain would get too long, inputs of it are computed, and where
   * too many heads wait, the oldest of them.
   *
   * @param layout of a new tensor
   * @param moved whether the body copies elements of the result's own dtype
   * @returns where the result will be
   * @throws GpuError if it is too large for the adapter; ShapeError if it has too many axes that
   *   cannot be merged
   */
  wait(work: Work, inputs: readonly Input[], layout: Layout, moved: boolean): Storage {
    const bytes = storageBytes(sizeOf(layout.shape), work.out);
    this.device.pool.check(bytes);
    if (work.head) this.makeRoom(bytes);
    this.#largest = Math.max(this.#largest, bytes);
    const result = new Pending(this, work, inputs, layout, moved);
    this.#note(result);
    try {
      this.#admit(result);
    } catch (error) {
      result.storage.release();
      throw error;
    }
    return result.storage;
  }

  /**
   * Computes a result over the elements of a layout of `target`: when they are needed, where whole
   * vectors from its start on are written.
   */
  into(
    work: Work, inputs: readonly Input[], layout: Layout, moved: boolean, target: Storage,
  ): void {
    const waits = this.#enabled && isContiguous(layout) && layout.offset === 0
      && sizeOf(layout.shape) % 4 === 0 && !isHalf(work.out);
    const result = new Pending(this, work, inputs, layout, moved, target);
    if (!waits) {
      computeInto(this, result);
      return;
    }
    try {
      computeBefore(this, result);
    } catch (error) {
      result.drop();
      throw error;
    }
    result.putOff(gather(result).steps);
    this.#note(result);
    this.#admit(result);
  }

  /** Computes a result that waits; see `Pending.compute`. */
  compute(result: Pending, all: boolean): void {
    if (this.#busy) {
      computeChain(this, result, all);
      return;
    }
    this.makeRoom(result.over ? 0 : storageBytes(result.size, result.out));
    if (result.storage.pending !== result) return; // that has computed it
    this.#busy = true;
    try {
      computeChain(this, result, all);
    } finally {
      this.#busy = false;
    }
  }

  #note(result: Pending): void {
    result.before = this.#last;
    if (this.#last) this.#last.after = result;
    this.#last = result;
  }

  #admit(result: Pending): void {
    if (!this.#enabled || result.layout.shape.length > MAX_RANK) result.compute();
    else if (result.head) this.#limitOpen(result);
    else if (result.steps > (result.first ? MAX_AFTER_HEAD : MAX_STEPS)) shorten(result);
  }

  #limitOpen(head: Pending): void {
    this.#open = this.#open.filter(({ storage, first }) => first && storage.readers === 0);
    if (this.#open.push(head) > MAX_OPEN) this.#open.shift()?.compute();
  }

  /**
   * Makes room for more bytes. Where they, and what the largest result takes when it is computed,
   * would raise the peak of what has been in use, results are computed that hold more memory than
   * they will take: so waiting does not cost any.
   */
  makeRoom(bytes: number): void {
    const { pool } = this.device;
    if (!pool.abandoned || pool.bytes.live + bytes + this.#largest <= pool.bytes.peak) return;
    pool.abandoned = false;
    this.#largest = 0;
    for (const result of this.#all().reverse()) {
      const { storage } = result;
      if (storage.pending !== result) continue;
      const own = result.over ? 0 : sizeClass(storageBytes(result.size, result.out));
      const held = storage.holders > storage.readers;
      if (held && bytesHeldFor(result) > own) result.compute();
      else this.#largest = Math.max(this.#largest, own);
    }
  }

  /** Computes everything that waits and is still held. */
  flush(): void {
    computeAll(this.#all(), true);
  }

  /** Computes what waits and reads a buffer that is about to be written. */
  beforeWrite(buffer: PooledBuffer): void {
    if (buffer.readers > 0) computeAll(this.readersOf(buffer));
  }

  /** What waits and reads a buffer, itself or by its inputs, in the order it was made. */
  readersOf(buffer: PooledBuffer): Pending[] {
    const found = new Set<Pending>();
    for (const result of this.#all()) {
      const reads = result.inputs.some((x) => {
        if (isScalar(x)) return false;
        const { pending } = x.storage;
        return pending ? found.has(pending) : x.storage.buffer === buffer;
      });
      if (reads) found.add(result);
    }
    return [...found];
  }

  /** Forgets a result that does not wait any more. */
  forget(result: Pending): void {
    const { before, after } = result;
    if (before) before.after = after;
    if (after) after.before = before;
    else if (this.#last === result) this.#last = before;
    result.before = result.after = undefined;
  }

  /** All that wait, in the order they were made. */
  #all(): Pending[] {
    const all: Pending[] = [];
    for (let result = this.#last; result; result = result.before) all.push(result);
    return all.reverse();
  }
}

/**
 * Computes inputs of a result, the longest first, until few enough steps are left; where its chain
 * begins with a head, the input that does.
 */
function shorten(result: Pending): void {
  const tooMany = () => result.steps > (result.first ? MAX_AFTER_HEAD : MAX_STEPS);
  // One that is used twice was counted twice. To make room for an input may compute the result.
  while (result.storage.pending === result && tooMany()) {
    result.steps = countSteps(result);
    if (!tooMany()) return;
    const waiting = result.inputs.flatMap((x) => {
      return isScalar(x) ? [] : x.storage.pending ?? [];
    });
    waiting.sort((a, b) => Number(!a.first) - Number(!b.first) || b.steps - a.steps)[0]?.compute();
  }
}
