import type { Device } from "./device.ts";
import type { Kernel } from "./pipeline.ts";
import { COPY_DST, COPY_SRC, MAP_READ, MODE_READ, QUERY_RESOLVE } from "./usage.ts";

/** What one kernel cost while a profile was taken. */
export interface KernelTime {
  readonly name: string;
  readonly dispatches: number;
  /** Time on the device, milliseconds; undefined without timestamp queries. */
  readonly milliseconds: number | undefined;
}

/** Where the time of a piece of work went. */
export interface Profile {
  /** Per kernel, dearest first. */
  readonly kernels: readonly KernelTime[];
  /** Sum over the kernels, or wall time from call to completion without timestamp queries. */
  readonly milliseconds: number;
  /** Whether the device's clock was used. Hosts may round it, to 0.1 ms on Dawn by default. */
  readonly timestamps: boolean;
}

/** Queries in one set; WebGPU allows 4096. */
const QUERIES = 4096;

/** Two timestamps around each dispatch, in as many query sets as it takes. */
class Timers {
  readonly names: string[] = [];
  readonly #gpu: GPUDevice;
  readonly #sets: GPUQuerySet[] = [];

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
  }

  next(kernel: Kernel): GPUComputePassTimestampWrites {
    const first = this.names.length * 2 % QUERIES;
    if (first === 0) {
      this.#sets.push(this.#gpu.createQuerySet({ type: "timestamp", count: QUERIES }));
    }
    this.names.push(kernel.name);
    const querySet = this.#sets.at(-1) as GPUQuerySet; // the first call has made one
    return { querySet, beginningOfPassWriteIndex: first, endOfPassWriteIndex: first + 1 };
  }

  /** Nanoseconds of each dispatch. */
  async read(device: Device): Promise<number[]> {
    const bytes = this.#sets.length * QUERIES * 8;
    if (bytes === 0) return [];
    const resolved = this.#gpu.createBuffer({ size: bytes, usage: QUERY_RESOLVE | COPY_SRC });
    const staging = this.#gpu.createBuffer({ size: bytes, usage: MAP_READ | COPY_DST });
    device.recorder.encode((encoder) => {
      this.#sets.forEach((set, i) => {
        const count = Math.min(QUERIES, this.names.length * 2 - i * QUERIES);
        encoder.resolveQuerySet(set, 0, count, resolved, i * QUERIES * 8);
      });
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, bytes);
    });
    device.flush();
    await device.wait(staging.mapAsync(MODE_READ));
    const ticks = new BigUint64Array(staging.getMappedRange().slice(0));
    for (const buffer of [resolved, staging]) buffer.destroy();
    for (const set of this.#sets) set.destroy();
    return this.names.map((_, i) => Number((ticks[2 * i + 1] ?? 0n) - (ticks[2 * i] ?? 0n)));
  }
}

/**
 * Runs a piece of work with a clock around every dispatch.
 *
 * @param body synchronous; records the work to be measured
 * @returns time and dispatches per kernel. Without the feature `timestamp-query` there is one
 *   wall time for all
 * @throws what `body` throws; GpuError, DeviceLostError
 */
export async function profile(device: Device, body: () => void): Promise<Profile> {
  await device.idle();
  device.flush(); // a pass that others have opened meanwhile has no clock
  const timestamps = device.features.has("timestamp-query");
  const timers = new Timers(device.gpu);
  const names: string[] = [];
  device.recorder.timer = (kernel) => {
    names.push(kernel.name);
    return timestamps ? timers.next(kernel) : undefined;
  };
  const start = performance.now();
  try {
    body();
    device.fusion.flush();
  } finally {
    device.recorder.timer = undefined;
  }
  const times = timestamps ? await timers.read(device) : undefined;
  await device.idle();
  const wall = performance.now() - start;
  const kernels = perKernel(names, times);
  const total = kernels.reduce((sum, k) => sum + (k.milliseconds ?? 0), 0);
  return { kernels, milliseconds: timestamps ? total : wall, timestamps };
}

function perKernel(names: readonly string[], times: readonly number[] | undefined): KernelTime[] {
  const byName = new Map<string, { dispatches: number; nanoseconds: number }>();
  names.forEach((name, i) => {
    const row = byName.get(name) ?? { dispatches: 0, nanoseconds: 0 };
    byName.set(name, {
      dispatches: row.dispatches + 1, nanoseconds: row.nanoseconds + (times?.[i] ?? 0),
    });
  });
  return [...byName].map(([name, { dispatches, nanoseconds }]) => {
    return { name, dispatches, milliseconds: times && nanoseconds / 1e6 };
  }).sort((a, b) => (b.milliseconds ?? b.dispatches) - (a.milliseconds ?? a.dispatches));
}
