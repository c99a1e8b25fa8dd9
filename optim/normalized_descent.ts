import { type Tensor, mul, reshape } from "../autograd/index.ts";
import { type Norm, embedRms } from "../nn/index.ts";
import { NORM_RANGES, type NormOptions, byNorms } from "./by_norms.ts";
import { BETAS, NOT_NEGATIVE, checkOptions } from "./check.ts";
import { checkDecay } from "./descend.ts";
import { checkRanks, perNorm } from "./dualize.ts";
import { blendInto, descendInto, ratio, replaceInto, rootBlendInto } from "./elementwise.ts";
import type { Geometry, GeometryEntry } from "./geometry.ts";
import type { Optimizer } from "./optimizer.ts";
import { type Now, type Stage, eachLeaf } from "./pipeline.ts";
import { quotient } from "./whole.ts";

/** Options of `normalizedModularDescent`. */
export interface NormalizedModularOptions extends NormOptions {
  /** Learning rate, >= 0: the modular norm of a step. Default 0.5. */
  readonly lr?: number;
  /** What the averages' decays tend to, in [0, 1). Default 0.9, 0.99. */
  readonly betas?: readonly [number, number];
  /** Share of a weight taken off per unit of learning rate and of its share. Default 0.01. */
  readonly weightDecay?: number;
}

/** The entry of a weight by its path. */
type EntryOf = (path: string) => GeometryEntry;

/**
 * The predecessor of `modularDescent`: Adam's quotient, rescaled to each weight's share in its own
 * norm with its direction kept. Its averages give the first gradient its full weight. Weights decay
 * by their share; tables, those with the norm `embedRms`, have their rows set back to norm one.
 *
 * @throws RangeError for an option out of range; TypeError for an unknown one
 * Source: Large et al. 2024, "Scalable optimization in the modular norm"; weights are as the module
 * has them now, with its factors in the norms and not in the forward pass
 */
export function normalizedModularDescent(
  module: Geometry, options: NormalizedModularOptions = {},
): Optimizer {
  const op = "normalizedModularDescent";
  checkOptions(op, options, {
    ...NORM_RANGES, lr: NOT_NEGATIVE, betas: BETAS, weightDecay: NOT_NEGATIVE,
  });
  const { lr = 0.5, betas = [0.9, 0.99], weightDecay = 0.01 } = options;
  return byNorms(op, module, { ...options, lr }, (entryOf) => ({
    average: earlyMoments(betas),
    dualize: normalized(entryOf),
    step: regularized(op, weightDecay, entryOf),
  }), "normalized");
}

/** Averages with the coefficient `(1 - beta)^(t / (t + 1))`, t from 0, and their quotient. */
function earlyMoments([beta1, beta2]: readonly [number, number]): Stage {
  return {
    slots: (shape) => ({ mean: shape, rms: shape }),
    run: eachLeaf(({ value: g, state }, { live, refused }) => {
      const { mean, rms } = state as { readonly mean: Tensor; readonly rms: Tensor };
      const shares = (beta: number) => {
        const newest = ({ step }: Now) => (1 - beta) ** (1 - 1 / step);
        return [live((now) => 1 - newest(now)), live(newest)] as const;
      };
      blendInto(mean, g, ...shares(beta1), refused);
      rootBlendInto(rms, g, ...shares(beta2), refused);
      return ratio(mean, rms, 1, 1, 0);
    }),
  };
}

/** Rescaled to norm `share`, each member of a batch by itself; zeros stay. */
function normalized(entryOf: EntryOf): Stage {
  const normOf = (path: string): Norm => entryOf(path).norm;
  return {
    check: (leaves) => checkRanks(leaves, normOf),
    run: (leaves) => {
      const sizes = perNorm(leaves, normOf, (norm, list) => norm.normAll(list));
      return leaves.map((leaf, i) => {
        const { norm, share } = entryOf(leaf.path);
        const size = sizes[i] as Tensor; // one for each
        const axes = [...size.shape, ...Array<number>(norm.rank).fill(1)];
        return { ...leaf, value: mul(leaf.value, reshape(quotient(share, size, 0), axes)) };
      });
    },
  };
}

function regularized(op: string, weightDecay: number, entryOf: EntryOf): Stage {
  const share = (path: string, rate: number) => rate * weightDecay * entryOf(path).share;
  return {
    check: (leaves, { rate }) => leaves.forEach(({ path, lrFactor }) => {
      checkDecay(op, rate * lrFactor * entryOf(path).share, weightDecay);
    }),
    run: (leaves, { live, refused }) => {
      for (const { path, weight, value, gain, lrFactor } of leaves) {
        const { norm } = entryOf(path);
        const isTable = weightDecay > 0 && norm === embedRms;
        const keptAt = (rate: number) => (isTable ? 1 : 1 - share(path, rate * lrFactor));
        const kept = live(({ rate }) => keptAt(rate));
        const step = live(({ rate }) => keptAt(rate) * rate * lrFactor * gain);
        descendInto(weight, value, kept, step, refused);
        if (isTable) replaceInto(weight, norm.project(weight), refused);
      }
      return leaves;
    },
  };
}
