// Windows over images, by straight loops. Arrays are [planes, height, width].

import { type Array64, build64, reshape64 } from "./array.ts";
import { type Axis64, placesOf } from "./conv.ts";

/** The elements of one window along an axis, and those of them outside the input. */
interface Window {
  readonly first: number;
  readonly step: number;
  readonly count: number;
}

/** How windows lie along an axis: how many, and each. */
export interface Windows {
  readonly count: (size: number) => number;
  readonly at: (o: number, size: number) => Window;
}

/** Windows of a kernel. */
export function windows64(kernel: number, axis: Axis64 = {}, extra = 0): Windows {
  const { stride = 1, dilation = 1, padding = [0, 0] } = axis;
  return {
    count: (size) => placesOf(size, kernel, axis) + extra,
    at: (o) => ({ first: o * stride - padding[0], step: dilation, count: kernel }),
  };
}

/** So many windows from floor(o size / n) to before ceil((o + 1) size / n). */
export function adaptive64(places: number): Windows {
  return {
    count: () => places,
    at: (o, size) => {
      const first = Math.floor(o * size / places);
      return { first, step: 1, count: Math.ceil((o + 1) * size / places) - first };
    },
  };
}

/**
 * A number for each window of the last two axes.
 *
 * @param fold of the window's elements; undefined for those outside the input
 */
export function pool64(
  x: Array64, high: Windows, wide: Windows,
  fold: (elements: readonly (number | undefined)[]) => number,
): Array64 {
  const [height = 0, width = 0] = x.shape.slice(-2);
  const [rows, columns] = [high.count(height), wide.count(width)];
  return build64([...x.shape.slice(0, -2), rows, columns], (index) => {
    const plane = Math.floor(index / (rows * columns));
    const down = high.at(Math.floor(index / columns) % rows, height);
    const right = wide.at(index % columns, width);
    const elements: (number | undefined)[] = [];
    for (let k = 0; k < down.count; k++) {
      for (let l = 0; l < right.count; l++) {
        const [i, j] = [down.first + k * down.step, right.first + l * right.step];
        const inside = i >= 0 && j >= 0 && i < height && j < width;
        elements.push(inside ? x.data[(plane * height + i) * width + j] : undefined);
      }
    }
    return fold(elements);
  });
}

/** Largest of a window's elements. */
export function largest64(elements: readonly (number | undefined)[]): number {
  return Math.max(-Infinity, ...elements.filter((v) => v !== undefined));
}

/** Mean of a window, padding counted as 0. */
export function mean64Padded(elements: readonly (number | undefined)[]): number {
  return elements.reduce<number>((sum, v) => sum + (v ?? 0), 0) / elements.length;
}

/** Mean of a window's elements inside the input. */
export function mean64Inside(elements: readonly (number | undefined)[]): number {
  return mean64Padded(elements.filter((v) => v !== undefined));
}

/**
 * Elements in another size along one axis: each place of the result a mean of some of the input.
 *
 * @param pick places of the input with their weights
 */
export function resample64(
  x: Array64, axis: number, count: number,
  pick: (place: number, size: number) => readonly (readonly [place: number, weight: number])[],
): Array64 {
  const size = x.shape[axis] ?? 1;
  const inner = x.shape.slice(axis + 1).reduce((n, d) => n * d, 1);
  return build64(x.shape.with(axis, count), (index) => {
    const [column, row] = [index % inner, Math.floor(index / inner)];
    const start = Math.floor(row / count) * size;
    return pick(row % count, size).reduce((sum, [place, weight]) => {
      return sum + weight * (x.data[(start + place) * inner + column] ?? NaN);
    }, 0);
  });
}

/** A reference for planes, of lines. */
export function asLines64(f: (plane: Array64) => Array64): (line: Array64) => Array64 {
  return (line) => {
    const y = f(reshape64(line, [...line.shape.slice(0, -1), 1, line.shape.at(-1) ?? 1]));
    return reshape64(y, [...y.shape.slice(0, -2), y.shape.at(-1) ?? 1]);
  };
}

/**
 * The windows of images [batch, channels, height, width] as columns: row (c, k, l), column (i, j).
 */
export function unfold64(
  x: Array64, kernel: readonly [number, number], axes: readonly [Axis64?, Axis64?] = [],
): Array64 {
  const [batch = 0, channels = 0, height = 0, width = 0] = x.shape;
  const [high, wide] = [windows64(kernel[0], axes[0]), windows64(kernel[1], axes[1])];
  const [rows, columns] = [high.count(height), wide.count(width)];
  const taps = kernel[0] * kernel[1];
  return build64([batch, channels * taps, rows * columns], (index) => {
    const [place, row] = [index % (rows * columns), Math.floor(index / (rows * columns))];
    const [tap, plane] = [row % taps, Math.floor(row / taps)];
    const down = high.at(Math.floor(place / columns), height);
    const right = wide.at(place % columns, width);
    const i = down.first + Math.floor(tap / kernel[1]) * down.step;
    const j = right.first + tap % kernel[1] * right.step;
    const inside = i >= 0 && j >= 0 && i < height && j < width;
    return inside ? x.data[(plane * height + i) * width + j] ?? NaN : 0;
  });
}

/** The adjoint of `unfold64`: every element of the columns added at the place it came from. */
export function fold64(
  x: Array64, size: readonly [number, number], kernel: readonly [number, number],
  axes: readonly [Axis64?, Axis64?] = [],
): Array64 {
  const [batch = 0, elements = 0] = x.shape;
  const shape = [batch, elements / (kernel[0] * kernel[1]), ...size];
  const data = build64(shape, () => 0).data;
  const places = unfold64(build64(shape, (i) => i + 1), kernel, axes); // 0 is outside
  places.data.forEach((place, i) => {
    if (place > 0) data[place - 1] = (data[place - 1] ?? 0) + (x.data[i] ?? NaN);
  });
  return { shape, data };
}
