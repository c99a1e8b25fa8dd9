import maxBody from "../../kernels/reduce/max.wgsl" with { type: "text" };
import minBody from "../../kernels/reduce/min.wgsl" with { type: "text" };
import orderF32 from "../../kernels/reduce/order.f32.wgsl" with { type: "text" };
import orderI32 from "../../kernels/reduce/order.i32.wgsl" with { type: "text" };
import orderU32 from "../../kernels/reduce/order.u32.wgsl" with { type: "text" };
import prodBody from "../../kernels/reduce/prod.wgsl" with { type: "text" };
import sumBody from "../../kernels/reduce/sum.wgsl" with { type: "text" };
import scanText from "../../kernels/scan.wgsl" with { type: "text" };
import { type Tensor, checkDtype, runThreads, sizeOf, withContiguous } from
  "../../engine/index.ts";
import { NUMERIC } from "../define.ts";

const BODIES = { sum: sumBody, prod: prodBody, max: maxBody, min: minBody } as const;
const ORDER = { f32: orderF32, i32: orderI32, u32: orderU32 } as const;

/** Elements a thread takes in order; longer lines are cut into chunks of as many. */
const CHUNK = 64;

/** A scan of contiguous `[outer, length, inner]`. */
export interface Lines {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
  readonly reverse: boolean;
  readonly exclusive: boolean;
}

/** The lines of a tensor along an axis, as `scanLines` walks them. */
export function linesOf(x: Tensor, axis: number, reverse: boolean, exclusive: boolean): Lines {
  const { shape } = x;
  const [outer, inner] = [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis + 1))];
  return { outer, length: shape[axis] ?? 1, inner, reverse, exclusive };
}

/** What a scan's kernels have in common. */
export interface Kernels {
  /**
   * Runs one: for `last` the folds of the chunks alone.
   *
   * @param out receives them; has room for as many values as the folds take
   * @param words after the chunks: carried, last, exclusive, reverse
   */
  readonly run: (
    inputs: readonly Tensor[], carry: Tensor | undefined, out: Tensor, threads: number,
    words: readonly number[], flags: readonly number[],
  ) => void;
  /** Values a fold takes. */
  readonly width: number;
}

/** A scan in as many levels as the length needs, always in the same order. */
export function scanLines(
  kernels: Kernels, inputs: readonly Tensor[], out: Tensor, lines: Lines,
): void {
  const { outer, length, inner, reverse, exclusive } = lines;
  const chunks = Math.ceil(length / CHUNK);
  const threads = outer * chunks * inner;
  const words = [length, inner, CHUNK, chunks];
  const flags = [Number(exclusive), Number(reverse)];
  if (chunks <= 1) return kernels.run(inputs, undefined, out, threads, words, [0, 0, ...flags]);
  const { device, dtype } = out;
  const folds = device.empty("scan", [kernels.width, threads], dtype);
  kernels.run(inputs, undefined, folds, threads, words, [0, 1, ...flags]);
  const carry = device.empty("scan", [threads], dtype);
  const parts = inputs.map((_, k) => folds.view("scan", {
    shape: [threads], strides: [1], offset: k * threads,
  }));
  const above = { outer, length: chunks, inner, reverse: false, exclusive: true };
  scanLines(kernels, parts, carry, above);
  kernels.run(inputs, carry, out, threads, words, [1, 0, ...flags]);
  for (const t of [folds, carry, ...parts]) t.dispose();
}

function scanKernels(kind: keyof typeof BODIES, type: keyof typeof ORDER): Kernels {
  const prelude = `alias T = ${type};\nalias R = T;`;
  const wgsl = [prelude, ORDER[type], BODIES[kind], scanText].join("\n");
  const kernel = { name: `scan_${kind}_${type}`, wgsl };
  return {
    width: 1,
    run: ([x], carry, out, threads, words, flags) => {
      const source = x as Tensor; // a scan has an input
      const params = [...words, source.layout.offset, ...flags, 0];
      runThreads(kernel, [source, carry ?? source], out, threads, params);
    },
  };
}

/** A running fold along an axis. */
export function scanned(op: string, kind: keyof typeof BODIES, x: Tensor, axis: number, flags: {
  readonly reverse?: boolean | undefined; readonly exclusive?: boolean | undefined;
}): Tensor {
  checkDtype(op, x.dtype, NUMERIC);
  return withContiguous([x], (list) => {
    const out = x.device.empty(op, x.shape, x.dtype);
    const lines = linesOf(x, axis, flags.reverse ?? false, flags.exclusive ?? false);
    scanLines(scanKernels(kind, x.dtype as "f32"), list, out, lines); // checked above
    return out;
  });
}
