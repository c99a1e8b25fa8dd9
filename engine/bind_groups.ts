import { type Kernel, PARAM_BYTES } from "./pipeline.ts";
import type { PooledBuffer } from "./pool.ts";

/** Bind groups kept before the cache starts afresh; steady loops need far fewer. */
const MOST = 8192;

/** A group that was made, and the next one of the same hash. */
interface Made {
  readonly layout: GPUBindGroupLayout;
  readonly buffers: readonly PooledBuffer[];
  readonly group: GPUBindGroup;
  readonly next: Made | undefined;
}

/**
 * Bind groups by layout and buffers. They are looked up at every dispatch, and so by a hash of
 * numbers: making a string to look up by takes ten times as long.
 */
export class BindGroups {
  readonly #gpu: GPUDevice;
  readonly #params: GPUBuffer;
  readonly #made = new Map<number, Made>();
  #count = 0;

  /** @param params the buffer of parameters, the last binding of all */
  constructor(gpu: GPUDevice, params: GPUBuffer) {
    this.#gpu = gpu;
    this.#params = params;
  }

  /** The group of a kernel's buffers. */
  get(kernel: Kernel, buffers: readonly PooledBuffer[]): GPUBindGroup {
    let hash = buffers.length;
    for (let i = 0; i < buffers.length; i++) {
      hash = (Math.imul(hash, GOLDEN) + (buffers[i] as PooledBuffer).id) | 0; // below its length
    }
    const first = this.#made.get(hash);
    for (let made = first; made; made = made.next) {
      if (made.layout === kernel.layout && areSame(made.buffers, buffers)) return made.group;
    }
    if (this.#count++ >= MOST) this.forget();
    const group = bindGroup(this.#gpu, kernel, buffers, this.#params);
    const next = this.#made.get(hash);
    this.#made.set(hash, { layout: kernel.layout, buffers: [...buffers], group, next });
    return group;
  }

  /** Forgets all groups, before buffers that they name are destroyed. */
  forget(): void {
    this.#made.clear();
    this.#count = 0;
  }
}

/** 2^32 over the golden ratio: multiples of it are spread evenly. */
const GOLDEN = 0x9e3779b1;

function areSame(a: readonly PooledBuffer[], b: readonly PooledBuffer[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The bind group of a kernel: its buffers, and parameters at an offset given later. */
export function bindGroup(
  gpu: GPUDevice, kernel: Kernel, buffers: readonly PooledBuffer[], params: GPUBuffer,
): GPUBindGroup {
  const entries: GPUBindGroupEntry[] = buffers.map((buffer, binding) => ({
    binding,
    resource: { buffer: buffer.gpu },
  }));
  entries.push({ binding: buffers.length, resource: { buffer: params, size: PARAM_BYTES } });
  return gpu.createBindGroup({ layout: kernel.layout, entries });
}
