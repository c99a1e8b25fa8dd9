import { ShapeError, type Tensor, checkDtype, checkList, checkShape, full, show } from
  "../../engine/index.ts";
import { NUMERIC, checkOptions, checkTensor, composed } from "../define.ts";
import { cast, eq, where } from "./arithmetic.ts";
import { linspace } from "./creation.ts";
import { addUp, axisLookup, place } from "./lookup.ts";
import { slice } from "./parts.ts";
import { searchsorted } from "./sort.ts";
import { flatten } from "./rearrange.ts";

/** Options of `bincount`. */
export interface BincountOptions {
  /** Size of the result. */
  readonly length: number;
  /** What each element adds; f32, the shape of the elements. Default: 1. */
  readonly weights?: Tensor;
}

/**
 * How often each whole number from 0 on occurs.
 *
 * @param x any shape, i32 in [-length, length), where negative ones count from the end; another is
 *   left out, and is an IndexError at the next read
 * @returns `[length]` i32; with weights their sums, f32, added up in order
 * @throws ShapeError if the weights have another shape; DtypeError
 */
export function bincount(x: Tensor, options: BincountOptions): Tensor {
  return composed("bincount", () => {
    const op = "bincount";
    const { length, weights } = checkOptions(op, options, "length");
    checkShape(op, [length]);
    checkDtype(op, checkTensor(op, x).dtype, ["i32"]);
    const lookup = axisLookup([length], 0, x.size, true);
    if (!weights) return place(op, x, lookup, [length], "count");
    if (show(checkTensor(op, weights).shape) !== show(x.shape)) {
      throw new ShapeError(
        `${op}: weights and elements differ: ${show(weights.shape)} and ${show(x.shape)}. `
          + `Give one weight for each element.`,
      );
    }
    return addUp(op, flatten(weights), flatten(x), lookup, [length]);
  });
}

/** Options of `histogram`. */
export interface HistogramOptions {
  /** Bins of one width. Default 10. */
  readonly bins?: number;
  /** From the first bin's start to the last one's end, which belongs to it. */
  readonly range: readonly [number, number];
}

/**
 * How many elements lie in each of some bins, whose edges are `linspace(low, high, bins + 1)`.
 *
 * @param x any shape; f32, i32 or u32. What lies outside, and NaN, is left out
 * @returns `[bins]` i32
 * @throws RangeError if the range is empty or there are no bins; DtypeError
 */
export function histogram(x: Tensor, options: HistogramOptions): Tensor {
  return composed("histogram", () => {
    const { bins = 10, range } = checkOptions("histogram", options, "range");
    checkList("histogram", "the range", range);
    const [low, high] = range;
    checkDtype("histogram", checkTensor("histogram", x).dtype, NUMERIC);
    if (!(low < high) || !Number.isInteger(bins) || bins < 1) {
      throw new RangeError(
        `histogram: no bins: ${bins} from ${low} to ${high}. Use 1 or more, and a rising range.`,
      );
    }
    const { device } = x;
    const own = cast(x, "f32");
    const edges = linspace(low, high, bins + 1, { device });
    const found = searchsorted(edges, own, { right: true }); // 0 before the first, bins + 1 after
    const end = eq(own, full([], high, { device }));
    const counts = bincount(where(end, full([], bins, { dtype: "i32", device }), found), {
      length: bins + 2,
    });
    return slice(counts, [[1, bins + 1]]);
  });
}
