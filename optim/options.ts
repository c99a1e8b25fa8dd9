// Options of every optimizer.

import type { Tree } from "../autograd/index.ts";
import { FUNCTION, type Range, SWITCH, functionOf, objectAs, oneOf } from "./check.ts";
import type { ClipOptions } from "./clip.ts";
import { NON_FINITE, type NonFinite } from "./finite.ts";
import type { PerPath } from "./geometry.ts";
import { STATE_RANGE, type StateTypes } from "./precision.ts";
import type { Schedule } from "./schedule.ts";

/** Options of every optimizer. */
export interface CommonOptions {
  /** Factor of the learning rate. Default: constant. */
  readonly schedule?: Schedule;
  /**
   * Factors of the learning rate, >= 0, for paths or for all weights below a path; the longest path
   * counts. Default 1.
   */
  readonly lrFactors?: PerPath<number>;
  /** What becomes of a step with a gradient that is not finite. Default "throw". */
  readonly onNonFinite?: NonFinite;
  /** Limits of the gradients' size. Default: none. */
  readonly clip?: ClipOptions;
  /**
   * Called at every step with the gradients; what it returns takes their place before they are
   * looked at, clipped and averaged: the mean over several workers, say. Synchronous, and a tree of
   * the same names and shapes. In a compiled step it is recorded with the rest. Default: the
   * gradients.
   */
  readonly reduce?: (grads: Tree) => Tree;
  /**
   * How the state is kept: a dtype for all of it, or dtypes by what it holds (`momentum`, `mean`,
   * `rms`), f32 for the rest. Steps compute in f32. A second moment with a decay near 1 does not
   * get on in bf16, whose 8 bits round its changes away; f16 becomes infinite above 65504 and zero
   * below 3e-8, which gradients have to be scaled for. Default "f32", for weights of any dtype.
   */
  readonly state?: StateTypes;
  /**
   * Keep f32 copies of f16 and bf16 weights, which the steps change and the weights follow. Without
   * them a step smaller than a rounding of the weight is lost. What else is done to a weight
   * between steps counts, too. Default true.
   */
  readonly master?: boolean;
}

/** Ranges of `CommonOptions`. */
export const COMMON: Readonly<Record<keyof CommonOptions, Range>> = {
  schedule: FUNCTION, lrFactors: /* @__PURE__ */ objectAs("{ head: 0.1 }"),
  onNonFinite: /* @__PURE__ */ oneOf(NON_FINITE), clip: /* @__PURE__ */ objectAs("{ norm: 1 }"),
  reduce: /* @__PURE__ */ functionOf("the gradients"), state: STATE_RANGE, master: SWITCH,
};

/** The common ones among an optimizer's options. */
export function commonOf(options: CommonOptions): CommonOptions {
  const entries = Object.entries(options).filter(([name, value]) => {
    return Object.hasOwn(COMMON, name) && value !== undefined;
  });
  return Object.fromEntries(entries);
}
