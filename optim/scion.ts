// Conditional gradients: steps by the points of norm balls that are farthest along the gradient.

import { JORDAN, type PolarSet } from "../nn/index.ts";
import { ema, noAverage } from "./average.ts";
import { NORM_RANGES, type NormOptions, byNorms } from "./by_norms.ts";
import { FRACTION, NOT_NEGATIVE, POLAR, POSITIVE, SWITCH, checkOptions, checkRange, objectAs } from
  "./check.ts";
import { descend } from "./descend.ts";
import { type Measured, dualizeBy, noDual } from "./dualize.ts";
import { blendInto } from "./elementwise.ts";
import { type Geometry, type GeometryEntry, type PerPath, checkPaths, pick } from "./geometry.ts";
import type { Optimizer } from "./optimizer.ts";
import type { Stage } from "./pipeline.ts";

/** Options of `scg`, `uscg`, `scion` and `almond`. */
export interface ScionOptions extends NormOptions {
  /** Learning rate, >= 0; where the ball binds at most 1, with all its factors. Default 1e-3. */
  readonly lr?: number;
  /** Decay of the average, in [0, 1): one minus what the sources call alpha. Default 0.9. */
  readonly momentum?: number;
  /** Radii of the balls by path, "" for all, > 0. Default 1. */
  readonly radii?: PerPath<number>;
  /** How matrices are orthogonalized. Default `JORDAN`, five steps. */
  readonly polar?: PolarSet;
}

const RANGES = {
  ...NORM_RANGES, lr: NOT_NEGATIVE, momentum: FRACTION, polar: POLAR,
  radii: /* @__PURE__ */ objectAs('{ "": 50, head: 3000 }'),
} as const;

/** The norms of weights with their radii. */
type MeasureOf = (entryOf: (path: string) => GeometryEntry) => (path: string) => Measured;

function measureBy(op: string, module: Geometry, radii: PerPath<number>): MeasureOf {
  for (const [path, radius] of Object.entries(radii)) {
    checkRange(op, `the radius of ${path || "all"}`, radius, POSITIVE);
  }
  checkPaths(op, "radius", radii, (module?.entries ?? []).map(({ path }) => path));
  return (entryOf) => (path) => ({ norm: entryOf(path).norm, radius: pick(radii, path) ?? 1 });
}

/** What differs between these optimizers. */
interface Form {
  readonly constrained: boolean;
  readonly light?: boolean;
}

function conditional(
  op: string, module: Geometry, options: ScionOptions, { constrained, light = false }: Form,
): Optimizer {
  const { lr = 1e-3, momentum = 0.9, radii = {}, polar = JORDAN } = options;
  const measure = measureBy(op, module, radii);
  const step = constrained ? stepInBall(op) : descend(op);
  return byNorms(op, module, { ...options, lr }, (entryOf) => ({
    average: light ? noAverage() : ema({ momentum }),
    dualize: dualizeBy(measure(entryOf), polar),
    step: light ? shrinkingGrads(step, momentum) : step,
    apart: light,
  }));
}

/** `W = (1 - lr) W - lr d`: towards a point of the ball, and not beyond it. */
function stepInBall(op: string): Stage {
  return {
    ...descend(op, { weightDecay: 1 }),
    check: (leaves, { rate }) => leaves.forEach(({ lrFactor }) => {
      if (rate * lrFactor <= 1) return;
      throw new RangeError(
        `${op}: the step leads out of the ball: lr ${rate * lrFactor} > 1. Use at most 1.`,
      );
    }),
  };
}

/** A step after which the gradients are multiplied by the decay: they are the average. */
function shrinkingGrads(step: Stage, momentum: number): Stage {
  return {
    ...step,
    run: (leaves, moment) => {
      const moved = step.run(leaves, moment);
      for (const { grad } of leaves) blendInto(grad, grad, momentum, 0, moment.refused);
      return moved;
    },
  };
}

/**
 * Unconstrained stochastic conditional gradient: `d` the average gradient, `W -= lr radius D(d)`.
 *
 * @throws RangeError for an option out of range; TypeError for an unknown one
 * Source: Pethick et al. 2025, "Training deep learning models with norm-constrained LMOs",
 * algorithm 1
 */
export function uscg(module: Geometry, options: ScionOptions = {}): Optimizer {
  checkOptions("uscg", options, RANGES);
  return conditional("uscg", module, options, { constrained: false });
}

/**
 * Stochastic conditional gradient: `W = (1 - lr) W - lr radius D(d)`. Weights that start in the
 * ball never leave it.
 *
 * @throws RangeError for an option out of range; TypeError for an unknown one
 * Source: Pethick et al. 2025, algorithm 2; Mokhtari, Hassani, Karbasi 2020
 */
export function scg(module: Geometry, options: ScionOptions = {}): Optimizer {
  checkOptions("scg", options, RANGES);
  return conditional("scg", module, options, { constrained: true });
}

/** Options of `scion`. */
export interface ScionFormOptions extends ScionOptions {
  /** Stay in the balls. Default true. */
  readonly constrained?: boolean;
  /**
   * Keep no state: the gradients given are the average. They are changed by every step, and the
   * next gradients are to be added to them, never put in their place; after a refused step they
   * hold what is not finite, and are to be made anew. A `GradientBuffer` does that, in halves if
   * wanted. Weights are moved one after the other, in the same memory. Goes without `clip` and
   * `reduce`, and for f16 and bf16 weights `master: false` saves their copies. Default false.
   */
  readonly light?: boolean;
}

/**
 * `scg` or `uscg` in the norms of a module, a norm and a radius for each layer. The radii of the
 * source's GPT are 50 for all and 3000 for the head, with lr 2^-12; of its MLP 1 and 1024, with
 * 2^-6; of its convolutional network 8 and 128, with 2^-4 and momentum 0.5.
 *
 * @throws RangeError for an option out of range; TypeError for an unknown one
 * Source: Pethick et al. 2025, "Training deep learning models with norm-constrained LMOs", with
 * its reference program for radii and the light form
 * @example
 * const optimizer = scion(module, { lr: 2 ** -12, radii: { "": 50, head: 3000 } });
 * @example
 * const optimizer = scion(module, { light: true });
 * const buffer = new GradientBuffer(weights, { dtype: "bf16" });
 * buffer.add(valueAndGrad(lossOf)(weights).grads); // in a scope, every step
 * optimizer.step(weights, buffer.tree);
 */
export function scion(module: Geometry, options: ScionFormOptions = {}): Optimizer {
  checkOptions("scion", options, { ...RANGES, constrained: SWITCH, light: SWITCH });
  const { constrained = true, light = false, ...rest } = options;
  for (const name of ["clip", "reduce"] as const) {
    if (!light || rest[name] === undefined) continue;
    throw new TypeError(
      `scion: light does not go with ${name}: the gradients are the average. `
        + `Do it before they are added up.`,
    );
  }
  return conditional("scion", module, rest, { constrained, light });
}

/**
 * An average of directions instead of a direction of the average:
 * `d = momentum d + (1 - momentum) D(g)`, `W -= lr radius d`, and `W = (1 - lr) W - lr radius d`
 * where constrained. A state holds `d`, without the radius.
 *
 * @throws RangeError for an option out of range; TypeError for an unknown one
 * Source: ALMOND, compared with in Pethick et al. 2025; by its description there
 */
export function almond(module: Geometry, options: AlmondOptions = {}): Optimizer {
  const op = "almond";
  checkOptions(op, options, { ...RANGES, constrained: SWITCH });
  const { lr = 1e-3, momentum = 0.9, radii = {}, polar = JORDAN, constrained = false } = options;
  const measure = measureBy(op, module, radii);
  return byNorms(op, module, { ...options, lr }, (entryOf) => ({
    prepare: [dualizeBy(measure(entryOf), polar)],
    average: ema({ momentum }), dualize: noDual(),
    step: constrained ? stepInBall(op) : descend(op),
  }));
}

/** Options of `almond`. */
export interface AlmondOptions extends ScionOptions {
  /** Stay in the balls. Default false. */
  readonly constrained?: boolean;
}
