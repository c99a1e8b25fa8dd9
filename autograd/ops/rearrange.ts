import { type Shape, ShapeError, type Tensor, checkList, resolveAxes, resolveAxis, show, sizeOf }
  from "../../engine/index.ts";
import { applyView, checkTensor, composed } from "../define.ts";
import { type Range, concat, slice, split } from "./parts.ts";
import { expand, permute, reshape } from "./views.ts";

/** Which axis or axes; negative ones count from the end. */
export interface AxesOptions {
  readonly axes?: number | readonly number[];
}

/**
 * The elements backwards along axes, by default all; a view.
 *
 * @throws ShapeError if an axis does not exist or is named twice
 */
export function flip(x: Tensor, { axes }: AxesOptions = {}): Tensor {
  const { shape, strides, offset } = checkTensor("flip", x).layout;
  const list = resolveAxes("flip", axes, shape);
  const ends = list.map((a) => ((shape[a] ?? 1) - 1) * (strides[a] ?? 0));
  return applyView("flip", x, {
    shape, strides: strides.map((s, a) => (list.includes(a) ? -s : s)),
    offset: x.size === 0 ? offset : ends.reduce((sum, d) => sum + d, offset),
  }, (dy) => flip(dy, { axes: list }));
}

/** Ranges that take the whole of every axis but one. */
function onAxis(axis: number, range: Range): Range[] {
  return [...Array<null>(axis).fill(null), range];
}

/**
 * The elements moved along axes; what falls off one end comes in at the other.
 *
 * @param shift places, negative ones towards the front; a list for several axes
 * @param axis as many as shifts; default: x as one long row
 * @throws ShapeError if an axis does not exist, or the lists differ in length; RangeError
 */
export function roll(
  x: Tensor, shift: number | readonly number[],
  { axis }: { readonly axis?: number | readonly number[] | undefined } = {},
): Tensor {
  return composed("roll", () => {
    const { shape } = checkTensor("roll", x);
    if (axis === undefined) return reshape(roll(reshape(x, [-1]), shift, { axis: 0 }), shape);
    const [shifts, axes] = [[shift].flat(), [axis].flat()] as [number[], number[]];
    if (shifts.length !== axes.length) {
      throw new ShapeError(
        `roll: not one shift for each axis: ${show(shifts)} for ${show(axes)}. Give equal lists.`,
      );
    }
    return axes.reduce((y, a, k) => rolled(y, shifts[k] ?? 0, resolveAxis("roll", a, shape)), x);
  });
}

function rolled(x: Tensor, shift: number, axis: number): Tensor {
  if (!Number.isInteger(shift)) {
    throw new RangeError(`roll: the shift is not a whole number: ${shift}. Round it.`);
  }
  const size = x.shape[axis] ?? 0;
  const cut = size === 0 ? 0 : (((-shift) % size) + size) % size;
  const parts = split(x, [cut, size - cut], { axis });
  return concat(parts.reverse(), { axis });
}

/** Every run of `inner` elements repeated `times` in a row. */
function repeatRuns(x: Tensor, inner: number, times: number, shape: Shape): Tensor {
  const runs = inner === 0 ? 0 : x.size / inner;
  return reshape(expand(reshape(x, [runs, 1, inner]), [runs, times, inner]), shape);
}

function checkTimes(op: string, times: readonly number[]): void {
  checkList(op, "repeats", times);
  if (times.every((n) => Number.isInteger(n) && n >= 0)) return;
  throw new ShapeError(
    `${op}: repeats must be whole and not negative: ${show(times)}. Check how they were computed.`,
  );
}

/**
 * A tensor put side by side with copies of itself.
 *
 * @param repeats of each axis, counted from the last; more of them than axes add axes in front
 * @throws ShapeError if one is negative or not whole
 */
export function tile(x: Tensor, repeats: readonly number[]): Tensor {
  return composed("tile", () => {
    const { shape } = checkTensor("tile", x);
    checkTimes("tile", repeats);
    const rank = Math.max(shape.length, repeats.length);
    const ones = (list: Shape) => [...Array<number>(rank - list.length).fill(1), ...list];
    const times = ones(repeats);
    return times.reduceRight((y, n, axis) => {
      if (n === 1) return y;
      const to = y.shape.map((d, i) => (i === axis ? d * n : d));
      return repeatRuns(y, sizeOf(y.shape.slice(axis)), n, to);
    }, reshape(x, ones(shape)));
  });
}

/**
 * Every element, or slice along an axis, repeated in place.
 *
 * @param axis default: x as one long row
 * @throws ShapeError if the axis does not exist, or `repeats` is negative or not whole
 */
export function repeatInterleave(
  x: Tensor, repeats: number, { axis }: { readonly axis?: number | undefined } = {},
): Tensor {
  return composed("repeatInterleave", () => {
    const { shape } = checkTensor("repeatInterleave", x);
    checkTimes("repeatInterleave", [repeats]);
    if (axis === undefined) return repeatRuns(x, 1, repeats, [x.size * repeats]);
    const at = resolveAxis("repeatInterleave", axis, shape);
    const to = shape.map((d, i) => (i === at ? d * repeats : d));
    return repeatRuns(x, sizeOf(shape.slice(at + 1)), repeats, to);
  });
}

/**
 * A tensor cut along an axis into `count` parts; views. Where it does not divide, the last part is
 * shorter and there may be fewer parts.
 *
 * @throws ShapeError if the axis does not exist, or `count` is not a whole number from 1 on
 */
export function chunk(
  x: Tensor, count: number, { axis = 0 }: { readonly axis?: number } = {},
): Tensor[] {
  const at = resolveAxis("chunk", axis, checkTensor("chunk", x).shape);
  if (!Number.isInteger(count) || count < 1) {
    throw new ShapeError(`chunk: not a number of parts: ${count}. Use 1 or more.`);
  }
  const size = x.shape[at] ?? 0;
  const step = Math.max(1, Math.ceil(size / count));
  const parts = Math.max(1, Math.ceil(size / step));
  return Array.from({ length: parts }, (_, i) => {
    return slice(x, onAxis(at, [i * step, Math.min(size, (i + 1) * step)]));
  });
}

/** One axis moved to another place, the others in their order; a view. Throws ShapeError. */
export function moveAxis(x: Tensor, from: number, to: number): Tensor {
  const { shape } = checkTensor("moveAxis", x);
  const [source, target] = [from, to].map((a) => resolveAxis("moveAxis", a, shape)) as
    [number, number];
  const order = shape.map((_, i) => i).filter((i) => i !== source);
  order.splice(target, 0, source);
  return permute(x, order);
}

/** Neighbouring axes merged into one, by default all; as `reshape`. Throws ShapeError. */
export function flatten(
  x: Tensor, { start = 0, end = -1 }: { readonly start?: number; readonly end?: number } = {},
): Tensor {
  const { shape } = checkTensor("flatten", x);
  if (shape.length === 0) return reshape(x, [1]);
  const [first, last] = [start, end].map((a) => resolveAxis("flatten", a, shape)) as
    [number, number];
  if (first > last) {
    throw new ShapeError(
      `flatten: the axes are in the wrong order: ${start} to ${end} of ${show(shape)}. Swap them.`,
    );
  }
  const merged = sizeOf(shape.slice(first, last + 1));
  return reshape(x, [...shape.slice(0, first), merged, ...shape.slice(last + 1)]);
}

/** One axis split into several of those sizes, of which one may be -1; as `reshape`. */
export function unflatten(x: Tensor, axis: number, sizes: Shape): Tensor {
  return composed("unflatten", () => {
    const { shape } = checkTensor("unflatten", x);
    const at = resolveAxis("unflatten", axis, shape);
    checkList("unflatten", "sizes", sizes);
    const known = sizeOf(sizes.filter((d) => d !== -1));
    const all = sizes.map((d) => (d === -1 ? (shape[at] ?? 0) / known : d));
    return reshape(x, [...shape.slice(0, at), ...all, ...shape.slice(at + 1)]);
  });
}

/**
 * The coordinates of a grid: each vector along an axis of its own, repeated along the others;
 * views.
 *
 * @param vectors `[n]` each
 * @param indexing `ij`: the axes in the order of the vectors; `xy`: the first two exchanged
 * @throws ShapeError if one is not a vector
 */
export function meshgrid(
  vectors: readonly Tensor[], { indexing = "ij" }: { readonly indexing?: "ij" | "xy" } = {},
): Tensor[] {
  return composed("meshgrid", () => {
    checkList("meshgrid", "what to span", vectors);
    const sizes = vectors.map((v) => {
      const [size] = checkTensor("meshgrid", v).shape;
      if (size !== undefined && v.shape.length === 1) return size;
      throw new ShapeError(`meshgrid: not a vector: ${show(v.shape)}. Give [n] each.`);
    });
    const place = (i: number) => (indexing === "xy" && i < 2 && vectors.length > 1 ? 1 - i : i);
    const shape = sizes.map((_, i) => sizes[place(i)] ?? 0);
    return vectors.map((v, i) => {
      return expand(reshape(v, shape.map((d, axis) => (axis === place(i) ? d : 1))), shape);
    });
  });
}
