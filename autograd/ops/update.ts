import { type Layout, type Shape, ShapeError, type Tensor, arange, checkDtype, checkList,
  resolveAxis, scope, show } from "../../engine/index.ts";
import { ANY, NUMERIC, apply, checkTensor, commonDtype, composed } from "../define.ts";
import { add, eq, sub, where } from "./arithmetic.ts";
import { fillPart, replacePart } from "./layouts.ts";
import { type Lookup, addUp, along, axisLookup, lookUp, pickRaw, place } from "./lookup.ts";
import { type Range, sliceLayout } from "./parts.ts";
import { expand, reshape } from "./views.ts";

/** Options of the functional updates. */
export interface UpdateOptions {
  /** Add to what is there, instead of replacing it; not for bool. Default false. */
  readonly add?: boolean;
}

/** Where the updates of one call go. */
interface Target {
  readonly op: string;
  readonly axis: number;
  /** From places to updates: which update each place takes. */
  readonly picks: Lookup;
  /** From updates to places. */
  readonly points: Lookup;
  /** Shape of a number for each place: the axis alone where all lines share one index. */
  readonly places: Shape;
}

/**
 * A tensor with elements replaced along one axis:
 * `y[.., index[.., j, ..], ..] = updates[.., j, ..]`. Of several updates for one place the
 * last in order counts.
 *
 * @param x any dtype
 * @param index i32, x's shape but for the axis; as for `gather`
 * @param updates the index's shape, x's dtype
 * @returns x's shape and dtype
 * @throws ShapeError, DtypeError
 */
export function scatter(
  x: Tensor, index: Tensor, updates: Tensor, { axis = 0 }: { readonly axis?: number } = {},
): Tensor {
  const points = along("scatter", checkTensor("scatter", x).shape, index, axis);
  if (show(checkTensor("scatter", updates).shape) !== show(index.shape)) {
    throw new ShapeError(
      `scatter: index and updates differ: ${show(index.shape)} and ${show(updates.shape)}. `
        + `Give one index for each update.`,
    );
  }
  const at = resolveAxis("scatter", axis, x.shape);
  const picks = axisLookup(index.shape, at, x.shape[at] ?? 1, false);
  const target = { op: "scatter", axis: at, picks, points, places: x.shape };
  return scope(() => replace(target, x, index, updates));
}

/**
 * A tensor with slices along an axis replaced, or added to:
 * `y[.., index[j], ..] = values[.., j, ..]`. Of several values for one place the last in order
 * counts; with `add`, which takes f32, all of them do.
 *
 * @param index `[count]` i32; as for `gather`
 * @param values broadcasts to x's shape with `count` in place of the axis; x's dtype
 * @returns x's shape and dtype
 * @throws ShapeError, DtypeError
 */
export function indexUpdate(
  x: Tensor, index: Tensor, values: Tensor,
  { axis = 0, add: adds = false }: UpdateOptions & { readonly axis?: number } = {},
): Tensor {
  return composed("indexUpdate", () => {
    const op = "indexUpdate";
    const { shape } = checkTensor(op, x);
    const at = resolveAxis(op, axis, shape);
    checkDtype(op, checkTensor(op, index).dtype, ["i32"]);
    const [count] = index.shape;
    if (count === undefined || index.shape.length > 1) {
      throw new ShapeError(`${op}: the index is not a list: ${show(index.shape)}. Reshape it.`);
    }
    const whole = expand(values, shape.map((d, i) => (i === at ? count : d)));
    const points = axisLookup(shape, at, count, true);
    if (adds) return add(x, addUp(op, whole, index, points, shape));
    const length = points.length;
    const places = shape.map((d, i) => (i === at ? d : 1));
    const picks = { ...points, length: count, count: length };
    return scope(() => replace({ op, axis: at, picks, points, places }, x, index, whole));
  });
}

function replace(target: Target, x: Tensor, index: Tensor, updates: Tensor): Tensor {
  const { op, picks, points, places } = target;
  commonDtype(op, [x, updates]);
  const shared = points.steps[2] === 0;
  const own = shared ? { ...points, outer: 1, inner: 1 } : points;
  const last = place(op, index, own, places, "last");
  const found = apply({
    name: op,
    forward: (...inputs) => pickRaw(op, inputs, picks, x.shape),
    vjp: (dy, [, , l, i]) => [() => {
      const [from, to] = [l, i] as [Tensor, Tensor]; // given below
      const back = lookUp(op, dy, to, points, updates.shape, true);
      return where(wins(target, from, to), back, 0);
    }],
  }, [updates, sub(last, 1), last, index]);
  return where(eq(last, 0), x, found);
}

/** Which updates are the last for their place; broadcasts with the updates. */
function wins({ op, axis, points, places }: Target, last: Tensor, index: Tensor): Tensor {
  const { count } = points;
  const shared = points.steps[2] === 0;
  const order = arange(count, { start: 1, dtype: "i32", device: last.device });
  const shape = places.map((d, i) => (i === axis ? count : d));
  const own = shared ? { ...points, outer: 1, inner: 1 } : points;
  const line = places.map((_, i) => (i === axis ? count : 1));
  return eq(lookUp(op, last, index, own, shape, true), reshape(order, line));
}

/**
 * A tensor with part of it replaced, or added to: `y[ranges] = values`.
 *
 * @param ranges as for `slice`
 * @param values broadcasts to the part; x's dtype
 * @returns x's shape and dtype
 * @throws ShapeError, DtypeError; RangeError for a step of 0
 */
export function sliceUpdate(
  x: Tensor, ranges: readonly Range[], values: Tensor, { add: adds = false }: UpdateOptions = {},
): Tensor {
  return composed("sliceUpdate", () => {
    const op = "sliceUpdate";
    commonDtype(op, [x, values].map((t) => checkTensor(op, t)), adds ? NUMERIC : ANY);
    checkList(op, "the ranges", ranges);
    const part = (whole: Layout) => sliceLayout(whole, ranges);
    const placed = expand(values, part(x.layout).shape);
    if (adds) return add(x, fillPart(op, placed, x.shape, part));
    return replacePart(op, x, placed, part);
  });
}
