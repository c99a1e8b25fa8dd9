import shared from "../kernels/attention.wgsl" with { type: "text" };
import soloText from "../kernels/attention.solo.wgsl" with { type: "text" };
import tiledText from "../kernels/attention.tiled.wgsl" with { type: "text" };
import threadFrame from "../kernels/threads.wgsl" with { type: "text" };
import { checkWords } from "./dtype.ts";
import { contiguousCopy } from "./elementwise.ts";
import { foldGrid } from "./grid.ts";
import { f32Bits } from "./recorder.ts";
import { withContiguous } from "./rows.ts";
import { type Layout, type Shape, at, broadcastShapes, broadcastStrides, mergeAxes, sizeOf } from
  "./shape.ts";
import type { Tensor } from "./tensor.ts";
import { unroll } from "./unroll.ts";

/** What a pass of attention works on, f32 but for the mask; leading axes broadcast. */
export interface AttentionInputs {
  /** `[..., queries, dim]`; read by its strides, like the next three. */
  readonly q: Tensor;
  /** `[..., keys, dim]` */
  readonly k: Tensor;
  /** `[..., keys, width]` */
  readonly v: Tensor;
  /** Broadcasts to `[..., queries, keys]`; bool: false hides a key; f32: added to the score. */
  readonly mask?: Tensor | undefined;
  /** For the passes back: gradient of the result, `[..., queries, width]`. */
  readonly dy?: Tensor;
  /** Log-sum-exp of each query's scores, `[..., queries]` with all leading axes. */
  readonly lse?: Tensor;
  /** For the gradients of q and k: what is taken off `dy v` for each query; like `lse`. */
  readonly delta?: Tensor;
}

/** Numbers of attention. */
export interface AttentionNumbers {
  /** Factor of the products of queries and keys. */
  readonly scale: number;
  /** Query i sees keys up to i + keys - queries. */
  readonly causal: boolean;
}

/** A pass: attention itself, or the gradient of one input. */
export type AttentionPass = "forward" | "q" | "k" | "v";

/** Columns a thread takes at a time where barriers are dear; what is measured best. */
const COLUMNS = 16;
/** Places of the result a thread keeps in registers, at most. */
const PLACES = 16;

/**
 * One pass over the scores of attention, which are computed in blocks, used, and never written.
 *
 * @returns for `forward` the result `[..., queries, width]`, row-major, followed by the log-sum-exp
 *   of each query, in one axis; else the gradient, with all leading axes; f32
 */
export function attentionPass(
  pass: AttentionPass, inputs: AttentionInputs, numbers: AttentionNumbers,
): Tensor {
  const { q, k, v, mask, dy = q, lse = q, delta = lse } = inputs;
  const byKeys = pass === "k" || pass === "v";
  const [a, b, x, y] = byKeys ? [k, q, v, dy] : [q, k, pass === "q" ? dy : q, v];
  const read = [a, b, x, y, mask ?? a];
  checkWords("attention", read);
  const batch = broadcastShapes("attention", ...read.map((t) => t.shape.slice(0, -2)));
  const walk = mergeAxes(batch, read.map((t) => broadcastStrides(stack(t.layout), batch)));
  if (walk.shape.length > 3) return onCopies(pass, inputs, numbers, batch);
  const [rows, columns, dim, width] = [size(a, -2), size(b, -2), size(a, -1), size(v, -1)];
  const across = pass === "q" || pass === "k" ? dim : width;
  const count = sizeOf(batch);
  const shape = pass === "forward" ? [count * rows * (across + 1)] : [...batch, rows, across];
  const out = q.device.empty("attention", shape, "f32");
  const steps = read.map((t) => [stride(t, -2), stride(t, -1)]);
  if (byKeys) steps[4]?.reverse();
  const { threads, groups, places } = spread(q.device.info.software, count, rows, across);
  withContiguous([lse, delta], (stats) => {
    if (out.size > 0) q.device.dispatch({
      kernel: kernelFor(pass, inputs, numbers, places),
      buffers: [...read, ...stats, out].map((t) => t.storage("attention").buffer),
      params: [
        threads, rows, columns, dim, width, across, ...stats.map((t) => t.layout.offset),
        size(k, -2) - size(q, -2), f32Bits(numbers.scale), count * rows * across, 0,
        0, ...padded(walk.shape, 1),
        ...read.flatMap((t, i) => [t.layout.offset, ...padded(walk.strides[i] ?? [], 0)]),
        ...steps.flat(),
      ].map((w) => w >>> 0),
      grid: foldGrid(groups),
    });
  });
  return out;
}

/** How a pass is spread over threads; `places` of a row are kept in registers, 0 for none. */
function spread(software: boolean, count: number, rows: number, across: number) {
  if (software) {
    const threads = count * Math.ceil(rows / 4);
    return { threads, groups: Math.ceil(threads / 64), places: 0 };
  }
  const chunks = Math.max(1, Math.ceil(across / (8 * PLACES)));
  const groups = count * Math.ceil(rows / 32) * chunks;
  return { threads: groups, groups, places: Math.ceil(across / (8 * chunks)) };
}

function kernelFor(
  pass: AttentionPass, { q, mask }: AttentionInputs, { causal }: AttentionNumbers, places: number,
) {
  const switches = {
    FORWARD: pass === "forward", GRAD: pass === "q" || pass === "k",
    BY_KEYS: pass === "k" || pass === "v", CAUSAL: causal,
    MASK: mask ? (mask.dtype === "bool" ? "1u" : "2u") : "0u",
    RUN: `${places || COLUMNS}u`,
  };
  return q.device.kernels.get(`attention:${places}:${Object.values(switches)}`, () => ({
    name: `attention.${pass}`,
    code: [
      ...Object.entries(switches).map(([name, value]) => `const ${name} = ${value};`),
      shared, unroll(places ? tiledText : soloText, 1, places || COLUMNS),
      places ? "" : threadFrame,
    ].join("\n"),
    bindings: "rrrrrrrw",
  }));
}

/** Leading axes too tangled for the kernel: they are broadcast by copying. */
function onCopies(
  pass: AttentionPass, inputs: AttentionInputs, numbers: AttentionNumbers, batch: Shape,
): Tensor {
  const copies: Tensor[] = [];
  const whole = (t: Tensor | undefined) => {
    if (!t) return undefined;
    const shape = [...batch, ...t.shape.slice(-2)];
    const strides = broadcastStrides(t.layout, shape);
    const view = t.view("attention", { shape, strides, offset: t.layout.offset });
    const copy = contiguousCopy(view);
    view.dispose();
    copies.push(copy);
    return copy;
  };
  const { q, k, v, mask, dy } = inputs;
  const [wholeQ = q, wholeK = k, wholeV = v, wholeMask, wholeDy] = [q, k, v, mask, dy].map(whole);
  const result = attentionPass(pass, {
    ...inputs, q: wholeQ, k: wholeK, v: wholeV, mask: wholeMask, ...(wholeDy && { dy: wholeDy }),
  }, numbers);
  for (const copy of copies) copy.dispose();
  return result;
}

function padded(list: readonly number[], fill: number): number[] {
  return [...Array<number>(3 - list.length).fill(fill), ...list];
}

function size(t: Tensor, axis: number): number {
  return at(t.shape, t.shape.length + axis);
}

/** Elements from one place to the next along an axis; 0 along one that is repeated. */
function stride({ layout: { shape, strides } }: Tensor, axis: number): number {
  const i = shape.length + axis;
  return i < 0 || shape[i] === 1 ? 0 : at(strides, i);
}

/** The leading axes of a layout. */
function stack({ shape, strides, offset }: Layout): Layout {
  return { shape: shape.slice(0, -2), strides: strides.slice(0, -2), offset };
}
