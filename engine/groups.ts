import { foldGrid } from "./grid.ts";
import { rowFrame } from "./rows.ts";
import type { Tensor } from "./tensor.ts";

/** A kernel in which the lanes of a workgroup work on one thing together. */
export interface GroupKernel {
  readonly name: string;
  /**
   * WGSL that declares the bindings, `Params` (first `rows: u32`, the number of groups) and
   * `fn row(g: u32, lane: u32)`; `WG` is the number of lanes.
   */
  readonly wgsl: string;
  /** Lanes of a group: a power of two. */
  readonly lanes: number;
}

/**
 * Runs a kernel of `groups` workgroups.
 *
 * @param inputs read bindings, which come first
 * @param outputs read_write bindings
 * @param params words after the number of groups
 */
export function runGroups(
  kernel: GroupKernel, inputs: readonly Tensor[], outputs: readonly [Tensor, ...Tensor[]],
  groups: number, params: readonly number[],
): void {
  if (groups === 0) return;
  const { name, wgsl, lanes } = kernel;
  const { device } = outputs[0];
  const compiled = device.kernels.get(`${name}:${lanes}`, () => ({
    name,
    code: `${rowFrame(lanes, 1)}\n${wgsl}`,
    bindings: "r".repeat(inputs.length) + "w".repeat(outputs.length),
  }));
  device.dispatch({
    kernel: compiled,
    buffers: [...inputs, ...outputs].map((t) => t.storage(name).buffer),
    params: [groups, ...params].map((w) => w >>> 0),
    grid: foldGrid(groups),
  });
}
