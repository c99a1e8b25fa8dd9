// First stage: what becomes of a gradient and those before it.

import type { Scalar } from "../engine/index.ts";
import { blend, blendInto, peakInto, ratio, rootMeanSquareInto } from "./elementwise.ts";
import { type Leaf, type Moment, PASS, type Stage, eachLeaf } from "./pipeline.ts";
import { inF32 } from "./precision.ts";

/** The gradient itself. */
export function noAverage(): Stage {
  return PASS;
}

/** Adds `lambda w` to the gradient, as the gradient of a penalty would. */
export function coupledDecay(lambda: number): Stage {
  return {
    halves: true,
    flat: "reads",
    run: eachLeaf(({ value, weight }) => blend(value, weight, 1, lambda)),
  };
}

/** Options of `heavyBall`. */
export interface HeavyBallOptions {
  /** Decay of the sum, in [0, 1). */
  readonly momentum: number;
  /**
   * One minus the factor of new gradients, but for the first step's; in [0, 1]. As in PyTorch it
   * does nothing without momentum. Default 0.
   */
  readonly dampening?: number;
  /** Look ahead: `g + momentum v` instead of `v`. Default false. */
  readonly nesterov?: boolean;
}

/**
 * A decaying sum `v = momentum v + (1 - dampening) g`; `v = g` at the first step. Where that is
 * refused, the sum starts from zero, and all gradients have the factor `1 - dampening`.
 *
 * Source: Polyak 1964; Sutskever et al. 2013, "On the importance of initialization and momentum"
 */
export function heavyBall(options: HeavyBallOptions): Stage {
  const { momentum, dampening = 0, nesterov = false } = options;
  return running(momentum, { first: 1, then: 1 - dampening }, nesterov ? 1 : undefined);
}

/** Options of `ema`. */
export interface EmaOptions {
  /** Decay of the average, in [0, 1): one minus what Scion calls alpha or momentum. */
  readonly momentum: number;
  /** Look ahead: average once more with the same gradient. Default false. */
  readonly nesterov?: boolean;
}

/** The exponential average `m = momentum m + (1 - momentum) g`, from zero, not corrected for it. */
export function ema({ momentum, nesterov = false }: EmaOptions): Stage {
  const gain = 1 - momentum;
  return running(momentum, { first: gain, then: gain }, nesterov ? gain : undefined);
}

/** Options of `lookBack`. */
export interface LookBackOptions {
  /** Decays of what is stepped by and of what is kept, in [0, 1). */
  readonly betas: readonly [number, number];
}

/**
 * Lion's average: the value is `c = beta1 m + (1 - beta1) g`, what is kept
 * `m = beta2 m + (1 - beta2) g`.
 *
 * Source: Chen et al. 2023, "Symbolic discovery of optimization algorithms", algorithm 2
 */
export function lookBack({ betas: [now, kept] }: LookBackOptions): Stage {
  return {
    halves: true,
    flat: "values",
    slots: (shape) => ({ momentum: shape }),
    run: eachLeaf(({ value: g, state }, { refused }) => {
      const { momentum: m } = state as { readonly momentum: Leaf["value"] };
      const c = blend(m, g, now, 1 - now);
      blendInto(m, g, kept, 1 - kept, refused);
      return c;
    }),
  };
}

/** Factor of new gradients at the first step and at later ones. */
interface Gain {
  readonly first: number;
  readonly then: number;
}

/** `m = momentum m + gain g`; the value is m, or `ahead g + momentum m`. */
function running(momentum: number, { first, then }: Gain, ahead: number | undefined): Stage {
  if (momentum === 0) return noAverage(); // the gradient itself, whatever the dampening
  return {
    halves: true,
    flat: "values",
    slots: (shape) => ({ momentum: shape }),
    run: eachLeaf(({ value: g, state }, { live, refused }) => {
      const { momentum: m } = state as { readonly momentum: Leaf["value"] };
      const gain = first === then ? then : live(({ step }) => (step === 1 ? first : then));
      blendInto(m, g, momentum, gain, refused);
      return ahead === undefined ? inF32(m) : blend(g, m, ahead, momentum);
    }),
  };
}

/** Options of `moments`. */
export interface MomentOptions {
  /** Decays of the average of gradients and of that of their squares, in [0, 1). */
  readonly betas: readonly [number, number];
  /** Added to the root of the average square, >= 0. */
  readonly eps: number;
  /** Divide by the largest average square so far. Default false. */
  readonly amsgrad?: boolean;
}

/** What `moments` keeps. */
interface MomentState {
  /** Average of the gradients. */
  readonly mean: Leaf["value"];
  /** Root of the average of their squares, so that no square leaves the range of float32. */
  readonly rms: Leaf["value"];
  /** Largest `rms` so far. */
  readonly peak?: Leaf["value"];
}

/**
 * The quotient of two averages: of the gradients and of their root mean square, both corrected for
 * having started at zero.
 *
 * Source: Kingma, Ba 2015, "Adam", algorithm 1; Reddi et al. 2018 for the peak
 */
export function moments({ betas, eps, amsgrad = false }: MomentOptions): Stage {
  const [beta1, beta2] = betas;
  return {
    halves: true,
    flat: "values",
    slots: (shape) => ({ mean: shape, rms: shape, ...(amsgrad && { peak: shape }) }),
    run: (leaves, moment) => {
      const { refused } = moment;
      const [first, second] = corrections(betas, moment);
      return leaves.map((leaf) => {
        const { mean, rms, peak } = leaf.state as unknown as MomentState;
        blendInto(mean, leaf.value, beta1, 1 - beta1, refused);
        rootMeanSquareInto(rms, leaf.value, beta2, refused);
        if (peak) peakInto(peak, rms, refused);
        return { ...leaf, value: ratio(mean, peak ?? rms, first, second, eps) };
      });
    },
  };
}

/** Factors of an average and of a root mean square that started at zero, by their decays. */
export function corrections(
  [beta1, beta2]: readonly [number, number], { live }: Pick<Moment, "live">,
): readonly [Scalar, Scalar] {
  return [
    live(({ step }) => 1 / (1 - beta1 ** step)),
    live(({ step }) => 1 / Math.sqrt(1 - beta2 ** step)),
  ];
}
