// Convolutions and pooling.

import { reshape64, sizeOf } from "../reference.ts";
import type { TestRng } from "../rng.ts";
import { contract, times } from "./folds.ts";
import { type Var, maxOver, move, pick, sumOver } from "./tape64.ts";
import type { Draw, FuzzOp } from "./types.ts";

type Shape = readonly number[];

interface Window {
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
  readonly groups: number;
}

const PLAIN: Window = { stride: 1, padding: 0, dilation: 1, groups: 1 };

function drawWindow(rng: TestRng, groups: number): Window {
  return { stride: 1 + rng.int(3), padding: rng.int(3), dilation: 1 + rng.int(2), groups };
}

/** Places along an axis: `floor((size + 2 padding - (kernel - 1) dilation - 1) / stride) + 1`. */
function placesAlong(size: number, kernel: number, { stride, padding, dilation }: Window): number {
  return Math.floor((size + 2 * padding - (kernel - 1) * dilation - 1) / stride) + 1;
}

/** Calls `visit` with the flat places in image, kernel and result that belong together. */
function eachProduct(
  image: Shape, kernel: Shape, out: Shape, window: Window,
  visit: (i: number, j: number, k: number) => void,
): void {
  const [batch = 1, channels = 1, height = 1, width = 1] = image;
  const [filters = 1, depth = 1, tall = 1, wide = 1] = kernel;
  const [, , rows = 1, columns = 1] = out;
  const { stride, padding, dilation, groups } = window;
  for (let n = 0; n < batch; n++) for (let f = 0; f < filters; f++) {
    const first = Math.floor(f / (filters / groups)) * depth;
    for (let c = 0; c < depth; c++) for (let u = 0; u < tall; u++) for (let v = 0; v < wide; v++) {
      for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++) {
        const [h, w] = [y * stride + u * dilation - padding, x * stride + v * dilation - padding];
        if (h < 0 || h >= height || w < 0 || w >= width) continue;
        visit(((n * channels + first + c) * height + h) * width + w,
          ((f * depth + c) * tall + u) * wide + v, ((n * filters + f) * rows + y) * columns + x);
      }
    }
  }
}

function convolution(x: Var, weight: Var, window: Window): Var {
  const [image, kernel] = [x.ball.shape, weight.ball.shape];
  const [batch = 1, channels, height = 0, width = 0] = image;
  const [filters = 1, depth = 1, tall = 1, wide = 1] = kernel;
  const fits = image.length === 4 && kernel.length === 4 && channels === depth * window.groups
    && filters % window.groups === 0;
  const rows = placesAlong(height, tall, window);
  const columns = placesAlong(width, wide, window);
  if (!fits || rows < 1 || columns < 1) throw new RangeError("convolution");
  const out = [batch, filters, rows, columns];
  return contract(x, weight, out, (visit) => eachProduct(image, kernel, out, window, visit));
}

/** The adjoint of a convolution: image and result change places. */
function transposed(x: Var, weight: Var, window: Window): Var {
  const [image, kernel] = [x.ball.shape, weight.ball.shape];
  const [batch = 1, channels, rows = 0, columns = 0] = image;
  const [filters = 1, depth = 1, tall = 1, wide = 1] = kernel;
  const along = (places: number, size: number) =>
    (places - 1) * window.stride - 2 * window.padding + (size - 1) * window.dilation + 1;
  const out = [batch, depth * window.groups, along(rows, tall), along(columns, wide)];
  const fits = image.length === 4 && kernel.length === 4 && channels === filters;
  if (!fits || out.some((d) => d < 1)) throw new RangeError("convolution");
  return contract(x, weight, out, (visit) => {
    eachProduct(out, kernel, image, window, (i, j, k) => visit(k, j, i));
  });
}

/** Small images of a few channels. */
function drawImage(rng: TestRng): number[] {
  return [1 + rng.int(2), 2 * (1 + rng.int(2)), 1 + rng.int(12), 1 + rng.int(12)];
}

const kernelSize = (rng: TestRng) => 1 + rng.int(3);

const convolutions: readonly FuzzOp[] = [
  {
    name: "conv2d", inputs: 2, shape: drawImage,
    draw: (rng, shape): Draw | undefined => {
      const groups = 1 + rng.int(2);
      const [, channels = 1] = shape;
      if (shape.length !== 4 || channels % groups !== 0 || sizeOf(shape) > 1_000) return undefined;
      const filters = groups * (1 + rng.int(2));
      const kernel = [filters, channels / groups, kernelSize(rng), kernelSize(rng)];
      return { others: [kernel], args: [drawWindow(rng, groups)] };
    },
    ref: ([x, w], window: Window) => convolution(x as Var, w as Var, window),
  },
  {
    name: "conv1d", inputs: 2, shape: (rng) => drawImage(rng).slice(1),
    draw: (rng, shape): Draw | undefined => {
      const [, channels = 1] = shape;
      if (shape.length !== 3 || sizeOf(shape) > 1_000) return undefined;
      const { padding, stride } = drawWindow(rng, 1);
      return { others: [[1 + rng.int(3), channels, kernelSize(rng)]], args: [{ padding, stride }] };
    },
    ref: ([x, w], { padding, stride }: Window) => {
      // A column: the kernel lies along the height.
      const [image, kernel] = [x as Var, w as Var].map((t) =>
        move(t, (a) => reshape64(a, [...a.shape, 1])));
      const out = [image as Var, kernel as Var].map(({ ball }) => ball.shape) as [Shape, Shape];
      const places = placesAlong(out[0][2] ?? 0, out[1][2] ?? 1, { ...PLAIN, padding, stride });
      if (places < 1 || out[0].length !== 4) throw new RangeError("convolution");
      const shape = [out[0][0] ?? 1, out[1][0] ?? 1, places, 1];
      const y = contract(image as Var, kernel as Var, shape, (visit) => {
        const padded = { ...PLAIN, padding, stride };
        eachColumn(out[0], out[1], shape, padded, visit);
      });
      return move(y, (a) => reshape64(a, a.shape.slice(0, 3)));
    },
  },
  {
    name: "convTranspose2d", inputs: 2, shape: drawImage,
    draw: (rng, shape): Draw | undefined => {
      const groups = 1 + rng.int(2);
      const [, channels = 1] = shape;
      if (shape.length !== 4 || channels % groups !== 0 || sizeOf(shape) > 500) return undefined;
      const kernel = [channels, 1 + rng.int(2), kernelSize(rng), kernelSize(rng)];
      return { others: [kernel], args: [drawWindow(rng, groups)] };
    },
    ref: ([x, w], window: Window) => transposed(x as Var, w as Var, window),
  },
];

/** As `eachProduct` for images one column wide, which have no padding across. */
function eachColumn(
  image: Shape, kernel: Shape, out: Shape, { stride, padding }: Window,
  visit: (i: number, j: number, k: number) => void,
): void {
  const [batch = 1, channels = 1, height = 1] = image;
  const [filters = 1, , tall = 1] = kernel;
  const rows = out[2] ?? 1;
  for (let n = 0; n < batch; n++) for (let f = 0; f < filters; f++) {
    for (let c = 0; c < channels; c++) for (let k = 0; k < rows * tall; k++) {
      const [y, u] = [Math.floor(k / tall), k % tall];
      const h = y * stride + u - padding;
      if (h < 0 || h >= height) continue;
      visit((n * channels + c) * height + h, (f * channels + c) * tall + u,
        (n * filters + f) * rows + y);
    }
  }
}

interface Pool {
  readonly kernel: number;
  readonly stride: number;
}

/** The elements of each window along a new last axis. */
function windowsOf(x: Var, { kernel, stride }: Pool): Var {
  const { shape } = x.ball;
  const [height = 0, width = 0] = shape.slice(-2);
  const window = { ...PLAIN, stride };
  const [rows, columns] = [placesAlong(height, kernel, window), placesAlong(width, kernel, window)];
  if (shape.length < 3 || rows < 1 || columns < 1) throw new RangeError("pool");
  const taps = kernel * kernel;
  const out = [...shape.slice(0, -2), rows, columns, taps];
  const from = Float64Array.from({ length: sizeOf(out) }, (_, i) => {
    const [tap, place] = [i % taps, Math.floor(i / taps)];
    const [column, row] = [place % columns, Math.floor(place / columns) % rows];
    const h = row * stride + Math.floor(tap / kernel);
    return (Math.floor(place / (rows * columns)) * height + h) * width + column * stride
      + tap % kernel;
  });
  return pick(x, out, from);
}

function pooling(name: string, of: (windows: Var) => Var): FuzzOp {
  return {
    name, shape: drawImage,
    draw: (rng, shape) => {
      const kernel = kernelSize(rng);
      const large = shape.slice(-2).every((d) => d >= kernel);
      if (shape.length < 3 || shape.length > 4 || !large || sizeOf(shape) > 2_000) return undefined;
      return { args: [{ kernel, stride: 1 + rng.int(3) }] };
    },
    ref: ([x], pool: Pool) => {
      const y = of(windowsOf(x as Var, pool));
      return move(y, (a) => reshape64(a, a.shape.slice(0, -1)));
    },
  };
}

const pools: readonly FuzzOp[] = [
  pooling("maxPool2d", (w) => maxOver(w, [w.ball.shape.length - 1], "first")),
  pooling("avgPool2d", (w) => {
    return times(sumOver(w, [w.ball.shape.length - 1]), 1 / (w.ball.shape.at(-1) ?? 1));
  }),
];

/** All of them. */
export const windowOps: readonly FuzzOp[] = [...convolutions, ...pools];
