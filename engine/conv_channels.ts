// Convolution of each channel alone, for which a product of matrices has too few columns.

import channelText from "../kernels/conv/channel.wgsl" with { type: "text" };
import weightText from "../kernels/conv/channel_weight.wgsl" with { type: "text" };
import type { ConvForm, WindowAxis } from "./conv.ts";
import { SUM, reduce } from "./reduce.ts";
import { withContiguous } from "./rows.ts";
import type { Shape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";
import { type ThreadKernel, runThreads } from "./threads.ts";
import { unrollMarks } from "./unroll.ts";

/** Channels of y made of one of x, up to which nothing is gained by sharing what is read of x. */
const FEW_ROWS = 2;
/** Places a thread takes along one axis. */
const RUN = 8;
/** Elements it reads for them at once, at most. */
const MOST_ELEMENTS = 32;
/** Sums that a thread of the gradient by the weight keeps, at most. */
const MOST_TAPS = 64;
/** Fewest products of a thread's sums in the gradient by the weight. */
const LEAST_PRODUCTS = 256;

/** Whether each channel of y is made of one channel of x, and not many of the same. */
export function isOfChannels(form: ConvForm): boolean {
  return form.depth === 1 && form.rows <= FEW_ROWS && spanOf(axesOf(form).run) <= MOST_ELEMENTS;
}

/** Whether `backOfChannels` takes it: windows start at each element. */
export function isBackOfChannels(form: ConvForm): boolean {
  const { high, wide } = form;
  return high.stride === 1 && wide.stride === 1 && isOfChannels({ ...form, ...turned(form) });
}

/** Whether `weightOfChannels` takes it. */
export function isWeightOfChannels(form: ConvForm): boolean {
  return isOfChannels(form) && form.high.taps * form.wide.taps <= MOST_TAPS;
}

/** As `convolve`, of a form that `isOfChannels`; x, w and the result are not empty. */
export function ofChannels(
  op: string, form: ConvForm, x: Tensor, w: Tensor, bias: Tensor | undefined, shape: Shape,
): Tensor {
  const taps = form.high.taps * form.wide.taps;
  const weight = { at: 0, steps: [form.rows * taps, taps, 0], sign: 1 } as const;
  return run(op, form, x, w, bias, weight, shape);
}

/**
 * As `convolveBack`, of a form that `isBackOfChannels`: the convolution of y with the kernel turned
 * around.
 */
export function backOfChannels(
  op: string, form: ConvForm, y: Tensor, w: Tensor, bias: Tensor | undefined, shape: Shape,
): Tensor {
  const taps = form.high.taps * form.wide.taps;
  const back = { ...form, depth: form.rows, rows: 1, ...turned(form) };
  const weight = { at: taps - 1, steps: [form.rows * taps, 0, taps], sign: -1 } as const;
  return run(op, back, y, w, bias, weight, shape);
}

/** The axes of a form with stride 1 that leads from y to x. */
function turned({ high, wide }: ConvForm): { high: WindowAxis; wide: WindowAxis } {
  const turn = (a: WindowAxis): WindowAxis => {
    return { ...a, size: a.out, out: a.size, before: (a.taps - 1) * a.dilation - a.before };
  };
  return { high: turn(high), wide: turn(wide) };
}

/** An axis and the elements from one of its places to the next in x, y and w. */
interface SteppedAxis extends WindowAxis {
  readonly steps: readonly [number, number, number];
}

/** The axis that a thread goes along, and the one that neighbouring threads lie along. */
interface Axes {
  readonly run: SteppedAxis;
  readonly lane: SteppedAxis;
}

/** Threads go down the columns, unless there is nothing to go down. */
function axesOf({ high, wide }: ConvForm): Axes {
  const down = { ...high, steps: [wide.size, wide.out, wide.taps] } as const;
  const right = { ...wide, steps: [1, 1, 1] } as const;
  const short = high.out < RUN && wide.out > high.out;
  return short ? { run: right, lane: down } : { run: down, lane: right };
}

/** Elements that a thread's places read along an axis. */
function spanOf({ taps, stride, dilation }: WindowAxis): number {
  return (RUN - 1) * stride + (taps - 1) * dilation + 1;
}

/** Words of both axes; `sign` -1 goes through the weight from its end. */
function words({ run, lane }: Axes, sign: 1 | -1): number[] {
  const each = [run, lane].flatMap(({ size, out, taps, before, steps: [inX, inY, inW] }) => {
    return [size, out, taps, -before, inX, inY, sign * inW, 0];
  });
  return [lane.stride, lane.dilation, 0, 0, ...each];
}

/** A kernel for the windows of an axis, with as many copies of its marked lines. */
function kernelFor(
  name: string, text: string, axis: SteppedAxis, counts: Readonly<Record<string, number>>,
): ThreadKernel {
  const { stride, dilation } = axis;
  const span = spanOf(axis);
  return {
    name: `conv.${name}:${[stride, dilation, ...Object.values(counts)]}`,
    get wgsl() { // asked for once
      return [
        `const RUN = ${RUN}u;`, `const SPAN = ${span}u;`, `const STRIDE = ${stride};`,
        `const DILATION = ${dilation};`, unrollMarks(text, { ...counts, $m: span }),
      ].join("\n");
    },
  };
}

/** @param weight where it begins, and its steps over groups, rows and depth */
function run(
  op: string, form: ConvForm, x: Tensor, w: Tensor, bias: Tensor | undefined,
  weight: { readonly at: number; readonly steps: Shape; readonly sign: 1 | -1 }, shape: Shape,
): Tensor {
  const { batch, groups, rows, depth } = form;
  const axes = axesOf(form);
  const { run, lane } = axes;
  const out = x.device.empty(op, shape, "f32");
  const kernel = kernelFor("channel", channelText, run, { $j: RUN, $k: run.taps });
  withContiguous([x, w, bias ?? w], (list) => {
    const [x_at = 0, w_at = 0, bias_at = 0] = list.map((t) => t.layout.offset);
    const threads = batch * groups * rows * lane.out * Math.ceil(run.out / RUN);
    runThreads(kernel, list, out, threads, [
      groups, rows, depth, x_at, w_at + weight.at, ...weight.steps, bias_at,
      Number(bias !== undefined), 0, ...words(axes, weight.sign),
    ]);
  });
  return out;
}

/** As `convolveWeight`, of a form that `isWeightOfChannels`; x and y are not empty. */
export function weightOfChannels(
  op: string, form: ConvForm, x: Tensor, y: Tensor, shape: Shape,
): Tensor {
  const { batch, groups, rows } = form;
  const { device } = x;
  const axes = axesOf(form);
  const { run, lane } = axes;
  const columns = batch * lane.out;
  const wanted = Math.ceil((device.info.software ? 64 : 65536) / (groups * rows));
  const most = Math.ceil(columns * run.out / LEAST_PRODUCTS);
  const parts = Math.min(wanted, most, columns);
  const sums = device.empty(op, parts > 1 ? [parts, ...shape] : shape, "f32");
  const counts = { $l: lane.taps, $k: run.taps, $j: RUN };
  const kernel = kernelFor("channelWeight", weightText, run, counts);
  withContiguous([x, y], (list) => {
    runThreads(kernel, list, sums, groups * rows * parts, [
      groups, rows, batch, ...list.map((t) => t.layout.offset), parts, 0, ...words(axes, 1),
    ]);
  });
  if (parts === 1) return sums;
  const total = reduce(SUM, sums, [0], "f32");
  sums.dispose();
  return total;
}
