import type { Tensor } from "../autograd/index.ts";
import { CONVERGED, type Norm, type PolarSet, WITHIN_ONE } from "../nn/index.ts";
import { ema } from "./average.ts";
import { NORM_RANGES, type NormOptions, byNorms } from "./by_norms.ts";
import { FRACTION, NOT_NEGATIVE, POLAR, SWITCH, checkOptions } from "./check.ts";
import { descend } from "./descend.ts";
import { type Measured, dualizeBy, perNorm } from "./dualize.ts";
import { replaceInto } from "./elementwise.ts";
import type { Geometry, GeometryEntry } from "./geometry.ts";
import type { Optimizer } from "./optimizer.ts";
import type { Stage } from "./pipeline.ts";

/** Options of `modularDescent`. */
export interface ModularDescentOptions extends NormOptions {
  /** Learning rate, the modular norm of a step; >= 0. Default 0.1. */
  readonly lr?: number;
  /** Decay of the average of gradients, in [0, 1). Default 0.95. */
  readonly momentum?: number;
  /** Average once more with the newest gradient. Default false. */
  readonly nesterov?: boolean;
  /** Share of the weight taken off per unit of learning rate, >= 0; decoupled. Default 0. */
  readonly weightDecay?: number;
  /** Set every moved weight to norm one after a step, as `module.project` does. Default false. */
  readonly project?: boolean;
  /**
   * How matrices are orthogonalized. Default `WITHIN_ONE`: singular values from 4e-3 of the
   * Frobenius norm on end between 0.9964 and 0.9993, by five steps as in Muon. `MODULA_SIX`, the
   * six of the Modula package and the default of `module.dualize`, does so from 2e-3 on; `JORDAN`,
   * Muon's, leaves them between 0.68 and 1.2.
   */
  readonly polar?: PolarSet;
}

/**
 * Dualized descent in the modular norm: the average gradient of every weight is replaced by the
 * direction of steepest descent in the weight's own norm, sized by its share. The step is
 * `module.dualize(average, lr, polar)` and does not depend on the scale of the gradients. Weights
 * of mass zero stay as they are and take no memory.
 *
 * @param module that the parameters belong to
 * @throws RangeError for an option out of range; TypeError for an unknown one
 * Source: Bernstein, Newhouse 2024, "Modular duality in deep learning"
 * @example
 * const optimizer = modularDescent(module, { lr: 0.1, schedule: linearDecay({ total: 1000 }) });
 */
export function modularDescent(module: Geometry, options: ModularDescentOptions = {}): Optimizer {
  const op = "modularDescent";
  checkOptions(op, options, {
    ...NORM_RANGES, lr: NOT_NEGATIVE, momentum: FRACTION, nesterov: SWITCH,
    weightDecay: NOT_NEGATIVE, project: SWITCH, polar: POLAR,
  });
  const { lr = 0.1, momentum = 0.95, nesterov = false, weightDecay = 0 } = options;
  const { project = false, polar = WITHIN_ONE } = options;
  const step = descend(op, { weightDecay });
  return byNorms(op, module, { ...options, lr }, (entryOf) => ({
    average: ema({ momentum, nesterov }),
    dualize: dualizeBy((path) => shareOf(entryOf(path)), polar),
    step: project ? projected(step, (path) => entryOf(path).norm) : step,
  }), "dualized");
}

/** A step after which weights are set to norm one. */
function projected(step: Stage, normOf: (path: string) => Norm): Stage {
  return {
    check: (leaves, now) => step.check?.(leaves, now),
    run: (leaves, moment) => {
      const moved = step.run(leaves, moment);
      const weights = leaves.map((leaf) => ({ ...leaf, value: leaf.weight }));
      const units = perNorm(weights, normOf, (norm, list) => norm.dualizeAll(list, CONVERGED));
      leaves.forEach(({ weight }, i) => {
        replaceInto(weight, units[i] as Tensor, moment.refused); // one for each
      });
      return moved;
    },
  };
}

/** A weight's norm, and its share of a step as the radius. */
export function shareOf({ norm, share }: GeometryEntry): Measured {
  return { norm, radius: share };
}
