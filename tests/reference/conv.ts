// Convolutions, by straight loops over images [batch, channels, height, width].

import { type Array64, build64, reshape64, sizeOf } from "./array.ts";

/** One axis of a convolution. */
export interface Axis64 {
  readonly stride?: number;
  readonly dilation?: number;
  /** Zeros before and after. */
  readonly padding?: readonly [number, number];
  /** Only of transposed convolutions. */
  readonly outputPadding?: number;
}

interface Axis extends Required<Axis64> {
  readonly kernel: number;
}

function axisOf(given: Axis64 | undefined, kernel: number): Axis {
  return { stride: 1, dilation: 1, padding: [0, 0], outputPadding: 0, ...given, kernel };
}

/** Places of a window along an axis. */
export function placesOf(size: number, kernel: number, given: Axis64 = {}): number {
  const { stride, dilation, padding } = axisOf(given, kernel);
  return Math.floor((size + padding[0] + padding[1] - dilation * (kernel - 1) - 1) / stride) + 1;
}

/** Element of an image of `[batch, channels, height, width]`; 0 outside of it. */
export function pixel(x: Array64, n: number, c: number, i: number, j: number): number {
  const [, channels = 1, height = 1, width = 1] = x.shape;
  if (i < 0 || j < 0 || i >= height || j >= width) return 0;
  return x.data[((n * channels + c) * height + i) * width + j] ?? NaN;
}

/** The four coordinates of each element. */
export function image64(
  shape: readonly [number, number, number, number],
  value: (n: number, c: number, i: number, j: number) => number,
): Array64 {
  const [, channels, height, width] = shape;
  return build64(shape, (at) => {
    const row = Math.floor(at / width);
    const plane = Math.floor(row / height);
    return value(Math.floor(plane / channels), plane % channels, row % height, at % width);
  });
}

/**
 * Cross-correlation: y[n, o, i, j] = sum over c, k, l of
 * w[o, c, k, l] x[n, c of o's group, i stride + k dilation - before, ..].
 */
export function conv64(
  x: Array64, w: Array64, axes: readonly [Axis64?, Axis64?] = [], groups = 1,
): Array64 {
  const [batch = 0, , height = 0, width = 0] = x.shape;
  const [out = 0, depth = 0, tall = 0, broad = 0] = w.shape;
  const [high, wide] = [axisOf(axes[0], tall), axisOf(axes[1], broad)];
  const shape = [batch, out, placesOf(height, tall, high), placesOf(width, broad, wide)] as const;
  return image64(shape, (n, o, i, j) => {
    const first = Math.floor(o / (out / groups)) * depth;
    let sum = 0;
    for (let c = 0; c < depth; c++) {
      for (let k = 0; k < tall; k++) {
        for (let l = 0; l < broad; l++) {
          const row = i * high.stride + k * high.dilation - high.padding[0];
          const column = j * wide.stride + l * wide.dilation - wide.padding[0];
          sum += pixel(w, o, c, k, l) * pixel(x, n, first + c, row, column);
        }
      }
    }
    return sum;
  });
}

/**
 * Transposed convolution: every element of x adds the kernel, times itself, at its place.
 *
 * @param w [in, out / groups, height, width]
 */
export function convTranspose64(
  x: Array64, w: Array64, axes: readonly [Axis64?, Axis64?] = [], groups = 1,
): Array64 {
  const [batch = 0, into = 0, height = 0, width = 0] = x.shape;
  const [, depth = 0, tall = 0, broad = 0] = w.shape;
  const [high, wide] = [axisOf(axes[0], tall), axisOf(axes[1], broad)];
  const sizeAlong = (places: number, a: Axis) => (places - 1) * a.stride - a.padding[0]
    - a.padding[1] + a.dilation * (a.kernel - 1) + 1 + a.outputPadding;
  const shape = [batch, depth * groups, sizeAlong(height, high), sizeAlong(width, wide)] as const;
  const data = new Float64Array(sizeOf(shape));
  image64([batch, into, height, width], (n, c, i, j) => {
    const first = Math.floor(c / (into / groups)) * depth;
    for (let o = 0; o < depth; o++) {
      for (let k = 0; k < tall; k++) {
        for (let l = 0; l < broad; l++) {
          const row = i * high.stride + k * high.dilation - high.padding[0];
          const column = j * wide.stride + l * wide.dilation - wide.padding[0];
          if (row < 0 || column < 0 || row >= shape[2] || column >= shape[3]) continue;
          const at = ((n * shape[1] + first + o) * shape[2] + row) * shape[3] + column;
          data[at] = (data[at] ?? 0) + pixel(w, c, o, k, l) * pixel(x, n, c, i, j);
        }
      }
    }
    return 0;
  });
  return { shape, data };
}

/** A reference for images, of sequences `[batch, channels, length]`. */
export function asSequence64(
  f: (...images: Array64[]) => Array64,
): (...list: Array64[]) => Array64 {
  return (...list) => {
    const images = list.map((x) => reshape64(x, [...x.shape.slice(0, 2), 1, x.shape[2] ?? 0]));
    const y = f(...images);
    return reshape64(y, [...y.shape.slice(0, 2), y.shape[3] ?? 0]);
  };
}

/** Gradient of `conv64` by the weight, for a gradient `y` of the result. */
export function convWeight64(
  x: Array64, y: Array64, kernel: readonly [number, number],
  axes: readonly [Axis64?, Axis64?] = [], groups = 1,
): Array64 {
  const [batch = 0, channels = 0] = x.shape;
  const [, out = 0, rows = 0, columns = 0] = y.shape;
  const [high, wide] = [axisOf(axes[0], kernel[0]), axisOf(axes[1], kernel[1])];
  const depth = channels / groups;
  return image64([out, depth, ...kernel], (o, c, k, l) => {
    const channel = Math.floor(o / (out / groups)) * depth + c;
    let sum = 0;
    for (let n = 0; n < batch; n++) {
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          const row = i * high.stride + k * high.dilation - high.padding[0];
          const column = j * wide.stride + l * wide.dilation - wide.padding[0];
          sum += pixel(y, n, o, i, j) * pixel(x, n, channel, row, column);
        }
      }
    }
    return sum;
  });
}
