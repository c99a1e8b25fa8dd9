import { type Shape, type Tensor, eq, mul, pow, where } from "../autograd/index.ts";
import { heavyBall } from "./average.ts";
import { COUNT, FRACTION, NEGATIVE, NOT_NEGATIVE, checkOptions } from "./check.ts";
import { single } from "./common.ts";
import { descend } from "./descend.ts";
import { replaceInto } from "./elementwise.ts";
import { type Levelled, addGrams, alongAxis, gramAxes, gramOf, gramSlots, isDue, symmetricPowers }
  from "./grams.ts";
import type { Optimizer } from "./optimizer.ts";
import { COMMON, type CommonOptions } from "./options.ts";
import type { Moment, SlotShapes, Slots, Stage } from "./pipeline.ts";

/** How gradients are preconditioned by Gram matrices. */
export interface ShampooStageOptions {
  /** This times the identity is in the Gram matrices from the start, >= 0. Default 1e-4. */
  readonly eps?: number;
  /** Decay of their averages, in [0, 1). Default: they are sums. */
  readonly beta?: number;
  /** Power of each Gram matrix, < 0. Default -1 / (2 d) for d axes: -1/4 for a matrix. */
  readonly exponent?: number;
  /** Longest axis that gets one, whose memory is its square. Default 10000. */
  readonly maxSide?: number;
  /**
   * Steps from one decomposition of the Gram matrices to the next, >= 1, after those at the powers
   * of two before; their powers are kept in between, in as much memory again. Where the first is
   * refused, weights rest until the next. Default 1.
   */
  readonly every?: number;
}

/** Options of `shampoo`. */
export interface ShampooOptions extends ShampooStageOptions, CommonOptions {
  /** Learning rate, >= 0. */
  readonly lr: number;
  /** Decay of a sum of the steps, in [0, 1). Default 0. */
  readonly momentum?: number;
  /** Share of the weight taken off per unit of learning rate, >= 0; decoupled. Default 0. */
  readonly weightDecay?: number;
}

/**
 * Gradients multiplied along every axis by a power of the Gram matrix of the gradients so far:
 * `W -= lr L^(-1/4) g R^(-1/4)`.
 *
 * @throws RangeError for an option out of range; TypeError for one unknown or missing
 * Source: Gupta, Koren, Singer 2018, "Shampoo: preconditioned stochastic tensor optimization",
 * algorithms 1 and 2
 */
export function shampoo(options: ShampooOptions): Optimizer {
  checkOptions("shampoo", options, {
    lr: NOT_NEGATIVE, eps: NOT_NEGATIVE, beta: FRACTION, exponent: NEGATIVE,
    maxSide: COUNT, every: COUNT, momentum: FRACTION, weightDecay: NOT_NEGATIVE, ...COMMON,
  }, ["lr"]);
  const { momentum = 0, weightDecay = 0 } = options;
  return single("shampoo", options, {
    average: preconditioned(options), dualize: heavyBall({ momentum }),
    step: descend("shampoo", { weightDecay }),
  });
}

/** The stage of `shampoo`. With eps 0 and no or a decaying sum, the scale of gradients is free. */
export function preconditioned(options: ShampooStageOptions): Stage {
  const { eps = 1e-4, beta, exponent, maxSide = 10000, every = 1 } = options;
  const weights = { keep: beta ?? 1, gain: beta === undefined ? 1 : 1 - beta, start: eps };
  return {
    slots: (shape) => {
      const axes = gramAxes(shape, maxSide);
      return { ...gramSlots(shape, axes), ...(every > 1 && rootSlots(shape, axes)) };
    },
    run: (leaves, moment) => {
      const turning = leaves.flatMap(({ path, value: g, state }): Turning[] => {
        const axes = gramAxes(g.shape, maxSide);
        if (axes.length === 0 || g.size === 0) return [];
        const levelled = addGrams(g, axes, state, moment, weights);
        return [{ ...levelled, path, state, axes, power: exponent ?? -1 / (2 * axes.length) }];
      });
      const isKept = every > 1;
      const rootsOf = isKept ? keptRoots(turning, every, moment) : powersOf(turning);
      const turned = new Map(turning.map((one) => {
        const { path, axes, power, unit, level, state } = one;
        const roots = rootsOf(one);
        const y = axes.reduce((x, axis, i) => alongAxis(x, roots[i] as Tensor, axis), unit);
        const levels = 2 * axes.length * power; // the power of the level that the roots are over
        if (isKept) return [path, mul(y, mul(level, powerOf(rootLevel(state), levels)))];
        return [path, levels === -1 ? y : mul(y, powerOf(level, 1 + levels))];
      }));
      return leaves.map((leaf) => ({ ...leaf, value: turned.get(leaf.path) ?? leaf.value }));
    },
  };
}

/** A gradient that has Gram matrices. */
interface Turning extends Levelled {
  readonly path: string;
  readonly state: Slots;
  readonly axes: readonly number[];
  readonly power: number;
}

/** Roots along the axes of a gradient. */
type RootsOf = (one: Turning) => readonly Tensor[];

/** Those of the Gram matrices as they are. */
function powersOf(turning: readonly Turning[]): RootsOf {
  const list = turning.flatMap(({ state, axes, power: exponent }) => {
    return axes.map((axis) => ({ gram: gramOf(state, axis), exponent }));
  });
  const powers = symmetricPowers(list);
  let from = 0;
  const roots = new Map(turning.map((one) => {
    return [one, powers.slice(from, from += one.axes.length)] as const;
  }));
  return (one) => roots.get(one) ?? [];
}

/** Those that are kept, made anew where they are due. */
function keptRoots(
  turning: readonly Turning[], every: number, { decide, refused }: Moment,
): RootsOf {
  const rootsOf: RootsOf = ({ state, axes }) => axes.map((axis) => rootOf(state, axis));
  if (decide(({ step }) => isDue(step, every))) {
    const powers = powersOf(turning);
    for (const one of turning) {
      const fresh = powers(one);
      rootsOf(one).forEach((root, i) => replaceInto(root, fresh[i] as Tensor, refused));
      replaceInto(rootLevel(one.state), one.level, refused);
    }
  }
  return rootsOf;
}

/** A power of a scalar >= 0; 0 where it is 0. */
function powerOf(level: Tensor, exponent: number): Tensor {
  return where(eq(level, 0), 0, pow(level, exponent));
}

/** Powers of Gram matrices that are kept, and the level of that time. */
function rootSlots(shape: Shape, axes: readonly number[]): SlotShapes {
  const roots = axes.map((axis) => [`root${axis}`, [shape[axis] ?? 1, shape[axis] ?? 1]] as const);
  return { rootLevel: [], ...Object.fromEntries(roots) };
}

function rootOf(state: Slots, axis: number): Tensor {
  return state[`root${axis}`] as Tensor; // declared by `rootSlots`
}

function rootLevel({ rootLevel: level }: Slots): Tensor {
  return level as Tensor; // declared by `rootSlots`
}
