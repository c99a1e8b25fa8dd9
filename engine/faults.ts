import { IndexError, NonFiniteError } from "./errors.ts";
import type { BufferPool, PooledBuffer } from "./pool.ts";
import type { Recorder } from "./recorder.ts";
import { COPY_DST, COPY_SRC, STORAGE } from "./usage.ts";

/** Bytes of a device's report: faults seen, then code, index and bound of the first. */
export const FAULT_BYTES = 16;

/**
 * What is wrong: an index, which is a place on an axis and may count from the end, or a label; or a
 * gradient, of a weight and at a step, that is not finite.
 */
export type FaultKind = "index" | "label" | "gradient";

interface Source {
  readonly op: string;
  readonly kind: FaultKind;
}

/** The first fault that kernels have met since the last read. */
export class Faults {
  /** Bound by kernels as `faults: array<atomic<u32>, 4>`. */
  readonly buffer: PooledBuffer;
  readonly #sources: Source[] = [];
  /** Whether a kernel that may write to it has been recorded since it was last read. */
  #pending = false;

  constructor(gpu: GPUDevice, pool: BufferPool) {
    const usage = STORAGE | COPY_SRC | COPY_DST;
    const buffer = gpu.createBuffer({ label: "faults", size: FAULT_BYTES, usage });
    this.buffer = {
      gpu: buffer, pool, id: 0, size: FAULT_BYTES, batch: -1, generation: 0, readers: 0,
    };
  }

  /** The word by which a kernel names the operation; kernels keep quiet for 0. */
  code(op: string, kind: FaultKind = "index"): number {
    this.expect();
    const known = this.#sources.findIndex((s) => s.op === op && s.kind === kind);
    return (known < 0 ? this.#sources.push({ op, kind }) - 1 : known) + 1;
  }

  /** Notes that a kernel that may write to the report has been recorded. */
  expect(): void {
    this.#pending = true;
  }

  /** Whether there may be something to report. */
  get pending(): boolean {
    return this.#pending;
  }

  /** Records a copy of the report, and its clearing. */
  collect(recorder: Recorder, target: GPUBuffer, offset: number): void {
    this.#pending = false;
    recorder.encode((encoder) => {
      encoder.copyBufferToBuffer(this.buffer.gpu, 0, target, offset, FAULT_BYTES);
      encoder.clearBuffer(this.buffer.gpu);
    });
  }

  /** @throws IndexError or NonFiniteError if the report holds a fault */
  check(report: ArrayBuffer): void {
    const [count, code = 0, , bound = 0] = new Uint32Array(report);
    const source = this.#sources[code - 1];
    if (!count || !source) return;
    const index = new Int32Array(report)[2];
    const { op, kind } = source;
    if (kind === "gradient") {
      throw new NonFiniteError(
        `${op} at step ${index}. The step was refused: look at the batch, or lower the rate.`,
      );
    }
    const what = kind === "label" ? `${bound} classes` : `an axis of ${bound}`;
    const first = `${op}: ${kind} out of range: ${index} for ${what}.`;
    if (bound === 0) throw new IndexError(`${first} Nothing can be picked from it.`);
    const fromEnd = kind === "label" ? "" : `, or -${bound} to -1`;
    throw new IndexError(`${first} Use 0 to ${bound - 1}${fromEnd}.`);
  }

  /** Frees the report. */
  close(): void {
    this.buffer.gpu.destroy();
  }
}
