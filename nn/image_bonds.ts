// Bonds on images `[batch, channels, height, width]`, and dropout. The norm of an image is the
// largest RMS over channels of a place.

import { type AvgPoolOptions, type PerAxis, type PoolOptions, adaptiveAvgPool2d, avgPool1d as
  avgPool1dOp, avgPool2d as avgPool2dOp, dropout as dropoutOp, globalAvgPool as globalAvgPoolOp,
  maxPool1d as maxPool1dOp, maxPool2d as maxPool2dOp } from "../autograd/index.ts";
import { PLAIN, asTensor, bond, single } from "./bonds.ts";
import type { Module, WidthRule } from "./module.ts";

/**
 * The largest element of each window, channel by channel. Sensitivity: the root of the number of
 * elements of a window, as each channel may take its own; on average over inputs it is one, and
 * `withSensitivity(maxPool2d({ kernel: 2 }), 1)` reckons with that.
 *
 * @param options as of the operation; stride: default the kernel
 */
export function maxPool2d(options: PoolOptions): Module {
  const sensitivity = Math.sqrt(taps("maxPool2d", options, 2));
  return single("maxPool2d", (x) => maxPool2dOp(x, options), { sensitivity, smooth: false });
}

/** As `maxPool2d`, for sequences `[batch, channels, length]`. */
export function maxPool1d(options: PoolOptions): Module {
  const sensitivity = Math.sqrt(taps("maxPool1d", options, 1));
  return single("maxPool1d", (x) => maxPool1dOp(x, options), { sensitivity, smooth: false });
}

/** The mean of each window. Options as of the operation; stride: default the kernel. */
export function avgPool2d(options: AvgPoolOptions): Module {
  return single("avgPool2d", (x) => avgPool2dOp(x, options), PLAIN);
}

/** As `avgPool2d`, for sequences `[batch, channels, length]`. */
export function avgPool1d(options: AvgPoolOptions): Module {
  return single("avgPool1d", (x) => avgPool1dOp(x, options), PLAIN);
}

/** The means of so many windows of about one size along each axis. */
export function adaptiveAvgPool(size: PerAxis): Module {
  return single("adaptiveAvgPool", (x) => adaptiveAvgPool2d(x, size), PLAIN);
}

/** The mean over all places: `[batch, channels, ...]` to `[batch, channels]`. */
export function globalAvgPool(): Module {
  const widths: WidthRule = (input, misfit) => {
    if (input === undefined) return undefined;
    return typeof input === "object" && "channels" in input ? input.channels : misfit("channels");
  };
  return single("globalAvgPool", globalAvgPoolOp, { widths, ...PLAIN });
}

function taps(op: string, { kernel }: Partial<PoolOptions>, axes: number): number {
  if (kernel === undefined) {
    throw new TypeError(`${op}: no kernel given: undefined. Write { kernel: 2 }.`);
  }
  return typeof kernel === "number" ? kernel ** axes : kernel.reduce((n, k) => n * k, 1);
}

/**
 * Zeroes entries at random and scales the others by `1 / (1 - rate)`: in training, which is where
 * `forward` is given an `rng`; else the identity. A module holds no state: the same generator in
 * the same state gives the same entries. Sensitivity one; in training up to `1 / (1 - rate)`.
 *
 * @param rate chance of an entry to become 0, in [0, 1)
 * @throws RangeError for another rate
 * @example
 * const net = compose(linear(10, 64), dropout(0.1), relu(), linear(64, 784));
 */
export function dropout(rate: number): Module {
  if (!(rate >= 0 && rate < 1)) {
    throw new RangeError(`dropout: the rate is not in [0, 1): ${rate}. Use 0.1.`);
  }
  return bond({
    name: `dropout(${rate})`, ...PLAIN,
    forward: (x, name, { rng }) => {
      const t = asTensor(x, name);
      return rng && rate > 0 ? dropoutOp(t, { rate, rng }) : t;
    },
  });
}
