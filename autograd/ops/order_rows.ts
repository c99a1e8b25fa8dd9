import blocksText from "../../kernels/order/blocks.wgsl" with { type: "text" };
import countText from "../../kernels/order/count.wgsl" with { type: "text" };
import keyText from "../../kernels/order/key.wgsl" with { type: "text" };
import mergeText from "../../kernels/order/merge.wgsl" with { type: "text" };
import spreadText from "../../kernels/order/spread.wgsl" with { type: "text" };
import { type DType, type Tensor, contiguousCopy, isHalf, rowsOf, runThreads, withContiguous,
  zeros } from "../../engine/index.ts";
import { cast } from "./arithmetic.ts";
import { slice } from "./parts.ts";
import { scanned } from "./scan_lines.ts";
import { reshape } from "./views.ts";

/** Neighbours that are put in order at once in a short row; then runs are merged by two. */
const BLOCK = 32;
/** Rows wider than this are put in order of one digit of the keys after another. */
const SHORT = 1024;
/** The same on a GPU, where a thread for each CHUNK leaves most of it idle in shorter rows. */
const SHORT_ON_GPU = 2 ** 16;
/** Neighbours of a long row that one thread takes in order. */
const CHUNK = 256;

const MERGE = { name: "sortMerge", wgsl: mergeText };
const COUNT = { name: "sortCount", wgsl: countText };
const SPREAD = { name: "sortSpread", wgsl: spreadText, usesUp: true };

/** How a kernel is told the order of a dtype. */
export function kindOf(dtype: DType): number {
  return dtype === "f32" ? 2 : dtype === "i32" ? 1 : 0;
}

/** Runs a pass from one tensor of (key, place) to another and exchanges them. */
function pass(pairs: [Tensor, Tensor], run: (from: Tensor, to: Tensor) => void): void {
  run(...pairs);
  pairs.reverse();
}

/** Places of the elements of every row `[..., width]` in order; i32, a constant. */
export function orderRows(x: Tensor, descending: boolean): Tensor {
  return withContiguous([isHalf(x.dtype) ? cast(x, "f32") : x], (list) => {
    const [source] = list as [Tensor]; // one went in
    const { shape } = source;
    const pairs = orderedPairs(source, descending, source.dtype === "bool" ? 1 : 32);
    const places = slice(pairs, [...shape.map(() => null), [1, 2]]);
    const result = reshape(contiguousCopy(places), shape);
    for (const t of [pairs, places]) t.dispose();
    return result;
  });
}

/**
 * The elements of every row in order, each as a key that orders as it does and its place; equal
 * ones stay in their order.
 *
 * @param source contiguous `[..., width]`, 4 bytes an element
 * @param bits of an element that may be set, from the lowest on
 * @returns `[..., width, 2]` of words, as i32; of u32 in ascending order the key is the element
 */
export function orderedPairs(source: Tensor, descending: boolean, bits: number): Tensor {
  const { device, shape, dtype, layout } = source;
  const { width } = rowsOf(source);
  const merged = width <= (device.info.software ? SHORT : SHORT_ON_GPU);
  const block = merged ? BLOCK : 1;
  const empty = () => device.empty("sort", [...shape, 2], "i32");
  const pairs: [Tensor, Tensor] = [empty(), empty()];
  const kernel = {
    name: `sortBlocks${block}`, wgsl: `const BLOCK = ${block}u;\n${keyText}${blocksText}`,
  };
  const flags = [kindOf(dtype), Number(descending)];
  runThreads(kernel, [source], pairs[0], source.size, [width, layout.offset, ...flags]);
  if (merged) mergeRuns(pairs, width);
  else sortDigits(pairs, width, Math.ceil(bits / 8));
  pairs[1].dispose();
  return pairs[0];
}

function mergeRuns(pairs: [Tensor, Tensor], width: number): void {
  for (let run = BLOCK; run < width; run *= 2) {
    pass(pairs, (from, to) => runThreads(MERGE, [from], to, from.size / 2, [width, run]));
  }
}

function sortDigits(pairs: [Tensor, Tensor], width: number, digits: number): void {
  const { device, size } = pairs[0];
  const rows = size / 2 / width;
  const chunks = Math.ceil(width / CHUNK);
  for (let digit = 0; digit < digits; digit++) {
    const words = [width, CHUNK, chunks, 8 * digit];
    const counts = zeros([rows, 256 * chunks], { dtype: "u32", device });
    runThreads(COUNT, [pairs[0]], counts, rows * chunks, words);
    const starts = scanned("sort", "sum", counts, 1, { exclusive: true });
    pass(pairs, (from, to) => runThreads(SPREAD, [from, starts], to, rows * chunks, words));
    for (const t of [counts, starts]) t.dispose();
  }
}
