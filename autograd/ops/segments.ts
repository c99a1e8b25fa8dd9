import segmentAddText from "../../kernels/index/segment_add.wgsl" with { type: "text" };
import segmentJoinText from "../../kernels/index/segment_join.wgsl" with { type: "text" };
import wrapText from "../../kernels/index/wrap.wgsl" with { type: "text" };
import { type Shape, type Tensor, type ThreadKernel, runThreads, sizeOf, unroll, zeros } from
  "../../engine/index.ts";
import type { Lookup } from "./lookup.ts";
import { orderedPairs } from "./order_rows.ts";

/** Columns a thread takes where they share an index: on a GPU fewer, so that there are threads. */
const WIDE = { software: 8, gpu: 4 } as const;
/** Elements a thread adds up in order: the root of their number, within these bounds. */
const [SHORTEST, LONGEST] = [32, 256] as const;

const WRAP: ThreadKernel = { name: "wrapIndex", wgsl: wrapText, faults: true };

function segmentKernel(name: string, text: string, own: boolean, run: number): ThreadKernel {
  const wgsl = `const OWN = ${own};\n${unroll(text, 1, run)}`;
  return { name: `${name}:${own}:${run}`, wgsl, usesUp: name === "segmentAdd" };
}

/**
 * Zeros with the elements of `x` added in at the places of an index, which is put in order first:
 * the work grows with the elements and with the result, not with their product.
 *
 * @param x contiguous `[outer, count, inner]` f32
 * @param index contiguous i32
 * @param fault code for the report of an index out of range, or 0
 * @returns in the current scope, with what was needed for it
 */
export function addSegments(
  op: string, x: Tensor, index: Tensor, lookup: Lookup, shape: Shape, fault: number,
): Tensor {
  const { device } = x;
  const { outer, length, inner, count, steps } = lookup;
  const out = zeros(shape, { device });
  if (out.size === 0 || x.size === 0) return out;
  const own = steps[2] !== 0;
  const keys = device.empty(op, own ? [outer * inner, count] : [count], "u32");
  const columns = own ? inner : 1;
  runThreads(WRAP, [index], keys, keys.size, [
    length, columns, count, index.layout.offset, ...steps, fault,
  ]);
  const pairs = orderedPairs(keys, false, 32 - Math.clz32(length));
  const chunk = Math.min(LONGEST, Math.max(SHORTEST, Math.ceil(Math.sqrt(count))));
  const chunks = Math.ceil(count / chunk);
  const run = own ? 1 : Math.min(device.info.software ? WIDE.software : WIDE.gpu, inner);
  const runs = Math.ceil(inner / run);
  const words = [length, inner, count, x.layout.offset, chunk, chunks, runs];
  const parts = device.empty(op, [outer, chunks, 2, inner], "f32");
  const threads = sizeOf([outer, chunks, runs]);
  const add = segmentKernel("segmentAdd", segmentAddText, own, run);
  runThreads(add, [x, pairs, parts], out, threads, words);
  const join = segmentKernel("segmentJoin", segmentJoinText, own, run);
  if (chunks > 1) runThreads(join, [pairs, parts], out, threads, words);
  return out;
}
