import { type DType, type Layout, type Shape, ShapeError, type Tensor, checkList, copyInto,
  resolveAxis, show } from "../../engine/index.ts";
import { apply, checkOptions, checkTensor, composed } from "../define.ts";
import { promoted } from "../promote.ts";
import { viewPart } from "./layouts.ts";
import { unsqueeze } from "./views.ts";

/** Part of one axis, from `start` to before `end` as in Python; null is the whole axis. */
export type Range = readonly [start: number, end: number, step?: number] | null;

/**
 * Part of a tensor; a view.
 *
 * @param ranges one for each axis from the first on; missing ones take the whole axis. Negative
 *   places count from the end; places beyond it are moved to it; a negative step walks back
 * @throws ShapeError if there are more ranges than axes; RangeError for a step of 0
 */
export function slice(x: Tensor, ranges: readonly Range[]): Tensor {
  checkList("slice", "the ranges", ranges);
  return viewPart("slice", x, (whole) => sliceLayout(whole, ranges));
}

/** The layout of part of a tensor; ranges as for `slice`. */
export function sliceLayout({ shape, strides, offset }: Layout, ranges: readonly Range[]): Layout {
  if (ranges.length > shape.length) {
    throw new ShapeError(
      `slice: more ranges than axes: ${ranges.length} for ${show(shape)}. Leave some out.`,
    );
  }
  let at = offset;
  const sizes: number[] = [];
  const steps: number[] = [];
  shape.forEach((size, axis) => {
    const [first, count, step] = resolveRange(ranges[axis] ?? null, size);
    const stride = strides[axis] ?? 0;
    if (count > 0) at += first * stride;
    sizes.push(count);
    steps.push(step * stride);
  });
  return { shape: sizes, strides: steps, offset: at };
}

/** First place, number of places, and step. */
function resolveRange(range: Range, size: number): [number, number, number] {
  if (range === null) return [0, size, 1];
  checkList("slice", "a range", range);
  const [start, end, step = 1] = range;
  const isPlace = (i: number) => Number.isInteger(i) || Math.abs(i) === Infinity;
  if (!Number.isInteger(step) || step === 0 || !isPlace(start) || !isPlace(end)) {
    throw new RangeError(
      `slice: not a range: [${range}]. Use whole places and a step that is not 0.`,
    );
  }
  const low = step > 0 ? 0 : -1;
  const place = (i: number) => Math.min(Math.max(i < 0 ? i + size : i, low), size + low);
  const [from, to] = [place(start), place(end)];
  return [from, Math.max(0, Math.ceil((to - from) / step)), step];
}

/**
 * Tensors joined along an axis.
 *
 * @param list one or more tensors of any dtypes, alike in all axes but `axis`
 * @returns the dtype they promote to
 * @throws ShapeError if another axis differs, or the list is empty
 */
export function concat(
  list: readonly Tensor[], options: { readonly axis?: number } = {},
): Tensor {
  const { axis = 0 } = checkOptions("concat", options, "axis");
  checkList("concat", "what to join", list);
  const [head] = list;
  if (!head) throw new ShapeError("concat: nothing to join: the list is empty. Give a tensor.");
  const at = resolveAxis("concat", axis, checkTensor("concat", head).shape);
  const others = (s: Shape) => show(s.filter((_, i) => i !== at));
  for (const t of list) {
    checkTensor("concat", t);
    if (t.shape.length === head.shape.length && others(t.shape) === others(head.shape)) continue;
    throw new ShapeError(
      `concat: tensors differ beside axis ${axis}: ${show(head.shape)} and ${show(t.shape)}. `
        + `Make the other axes equal.`,
    );
  }
  const ranges = rangesAlong(list, at);
  const dtype = promoted("concat", list);
  return apply({
    name: "concat",
    forward: (...parts) => join(parts.map((p) => checkTensor("concat", p)), at, ranges, dtype),
    vjp: (dy) => ranges.map((r) => () => slice(dy, r)),
    saves: "nothing",
    halves: true,
  }, list);
}

/** Where each tensor of a list lies along the axis when they are joined. */
function rangesAlong(list: readonly Tensor[], axis: number): Range[][] {
  let end = 0;
  return list.map(({ shape }) => {
    const start = end;
    end += shape[axis] ?? 0;
    return [...Array<null>(axis).fill(null), [start, end] as const];
  });
}

function join(
  parts: readonly Tensor[], axis: number, ranges: readonly Range[][], dtype: DType,
): Tensor {
  const [head] = parts as [Tensor]; // concat refuses an empty list
  const length = parts.reduce((n, t) => n + (t.shape[axis] ?? 0), 0);
  const shape = head.shape.map((d, i) => (i === axis ? length : d));
  const whole = head.device.empty("concat", shape, dtype);
  parts.forEach((t, i) => {
    const part = whole.view("concat", sliceLayout(whole.layout, ranges[i] ?? []));
    copyInto(part, t);
    part.dispose();
  });
  return whole;
}

/** Tensors of one shape put side by side along a new axis. Throws ShapeError if they differ. */
export function stack(
  list: readonly Tensor[], options: { readonly axis?: number } = {},
): Tensor {
  const { axis = 0 } = checkOptions("stack", options, "axis");
  return composed("stack", () => {
    checkList("stack", "what to join", list);
    const shapes = [...new Set(list.map((t) => show(checkTensor("stack", t).shape)))];
    if (shapes.length > 1) {
      throw new ShapeError(`stack: shapes differ: ${shapes.join(" and ")}. Make them equal.`);
    }
    return concat(list.map((t) => unsqueeze(t, axis)), { axis });
  });
}

/**
 * A tensor cut along an axis; views.
 *
 * @param sizes of the parts; they must add up to the axis
 * @throws ShapeError if they do not
 */
export function split(
  x: Tensor, sizes: readonly number[], options: { readonly axis?: number } = {},
): Tensor[] {
  const { axis = 0 } = checkOptions("split", options, "axis");
  const at = resolveAxis("split", axis, checkTensor("split", x).shape);
  checkList("split", "sizes", sizes);
  const whole = sizes.every((d) => Number.isInteger(d) && d >= 0);
  if (!whole || sizes.reduce((n, d) => n + d, 0) !== x.shape[at]) {
    throw new ShapeError(
      `split: the parts do not add up to axis ${axis}: ${show(sizes)} of ${show(x.shape)}.`
        + ` Change the sizes.`,
    );
  }
  let end = 0;
  return sizes.map((d) => slice(x, [...Array<null>(at).fill(null), [end, end += d]]));
}
