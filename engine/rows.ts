import lanesText from "../kernels/row/lanes.wgsl" with { type: "text" };
import { contiguousCopy } from "./elementwise.ts";
import { foldGrid } from "./grid.ts";
import { at } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** A kernel that works on whole rows of its inputs. */
export interface RowKernel {
  readonly name: string;
  /** WGSL that declares the bindings, `Params` and `fn row(r: u32, lane: u32)`. */
  readonly wgsl: string;
  /** Switches set by `const NAME = true/false;`. */
  readonly switches?: Readonly<Record<string, boolean>>;
}

/**
 * Runs a row kernel: one workgroup for each of `rows` rows.
 *
 * @param inputs read bindings in order; contiguous, any offset
 * @param params words after `rows`
 */
export function runRows(
  kernel: RowKernel, inputs: readonly Tensor[], out: Tensor, rows: number,
  params: readonly number[],
): void {
  if (rows === 0) return;
  const { device } = out;
  const width = laneCount(device.info.software, params[0] ?? 1);
  const switches = Object.entries(kernel.switches ?? {});
  const key = `${kernel.name}:${width}:${switches.map(([, on]) => on)}`;
  const words = [rows, ...params].map((w) => w >>> 0);
  const compiled = device.kernels.get(key, () => ({
    name: kernel.name,
    code: [
      `const WG = ${width}u;`, ...switches.map(([name, on]) => `const ${name} = ${on};`),
      kernel.wgsl, lanesText,
    ].join("\n"),
    bindings: "r".repeat(inputs.length) + "w",
  }));
  device.dispatch({
    kernel: compiled,
    buffers: [...inputs, out].map((t) => t.storage(kernel.name).buffer),
    params: words,
    grid: foldGrid(rows),
  });
}

/** Lanes to a row: few where a barrier is dear, else as many as the row keeps busy. */
function laneCount(software: boolean, width: number): number {
  if (software) return 8;
  return width >= 1024 ? 256 : 64;
}

/** Runs `use` with contiguous forms of the tensors; copies made for it are freed. */
export function withContiguous<R>(tensors: readonly Tensor[], use: (list: Tensor[]) => R): R {
  const copies = tensors.map((t) => (t.contiguous ? t : contiguousCopy(t)));
  const result = use(copies);
  copies.forEach((copy, i) => {
    if (copy !== tensors[i]) copy.dispose();
  });
  return result;
}

/** The last axis of a tensor, and how many rows of it there are. */
export function rowsOf(t: Tensor): { rows: number; width: number } {
  const width = t.shape.length === 0 ? 1 : at(t.shape, t.shape.length - 1);
  return { rows: width === 0 ? 0 : t.size / width, width };
}
