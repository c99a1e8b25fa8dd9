// Mirror descent: steps in the coordinates of a potential's gradient.

import { type Tensor, abs, eq, exp, mul, pow, scale, sign, sub, sum, where } from
  "../autograd/index.ts";
import { NOT_NEGATIVE, OBJECT, type Range, checkOptions, checkRange } from "./check.ts";
import { single } from "./common.ts";
import { replaceInto, times } from "./elementwise.ts";
import type { Optimizer } from "./optimizer.ts";
import { COMMON, type CommonOptions } from "./options.ts";
import type { Stage } from "./pipeline.ts";
import { quotient, wholeNorm } from "./whole.ts";

/** A strictly convex function of a weight; what mirror descent needs of it. */
export interface Potential {
  readonly name: string;
  /** The weight whose mirror image is that of `w` minus `step`. */
  readonly move: (w: Tensor, step: Tensor) => Tensor;
}

/** Half the squared Euclidean norm: gradient descent. */
export const quadratic: Potential = { name: "quadratic", move: sub };

/**
 * The negative entropy `sum w log w` of positive weights: `W = W exp(-step)`, exponentiated
 * gradients, which keep them positive. Nothing changes a sign: negative weights stay negative, and
 * zeros zero, which is also what a step above 87 or so leaves in float32; one below -88.7 gives
 * infinity. Clip gradients that make `lr g` so large.
 *
 * Source: Kivinen, Warmuth 1997, "Exponentiated gradient versus gradient descent"
 */
export const negativeEntropy: Potential = {
  name: "negativeEntropy", move: (w, step) => mul(w, exp(scale(step, -1))),
};

/**
 * Half the squared p-norm of all elements, for sparse weights near p = 1.
 *
 * @param p in (1, 2]
 * @throws RangeError for another p
 * Source: Grove, Littlestone, Schuurmans 2001; Gentile 2003, "The robustness of the p-norm
 * algorithms"
 */
export function pNorm(p: number): Potential {
  if (!(p > 1 && p <= 2)) {
    throw new RangeError(`pNorm: p is out of range: ${p}. Use a number in (1, 2].`);
  }
  const q = p / (p - 1);
  return {
    name: `pNorm(${p})`, move: (w, step) => mirrored(sub(mirrored(w, p), step), q),
  };
}

/** The gradient of half the squared p-norm: `sign(x) |x|^(p-1) |x|_p^(2-p)`. */
function mirrored(x: Tensor, p: number): Tensor {
  const size = wholeNorm(x); // so that no power leaves float32
  const unit = abs(quotient(x, size, 0));
  const norm = pow(sum(pow(unit, p)), 2 / p - 1);
  const bent = mul(sign(x), where(eq(unit, 0), 0, pow(unit, p - 1)));
  return mul(mul(bent, where(eq(size, 0), 0, norm)), size);
}

/** Options of `mirrorDescent`. */
export interface MirrorOptions extends CommonOptions {
  /** Learning rate, >= 0. */
  readonly lr: number;
  /** `negativeEntropy`, `pNorm(p)`, `quadratic` or one of your own. */
  readonly potential: Potential;
}

const MOVE: Range = {
  text: "a function of weight and step, as negativeEntropy has",
  holds: (x) => typeof x === "function",
};

/**
 * Mirror descent: `grad psi(W)` moves by the gradient, for a potential psi.
 *
 * @throws RangeError for an option out of range; TypeError for one unknown or missing
 * Source: Nemirovski, Yudin 1983; Beck, Teboulle 2003, "Mirror descent and nonlinear projected
 * subgradient methods"
 * @example
 * const optimizer = mirrorDescent({ lr: 0.1, potential: pNorm(1.1) });
 */
export function mirrorDescent(options: MirrorOptions): Optimizer {
  checkOptions("mirrorDescent", options, {
    lr: NOT_NEGATIVE, potential: OBJECT, ...COMMON,
  }, ["lr", "potential"]);
  checkRange("mirrorDescent", "move of the potential", options.potential.move, MOVE);
  return single("mirrorDescent", options, { step: moveIn(options.potential) });
}

function moveIn({ move }: Potential): Stage {
  return {
    run: (leaves, { live, refused }) => {
      for (const { weight, value, gain, lrFactor } of leaves) {
        const step = times(value, live(({ rate }) => rate * lrFactor * gain));
        replaceInto(weight, move(weight, step), refused);
      }
      return leaves;
    },
  };
}
