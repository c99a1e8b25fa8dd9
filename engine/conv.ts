import { backOfChannels, isBackOfChannels, isOfChannels, isWeightOfChannels, ofChannels,
  weightOfChannels } from "./conv_channels.ts";
import { chooseTile, dispatchTiles } from "./conv_tile.ts";
import { full } from "./create.ts";
import type { Device } from "./device.ts";
import { copyInto } from "./elementwise.ts";
import { matmulFused } from "./matmul.ts";
import { SUM, reduce } from "./reduce.ts";
import { withContiguous } from "./rows.ts";
import { type Shape, rowMajor, sizeOf } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** Windows along one axis. */
export interface WindowAxis {
  /** Elements of the input. */
  readonly size: number;
  /** Places of the window. */
  readonly out: number;
  /** Elements of a window. */
  readonly taps: number;
  readonly stride: number;
  readonly dilation: number;
  /** Elements of padding before the first. */
  readonly before: number;
}

/**
 * Sizes of the form that is linear in each of x, w and y:
 * sum of `y[n, g, r, o] w[g, r, c, k] x[n, g, c, o stride + k dilation - before]`, with
 * x `[batch, groups depth, high.size, wide.size]`, w `[groups rows, depth, high.taps, wide.taps]`
 * and y `[batch, groups rows, high.out, wide.out]`. Its derivative by y is the convolution, by x
 * the transposed convolution, by w the gradient of both by the weight.
 */
export interface ConvForm {
  readonly batch: number;
  readonly groups: number;
  /** Channels of x in a group. */
  readonly depth: number;
  /** Channels of y in a group. */
  readonly rows: number;
  readonly high: WindowAxis;
  readonly wide: WindowAxis;
}

/** Convolution of x with w: the form's derivative by y, with a `bias` for each channel. f32. */
export function convolve(
  op: string, form: ConvForm, x: Tensor, w: Tensor, bias?: Tensor,
): Tensor {
  const { batch, groups, depth, rows, high, wide } = form;
  const taps = high.taps * wide.taps;
  const out = [batch, groups * rows, high.out, wide.out];
  if (isProduct(form)) return product(op, out, [rows, depth], [depth, 1], x, w, bias);
  if (isEmpty(out, x, w)) return filled(op, out, x.device, bias);
  if (isOfChannels(form)) return ofChannels(op, form, x, w, bias, out);
  const sizes = { batch, groups, rows, depth, axes: [high, wide].map(forward) };
  return runData(op, sizes, x, w, bias, [depth * taps, taps], out);
}

/** Transposed convolution of y with w: the form's derivative by x; as `convolve`. */
export function convolveBack(
  op: string, form: ConvForm, y: Tensor, w: Tensor, bias?: Tensor,
): Tensor {
  const { batch, groups, depth, rows, high, wide } = form;
  const taps = high.taps * wide.taps;
  const out = [batch, groups * depth, high.size, wide.size];
  if (isProduct(form)) return product(op, out, [depth, rows], [1, depth], y, w, bias);
  if (isEmpty(out, y, w)) return filled(op, out, y.device, bias);
  if (isBackOfChannels(form)) return backOfChannels(op, form, y, w, bias, out);
  const sizes = { batch, groups, rows: depth, depth: rows, axes: [high, wide].map(backward) };
  return runData(op, sizes, y, w, bias, [taps, depth * taps], out);
}

/** Whether each place is a product of its channels with the weight, at places enough for matmul. */
function isProduct({ batch, groups, rows, depth, high, wide }: ConvForm): boolean {
  const alone = [high, wide].every((a) => {
    return a.taps === 1 && a.stride === 1 && a.before === 0 && a.out === a.size;
  });
  const places = high.size * wide.size;
  return alone && groups === 1 && rows * depth > 0 && (places >= 64 || (batch === 1 && places > 0));
}

/** @param shape of the weight as a matrix on the left, with its `steps` */
function product(
  op: string, out: Shape, shape: Shape, steps: Shape, x: Tensor, w: Tensor, bias?: Tensor,
): Tensor {
  return withContiguous(bias ? [x, w, bias] : [x, w], ([source, weight, added]) => {
    const [right, left] = [source as Tensor, weight as Tensor]; // two or more went in
    const [batch = 0, into = 0, height = 0, width = 0] = right.shape;
    const area = height * width;
    const views = [
      left.view(op, { shape, strides: steps, offset: left.layout.offset }),
      right.view(op, {
        shape: [batch, into, area], strides: [into * area, area, 1], offset: right.layout.offset,
      }),
    ] as const;
    const d = added?.view(op, {
      shape: [added.size, 1], strides: [1, 0], offset: added.layout.offset,
    });
    const y = matmulFused(...views, { d });
    const image = y.view(op, { shape: out, strides: rowMajor(out), offset: 0 });
    for (const t of [...views, y, ...(d ? [d] : [])]) t.dispose();
    return image;
  });
}

/** Gradient of a convolution by its weight: the form's derivative by w. f32. */
export function convolveWeight(op: string, form: ConvForm, x: Tensor, y: Tensor): Tensor {
  const { groups, depth, rows, high, wide } = form;
  const { device } = x;
  const shape = [groups * rows, depth, high.taps, wide.taps];
  if (isEmpty(shape, x, y)) return full(shape, 0, { device });
  if (isWeightOfChannels(form)) return weightOfChannels(op, form, x, y, shape);
  const columns = depth * high.taps * wide.taps;
  const places = form.batch * high.out * wide.out;
  const products = groups * rows * columns * places;
  const tile = chooseTile(device, { rows, columns, run: wide.out, products });
  const threads = groups * tile.across * tile.down * tile.group[0] * tile.group[1];
  const wanted = (device.info.software ? 64 : 16384) / threads;
  const parts = Math.max(1, Math.min(Math.ceil(wanted), Math.ceil(places / LEAST_SPAN)));
  const span = Math.ceil(places / parts / tile.depth) * tile.depth;
  const sums = device.empty(op, parts > 1 ? [parts, ...shape] : shape, "f32");
  withContiguous([x, y], (list) => {
    dispatchTiles(op, "weight", tile, groups * parts, list, sums, [
      form.batch, groups, rows, depth, tile.across, tile.down,
      ...list.map((t) => t.layout.offset), span, parts, tile.each[0], 0,
      ...forward(high), ...forward(wide),
    ]);
  });
  if (parts === 1) return sums;
  const total = reduce(SUM, sums, [0], "f32");
  sums.dispose();
  return total;
}

/** Fewest products that a thread of a sum cut into parts adds up. */
const LEAST_SPAN = 256;

/** Words of an axis whose places each start a window. */
function forward({ size, out, taps, stride, dilation, before }: WindowAxis): number[] {
  return [size, out, taps, 1, stride, -before, dilation, dilation, 1, 0, 0, 0];
}

/** Words of an axis whose places each gather from the windows they are in. */
function backward({ size, out, taps, stride, dilation, before }: WindowAxis): number[] {
  let [common, rest] = [stride, dilation];
  while (rest > 0) [common, rest] = [rest, common % rest];
  const every = stride / common; // taps apart that one place meets
  return [out, size, taps, stride, 1, before, dilation, -dilation / common, every, 0, 0, 0];
}

interface Sizes {
  readonly batch: number;
  readonly groups: number;
  readonly rows: number;
  readonly depth: number;
  /** Words of both axes. */
  readonly axes: readonly (readonly number[])[];
}

/** @param steps of the weight, over rows and depth */
function runData(
  op: string, { batch, groups, rows, depth, axes }: Sizes, x: Tensor, w: Tensor,
  bias: Tensor | undefined, steps: readonly [number, number], shape: Shape,
): Tensor {
  const { device } = x;
  const out = device.empty(op, shape, "f32");
  const taps = axes.reduce((n, [, , count = 1]) => n * count, 1);
  const phases = axes.reduce((n, [, , , count = 1]) => n * count, 1);
  const places = axes.reduce((n, [, size = 1, , count = 1]) => n * Math.ceil(size / count), batch);
  const products = groups * rows * places * depth * taps;
  const tile = chooseTile(device, { rows, columns: places, run: depth, products });
  withContiguous([x, w, bias ?? w], (list) => {
    const [x_at = 0, w_at = 0, bias_at = 0] = list.map((t) => t.layout.offset);
    dispatchTiles(op, "data", tile, groups * phases, list, out, [
      batch, groups, rows, depth, tile.across, tile.down, x_at, w_at,
      rows * depth * taps, ...steps, bias_at, Number(bias !== undefined), tile.each[0], 0, 0,
      ...axes.flat(),
    ]);
  });
  return out;
}

/** Whether there is nothing to sum, or no place for it. */
function isEmpty(out: Shape, ...inputs: readonly Tensor[]): boolean {
  return sizeOf(out) === 0 || inputs.some((t) => t.size === 0);
}

/** The result where there is nothing to sum. */
function filled(op: string, shape: Shape, device: Device, bias: Tensor | undefined): Tensor {
  const out = full(shape, 0, { device });
  if (!bias || out.size === 0) return out;
  const { strides: [step = 0], offset } = bias.layout;
  const view = bias.view(op, { shape: [bias.size, 1, 1], strides: [step, 0, 0], offset });
  copyInto(out, view);
  view.dispose();
  return out;
}
