import faultText from "../kernels/fault.wgsl" with { type: "text" };
import frame from "../kernels/threads.wgsl" with { type: "text" };
import type { Device } from "./device.ts";
import { checkWords } from "./dtype.ts";
import { foldGrid } from "./grid.ts";
import { type Scalar, wholeWord } from "./live.ts";
import type { PooledBuffer } from "./pool.ts";
import type { Tensor } from "./tensor.ts";

/** A kernel of one item a thread, with bindings of its own. */
export interface ThreadKernel {
  readonly name: string;
  /** WGSL that declares the bindings, `Params` (first `threads: u32`) and `fn item(i: u32)`. */
  readonly wgsl: string;
  /**
   * Whether it calls `note_fault(code, index, bound)`: it then declares one binding more after the
   * output, `var<storage, read_write> faults: array<atomic<u32>, 4>`.
   */
  readonly faults?: boolean;
  /** Whether it takes f16 and bf16: it is given their words, two elements in each. */
  readonly halves?: boolean;
  /** Whether it writes to the last of its inputs, too. */
  readonly usesUp?: boolean;
}

/**
 * Runs a kernel with one thread for each of `threads` items.
 *
 * @param inputs read bindings in order
 * @param params words after `threads`
 */
export function runThreads(
  kernel: ThreadKernel, inputs: readonly Tensor[], out: Tensor, threads: number,
  params: readonly Scalar[],
): void {
  if (threads === 0) return;
  const used = Number(!!kernel.usesUp);
  const words = [threads, ...params].map(wholeWord);
  const compiled = out.device.kernels.get(kernel.name, () => ({
    name: kernel.name,
    code: [kernel.wgsl, kernel.faults ? faultText : "", frame].join("\n"),
    bindings: "r".repeat(inputs.length - used) + "w".repeat(1 + used + Number(!!kernel.faults)),
  }));
  out.device.dispatch({
    kernel: compiled,
    buffers: boundBuffers(kernel, [...inputs, out], out.device),
    params: words,
    grid: foldGrid(Math.ceil(threads / 64)),
  });
}

/** Buffers of a kernel's tensors in order, and of the device's report where the kernel has one. */
export function boundBuffers(
  { name, faults, halves }: Pick<ThreadKernel, "name" | "faults" | "halves">,
  tensors: readonly Tensor[], device: Device,
): PooledBuffer[] {
  if (!halves) checkWords(name, tensors);
  const buffers = tensors.map((t) => t.storage(name).buffer);
  return faults ? [...buffers, device.faults.buffer] : buffers;
}
