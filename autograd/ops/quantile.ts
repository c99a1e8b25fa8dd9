import { ShapeError, type Tensor, resolveAxis, scope, show } from "../../engine/index.ts";
import { checkTensor, inFloat32 } from "../define.ts";
import { add, cast, mul, ne, sub, where } from "./arithmetic.ts";
import { type Range, slice } from "./parts.ts";
import { flatten } from "./rearrange.ts";
import { sort } from "./sort.ts";
import { reshape, squeeze } from "./views.ts";

/** Along which axis, and whether it stays as size 1. */
export interface QuantileOptions {
  /** Negative ones count from the end. Default: x as one long row. */
  readonly axis?: number | undefined;
  /** Default false. */
  readonly keepDims?: boolean;
}

/**
 * The number below which a share of the elements lies, between two elements in proportion.
 *
 * @param x any shape but an empty one; floats, or integers as f32. NaN if there is one among them
 * @param q share, in [0, 1]
 * @returns the other axes, f32
 * @throws ShapeError if the axis does not exist or is empty; RangeError
 */
export function quantile(
  x: Tensor, q: number, { axis, keepDims = false }: QuantileOptions = {},
): Tensor {
  return between("quantile", x, q, axis, keepDims);
}

/** The middle element along an axis, or the mean of the two in the middle; as `quantile`. */
export function median(x: Tensor, { axis, keepDims = false }: QuantileOptions = {}): Tensor {
  return between("median", x, 0.5, axis, keepDims);
}

function between(
  op: string, x: Tensor, q: number, axis: number | undefined, keepDims: boolean,
): Tensor {
  const { shape, dtype } = checkTensor(op, x);
  if (!(q >= 0 && q <= 1)) throw new RangeError(`${op}: not a share: ${q}. Use 0 to 1.`);
  const at = axis === undefined ? 0 : resolveAxis(op, axis, shape);
  const size = axis === undefined ? x.size : shape[at] ?? 0;
  if (size === 0) {
    throw new ShapeError(
      `${op}: no elements to choose from: ${show(shape)}. Leave empty axes out.`,
    );
  }
  const place = q * (size - 1);
  const low = Math.floor(place);
  return scope(() => inFloat32([x], (own) => {
    const whole = dtype === "f32" || own !== x ? own : cast(own, "f32");
    const rows = sort(axis === undefined ? flatten(whole) : whole, { axis: at });
    const pick = (i: number) => {
      return slice(rows, [...Array<Range>(at).fill(null), [i, i + 1]]);
    };
    const last = pick(size - 1); // NaN if there is one
    const [a, b] = [pick(low), pick(Math.min(low + 1, size - 1))];
    const y = place === low ? a : add(a, mul(sub(b, a), place - low));
    const result = where(ne(last, last), last, y);
    if (!keepDims) return squeeze(result, { axis: at });
    return axis === undefined ? reshape(result, shape.map(() => 1)) : result;
  }));
}
