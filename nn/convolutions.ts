// Convolutions as atoms. Norm of images and sequences: the largest RMS over channels of a place.

import { type ConvOptions, type Shape, type Tensor, conv1d as conv1dOp, conv2d as conv2dOp } from
  "../autograd/index.ts";
import { ShapeError } from "../engine/index.ts";
import { type AtomOptions, type LinearOptions, atom, biasOf, weightOf } from "./atoms.ts";
import { asTensor } from "./bonds.ts";
import { overTaps } from "./derived_norm.ts";
import type { Module, WidthRule } from "./module.ts";
import { rmsToRms } from "./norms/named.ts";
import { BILINEAR } from "./sharpness.ts";

/** Options of `conv1d` and `conv2d`: those of an atom and those of the operation. */
export interface ConvAtomOptions extends AtomOptions, Omit<ConvOptions, "bias"> {
  /** Add a bias to each channel, which starts at zero. Default: none. */
  readonly bias?: LinearOptions["bias"];
}

/**
 * A convolution of images `[batch, fanIn, height, width]`, with the weight
 * `[fanOut, fanIn / groups, height, width]`.
 *
 * @param kernel side of the kernel, or `[height, width]`
 * @param options norm: one of matrices is taken tap by tap, times the taps, and the largest of the
 *   groups; default `rmsToRms`, so that the norm bounds the gain. One of kernels is taken as it
 *   is: `convScion`, or `flattened` of any. stride, padding, dilation, groups: as of the operation
 * @throws RangeError, ShapeError for options that do not fit, naming the weight
 * @example
 * const stem = conv2d(64, 3, 3, { padding: "same", stride: 2 });
 */
export function conv2d(
  fanOut: number, fanIn: number, kernel: number | readonly [number, number],
  options: ConvAtomOptions = {},
): Module {
  const sides = typeof kernel === "number" ? [kernel, kernel] : kernel;
  return convolution("conv2d", conv2dOp, fanOut, fanIn, sides, options);
}

/** A convolution of sequences `[batch, fanIn, length]`: as `conv2d`, with one axis. */
export function conv1d(
  fanOut: number, fanIn: number, kernel: number, options: ConvAtomOptions = {},
): Module {
  return convolution("conv1d", conv1dOp, fanOut, fanIn, [kernel], options);
}

function convolution(
  name: string, op: typeof conv2dOp, fanOut: number, fanIn: number, kernel: Shape,
  options: ConvAtomOptions,
): Module {
  const { label, stride, padding, dilation, groups = 1, bias: choice } = options;
  const path = label ?? name;
  checkGroups(path, fanOut, fanIn, groups);
  const shape = [fanOut, fanIn / groups, ...kernel];
  const fit = (norm: Parameters<typeof overTaps>[0]) => overTaps(norm, kernel.length, groups);
  const weight = weightOf(`${path}.weight`, shape, rmsToRms, options, fit);
  return atom({
    name,
    label,
    weights: {
      weight: { ...weight, acts: { kind: "kernel", groups } }, ...biasOf(path, fanOut, choice),
    },
    sharpness: BILINEAR,
    forward: (x, weights, at) => {
      const { weight: w, bias } = weights as { weight: Tensor; bias?: Tensor }; // declared above
      const images = withChannels(asTensor(x, at), fanIn, shape.length, at);
      return op(images, w, { stride, padding, dilation, groups, bias });
    },
    widths: channelRule(fanIn, fanOut),
  });
}

/** Takes and gives so many channels. */
export function channelRule(fanIn: number, fanOut: number): WidthRule {
  return (input, misfit) => {
    const fits = input === undefined
      || (typeof input === "object" && "channels" in input && input.channels === fanIn);
    return fits ? { channels: fanOut } : misfit(`${fanIn} channels`);
  };
}

function withChannels(x: Tensor, channels: number, rank: number, path: string): Tensor {
  if (x.shape.length === rank && x.shape[1] === channels) return x;
  const form = rank === 4 ? "height, width" : "length";
  throw new ShapeError(
    `forward: the input does not fit: ${path} takes [batch, ${channels}, ${form}], is given `
      + `[${x.shape.join(", ")}]. Check the layer's fanIn.`,
  );
}

function checkGroups(path: string, fanOut: number, fanIn: number, groups: number): void {
  if (Number.isInteger(groups) && groups > 0 && fanIn % groups === 0 && fanOut % groups === 0) {
    return;
  }
  throw new ShapeError(
    `atom: groups do not divide the channels: ${path} takes ${fanIn} to ${fanOut} in ${groups}. `
      + `Use a divisor of both.`,
  );
}
