import columns from "../kernels/reduce/columns.wgsl" with { type: "text" };
import first from "../kernels/reduce/first.wgsl" with { type: "text" };
import firstVec4 from "../kernels/reduce/first.vec4.wgsl" with { type: "text" };
import four from "../kernels/reduce/four.wgsl" with { type: "text" };
import last from "../kernels/reduce/last.wgsl" with { type: "text" };
import next from "../kernels/reduce/next.wgsl" with { type: "text" };
import orderF32 from "../kernels/reduce/order.f32.wgsl" with { type: "text" };
import orderI32 from "../kernels/reduce/order.i32.wgsl" with { type: "text" };
import orderU32 from "../kernels/reduce/order.u32.wgsl" with { type: "text" };
import paramsText from "../kernels/reduce/params.wgsl" with { type: "text" };
import partial from "../kernels/reduce/partial.wgsl" with { type: "text" };
import rows from "../kernels/reduce/rows.wgsl" with { type: "text" };
import single from "../kernels/reduce/single.wgsl" with { type: "text" };
import { type DType, wgslType } from "./dtype.ts";
import { foldGrid } from "./grid.ts";
import type { KernelSource } from "./pipeline.ts";
import { f32Bits } from "./recorder.ts";
import type { Reduction } from "./reduce.ts";
import { lanesFor } from "./rows.ts";
import type { Tensor } from "./tensor.ts";
import { unroll } from "./unroll.ts";

const ORDER = { f32: orderF32, i32: orderI32, u32: orderU32 } as const;

/** A contiguous tensor seen as `[outer, length, inner]`, to be folded over `length`. */
export interface Fold {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

/**
 * One dispatch: what it folds, in parts of `chunk`. `lanes` of a workgroup take a part together; 0
 * stands for a thread to each part of a column. Neighbours are read four at a time along the fold
 * or across it, where they can be.
 */
interface Pass extends Fold {
  readonly chunk: number;
  readonly chunks: number;
  readonly lanes: number;
  readonly vec4?: "along" | "across" | undefined;
}

/** Threads of a workgroup of the column kernels, and of the row kernel for short rows. */
const GROUP = 64;
/** Loads that a thread of the column kernel has under way. */
const RUN = 4;
/** Rows up to this long are folded by one thread each. */
const SHORT = 32;

/**
 * How finely the work is cut where whole rows or columns are too few to fill the device: threads or
 * workgroups wanted, and elements of the fold that each takes at least (for a row on a GPU: each
 * lane).
 */
const CUT = {
  software: { rows: { wanted: 512, least: 1024 }, columns: { wanted: 512, least: 128 } },
  gpu: { rows: { wanted: 1024, least: 16 }, columns: { wanted: 16384, least: 32 } },
} as const;
/** Parts that a column is cut into at most, since one thread folds them in the end. */
const MOST_PARTS = 256;

/** Folds a contiguous tensor by one block of axes after the other, each in two passes at most. */
export function runFolds(kind: Reduction, x: Tensor, folds: readonly Fold[], y: Tensor): void {
  const count = folds.reduce((n, { length }) => n * length, 1);
  const passes = folds.flatMap((fold, i) => passesOf(x, fold, i === 0));
  passes.reduce((source, pass, i) => {
    const [begins, ends] = [i === 0, i === passes.length - 1];
    const target = ends ? y : partsOf(kind, x, pass);
    runPass(kind, x.dtype, source, target, pass, count, begins, ends);
    if (!begins) source.dispose();
    return target;
  }, x);
}

/** Room for the parts that a pass leaves to the next. */
function partsOf({ name }: Reduction, x: Tensor, { outer, chunks, inner }: Pass): Tensor {
  const words = name.startsWith("arg") || name === "norm" ? 2 : 1;
  return x.device.empty(name, [outer, chunks, inner, words], name === "mean" ? "f32" : x.dtype);
}

function passesOf(x: Tensor, fold: Fold, begins: boolean): Pass[] {
  const pass = plan(x, fold, begins);
  if (pass.chunks === 1) return [pass];
  const rest = plan(x, { ...fold, length: pass.chunks }, false);
  return [pass, { ...rest, chunk: pass.chunks, chunks: 1 }];
}

function plan({ device, layout }: Tensor, fold: Fold, begins: boolean): Pass {
  const { outer, length, inner } = fold;
  const { software } = device.info; // where a barrier costs more than the adding up
  const packs = (n: number) => begins && n > 0 && n % 4 === 0 && layout.offset % 4 === 0;
  const vec4 = inner > 1 ? packs(inner) && "across" : packs(length) && "along";
  const each = vec4 === "along" ? 4 : 1;
  const lanes = software || inner > 1 || length <= SHORT ? 0 : lanesFor(length / each);
  const byRows = inner === 1 && (lanes > 0 || software);
  const cut = CUT[software ? "software" : "gpu"][byRows ? "rows" : "columns"];
  const threads = outer * inner / (vec4 === "across" ? 4 : 1);
  const least = Math.max(cut.least * Math.max(lanes, 1), inner > 1 ? length / MOST_PARTS : 0);
  const ideal = Math.max(least, length / Math.ceil(cut.wanted / threads));
  const chunk = Math.max(1, Math.min(Math.ceil(ideal / each) * each, length));
  const chunks = Math.max(1, Math.ceil(length / chunk));
  return { ...fold, chunk, chunks, lanes, vec4: vec4 || undefined };
}

function runPass(
  kind: Reduction, type: DType, x: Tensor, y: Tensor, pass: Pass, count: number, begins: boolean,
  ends: boolean,
): void {
  const { outer, length, inner, chunk, chunks, lanes, vec4 } = pass;
  const key = `${kind.name}:${type}>${y.dtype}:${lanes}:${vec4 ?? ""}:${begins}:${ends}`;
  const [along, across] = [vec4 === "along" ? 4 : 1, vec4 === "across" ? 4 : 1];
  const parts = outer * chunks * inner / across;
  x.device.dispatch({
    kernel: x.device.kernels.get(key, () => source(kind, type, y.dtype, pass, begins, ends)),
    buffers: [x.storage(kind.name).buffer, y.storage(kind.name).buffer],
    params: [
      outer, length / along, inner / across, chunks, chunk / along,
      x.layout.offset / (along * across), 0, f32Bits(count),
    ],
    grid: foldGrid(Math.ceil(parts * Math.max(lanes, 1) / Math.max(lanes, GROUP))),
  });
}

function source(
  kind: Reduction, type: DType, out: DType, { lanes, vec4 }: Pass, begins: boolean, ends: boolean,
): KernelSource {
  const T = wgslType(type);
  const sizes = lanes === 0 ? { WG: GROUP, RUN }
    : { LANES: lanes, ROWS: Math.max(1, GROUP / lanes), SHARE: Math.min(lanes, 16) };
  const load = vec4 === "along" ? firstVec4 : begins ? first : next;
  const access = vec4 === "across" ? [four] : lanes > 0 ? [load] : [load, single];
  return {
    name: kind.name,
    code: [
      `alias T = ${T};`, `alias R = ${wgslType(out)};`,
      ...Object.entries(sizes).map(([name, value]) => `const ${name} = ${value}u;`),
      paramsText, ORDER[T], kind.wgsl, ...access, ends ? last : partial,
      lanes > 0 ? rows : unroll(columns, 1, RUN),
    ].join("\n"),
    bindings: "rw",
  };
}
