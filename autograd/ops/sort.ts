import keyText from "../../kernels/order/key.wgsl" with { type: "text" };
import searchText from "../../kernels/order/search.wgsl" with { type: "text" };
import { ShapeError, type Tensor, checkDtype, isHalf, resolveAxis, runThreads, scope, show,
  withContiguous } from "../../engine/index.ts";
import { ANY, NUMERIC, apply, checkOptions, checkTensor, commonDtype } from "../define.ts";
import { cast, sub } from "./arithmetic.ts";
import { axisLookup, pickRaw, place } from "./lookup.ts";
import { kindOf, orderRows } from "./order_rows.ts";
import { type Range, slice } from "./parts.ts";
import { transpose } from "./views.ts";

/** Along which axis elements are put in order, and which way. */
export interface SortOptions {
  /** Negative ones count from the end. Default: the last. */
  readonly axis?: number;
  /** From the largest on. Default false. */
  readonly descending?: boolean;
}

/** The last axis of every row in the order of `places`, which has each once. */
function permuted(op: string, x: Tensor, places: Tensor): Tensor {
  const { shape } = x;
  const lookup = axisLookup(shape, shape.length - 1, shape.at(-1) ?? 1, false);
  return apply({
    name: op,
    forward: (...inputs) => pickRaw(op, inputs, lookup, shape),
    vjp: (dy, [, p]) => [() => {
      return permuted(op, dy, sub(place(op, p as Tensor, lookup, shape, "last"), 1));
    }],
  }, [x, places]);
}

/** Runs a function of rows on another axis. */
function alongAxis(
  op: string, x: Tensor, axis: number, run: (rows: Tensor) => Tensor,
): Tensor {
  const { shape, dtype } = checkTensor(op, x);
  checkDtype(op, dtype, ANY);
  const at = resolveAxis(op, axis, shape);
  const swap = { axes: [at, -1] as const };
  return scope(() => {
    return at === shape.length - 1 ? run(x) : transpose(run(transpose(x, swap)), swap);
  });
}

/**
 * The elements in order along an axis: equal ones stay in theirs, and NaN comes last both ways.
 *
 * @param x at least one axis, any dtype
 * @returns same shape and dtype
 * @throws ShapeError if the axis does not exist
 */
export function sort(x: Tensor, options: SortOptions = {}): Tensor {
  const { axis = -1, descending = false } = checkOptions("sort", options, "axis");
  return alongAxis("sort", x, axis, (t) => permuted("sort", t, orderRows(t, descending)));
}

/** Places of the elements in order along an axis, i32; otherwise as `sort`. */
export function argsort(x: Tensor, options: SortOptions = {}): Tensor {
  const { axis = -1, descending = false } = checkOptions("argsort", options, "axis");
  return alongAxis("argsort", x, axis, (t) => orderRows(t, descending));
}

/**
 * The `k` largest elements along an axis from the largest on, or the smallest; and their places.
 * Of equal ones the first come first; NaN counts as neither large nor small.
 *
 * @param k at most the size of the axis
 * @returns values of x's dtype and i32 indices, x's shape with k in place of the axis
 * @throws ShapeError if the axis does not exist or is smaller than k
 */
export function topk(
  x: Tensor, k: number,
  { axis = -1, largest = true }: { readonly axis?: number; readonly largest?: boolean } = {},
): { readonly values: Tensor; readonly indices: Tensor } {
  const { shape, dtype } = checkTensor("topk", x);
  checkDtype("topk", dtype, ANY);
  const at = resolveAxis("topk", axis, shape);
  if (!Number.isInteger(k) || k < 0 || k > (shape[at] ?? 0)) {
    throw new ShapeError(
      `topk: not a number of elements: ${k} along axis ${axis} of ${show(shape)}. `
        + `Use 0 to ${shape[at]}.`,
    );
  }
  const swap = { axes: [at, -1] as const };
  const first: Range[] = [...Array<null>(shape.length - 1).fill(null), [0, k]];
  return scope(() => {
    const rows = transpose(x, swap);
    const order = orderRows(rows, largest);
    const [values, indices] = [permuted("topk", rows, order), order].map((t) => {
      return transpose(slice(t, first), swap);
    }) as [Tensor, Tensor];
    return { values, indices };
  });
}

/**
 * Where values belong in a sorted list: how many of its elements are less than each.
 *
 * @param sorted `[n]` f32, i32 or u32, ascending, NaN last
 * @param x any shape, same dtype
 * @param right count elements that are equal, too. Default false
 * @returns x's shape, i32, from 0 to n
 * @throws ShapeError if the list has another rank; DtypeError
 */
export function searchsorted(
  sorted: Tensor, x: Tensor, { right = false }: { readonly right?: boolean } = {},
): Tensor {
  const op = "searchsorted";
  const dtype = commonDtype(op, [sorted, x].map((t) => checkTensor(op, t)), NUMERIC);
  const [length] = sorted.shape;
  if (length === undefined || sorted.shape.length > 1) {
    throw new ShapeError(`${op}: not a list: ${show(sorted.shape)}. Give [n].`);
  }
  const kernel = { name: op, wgsl: `${keyText}${searchText}` };
  const wide = (t: Tensor) => (isHalf(t.dtype) ? cast(t, "f32") : t);
  return scope(() => withContiguous([wide(sorted), wide(x)], (list) => {
    const out = x.device.empty(op, x.shape, "i32");
    const offsets = list.map(({ layout }) => layout.offset);
    const kind = kindOf(isHalf(dtype) ? "f32" : dtype);
    runThreads(kernel, list, out, out.size, [length, ...offsets, kind, Number(right)]);
    return out;
  }));
}
