import { type Shape, ShapeError, type Tensor, show } from "../../engine/index.ts";
import { checkOptions, checkTensor, composed, inFloat32 } from "../define.ts";
import { type Band, type BandRow, bandProduct } from "./band.ts";
import { type PerAxis, perAxis } from "./window.ts";

/** Options of `interpolate`: `size` or `scale`. */
export interface InterpolateOptions {
  /** Places of the result: a number, or one for each axis after channels. */
  readonly size?: PerAxis;
  /** Places of the result for each of the input, rounded down in all; or one for each axis. */
  readonly scale?: PerAxis;
  /** The nearest element, or the mean of neighbours weighted by closeness. Default "nearest". */
  readonly mode?: "nearest" | "linear" | "bilinear";
  /**
   * Whether the first and last places of input and result coincide, and not the outer sides of
   * their elements; for "linear" only. Default false.
   */
  readonly alignCorners?: boolean;
}

/**
 * Images or sequences in another size.
 *
 * @param x `[batch, channels, ...]` f32; the mode "linear" is bilinear where two axes follow
 * @returns the same batch and channels. Nearest is the element `floor(place * size / newSize)`
 * @throws ShapeError if no axis follows or one is empty; RangeError for other sizes than whole ones
 *   from 1 on, or unless one of `size` and `scale` is given; DtypeError
 * @example
 * const y = interpolate(x, { scale: 2, mode: "bilinear" });
 */
export function interpolate(x: Tensor, options: InterpolateOptions): Tensor {
  return composed("interpolate", () => {
    const op = "interpolate";
    const { mode = "nearest", alignCorners = false } = checkOptions(op, options, "scale");
    const sizes = checkTensor(op, x).shape.slice(2);
    if (sizes.length === 0 || sizes.includes(0)) {
      throw new ShapeError(
        `${op}: no places to read: ${show(x.shape)}. Give [batch, channels, height, width].`,
      );
    }
    if (!["nearest", "linear", "bilinear"].includes(mode)) {
      throw new RangeError(`${op}: no such mode: ${mode}. Use "nearest" or "linear".`);
    }
    const axes = targets(op, sizes, options);
    return inFloat32([x], (wide) => axes.reduce((y, { out, place }, i) => {
      const size = sizes[i] ?? 1;
      const row = mode === "nearest" ? (o: number) => nearest(size, place(o))
        : alignCorners ? (o: number) => linear(size, o * (size - 1) / Math.max(out - 1, 1))
        : (o: number) => linear(size, place(o + 0.5) - 0.5);
      return bandProduct(op, y, Array.from({ length: out }, (_, o) => row(o)), i + 2);
    }, wide));
  });
}

/** An axis of the result. */
interface Target {
  readonly out: number;
  /** Where in the input a place of the result lies, both counted from their outer sides. */
  readonly place: (o: number) => number;
}

function targets(op: string, sizes: Shape, { size, scale }: InterpolateOptions): Target[] {
  const count = sizes.length;
  if ((size === undefined) === (scale === undefined)) {
    throw new RangeError(`${op}: not one of size and scale: ${size}, ${scale}. Give one of them.`);
  }
  if (size !== undefined) {
    return perAxis(op, "size", size, count, 1).map((out, i) => {
      return { out, place: (o) => o * (sizes[i] ?? 1) / out };
    });
  }
  const scales = typeof scale === "number" ? sizes.map(() => scale) : scale ?? [];
  const outs = sizes.map((d, i) => Math.floor(d * (scales[i] ?? 0)));
  if (scales.length !== count || !outs.every((out) => out >= 1 && Number.isFinite(out))) {
    throw new RangeError(
      `${op}: nothing is left of the result: ${show(sizes)} by ${show(scales)}. `
        + `Give one scale, or one for each of ${count} axes.`,
    );
  }
  return outs.map((out, i) => ({ out, place: (o) => o / (scales[i] ?? 1) }));
}

function nearest(size: number, place: number): BandRow {
  return { first: Math.min(Math.floor(place), size - 1), weights: [1] };
}

function linear(size: number, place: number): BandRow {
  const at = Math.min(Math.max(place, 0), size - 1);
  const first = Math.floor(at);
  const share = at - first;
  return { first, weights: share === 0 ? [1] : [1 - share, share] };
}

/**
 * Mean of each of so many windows of about one size: window o of n along an axis begins at
 * `floor(o size / n)` and ends before `ceil((o + 1) size / n)`.
 *
 * @param x `[..., height, width]` f32
 * @param size of the result: a number, or one for each axis
 * @throws ShapeError if there are less than two axes, or the input has no elements along one;
 *   RangeError for sizes below 1; DtypeError
 */
export function adaptiveAvgPool2d(x: Tensor, size: PerAxis): Tensor {
  return composed("adaptiveAvgPool2d", () => {
    const op = "adaptiveAvgPool2d";
    const { shape } = checkTensor(op, x);
    const outs = perAxis(op, "size", size, 2, 1);
    if (shape.length < 2 || shape.slice(-2).includes(0)) {
      throw new ShapeError(
        `${op}: no places to average: ${show(shape)}. Give [..., height, width].`,
      );
    }
    return inFloat32([x], (wide) => outs.reduceRight((y, out, i) => {
      const axis = shape.length - 2 + i;
      return bandProduct(op, y, means(shape[axis] ?? 1, out), axis);
    }, wide));
  });
}

function means(size: number, out: number): Band {
  return Array.from({ length: out }, (_, o) => {
    const first = Math.floor(o * size / out);
    const count = Math.ceil((o + 1) * size / out) - first;
    return { first, weights: Array<number>(count).fill(1 / count) };
  });
}
