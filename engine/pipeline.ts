import { COMPUTE } from "./usage.ts";

/** What a kernel is made from. */
export interface KernelSource {
  /** Shown in errors, profiles and captures. */
  readonly name: string;
  /** Complete WGSL text with an entry point `main`. */
  readonly code: string;
  /** One letter per storage binding in order: `r` read, `w` read_write. Parameters come last. */
  readonly bindings: string;
}

/** Bytes bound for parameters whatever the kernel, so that kernels can share bind groups. */
export const PARAM_BYTES = 512;

/** A compiled kernel. */
export interface Kernel {
  readonly name: string;
  readonly bindings: string;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

interface Layout {
  readonly bind: GPUBindGroupLayout;
  readonly pipeline: GPUPipelineLayout;
}

/** Compiles kernels once and keeps them by key; bind-group layouts are shared between kernels. */
export class PipelineCache {
  readonly #gpu: GPUDevice;
  readonly #onError: (error: Promise<GPUError | null>, name: string) => void;
  readonly #kernels = new Map<string, Kernel>();
  readonly #layouts = new Map<string, Layout>();

  /** @param onError receives the outcome of each compilation, with the kernel's name */
  constructor(
    gpu: GPUDevice,
    onError: (error: Promise<GPUError | null>, name: string) => void,
  ) {
    this.#gpu = gpu;
    this.#onError = onError;
  }

  /** The kernel of that key; `make` is called only the first time. */
  get(key: string, make: () => KernelSource): Kernel {
    let kernel = this.#kernels.get(key);
    if (!kernel) {
      kernel = this.#compile(make());
      this.#kernels.set(key, kernel);
    }
    return kernel;
  }

  /**
   * The kernel of that key, compiled where possible without holding up the caller's thread.
   *
   * @throws Error with the compiler's message
   */
  async prepare(key: string, make: () => KernelSource): Promise<Kernel> {
    const known = this.#kernels.get(key);
    if (known) return known;
    const { name, code, bindings } = make();
    const layout = this.#layout(bindings);
    this.#gpu.pushErrorScope("validation");
    const module = this.#gpu.createShaderModule({ label: name, code });
    const wrong = await this.#gpu.popErrorScope();
    if (wrong) throw new Error(wrong.message);
    const pipeline = await this.#gpu.createComputePipelineAsync({
      label: name, layout: layout.pipeline, compute: { module, entryPoint: "main" },
    });
    const kernel = { name, bindings, pipeline, layout: layout.bind };
    this.#kernels.set(key, kernel);
    return kernel;
  }

  #compile({ name, code, bindings }: KernelSource): Kernel {
    this.#gpu.pushErrorScope("validation");
    const layout = this.#layout(bindings);
    const module = this.#gpu.createShaderModule({ label: name, code });
    const pipeline = this.#gpu.createComputePipeline({
      label: name,
      layout: layout.pipeline,
      compute: { module, entryPoint: "main" },
    });
    this.#onError(this.#gpu.popErrorScope(), name);
    return { name, bindings, pipeline, layout: layout.bind };
  }

  #layout(bindings: string): Layout {
    const known = this.#layouts.get(bindings);
    if (known) return known;
    const entries: GPUBindGroupLayoutEntry[] = [...bindings].map((kind, binding) => ({
      binding,
      visibility: COMPUTE,
      buffer: { type: kind === "r" ? "read-only-storage" : "storage" },
    }));
    entries.push({
      binding: bindings.length,
      visibility: COMPUTE,
      buffer: { type: "uniform", hasDynamicOffset: true, minBindingSize: PARAM_BYTES },
    });
    const bind = this.#gpu.createBindGroupLayout({ label: bindings, entries });
    const pipeline = this.#gpu.createPipelineLayout({ bindGroupLayouts: [bind] });
    const layout = { bind, pipeline };
    this.#layouts.set(bindings, layout);
    return layout;
  }
}
