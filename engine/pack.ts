// Many small tensors side by side in one, so that what is done to all of them is done once.

import gatherText from "../kernels/pack/gather.wgsl" with { type: "text" };
import partsText from "../kernels/pack/parts.wgsl" with { type: "text" };
import spreadText from "../kernels/pack/spread.wgsl" with { type: "text" };
import frame from "../kernels/threads.wgsl" with { type: "text" };
import { foldGrid } from "./grid.ts";
import { type KernelSource, PARAM_BYTES } from "./pipeline.ts";
import { type Layout, type Shape, mergeAxes, rowMajor, sizeOf } from "./shape.ts";
import type { Tensor } from "./tensor.ts";
import { unrollMarks } from "./unroll.ts";

/** Elements of a thread, as in the kernel. */
const RUN = 4;
/** Words of a part and before the parts, likewise. */
const [PART_WORDS, HEADER_WORDS] = [8, 4];
/** Parts whose words fit in the parameters. */
const MOST = Math.floor((PARAM_BYTES / 4 - HEADER_WORDS) / PART_WORDS);

/** Where tensors lie in a packed one. */
export interface Packing {
  /** The first element of each, a multiple of four. */
  readonly starts: readonly number[];
  /** Elements of the whole, gaps included. */
  readonly size: number;
}

/** Tensors of these shapes one after the other. */
export function packingOf(shapes: readonly Shape[]): Packing {
  let size = 0;
  const starts = shapes.map((shape) => {
    const start = size;
    size += RUN * Math.ceil(sizeOf(shape) / RUN);
    return start;
  });
  return { starts, size };
}

/** Whether a tensor can be a part: 4-byte elements, some, in rows and columns of any strides. */
export function isPackable({ layout, size, dtype }: Tensor): boolean {
  return size > 0 && dtype === "f32" && rowsOf(layout) !== undefined;
}

/**
 * A new tensor with copies of tensors in their places, and zeros between.
 *
 * @param parts at least one; of one device
 */
export function gather(parts: readonly Tensor[], packing: Packing): Tensor {
  const [{ device }] = parts as readonly [Tensor, ...Tensor[]];
  const packed = device.empty("gather", [packing.size], "f32");
  move("gather", packed, parts, packing);
  return packed;
}

/** The parts of a packed tensor as views of their shapes, in the current scope. */
export function partsOf(packed: Tensor, shapes: readonly Shape[], { starts }: Packing): Tensor[] {
  return shapes.map((shape, k) => {
    const offset = packed.layout.offset + (starts[k] ?? 0);
    return packed.view("partsOf", { shape, strides: rowMajor(shape), offset });
  });
}

/** The packed tensor that such views are parts of, in the current scope, if they are. */
export function wholeOf(parts: readonly Tensor[], { starts, size }: Packing): Tensor | undefined {
  const [first] = parts as readonly [Tensor, ...Tensor[]];
  const { offset } = first.layout;
  const storage = first.storage("wholeOf");
  const fit = parts.every((t, k) => {
    const place = offset + (starts[k] ?? 0);
    return t.storage("wholeOf") === storage && t.contiguous && t.layout.offset === place;
  });
  return fit ? first.view("wholeOf", { shape: [size], strides: [1], offset }) : undefined;
}

/** Copies the places in `packed` over tensors, no two of them in one storage. */
export function spread(packed: Tensor, parts: readonly Tensor[], packing: Packing): void {
  move("spread", packed, parts, packing);
}

type Way = "gather" | "spread";

function move(way: Way, packed: Tensor, parts: readonly Tensor[], packing: Packing): void {
  const { device } = packed;
  const most = Math.min(device.limits.maxStorageBuffersPerShaderStage - 1, MOST);
  for (let from = 0; from < parts.length; from += most) {
    const some = parts.slice(from, from + most);
    const kernel = device.kernels.get(`${way}${some.length}`, () => source(way, some.length));
    const buffers = some.map((t) => t.storage(way).buffer);
    const whole = packed.storage(way).buffer;
    const threads = Math.ceil(Math.max(...some.map(({ size }) => size)) / RUN);
    device.dispatch({
      kernel, grid: foldGrid(Math.ceil(threads / 64)),
      buffers: way === "gather" ? [...buffers, whole] : [whole, ...buffers],
      params: [threads, 0, 0, 0, ...some.flatMap((t, k) => {
        return partWords(packing.starts[from + k] ?? 0, t.layout);
      })],
    });
  }
}

function partWords(start: number, layout: Layout): number[] {
  const { width, down, across } = rowsOf(layout) ?? { width: 1, down: 0, across: 0 };
  const size = sizeOf(layout.shape);
  const stretch = [start / RUN, Math.ceil(size / RUN), size];
  return [...stretch, layout.offset, width, down, across, 0].map((w) => w >>> 0);
}

/** A layout as rows of a width, if it is one. */
function rowsOf({ shape, strides }: Layout) {
  const merged = mergeAxes(shape, [strides]);
  const [steps = []] = merged.strides;
  if (merged.shape.length > 2) return undefined;
  const width = merged.shape.at(-1) ?? 1;
  const down = merged.shape.length === 2 ? steps[0] ?? 0 : 0;
  return { width, down, across: steps.at(-1) ?? 0 };
}

/** The text for so many parts. */
function source(way: Way, count: number): KernelSource {
  const places = Array.from({ length: count }, (_, k) => k);
  const isGather = way === "gather";
  const binding = (at: number, access: string, name: string, type: string) => {
    return `@group(0) @binding(${at}) var<storage, ${access}> ${name}: array<${type}>;`;
  };
  const [from, to] = isGather ? ["read", "read_write"] : ["read_write", "read"];
  return {
    name: way,
    bindings: isGather ? `${"r".repeat(count)}w` : `r${"w".repeat(count)}`,
    code: [
      `const COUNT = ${count}u;`,
      ...places.map((k) => binding(isGather ? k : k + 1, from, `x${k}`, "u32")),
      binding(isGather ? count : 0, to, "packed", "vec4<u32>"),
      `@group(0) @binding(${count + 1}) var<uniform> p: Params;`,
      partsText, unrollMarks(isGather ? gatherText : spreadText, { $k: count }), frame,
    ].join("\n"),
  };
}
