import frame from "../kernels/threads.wgsl" with { type: "text" };
import { foldGrid } from "./grid.ts";
import type { Tensor } from "./tensor.ts";

/** A kernel of one item a thread, with bindings of its own. */
export interface ThreadKernel {
  readonly name: string;
  /** WGSL that declares the bindings, `Params` (first `threads: u32`) and `fn item(i: u32)`. */
  readonly wgsl: string;
}

/**
 * Runs a kernel with one thread for each of `threads` items.
 *
 * @param inputs read bindings in order
 * @param params words after `threads`
 */
export function runThreads(
  kernel: ThreadKernel, inputs: readonly Tensor[], out: Tensor, threads: number,
  params: readonly number[],
): void {
  if (threads === 0) return;
  const words = [threads, ...params].map((w) => w >>> 0);
  const compiled = out.device.kernels.get(kernel.name, () => ({
    name: kernel.name,
    code: `${kernel.wgsl}\n${frame}`,
    bindings: "r".repeat(inputs.length) + "w",
  }));
  out.device.dispatch({
    kernel: compiled,
    buffers: [...inputs, out].map((t) => t.storage(kernel.name).buffer),
    params: words,
    grid: foldGrid(Math.ceil(threads / 64)),
  });
}
