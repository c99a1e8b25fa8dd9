import { DeviceLostError, GpuError } from "./errors.ts";

/** Milliseconds after failed work in which the loss of the device is awaited. */
const LOSS_DELAY = 100;

/** What has gone wrong on a device: errors come late, and are kept for the next call to throw. */
export class Health {
  readonly #gpu: GPUDevice;
  readonly #onGone: () => void;
  readonly #outcomes = new Set<Promise<void>>();
  #closed = false;
  #lost: DeviceLostError | undefined;
  #error: GpuError | undefined;

  /** @param onGone is told when the device is lost */
  constructor(gpu: GPUDevice, onGone: () => void) {
    this.#gpu = gpu;
    this.#onGone = onGone;
    void gpu.lost.then(({ reason, message }) => this.#onLost(reason, message));
    gpu.addEventListener("uncapturederror", this.#onError);
  }

  /** Whether the device was closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /** From now on every call is refused. */
  close(): void {
    this.#closed = true;
    this.#gpu.removeEventListener("uncapturederror", this.#onError);
  }

  /**
   * Throws what went wrong since the last call, if anything did.
   *
   * @throws DeviceLostError each time once the device is lost or closed; GpuError once
   */
  check(op: string): void {
    if (this.#closed) {
      throw new DeviceLostError(`${op}: the device was closed. Open a new one with openDevice().`);
    }
    if (this.#lost) throw this.#lost;
    const error = this.#error;
    this.#error = undefined;
    if (error) throw error;
  }

  /** Waits for work and for the verdict on everything sent before it. */
  async settle<R>(work: Promise<R>, op: string): Promise<R> {
    try {
      const result = await work;
      await Promise.all(this.#outcomes);
      this.check(op);
      return result;
    } catch (error) {
      await Promise.all(this.#outcomes);
      await this.#lossReported();
      this.check(op);
      throw error instanceof GpuError ? error : new GpuError(`${op}: ${String(error)}.`);
    }
  }

  /** Sends work and keeps the errors it has. */
  guard(send: () => void): void {
    this.#gpu.pushErrorScope("out-of-memory");
    this.#gpu.pushErrorScope("validation");
    send();
    this.expect(this.#gpu.popErrorScope(), "submit");
    this.expect(this.#gpu.popErrorScope(), "submit");
  }

  /** Keeps the error that an error scope may have. */
  expect(outcome: Promise<GPUError | null>, label: string): void {
    const settled = outcome.then(
      (error) => error && this.#keep(label, error),
      () => undefined, // the device is lost: its own promise reports that
    ).then(() => void this.#outcomes.delete(settled));
    this.#outcomes.add(settled);
  }

  /** Work on a lost device may fail a little before the loss itself is reported. */
  async #lossReported(): Promise<void> {
    const late = new Promise((resolve) => setTimeout(resolve, LOSS_DELAY));
    await Promise.race([this.#gpu.lost, late]);
  }

  readonly #onError = (event: GPUUncapturedErrorEvent): void => {
    this.#keep("device", event.error);
  };

  #keep(label: string, error: GPUError): void {
    this.#error ??= new GpuError(
      `${label}: the GPU refused the work: ${error.message}. `
        + `Results since the last read are not valid.`,
    );
  }

  #onLost(reason: string, message: string): void {
    this.#onGone();
    this.#lost = new DeviceLostError(
      `device lost (${reason}): ${message} Make a new Device and load the last checkpoint.`,
    );
  }
}
