import { sizeClass } from "./pool.ts";
import { COPY_DST, MAP_READ, MODE_READ } from "./usage.ts";

/** A buffer the host can map to read what was copied into it. */
export interface StagingBuffer {
  readonly gpu: GPUBuffer;
  readonly size: number;
}

/** Most staging buffers kept; more reads in flight make more, which are destroyed after use. */
const KEPT = 16;

/** Keeps a few mappable buffers for reads. */
export class Staging {
  readonly #gpu: GPUDevice;
  #free: StagingBuffer[] = [];

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
  }

  /** A buffer of at least `bytes`. */
  acquire(bytes: number): StagingBuffer {
    const size = sizeClass(bytes);
    const i = this.#free.findIndex((b) => b.size === size);
    const kept = i < 0 ? undefined : this.#free.splice(i, 1)[0];
    return kept ?? { gpu: this.#gpu.createBuffer({ size, usage: MAP_READ | COPY_DST }), size };
  }

  /**
   * Waits for the copy into the buffer, and takes the buffer back.
   *
   * @returns its first `bytes`, and what is written after them
   */
  async map(staging: StagingBuffer, bytes: number, more = 0): Promise<[ArrayBuffer, ArrayBuffer]> {
    await staging.gpu.mapAsync(MODE_READ, 0, staging.size);
    const range = staging.gpu.getMappedRange(0, staging.size);
    const data: [ArrayBuffer, ArrayBuffer] = [
      range.slice(0, bytes), range.slice(bytes, bytes + more),
    ];
    staging.gpu.unmap();
    if (this.#free.length < KEPT) this.#free.push(staging);
    else staging.gpu.destroy();
    return data;
  }

  /** Destroys the buffers that wait for reuse. */
  trim(): void {
    for (const { gpu } of this.#free) gpu.destroy();
    this.#free = [];
  }
}
