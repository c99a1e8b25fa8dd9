import { MODULA_SIX, type PolarSet } from "../nn/index.ts";
import { ema } from "./average.ts";
import { FRACTION, FUNCTION, NOT_NEGATIVE, OBJECT, SWITCH, checkOptions } from "./check.ts";
import { descend } from "./descend.ts";
import { dualizeBy } from "./dualize.ts";
import { type Geometry, type GeometryEntry, entriesOf } from "./geometry.ts";
import { Optimizer } from "./optimizer.ts";
import { FROZEN } from "./recipe.ts";
import type { Schedule } from "./schedule.ts";

/** Options of `modularDescent`. */
export interface ModularDescentOptions {
  /** Learning rate, the modular norm of a step; >= 0. Default 0.1. */
  readonly lr?: number;
  /** Decay of the average of gradients, in [0, 1). Default 0.95. */
  readonly momentum?: number;
  /** Average once more with the newest gradient. Default false. */
  readonly nesterov?: boolean;
  /** Share of the weight taken off per unit of learning rate, >= 0; decoupled. Default 0. */
  readonly weightDecay?: number;
  /** How matrices are orthogonalized. Default `MODULA_SIX`. */
  readonly polar?: PolarSet;
  /** Factor of the learning rate. Default: constant; Modula's own programs use `linearDecay`. */
  readonly schedule?: Schedule;
}

/**
 * Dualized descent in the modular norm: the average gradient of every weight is replaced by the
 * direction of steepest descent in the weight's own norm, sized by its share. The step is
 * `lr * module.dualize(average)` and does not depend on the scale of the gradients. Weights of
 * mass zero stay as they are and take no memory.
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
    lr: NOT_NEGATIVE, momentum: FRACTION, nesterov: SWITCH, weightDecay: NOT_NEGATIVE,
    polar: OBJECT, schedule: FUNCTION,
  });
  const { lr = 0.1, momentum = 0.95, nesterov = false, weightDecay = 0, schedule } = options;
  const entries = entriesOf(op, module);
  const measure = (path: string) => {
    const { norm, share } = entries.get(path) as GeometryEntry; // routed by these entries
    return { norm, radius: share };
  };
  return new Optimizer({
    name: op,
    rules: [{
      name: "dualized", lr,
      average: ema({ momentum, nesterov }),
      dualize: dualizeBy(measure, options.polar ?? MODULA_SIX),
      step: descend(op, { weightDecay }),
    }],
    weights: [...entries.values()],
    route: (path) => {
      const entry = entries.get(path);
      return entry && (entry.share > 0 ? "dualized" : FROZEN);
    },
    schedule,
  });
}
