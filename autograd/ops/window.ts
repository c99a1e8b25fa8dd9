import { ShapeError, type Shape, type Tensor, type WindowAxis, show } from "../../engine/index.ts";
import { checkTensor } from "../define.ts";

/** One number for all axes, or one for each. */
export type PerAxis = number | readonly number[];

/**
 * Elements around the input: a number for all sides, a number for both sides of each axis, or
 * `[before, after]` for each axis; "valid" is none, "same" as many as give `ceil(size / stride)`
 * places, one more after than before where they are odd.
 */
export type Padding = PerAxis | readonly (readonly [number, number])[] | "same" | "valid";

/** How windows lie on an input. */
export interface WindowOptions {
  /** Elements between windows. */
  readonly stride?: PerAxis | undefined;
  /** Default 0. */
  readonly padding?: Padding | undefined;
  /** Elements between those of a window. Default 1. */
  readonly dilation?: PerAxis | undefined;
}

/**
 * One whole number for each axis.
 *
 * @throws RangeError naming the option if there are not so many, or one is below `least`
 */
export function perAxis(
  op: string, name: string, value: PerAxis, count: number, least: number,
): readonly number[] {
  const list = typeof value === "number" ? Array<number>(count).fill(value) : value;
  const good = (v: unknown) => Number.isInteger(v) && (v as number) >= least;
  if (Array.isArray(list) && list.length === count && list.every(good)) return list;
  throw new RangeError(
    `${op}: ${name} is not a whole number from ${least} on: ${JSON.stringify(value)}. `
      + `Give one, or one for each of ${count} axes.`,
  );
}

type Sides = readonly [number, number];

function sidesOf(op: string, padding: Padding, count: number): readonly Sides[] {
  if (padding === "valid") return Array<Sides>(count).fill([0, 0]);
  if (typeof padding === "string") {
    throw new RangeError(`${op}: no such padding: ${padding}. Use "same", "valid" or numbers.`);
  }
  if (!Array.isArray(padding) || typeof padding[0] === "number") {
    return perAxis(op, "padding", padding as PerAxis, count, 0).map((n) => [n, n]);
  }
  const pairs = padding as readonly Sides[];
  const list = pairs.map((pair) => perAxis(op, "padding", pair, 2, 0) as Sides);
  if (list.length === count) return list;
  throw new RangeError(
    `${op}: padding is not a pair for each of ${count} axes: ${JSON.stringify(padding)}. `
      + `Give [before, after] for each.`,
  );
}

/** Windows along an axis, and the padding after its last element. */
export interface PaddedAxis extends WindowAxis {
  readonly after: number;
}

/**
 * The windows along each axis.
 *
 * @param ceil a last window may reach beyond the padding, if it starts before it
 * @throws RangeError for options that are not whole numbers; ShapeError if not one window fits
 */
export function windowAxes(
  op: string, sizes: Shape, kernel: Shape,
  { stride = 1, padding = 0, dilation = 1 }: WindowOptions, ceil = false,
): PaddedAxis[] {
  const count = sizes.length;
  const strides = perAxis(op, "stride", stride, count, 1);
  const dilations = perAxis(op, "dilation", dilation, count, 1);
  const axes = sizes.map((size, i) => ({
    size, taps: kernel[i] ?? 1, stride: strides[i] ?? 1, dilation: dilations[i] ?? 1,
  }));
  const sides = padding === "same" ? axes.map(sameSides) : sidesOf(op, padding, count);
  const padded = sizes.map((size, i) => size + (sides[i]?.[0] ?? 0) + (sides[i]?.[1] ?? 0));
  const spans = axes.map(spanOf);
  if (spans.some((span, i) => span > (padded[i] ?? 0))) {
    throw new ShapeError(
      `${op}: a window spans more than the padded input: ${show(spans)} over ${show(padded)}. `
        + `Use a smaller kernel or dilation, or more padding.`,
    );
  }
  return axes.map((axis, i) => {
    const [before, after] = sides[i] ?? [0, 0];
    const free = (padded[i] ?? 0) - (spans[i] ?? 1);
    const full = Math.floor(free / axis.stride) + 1;
    const more = ceil && free % axis.stride > 0 && full * axis.stride < axis.size + before;
    return { ...axis, before, after, out: full + Number(more) };
  });
}

/** Elements from the first to the last of a window. */
export function spanOf({ taps, dilation }: Pick<WindowAxis, "taps" | "dilation">): number {
  return (taps - 1) * dilation + 1;
}

function sameSides(axis: Omit<WindowAxis, "out" | "before">): Sides {
  const { size, stride } = axis;
  const total = Math.max((Math.ceil(size / stride) - 1) * stride + spanOf(axis) - size, 0);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/**
 * Checks how many axes a tensor has.
 *
 * @param form the axes' names, for the error
 * @returns its shape
 * @throws ShapeError if the number differs; TypeError if it is no tensor
 */
export function checkAxes(op: string, name: string, x: Tensor, form: readonly string[]): Shape {
  const { shape } = checkTensor(op, x);
  if (shape.length === form.length) return shape;
  throw new ShapeError(
    `${op}: ${name} does not have ${form.length} axes: ${show(shape)}. Give [${form.join(", ")}].`,
  );
}
