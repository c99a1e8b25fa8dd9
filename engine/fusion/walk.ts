import type { Store, Walked } from "./program.ts";
import { type Layout, type Shape, MAX_RANK, at, broadcastStrides, isContiguous, mergeAxes,
  reshapedStrides, sameShape, sizeOf } from "../shape.ts";
import { type Leaf, shapeOf } from "./chain.ts";

/** Where a chain's last step writes its elements. */
export interface Target {
  readonly layout: Layout;
  readonly half: boolean;
  /** Whether others may own what comes after it in its storage. */
  readonly partly: boolean;
}

/** How the threads of one dispatch find their elements. */
export interface Walk {
  /** Axes walked over; undefined where four neighbours are taken at a time. */
  readonly rank: number | undefined;
  /** Neighbouring elements of a block. */
  readonly run: number;
  readonly store: Store;
  readonly threads: number;
  /** Per leaf. */
  readonly walked: readonly Walked[];
  /** Parameter words. */
  readonly words: readonly number[];
}

/**
 * Plans how the elements of a target and of what it is computed from are found.
 *
 * @returns undefined where no walk takes them all in: too many axes cannot be merged
 */
export function planWalk(target: Target, leaves: readonly Leaf[]): Walk | undefined {
  return flatWalk(target, leaves) ?? stridedWalk(target, leaves);
}

/** How single elements are found by their index, for a kernel that asks for them. */
export function elementWalk(target: Target, leaves: readonly Leaf[]): Walk | undefined {
  const walk = stridedWalk(target, leaves);
  return walk && { ...walk, run: 1 };
}

/** Whole vectors of four, where every operand has them. */
function flatWalk({ layout, partly }: Target, leaves: readonly Leaf[]): Walk | undefined {
  const size = sizeOf(layout.shape);
  const whole = layout.offset % 4 === 0 && isContiguous(layout);
  if (!whole || (partly && size % 4 !== 0)) return undefined; // whole vectors are written
  const words = [layout.offset / 4];
  const walked: Walked[] = [];
  for (const leaf of leaves) {
    const found = flatLeaf(leaf, size, words);
    if (!found) return undefined;
    walked.push(found);
  }
  const threads = Math.ceil(size / 4);
  return { rank: undefined, run: 4, store: "elements", threads, walked, words };
}

/**
 * An operand that is as large as the result, one element, or repeats in a way that vectors see.
 *
 * @param words takes the parameters of the walk
 */
function flatLeaf(leaf: Leaf, size: number, words: number[]): Walked | undefined {
  const { layout } = leaf;
  const { offset } = layout;
  const own = sizeOf(layout.shape);
  if (own === 1 && size > 1) {
    words.push(offset);
    return "single";
  }
  if (own === size && offset % 4 === 0 && isContiguous(layout)) {
    words.push(offset / 4);
    return "whole";
  }
  return repeating(leaf, words) ?? stepping(leaf, size, words);
}

/** An operand whose vectors lie apart, as of heads or of a part of each row. */
function stepping(leaf: Leaf, size: number, words: number[]): Walked | undefined {
  const { layout, layout: { offset } } = leaf;
  const own = shapeOf(leaf);
  const { shape, strides: [strides = []] } = mergeAxes(own, [broadcastStrides(layout, own)]);
  const last = shape.length - 1;
  const steps = strides.map((stride, axis) => (axis === last ? stride * 4 : stride));
  const apart = offset % 4 === 0 && shape[last] as number % 4 === 0 && strides[last] === 1
    && steps.every((step) => step % 4 === 0);
  if (!apart || sizeOf(own) !== size || shape.length > MAX_RANK) return undefined;
  const counts = shape.map((count, axis) => (axis === last ? count / 4 : count));
  words.push(offset / 4, ...counts.flatMap((count, axis) => [count, (steps[axis] ?? 0) / 4]));
  return shape.length;
}

/** An operand that repeats: as a whole, with each element many times, or in both ways. */
function repeating(leaf: Leaf, words: number[]): Walked | undefined {
  const { layout, layout: { offset } } = leaf;
  const shape = shapeOf(leaf);
  const { shape: blocks, strides: [steps = []] } = mergeAxes(
    shape, [broadcastStrides(layout, shape)],
  );
  const first = steps[0] === 0 ? 1 : 0; // repeated as a whole
  const [count = 1, inner = 1] = blocks.slice(first);
  const [step, last] = steps.slice(first);
  if (step === undefined && first === 1) {
    words.push(offset);
    return "single";
  }
  if (step === 1 && last === undefined && count % 4 === 0 && offset % 4 === 0) {
    words.push(offset / 4, count / 4);
    return "tiled";
  }
  const spread = step !== undefined && last === 0 && steps.length === first + 2;
  if (!spread || inner % 4 !== 0) return undefined;
  words.push(offset, inner / 4, count, step);
  return "spread";
}

/** Runs along the last axis, found by walking over the axes. */
function stridedWalk(target: Target, leaves: readonly Leaf[]): Walk | undefined {
  const { layout, half, partly } = target;
  const { shape } = layout;
  const strides: (readonly number[])[] = [layout.strides];
  for (const leaf of leaves) {
    const list = stridesIn(shape, leaf);
    if (!list) return undefined;
    strides.push(list);
  }
  const walk = mergeAxes(shape, strides);
  if (walk.shape.length === 0) {
    walk.shape.push(1);
    for (const s of walk.strides) s.push(0);
  }
  const rank = walk.shape.length;
  if (rank > MAX_RANK) return undefined;
  const width = at(walk.shape, rank - 1);
  const { run, store } = half ? halfStore(layout, width, partly)
    : { run: width % 4 === 0 ? 4 : 1, store: "elements" as const };
  const offsets = [layout, ...leaves.map((leaf) => leaf.layout)].map(({ offset }) => offset);
  const words = offsets.flatMap((offset, k) => [offset, ...(walk.strides[k] ?? [])]);
  return {
    rank, run, store, threads: Math.ceil(sizeOf(shape) / run),
    walked: leaves.map(() => "strided"), words: [...walk.shape, ...words],
  };
}

/** A leaf seen in another shape; undefined where no strides can show its elements there. */
export function leafIn(shape: Shape, leaf: Leaf): Layout | undefined {
  const strides = stridesIn(shape, leaf);
  return strides && { shape, strides, offset: leaf.layout.offset };
}

/** Strides that walk a leaf by the axes of another shape, as of the chain's last step. */
function stridesIn(shape: Shape, leaf: Leaf): readonly number[] | undefined {
  const own = shapeOf(leaf);
  const strides = broadcastStrides(leaf.layout, own);
  if (sameShape(own, shape)) return strides;
  return reshapedStrides({ shape: own, strides, offset: 0 }, shape);
}

/** Whole words where nobody else writes to them, else half ones; `width` is the last axis. */
function halfStore(out: Layout, width: number, partly: boolean): Pick<Walk, "run" | "store"> {
  const run = width % 4 === 0 ? 4 : 1;
  const odd = partly && sizeOf(out.shape) % 2 !== 0;
  if (!isContiguous(out) || out.offset % 2 !== 0 || odd) return { run, store: "atomic" };
  return width % 2 === 0 ? { run: Math.max(run, 2), store: "words" } : { run: 2, store: "pairs" };
}
