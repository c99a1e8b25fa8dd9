import { type Tensor, argsort, eigh, indexSelect, matmul, mul, qr, sum, transpose } from
  "../autograd/index.ts";
import { ADAM_RANGES, type AdamRuleOptions } from "./adam.ts";
import { COUNT, FRACTION, checkOptions } from "./check.ts";
import { single } from "./common.ts";
import { descend } from "./descend.ts";
import { blendInto, ratio, replaceInto, rootMeanSquareInto } from "./elementwise.ts";
import { addGrams, alongAxis, gramAxes, gramOf, gramSlots } from "./grams.ts";
import type { Optimizer } from "./optimizer.ts";
import { COMMON, type CommonOptions } from "./options.ts";
import type { Leaf, Moment, Now, Slots, Stage } from "./pipeline.ts";

/** Options of `soap`. */
export interface SoapOptions extends AdamRuleOptions, CommonOptions {
  /** Decay of the averages of Gram matrices, in [0, 1). Default: the second of `betas`. */
  readonly gramBeta?: number;
  /** Steps from one refreshing of the bases to the next, >= 1. Default 10. */
  readonly every?: number;
  /** Longest axis that is turned. Default 10000. */
  readonly maxSide?: number;
}

/**
 * Adam in the eigenbases of Shampoo's Gram matrices, which follow slowly: one power iteration and a
 * QR factorization every few steps. The first step only makes the bases; weights do not move. Where
 * it is refused, the bases are the axes, as in Adam, until they are refreshed. Vectors are not
 * turned. Defaults: lr 3e-3, betas 0.95 and 0.95, eps 1e-8, weightDecay 0.01, taken off after the
 * step.
 *
 * @throws RangeError for an option out of range; TypeError for an unknown one
 * Source: Vyas et al. 2024, "SOAP: improving and stabilizing Shampoo using Adam", algorithm 3
 */
export function soap(options: SoapOptions = {}): Optimizer {
  checkOptions("soap", options, {
    ...ADAM_RANGES, gramBeta: FRACTION, every: COUNT, maxSide: COUNT, ...COMMON,
  });
  const { lr = 3e-3, weightDecay = 0.01 } = options;
  return single("soap", { ...options, lr }, {
    average: turnedMoments(options), step: descend("soap", { weightDecay, decayLast: true }),
  });
}

function turnedMoments(options: SoapOptions): Stage {
  const { betas = [0.95, 0.95], eps = 1e-8, every = 10, maxSide = 10000 } = options;
  const { gramBeta = betas[1] } = options;
  const weights = { keep: gramBeta, gain: 1 - gramBeta, start: 0 };
  const axesOf = ({ shape }: Pick<Tensor, "shape">) => {
    return shape.length < 2 || shape.includes(0) ? [] : gramAxes(shape, maxSide);
  };
  return {
    slots: (shape) => {
      const axes = axesOf({ shape });
      const bases = axes.map((i) => [`basis${i}`, [shape[i] ?? 1, shape[i] ?? 1]] as const);
      const grams = axes.length > 0 ? gramSlots(shape, axes) : {};
      return { mean: shape, rms: shape, ...grams, ...Object.fromEntries(bases) };
    },
    run: (leaves, moment) => {
      const { decide } = moment;
      const isFirst = decide(({ step }) => step === 1);
      const isDue = decide(({ step }) => step > 1 && (step - 1) % every === 0);
      const moved = leaves.map((leaf) => {
        const { state, value: g } = leaf;
        const axes = axesOf(g);
        const value = isFirst ? g : adamIn(leaf, axes, moment, betas, eps);
        if (axes.length > 0) addGrams(g, axes, state, moment, weights);
        for (const axis of axes) {
          if (!isFirst) continue;
          // refused or not: then of the identity, the axes themselves
          replaceInto(basisOf(state, axis), eigh(gramOf(state, axis)).vectors);
        }
        if (isDue) refresh(state, axes, moment);
        return { ...leaf, value };
      });
      return isFirst ? [] : moved;
    },
  };
}

function basisOf(state: Slots, axis: number): Tensor {
  return state[`basis${axis}`] as Tensor; // declared above
}

/** In the coordinates of the bases, or from them. */
function turned(x: Tensor, axes: readonly number[], state: Slots, back = false): Tensor {
  return axes.reduce((y, axis) => {
    const basis = basisOf(state, axis);
    return alongAxis(y, back ? basis : transpose(basis), axis);
  }, x);
}

interface Averages {
  readonly mean: Tensor;
  readonly rms: Tensor;
}

/** Adam's direction, with moments kept in the bases; the first step does not count. */
function adamIn(
  { value, state }: Leaf, axes: readonly number[], { live, refused }: Moment,
  [beta1, beta2]: readonly [number, number], eps: number,
): Tensor {
  const { mean, rms } = state as unknown as Averages;
  const g = turned(value, axes, state);
  blendInto(mean, g, beta1, 1 - beta1, refused);
  rootMeanSquareInto(rms, g, beta2, refused);
  const rootAt = ({ step }: Now) => Math.sqrt(1 - beta2 ** (step - 1));
  const u = ratio(
    mean, rms, live(({ step }) => 1 / (1 - beta1 ** (step - 1))), live((now) => 1 / rootAt(now)),
    live((now) => eps / rootAt(now)), // the source adds eps before this correction
  );
  return turned(u, axes, state, true);
}

/** Bases one power iteration on, ordered by falling eigenvalues; the moments follow them. */
function refresh(state: Slots, axes: readonly number[], { refused }: Moment): void {
  const { mean, rms } = state as unknown as Averages;
  const straight = turned(mean, axes, state, true);
  let roots = rms;
  for (const axis of axes) {
    const [basis, gram] = [basisOf(state, axis), gramOf(state, axis)];
    const values = sum(mul(basis, matmul(gram, basis)), { axis: 0 });
    const order = argsort(values, { descending: true });
    roots = indexSelect(roots, order, { axis });
    const next = matmul(gram, indexSelect(basis, order, { axis: 1 }));
    replaceInto(basis, qr(next).q, refused);
  }
  replaceInto(rms, roots, refused);
  replaceInto(mean, turned(straight, axes, state), refused);
}
