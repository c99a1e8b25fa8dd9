import faultText from "../kernels/fault.wgsl" with { type: "text" };
import lanesText from "../kernels/row/lanes.wgsl" with { type: "text" };
import soloText from "../kernels/row/solo.wgsl" with { type: "text" };
import { contiguousCopy } from "./elementwise.ts";
import { foldGrid } from "./grid.ts";
import { at } from "./shape.ts";
import type { Tensor } from "./tensor.ts";
import { boundBuffers } from "./threads.ts";

/** A kernel that works on whole rows of its inputs. */
export interface RowKernel {
  readonly name: string;
  /** WGSL that declares the bindings, `Params` and `fn row(r: u32, lane: u32)`. */
  readonly wgsl: string;
  /** Switches set by `const NAME = true/false;`. */
  readonly switches?: Readonly<Record<string, boolean>>;
  /** As of a `ThreadKernel`. */
  readonly faults?: boolean;
}

/**
 * Runs a row kernel: a workgroup, or where that is cheaper a thread, for each of `rows` rows.
 *
 * @param inputs read bindings in order; contiguous, any offset
 * @param params words after `rows`; the first is the width of a row
 */
export function runRows(
  kernel: RowKernel, inputs: readonly Tensor[], out: Tensor, rows: number,
  params: readonly number[],
): void {
  if (rows === 0) return;
  const { device } = out;
  const lanes = laneCount(device.info.software, rows, params[0] ?? 1);
  const switches = Object.entries(kernel.switches ?? {});
  const key = `${kernel.name}:${lanes}:${switches.map(([, on]) => on)}`;
  const compiled = device.kernels.get(key, () => ({
    name: kernel.name,
    code: [
      `const WG = ${lanes}u;`, ...switches.map(([name, on]) => `const ${name} = ${on};`),
      kernel.wgsl, kernel.faults ? faultText : "", lanes === 1 ? soloText : lanesText,
    ].join("\n"),
    bindings: "r".repeat(inputs.length) + (kernel.faults ? "ww" : "w"),
  }));
  device.dispatch({
    kernel: compiled,
    buffers: boundBuffers(kernel, [...inputs, out], device),
    params: [rows, ...params].map((w) => w >>> 0),
    grid: foldGrid(lanes === 1 ? Math.ceil(rows / SOLO_ROWS) : rows),
  });
}

/** Rows a workgroup takes where each has one thread. */
const SOLO_ROWS = 64;

/**
 * Lanes to a row: on a GPU as many as the row keeps busy; on a software adapter, where a barrier
 * costs more than the work, one, or a few if there are not enough rows.
 */
function laneCount(software: boolean, rows: number, width: number): number {
  if (software) return rows >= SOLO_ROWS || width <= 32 ? 1 : 8;
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
