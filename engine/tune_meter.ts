import type { Device } from "./device.ts";
import { bytesPerElement } from "./dtype.ts";
import type { Choice } from "./matmul/choose.ts";
import { type Job, type Launch, type Role, launches, scratchOf } from "./matmul/launch.ts";
import type { Problem } from "./matmul/problem.ts";
import { type Kernel, PARAM_BYTES } from "./pipeline.ts";
import { putWords } from "./recorder.ts";
import { COPY_DST, STORAGE, UNIFORM } from "./usage.ts";

/** Times the kernels of one product. */
export interface Meter {
  /** Milliseconds of one run; kernels are compiled before. */
  time(choice: Choice): Promise<number>;
  /** Frees what it took to run them. */
  close(): void;
}

/** Largest operands that are timed, bytes: beside the user's own data there may be little room. */
const LARGEST = 2 ** 28;
/** Milliseconds that a sample takes at least: clocks and submissions add to shorter ones. */
const SAMPLE = 2;

/**
 * A meter with buffers and submissions of its own, apart from the work that is being recorded.
 *
 * @throws RangeError for a product too large to have room beside the user's data
 */
export async function meterOf(device: Device, problem: Problem): Promise<Meter> {
  const bytes = bytesOf(problem);
  const total = Object.values(bytes).reduce((sum, n) => sum + n, 0);
  if (total > LARGEST) throw new RangeError(`too large to be timed: ${total} bytes`);
  return guarded(device, () => new DeviceMeter(device, problem, bytes));
}

/** Makes something out of memory that may not be there, without failing the user's work. */
async function guarded<R>({ gpu }: Device, make: () => R): Promise<R> {
  gpu.pushErrorScope("out-of-memory");
  const made = make();
  const error = await gpu.popErrorScope();
  if (error) throw new RangeError(`no memory to time it: ${error.message}`);
  return made;
}

function bytesOf({ m, n, k, batch, a, b }: Problem): Record<"a" | "b" | "c", number> {
  return {
    a: batch * m * k * bytesPerElement(a.dtype), b: batch * k * n * bytesPerElement(b.dtype),
    c: batch * m * n * 4,
  };
}

/** One dispatch, ready to be encoded. */
interface Ready {
  readonly kernel: Kernel;
  readonly group: GPUBindGroup;
  readonly grid: Launch["grid"];
}

class DeviceMeter implements Meter {
  readonly #device: Device;
  readonly #job: Job;
  readonly #buffers = new Map<Role, GPUBuffer>();
  readonly #all: GPUBuffer[] = [];
  readonly #ready = new Map<Choice, { readonly list: readonly Ready[]; readonly runs: number }>();

  constructor(device: Device, problem: Problem, bytes: Record<"a" | "b" | "c", number>) {
    this.#device = device;
    this.#job = jobOf(problem, device.info.software);
    for (const role of ["a", "b", "c"] as const) {
      this.#buffers.set(role, this.#buffer(bytes[role], STORAGE));
    }
  }

  async time(choice: Choice): Promise<number> {
    const known = this.#ready.get(choice);
    if (known) return await this.#run(known.list, known.runs) / known.runs;
    const list = await this.#prepare(choice);
    await this.#run(list, 1); // some adapters compile at the first run
    const once = await this.#run(list, 1);
    const runs = Math.max(1, Math.min(64, Math.ceil(SAMPLE / once)));
    this.#ready.set(choice, { list, runs });
    return runs === 1 ? once : await this.#run(list, runs) / runs;
  }

  close(): void {
    for (const buffer of this.#all) buffer.destroy();
  }

  async #prepare(choice: Choice): Promise<Ready[]> {
    const scratch = scratchOf(this.#job.problem, choice) * 4;
    if (scratch > 0) {
      this.#buffers.set("parts", await guarded(this.#device, () => this.#buffer(scratch, STORAGE)));
    }
    return Promise.all(launches(this.#job, choice).map(async (launch) => {
      const kernel = await this.#device.kernels.prepare(launch.key, launch.source);
      return { kernel, group: this.#group(kernel, launch), grid: launch.grid };
    }));
  }

  #group(kernel: Kernel, { roles, params }: Launch): GPUBindGroup {
    const { gpu } = this.#device;
    const words = this.#buffer(PARAM_BYTES, UNIFORM | COPY_DST);
    const block = new Uint32Array(params.length);
    putWords(params, block, 0);
    gpu.queue.writeBuffer(words, 0, block);
    const buffers = roles.map((role) => this.#buffers.get(role) as GPUBuffer); // made above
    const entries: GPUBindGroupEntry[] = buffers.map((buffer, binding) => {
      return { binding, resource: { buffer } };
    });
    entries.push({ binding: buffers.length, resource: { buffer: words, size: PARAM_BYTES } });
    return gpu.createBindGroup({ layout: kernel.layout, entries });
  }

  /** Milliseconds until so many runs are done. */
  async #run(list: readonly Ready[], runs: number): Promise<number> {
    const { gpu } = this.#device;
    await this.#device.wait(gpu.queue.onSubmittedWorkDone());
    const start = performance.now();
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (let i = 0; i < runs; i++) {
      for (const { kernel, group, grid } of list) {
        pass.setPipeline(kernel.pipeline);
        pass.setBindGroup(0, group, [0]);
        pass.dispatchWorkgroups(...grid);
      }
    }
    pass.end();
    gpu.queue.submit([encoder.finish()]);
    await this.#device.wait(gpu.queue.onSubmittedWorkDone());
    return performance.now() - start;
  }

  #buffer(bytes: number, usage: number): GPUBuffer {
    const size = Math.ceil(Math.max(bytes, 16) / 16) * 16; // whole vectors of four
    const buffer = this.#device.gpu.createBuffer({ label: "tune", size, usage });
    this.#all.push(buffer);
    return buffer;
  }
}

/** A product of that kind with operands one after another. */
function jobOf(problem: Problem, software: boolean): Job {
  const { m, n, k, batch, a, b } = problem;
  return {
    problem, batch: [1, 1, batch], alpha: 1, beta: 1, d: undefined, epilogue: undefined, leaves: [],
    software,
    a: { ...(a.down ? { row: k, col: 1 } : { row: 1, col: m }), batch: [0, 0, 0, m * k] },
    b: { ...(b.down ? { row: 1, col: k } : { row: n, col: 1 }), batch: [0, 0, 0, k * n] },
  };
}
