import type { Device } from "./device.ts";
import type { DType } from "./dtype.ts";
import { foldGrid } from "./grid.ts";
import { f32Bits } from "./recorder.ts";
import type { Reduction } from "./reduce.ts";
import { GROUP, acrossOf } from "./reduce_text.ts";
import { lanesFor } from "./rows.ts";
import type { Layout } from "./shape.ts";

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
export interface Pass extends Fold {
  readonly chunk: number;
  readonly chunks: number;
  readonly lanes: number;
  readonly vec4?: "along" | "across" | undefined;
}

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

/** A contiguous tensor to be folded. */
export interface Folded {
  readonly device: Device;
  readonly dtype: DType;
  readonly layout: Layout;
}

/** The passes that fold a tensor by one block of axes after the other, each in two at most. */
export function passesOf(x: Folded, folds: readonly Fold[]): Pass[] {
  return folds.flatMap((fold, i) => {
    const pass = plan(x, fold, i === 0);
    if (pass.chunks === 1) return [pass];
    const rest = plan(x, { ...fold, length: pass.chunks }, false);
    return [pass, { ...rest, chunk: pass.chunks, chunks: 1 }];
  });
}

/** Bytes of the parts that a pass leaves to the next. */
export function partBytes({ name }: Reduction, { outer, chunks, inner }: Pass): number {
  return outer * chunks * inner * (name.startsWith("arg") || name === "norm" ? 8 : 4);
}

function plan({ device, layout }: Folded, fold: Fold, begins: boolean): Pass {
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

/** Parameters of a pass over elements from an offset on, and its grid; `count` fold into one. */
export function launchOf(pass: Pass, offset: number, count: number) {
  const { outer, length, inner, chunk, chunks, lanes, vec4 } = pass;
  const [along, across] = [vec4 === "along" ? 4 : 1, acrossOf(pass)];
  const parts = outer * chunks * inner / across;
  return {
    params: [
      outer, length / along, inner / across, chunks, chunk / along, offset / (along * across), 0,
      f32Bits(count),
    ],
    grid: foldGrid(Math.ceil(parts * Math.max(lanes, 1) / Math.max(lanes, GROUP))),
  };
}
