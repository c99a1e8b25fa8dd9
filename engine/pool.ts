import { capturing } from "./capture.ts";
import { GpuError } from "./errors.ts";
import { COPY_DST, COPY_SRC, STORAGE } from "./usage.ts";

/** A buffer on the device together with what the recorder needs to know of it. */
export interface PooledBuffer {
  readonly gpu: GPUBuffer;
  /** Where it goes back to; tells the devices' buffers apart. */
  readonly pool: BufferPool;
  /** Unique over the life of the device; keys the bind-group cache. */
  readonly id: number;
  /** Bytes: a size class, at least what was asked for. */
  readonly size: number;
  /** Number of the last batch that a dispatch using it was recorded in. */
  batch: number;
  /** How often it has gone back to the pool: who holds it since then is somebody else. */
  generation: number;
  /** How many results that wait to be computed read it. */
  readers: number;
}

/** Bytes in use on the device, as `Device.memory` reports them. */
export interface PoolBytes {
  live: number;
  pooled: number;
  peak: number;
}

/** Smallest buffer handed out, bytes. */
const SMALLEST = 256;

/**
 * Rounds a byte count up to its size class: a power of two, or 1.25, 1.5 or 1.75 of one, so that
 * at most a quarter is lost and buffers of nearly equal size share a free list. All are multiples
 * of 64: kernels may write 16 elements where the last few are wanted.
 */
export function sizeClass(bytes: number): number {
  if (bytes <= SMALLEST) return SMALLEST;
  const step = 2 ** Math.floor(Math.log2(bytes - 1)) / 4;
  return Math.ceil(bytes / step) * step;
}

/**
 * Keeps storage buffers for reuse, by size class.
 *
 * A buffer that comes back may be handed out again at once: dispatches run in the order they were
 * recorded. It is only destroyed by `trim`, once no unsubmitted batch refers to it. The oldest of a
 * class goes first, so that every step of a loop is given the same buffers, in whatever order the
 * step before gave them back, and its bind groups exist already.
 */
export class BufferPool {
  readonly bytes: PoolBytes = { live: 0, pooled: 0, peak: 0 };
  /** Whether a buffer may be held by results that wait to be computed, and by nothing else. */
  abandoned = false;
  readonly #gpu: GPUDevice;
  /** The oldest of each class last. */
  readonly #free = new Map<number, PooledBuffer[]>();
  readonly #limit: number;
  #nextId = 1;
  #closed = false;

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
    const { maxBufferSize, maxStorageBufferBindingSize } = gpu.limits;
    this.#limit = Math.min(maxBufferSize, maxStorageBufferBindingSize);
  }

  /**
   * Takes a buffer of at least `bytes`.
   *
   * @param avoidBatch a batch number: do not return a buffer that this batch uses (for uploads,
   *   which reach the device before a batch that is still being recorded)
   * @throws GpuError if the device cannot bind that many bytes
   */
  acquire(bytes: number, avoidBatch?: number): PooledBuffer {
    this.check(bytes);
    const size = sizeClass(bytes);
    const list = this.#free.get(size) ?? [];
    const pick = list.findLastIndex((b) => b.batch !== avoidBatch);
    const reused = pick < 0 ? undefined : list.splice(pick, 1)[0];
    if (reused) this.bytes.pooled -= size;
    const buffer = reused ?? this.#create(size);
    this.bytes.live += size;
    this.bytes.peak = Math.max(this.bytes.peak, this.bytes.live);
    capturing.now?.acquired(buffer);
    return buffer;
  }

  /** Gives a buffer back for reuse. */
  release(buffer: PooledBuffer): void {
    this.bytes.live -= buffer.size;
    buffer.generation++;
    capturing.now?.released(buffer);
    if (this.#closed) {
      buffer.gpu.destroy();
      return;
    }
    this.bytes.pooled += buffer.size;
    const list = this.#free.get(buffer.size);
    if (list) list.splice(placeOf(buffer, list), 0, buffer);
    else this.#free.set(buffer.size, [buffer]);
  }

  /** Destroys every buffer that waits for reuse. Call it only when nothing is recorded. */
  trim(): void {
    for (const list of this.#free.values()) {
      for (const buffer of list) buffer.gpu.destroy();
    }
    this.#free.clear();
    this.bytes.pooled = 0;
  }

  /** Destroys what waits for reuse now, and what is still in use as it comes back. */
  close(): void {
    this.trim();
    this.#closed = true;
  }

  /** Throws GpuError if the device cannot bind that many bytes. */
  check(bytes: number): void {
    if (sizeClass(bytes) <= this.#limit) return;
    throw new GpuError(
      `tensor: too large for this adapter: ${bytes} bytes (limit ${this.#limit}). `
        + `Split it along an axis.`,
    );
  }

  #create(size: number): PooledBuffer {
    const usage = STORAGE | COPY_SRC | COPY_DST;
    const gpu = this.#gpu.createBuffer({ size, usage });
    return { gpu, pool: this, id: this.#nextId++, size, batch: -1, generation: 0, readers: 0 };
  }
}

/** Where a buffer belongs among others, of which the oldest is the last. */
function placeOf({ id }: PooledBuffer, list: readonly PooledBuffer[]): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] as PooledBuffer).id > id) low = middle + 1; // it lies between the ends
    else high = middle;
  }
  return low;
}
