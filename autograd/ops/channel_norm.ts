import { type Shape, ShapeError, type Tensor, checkDtype, show, sizeOf } from
  "../../engine/index.ts";
import { checkOptions, checkTensor, composed, inFloat32 } from "../define.ts";
import { stopGradient } from "../stop_gradient.ts";
import { add, div, mul, pow, square, sub } from "./arithmetic.ts";
import { affine, checkAffine } from "./norm.ts";
import { avgPool2d } from "./pool.ts";
import { mean } from "./reduce.ts";
import { LAYER, normalizeRows } from "./row_norm.ts";
import { variance } from "./statistics.ts";
import { rsqrt } from "./unary.ts";
import { reshape, transpose } from "./views.ts";

/** Mean and variance of each channel, `[channels]`. */
export interface BatchStats {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/** Options of the normalizations by channels. */
export interface ChannelNormOptions {
  /** Added to the variance under the root. Default 1e-5. */
  readonly eps?: number;
  /** `[channels]`, factor of each channel. */
  readonly weight?: Tensor | undefined;
  /** `[channels]`, added to each channel after that. */
  readonly bias?: Tensor | undefined;
}

/** Options of `batchNorm`: with `stats` as in inference, without as in training. */
export interface BatchNormOptions extends ChannelNormOptions {
  /** Mean and variance to go by. Default: those of the batch, the variance over n. */
  readonly stats?: BatchStats | undefined;
}

/**
 * Each channel with mean 0 and variance 1 over batch and places:
 * (x - mean) / sqrt(variance + eps) weight + bias.
 *
 * @param x `[batch, channels, ...]` f32
 * @returns same shape, f32
 * @throws ShapeError if there are less than two axes, or an option is not one number a channel;
 *   DtypeError
 * @example
 * const y = batchNorm(x, { weight, bias }); // training
 * const next = runningStats(stats, x); // to be kept for inference: batchNorm(x, { stats: next })
 * Source: Ioffe, Szegedy 2015
 */
export function batchNorm(
  x: Tensor, { eps = 1e-5, stats, weight, bias }: BatchNormOptions = {},
): Tensor {
  return composed("batchNorm", () => {
    const op = "batchNorm";
    const [channels, across] = checkChannels(op, x, { weight, bias, ...stats });
    if (!stats) return affine([x, weight, bias], across, (t) => byChannel(t, channels, eps));
    return affine([x, weight, bias], across, (t, ...given) => {
      const [center, spread] = given.map((s) => reshape(s, across)) as [Tensor, Tensor]; // as given
      return mul(sub(t, center), rsqrt(add(spread, eps)));
    }, [stats.mean, stats.variance]);
  });
}

/** The channels as rows of all their elements. */
function byChannel(x: Tensor, channels: number, eps: number): Tensor {
  const first = transpose(x, { axes: [0, 1] });
  const rows = reshape(first, [channels, channels === 0 ? 0 : x.size / channels]);
  return transpose(reshape(normalizeRows(LAYER, rows, eps), first.shape), { axes: [0, 1] });
}

/**
 * Mean and variance of each channel over batch and places, the variance over n.
 *
 * @param x `[batch, channels, ...]` f32
 * @returns `[channels]` each; NaN over nothing
 * @throws ShapeError if there are less than two axes; DtypeError
 */
export function batchStats(x: Tensor): BatchStats {
  return composed("batchStats", () => {
    checkChannels("batchStats", x, {});
    const axis = x.shape.flatMap((_, i) => (i === 1 ? [] : [i]));
    return {
      mean: mean(x, { axis }),
      variance: variance(x, { axis }),
    };
  });
}

/**
 * Statistics for inference after another batch: `momentum stats + (1 - momentum) batch`, the
 * batch's variance being over n - 1. They count as constants.
 *
 * @param stats those so far; mean 0 and variance 1 at first
 * @param x `[batch, channels, ...]` f32
 * @param options.momentum share of `stats`, in [0, 1]. Default 0.9
 * @throws ShapeError as `batchNorm`, or if a channel has one element only; RangeError; DtypeError
 */
export function runningStats(
  stats: BatchStats, x: Tensor, { momentum = 0.9 }: { readonly momentum?: number } = {},
): BatchStats {
  return composed("runningStats", () => {
    const op = "runningStats";
    checkOptions(op, stats, "mean");
    const [channels] = checkChannels(op, x, { ...stats });
    if (!(momentum >= 0 && momentum <= 1)) {
      throw new RangeError(`${op}: momentum is not in [0, 1]: ${momentum}. Use 0.9.`);
    }
    const count = x.size / channels;
    if (!(count > 1)) {
      throw new ShapeError(
        `${op}: a channel needs two elements or more: ${show(x.shape)}. Give a larger batch.`,
      );
    }
    const batch = batchStats(stopGradient(x));
    const next = (old: Tensor, now: Tensor, share: number) => {
      return add(mul(stopGradient(old), momentum), mul(now, share));
    };
    return {
      mean: next(stats.mean, batch.mean, 1 - momentum),
      variance: next(stats.variance, batch.variance, (1 - momentum) * count / (count - 1)),
    };
  });
}

/**
 * Each group of neighbouring channels with mean 0 and variance 1 over its channels and places.
 *
 * @param x `[batch, channels, ...]` f32
 * @param groups a divisor of the channels
 * @returns same shape, f32
 * @throws ShapeError if the groups do not divide the channels, or as `batchNorm`
 * Source: Wu, He 2018
 */
export function groupNorm(x: Tensor, groups: number, options: ChannelNormOptions = {}): Tensor {
  return composed("groupNorm", () => grouped("groupNorm", x, groups, options));
}

/** Each channel of each image with mean 0 and variance 1 over its places; as `groupNorm`. */
export function instanceNorm(x: Tensor, options: ChannelNormOptions = {}): Tensor {
  return composed("instanceNorm", () => {
    return grouped("instanceNorm", x, checkTensor("instanceNorm", x).shape[1] ?? 1, options);
  });
}

function grouped(
  op: string, x: Tensor, groups: number, { eps = 1e-5, weight, bias }: ChannelNormOptions,
): Tensor {
  const [channels, across] = checkChannels(op, x, { weight, bias });
  const whole = groups === channels || (Number.isInteger(groups) && groups >= 1);
  if (!whole || (groups > 0 && channels % groups !== 0)) {
    throw new ShapeError(
      `${op}: groups do not divide the channels: ${channels} by ${groups}. Use a divisor.`,
    );
  }
  const { shape } = x;
  const [batch = 0] = shape;
  const count = batch * groups;
  return affine([x, weight, bias], across, (t) => {
    const rows = reshape(t, [count, count === 0 ? 0 : t.size / count]);
    return reshape(normalizeRows(LAYER, rows, eps), shape);
  });
}

/** Options of `localResponseNorm`. */
export interface ResponseOptions {
  /** Default 1e-4. */
  readonly alpha?: number;
  /** Default 0.75. */
  readonly beta?: number;
  /** Default 1. */
  readonly k?: number;
}

/**
 * Divided by the squares of neighbouring channels: x / (k + alpha mean(x^2))^beta, the mean over
 * `size` channels, `floor(size / 2)` of them before, those outside counted as 0.
 *
 * @param x `[batch, channels, ...]` f32
 * @param size how many channels
 * @throws ShapeError if there are less than two axes; RangeError for a size below 1; DtypeError
 * Source: Krizhevsky, Sutskever, Hinton 2012
 */
export function localResponseNorm(
  x: Tensor, size: number, { alpha = 1e-4, beta = 0.75, k = 1 }: ResponseOptions = {},
): Tensor {
  return composed("localResponseNorm", () => {
    const [channels] = checkChannels("localResponseNorm", x, {});
    const { shape } = x;
    const [before, after] = [Math.floor(size / 2), Math.ceil(size / 2) - 1];
    if (!(Number.isInteger(size) && size >= 1)) {
      throw new RangeError(`localResponseNorm: no such size: ${size}. Use 1 or more channels.`);
    }
    return inFloat32([x], (wide) => {
      const t = wide as Tensor; // one went in
      const squares = reshape(square(t), [shape[0] ?? 0, channels, sizeOf(shape.slice(2))]);
      const means = avgPool2d(squares, {
        kernel: [size, 1], stride: 1, padding: [[before, after], [0, 0]],
      });
      return div(t, pow(add(mul(reshape(means, shape), alpha), k), beta));
    });
  });
}

/**
 * Checks the input and its options of one number a channel.
 *
 * @returns the number of channels, and the shape in which such options broadcast
 */
function checkChannels(
  op: string, x: Tensor, options: Readonly<Record<string, Tensor | undefined>>,
): readonly [number, Shape] {
  const { shape, dtype } = checkTensor(op, x);
  checkDtype(op, dtype, ["f32"]);
  const [, channels] = shape;
  if (channels === undefined) {
    throw new ShapeError(`${op}: no channels: ${show(shape)}. Give [batch, channels, ...].`);
  }
  for (const [name, t] of Object.entries(options)) if (t) checkAffine(op, name, t, [channels]);
  return [channels, [channels, ...shape.slice(2).map(() => 1)]];
}
