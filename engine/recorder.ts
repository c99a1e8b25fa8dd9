import { BindGroups } from "./bind_groups.ts";
import { capturing } from "./capture.ts";
import type { Word } from "./live.ts";
import { type Kernel, PARAM_BYTES } from "./pipeline.ts";
import type { PooledBuffer } from "./pool.ts";
import { COPY_DST, UNIFORM } from "./usage.ts";

/** One kernel launch as it is recorded. */
export interface Dispatch {
  readonly kernel: Kernel;
  /** In the order of the kernel's bindings. */
  readonly buffers: readonly PooledBuffer[];
  /** The parameter block, as 32-bit words (see `f32Bits`). */
  readonly params: readonly Word[];
  /** Workgroups in x, y and z. */
  readonly grid: readonly [number, number, number];
}

/** Gives timestamp writes for the next dispatch while a profile is being taken. */
export type PassTimer = (kernel: Kernel) => GPUComputePassTimestampWrites | undefined;

/** Dispatches after which a batch is sent without waiting for a read. */
const BATCH = 256;

const floats = new Float32Array(1);
const bits = new Uint32Array(floats.buffer);

/** The bits of a float32, for a parameter block. */
export function f32Bits(x: number): number {
  floats[0] = x;
  return bits[0] as number; // it has one
}

/**
 * Collects dispatches into one compute pass and sends them as a batch.
 *
 * Parameters are gathered on the host and written once per batch, in queue order before the pass
 * that reads them, so one parameter buffer serves every batch.
 */
export class Recorder {
  /** Number of the batch being recorded; a buffer with this `batch` is used by it. */
  batch = 0;
  readonly counts = { dispatches: 0, submits: 0 };
  /** Set while profiling: every dispatch then gets a pass of its own. */
  timer: PassTimer | undefined;
  readonly #gpu: GPUDevice;
  readonly #onSubmit: (send: () => void) => void;
  readonly #align: number;
  readonly #paramBuffer: GPUBuffer;
  readonly #params: Uint32Array<ArrayBuffer>;
  readonly #groups: BindGroups;
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  /** The kernel whose pipeline the open pass has set. */
  #kernel: Kernel | undefined;
  #paramBytes = 0;
  #pending = 0;

  /** @param onSubmit runs the sending of a batch inside the device's error scopes */
  constructor(gpu: GPUDevice, onSubmit: (send: () => void) => void) {
    this.#gpu = gpu;
    this.#onSubmit = onSubmit;
    this.#align = gpu.limits.minUniformBufferOffsetAlignment;
    const size = BATCH * Math.max(PARAM_BYTES, this.#align) + PARAM_BYTES;
    this.#params = new Uint32Array(size / 4);
    this.#paramBuffer = gpu.createBuffer({ label: "params", size, usage: UNIFORM | COPY_DST });
    this.#groups = new BindGroups(gpu, this.#paramBuffer);
  }

  /** Records one dispatch. The caller has checked shapes, limits and that the device is well. */
  record(dispatch: Dispatch): void {
    const { kernel, buffers, params, grid } = dispatch;
    checkHazard(kernel, buffers);
    capturing.now?.dispatched(dispatch);
    const offset = this.#paramBytes;
    putWords(params, this.#params, offset / 4);
    this.#paramBytes += Math.ceil(params.length * 4 / this.#align) * this.#align;
    const pass = this.#openPass(kernel);
    if (this.#kernel !== kernel) pass.setPipeline(kernel.pipeline);
    this.#kernel = kernel;
    pass.setBindGroup(0, this.#groups.get(kernel, buffers), [offset]);
    pass.dispatchWorkgroups(grid[0], grid[1], grid[2]);
    for (const buffer of buffers) buffer.batch = this.batch;
    this.counts.dispatches++;
    if (this.timer) this.#closePass();
    if (++this.#pending === BATCH) this.flush();
  }

  /** Records a copy to a buffer outside the pool, such as one that the host will map. */
  copy(source: PooledBuffer, offset: number, target: GPUBuffer, bytes: number): void {
    this.#closePass();
    this.#open().copyBufferToBuffer(source.gpu, offset, target, 0, bytes);
    source.batch = this.batch;
  }

  /** Lets `write` add its own commands to the batch, outside any pass. */
  encode(write: (encoder: GPUCommandEncoder) => void): void {
    this.#closePass();
    write(this.#open());
  }

  /** Sends what has been recorded; nothing happens if that is nothing. */
  flush(): void {
    const encoder = this.#encoder;
    if (!encoder) return;
    this.#closePass();
    const bytes = this.#paramBytes;
    this.#encoder = undefined;
    this.#paramBytes = 0;
    this.#pending = 0;
    this.batch++;
    this.counts.submits++;
    this.#onSubmit(() => {
      const { queue } = this.#gpu;
      if (bytes > 0) queue.writeBuffer(this.#paramBuffer, 0, this.#params, 0, bytes / 4);
      queue.submit([encoder.finish()]);
    });
  }

  /**
   * Sends a batch that is recorded already, after what has been recorded here.
   *
   * @param dispatches how many it has
   * @param send encodes and submits it
   */
  submit(dispatches: number, send: () => void): void {
    this.flush();
    this.counts.dispatches += dispatches;
    this.counts.submits++;
    this.#onSubmit(send);
  }

  /** Forgets cached bind groups, before the buffers they name are destroyed. */
  forgetBindGroups(): void {
    this.#groups.forget();
  }

  /** Drops what is recorded and frees the parameter buffer. */
  close(): void {
    this.#closePass();
    this.#encoder = undefined;
    this.#groups.forget();
    this.#paramBuffer.destroy();
  }

  #open(): GPUCommandEncoder {
    return this.#encoder ??= this.#gpu.createCommandEncoder();
  }

  #openPass(kernel: Kernel): GPUComputePassEncoder {
    if (this.#pass) return this.#pass;
    const timestampWrites = this.timer?.(kernel);
    return this.#pass = this.#open().beginComputePass(timestampWrites ? { timestampWrites } : {});
  }

  #closePass(): void {
    this.#pass?.end();
    this.#pass = undefined;
    this.#kernel = undefined;
  }
}

/** Writes the words of a parameter block as they are now. */
export function putWords(words: readonly Word[], into: Uint32Array, at: number): void {
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as Word; // an index below its length
    into[at + i] = typeof word === "number" ? word : word.bits;
  }
}

/** A buffer that is written must be bound once: binding it twice voids the whole batch. */
function checkHazard(kernel: Kernel, buffers: readonly PooledBuffer[]): void {
  for (let i = 0; i < buffers.length; i++) {
    if (kernel.bindings[i] !== "w") continue;
    for (let j = 0; j < buffers.length; j++) {
      if (j === i || buffers[j] !== buffers[i]) continue;
      throw new Error(
        `${kernel.name}: one buffer is both read and written: bindings ${j} and ${i}. `
          + `Copy the input first.`,
      );
    }
  }
}
