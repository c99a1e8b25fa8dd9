import { host } from "#gpu";
import { capturing, refuseInStep } from "./capture.ts";
import { type DType, type HostArray, bytesPerElement, deviceWords, hostArray, storageBytes } from
  "./dtype.ts";
import type { DeviceInfo, DeviceSettings, MemoryUse } from "./device_info.ts";
import { contiguousCopy } from "./elementwise.ts";
import { FAULT_BYTES, Faults } from "./faults.ts";
import { Fusion } from "./fusion/fusion.ts";
import { Health } from "./health.ts";
import { type ProductSizes, explainMatmul } from "./matmul/explain.ts";
import { MatmulKernels } from "./matmul/family.ts";
import { noteGone } from "./open_devices.ts";
import { PipelineCache } from "./pipeline.ts";
import { BufferPool } from "./pool.ts";
import { type Dispatch, Recorder } from "./recorder.ts";
import { type Shape, checkShape, rowMajor, show, sizeOf } from "./shape.ts";
import { Staging } from "./staging.ts";
import { Storage } from "./storage.ts";
import { Tensor } from "./tensor.ts";
import type { Tuner } from "./tune.ts";

/** A GPU device and everything that lives on it: memory, kernels and the recorded work. */
export class Device implements Disposable {
  readonly info: DeviceInfo;
  readonly debug: boolean;
  /** @internal */
  readonly gpu: GPUDevice;
  /** @internal */
  readonly pool: BufferPool;
  /** @internal */
  readonly recorder: Recorder;
  /** @internal */
  readonly kernels: PipelineCache;
  /** @internal */
  readonly faults: Faults;
  /** @internal */
  readonly fusion: Fusion;
  /** @internal */
  readonly matmuls: MatmulKernels;
  /** @internal Set where kernels are chosen by timing them. */
  readonly tuner: Tuner | undefined;
  readonly #owned: boolean;
  readonly #staging: Staging;
  readonly #leaks: FinalizationRegistry<string> | undefined;
  readonly #health: Health;
  #tensors = 0;

  /** @internal Use `openDevice`. */
  constructor(gpu: GPUDevice, info: DeviceInfo, settings: DeviceSettings = {}) {
    const { owned = true, debug = false, fusion = true, tuner } = settings;
    this.gpu = gpu;
    this.info = info;
    this.debug = debug;
    this.#owned = owned;
    this.#health = new Health(gpu, () => noteGone(this)); // new tensors go to what replaces it
    this.pool = new BufferPool(gpu);
    this.#staging = new Staging(gpu);
    this.faults = new Faults(gpu, this.pool);
    this.fusion = new Fusion(this, fusion);
    this.recorder = new Recorder(gpu, (send) => this.#health.guard(send));
    this.matmuls = new MatmulKernels(this);
    this.tuner = tuner;
    this.kernels = new PipelineCache(gpu, (error, name) => this.#health.expect(error, name));
    this.#leaks = debug ? new FinalizationRegistry((made) => {
      host.announce(`leak: a tensor was collected without dispose(). Made at:\n${made}`);
    }) : undefined;
  }

  /** The adapter's name as people know it. */
  get name(): string {
    const { vendor, architecture, device, description } = this.info;
    return description || device || [vendor, architecture].filter(Boolean).join(" ") || "unknown";
  }

  /** Limits the device was opened with: the adapter's own where kernels use them. */
  get limits(): GPUSupportedLimits {
    return this.gpu.limits;
  }

  /** Optional features that are there: `shader-f16`, `subgroups`, `timestamp-query`. */
  get features(): ReadonlySet<string> {
    return this.gpu.features;
  }

  /** Dispatches recorded and batches sent since the device was opened. */
  get counts(): { readonly dispatches: number; readonly submits: number } {
    return this.recorder.counts;
  }

  /** Tensors and bytes in use, kept for reuse, and at the peak. */
  memory(): MemoryUse {
    return { tensors: this.#tensors, ...this.pool.bytes };
  }

  /**
   * Which kernel an operation takes at some sizes, out of which, why, and what it costs.
   *
   * @param op only `matmul` has several kernels
   * @returns lines of text for people
   * @throws RangeError for another operation, or sizes that are not whole numbers from 1 on
   * @example
   * console.log(device.explain("matmul", { m: 512, n: 512, k: 512 }));
   */
  explain(op: "matmul", sizes: ProductSizes): string {
    if (op === "matmul") return explainMatmul(this, sizes);
    throw new RangeError(`explain: no choice of kernels: ${String(op)}. Use "matmul".`);
  }

  /**
   * Sends the recorded work without waiting for it; results that are still waiting to be
   * computed are recorded first.
   */
  flush(): void {
    refuseInStep("flush", "It is sent when the step is done.");
    this.check("flush");
    this.fusion.flush();
    this.recorder.flush();
  }

  /**
   * Sends the recorded work and waits until all of it is done.
   *
   * @throws GpuError or DeviceLostError if any of it failed; IndexError for an index out of range
   */
  idle(): Promise<void> {
    refuseInStep("idle", "Wait after the step.");
    return this.#idle();
  }

  async #idle(): Promise<void> {
    this.check("flush");
    this.fusion.flush();
    const staging = this.faults.pending ? this.#staging.acquire(FAULT_BYTES) : undefined;
    if (staging) this.faults.collect(this.recorder, staging.gpu, 0);
    this.flush();
    await this.#health.settle(this.wait(this.gpu.queue.onSubmittedWorkDone()), "idle");
    if (staging) this.faults.check((await this.wait(this.#staging.map(staging, FAULT_BYTES)))[0]);
  }

  /** Gives the memory kept for reuse back to the system. */
  trim(): void {
    this.flush();
    this.recorder.forgetBindGroups();
    this.#staging.trim();
    this.pool.trim();
  }

  /**
   * Destroys the device and all its tensors. A device handed in by the caller goes on; of its
   * memory, what tensors still hold is freed when they are disposed.
   */
  close(): void {
    if (this.#health.closed) return;
    this.#health.close();
    this.tuner?.stop();
    noteGone(this);
    this.recorder.close();
    this.#staging.trim();
    this.faults.close();
    this.pool.close();
    if (this.#owned) this.gpu.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * @internal Throws what went wrong on the device since the last call, if anything did.
   *
   * @throws DeviceLostError each time once the device is lost or closed; GpuError once
   */
  check(op: string): void {
    this.#health.check(op);
  }

  /** @internal An uninitialised contiguous tensor. */
  empty(op: string, shape: Shape, dtype: DType): Tensor {
    return this.#tensor(op, shape, dtype);
  }

  /** @internal A tensor with the given elements, row-major. */
  upload(op: string, shape: Shape, dtype: DType, data: HostArray): Tensor {
    // An upload reaches the queue before the batch being recorded: that batch must not use it.
    const t = this.#tensor(op, shape, dtype, this.recorder.batch);
    const words = deviceWords(dtype, data);
    // wgpu panics on an empty write
    const { buffer } = t.storage(op);
    if (data.length > 0) this.gpu.queue.writeBuffer(buffer.gpu, 0, words);
    capturing.now?.uploaded(buffer, words);
    return t;
  }

  #tensor(op: string, shape: Shape, dtype: DType, avoidBatch?: number): Tensor {
    this.check(op);
    checkShape(op, shape);
    const bytes = storageBytes(sizeOf(shape), dtype);
    this.fusion.makeRoom(bytes);
    const buffer = this.pool.acquire(bytes, avoidBatch);
    const layout = { shape: [...shape], strides: rowMajor(shape), offset: 0 };
    return new Tensor(this, dtype, layout, new Storage(this.pool, buffer));
  }

  /** @internal Waits for work of the GPU, leaving the processors to a software adapter. */
  wait<R>(work: Promise<R>): Promise<R> {
    return host.waitFor(work, this.info.software);
  }

  /** @internal Records one dispatch. */
  dispatch(dispatch: Dispatch): void {
    if (dispatch.buffers.some(({ pool }) => pool !== this.pool)) {
      throw new Error(
        `${dispatch.kernel.name}: the tensors are on different devices. Make all of them on one.`,
      );
    }
    dispatch.buffers.forEach((buffer, i) => {
      if (dispatch.kernel.bindings[i] === "w") this.fusion.beforeWrite(buffer);
    });
    this.recorder.record(dispatch);
  }

  /** @internal Copies a tensor's elements to the host. */
  read(t: Tensor): Promise<HostArray> {
    refuseInStep("read", "Return the tensor, and read it after the step.");
    return this.#read(t);
  }

  async #read(t: Tensor): Promise<HostArray> {
    this.check("read");
    t.storage("read");
    const bytes = storageBytes(t.size, t.dtype);
    if (bytes === 0) return hostArray(t.dtype, new ArrayBuffer(0), 0);
    const start = t.layout.offset * bytesPerElement(t.dtype);
    const source = t.contiguous && start % 4 === 0 ? t : contiguousCopy(t);
    const { buffer } = source.storage("read");
    const offset = source === t ? start : 0;
    const extra = this.faults.pending ? FAULT_BYTES : 0;
    const staging = this.#staging.acquire(bytes + extra);
    this.recorder.copy(buffer, offset, staging.gpu, bytes);
    if (extra > 0) this.faults.collect(this.recorder, staging.gpu, bytes);
    this.recorder.flush();
    if (source !== t) source.dispose();
    const work = this.wait(this.#staging.map(staging, bytes, extra));
    const [data, report] = await this.#health.settle(work, `read ${show(t.shape)}`);
    if (extra > 0) this.faults.check(report);
    return hostArray(t.dtype, data, t.size);
  }

  /** @internal Counts a handle. */
  tensorMade(t: Tensor, madeAt: string | undefined): void {
    this.#tensors++;
    if (madeAt) this.#leaks?.register(t, madeAt, t);
  }

  /** @internal Stops counting a handle. */
  tensorGone(t: Tensor): void {
    this.#tensors--;
    this.#leaks?.unregister(t);
  }
}
