// Bonds that normalize. No gain or bias: put `gain` or `bias` after them.

import { type NormAxis, type Tensor, layerNorm as layerNormOp, meanSubtract as subtract,
  rmsNorm as rmsNormOp } from "../autograd/index.ts";
import { pointwise } from "./bonds.ts";
import type { Module } from "./module.ts";
import { FLAT } from "./sharpness.ts";

/** Along which axes. */
export interface AlongOptions {
  /**
   * Default -1: the last. `1` are the channels of images, `[1, 2, 3]` everything of an image.
   */
  readonly axis?: NormAxis;
}

/** Options of the bonds that divide. */
export interface DivideOptions extends AlongOptions {
  /** Added to the mean square under the root. Default 0, except for `rmsNorm`. */
  readonly eps?: number;
}

/** The input minus its mean along axes. */
export function meanSubtract({ axis = -1 }: AlongOptions = {}): Module {
  return pointwise("meanSubtract", (x) => subtract(x, { axis }), { sharpness: FLAT });
}

/**
 * The input over its RMS along axes, by default without epsilon: NaN for zeros. The sensitivity,
 * one, is a bound where the RMS is at least one; the slope is at most one over it.
 */
export function rmsDivide(options: DivideOptions = {}): Module {
  return dividing("rmsDivide", rmsNormOp, { eps: 0, ...options });
}

/** `rmsDivide` with an epsilon of 1e-6, so that zeros stay zeros. */
export function rmsNorm(options: DivideOptions = {}): Module {
  return dividing("rmsNorm", rmsNormOp, { eps: 1e-6, ...options });
}

/**
 * `rmsDivide` after `meanSubtract` in one step; counts as two bonds. The sensitivity, one, is a
 * bound where the standard deviation is at least one.
 */
export function layerNorm(options: DivideOptions = {}): Module {
  return dividing("layerNorm", layerNormOp, { eps: 0, ...options }, 2);
}

function dividing(
  name: string, op: typeof rmsNormOp, { axis = -1, eps = 0 }: DivideOptions, bonds = 1,
): Module {
  const lipschitz = eps > 0 ? 1 / Math.sqrt(eps) : Infinity; // the slope at 0
  const size = bonds === 2 ? "standard deviation" : "RMS";
  return pointwise(name, (x: Tensor) => op(x, { axis, eps }), {
    bonds, lipschitz, condition: eps >= 1 ? undefined : `inputs of ${size} 1 or more`,
  });
}
