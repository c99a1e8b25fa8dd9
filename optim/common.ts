// What all optimizers share: options, and how one rule becomes an optimizer.

import { noAverage } from "./average.ts";
import { FUNCTION, type Range, oneOf } from "./check.ts";
import { descend } from "./descend.ts";
import { noDual } from "./dualize.ts";
import { NON_FINITE, type NonFinite } from "./finite.ts";
import { Optimizer } from "./optimizer.ts";
import type { Rule } from "./pipeline.ts";
import type { Recipe } from "./recipe.ts";
import type { Schedule } from "./schedule.ts";

/** Options of every optimizer. */
export interface CommonOptions {
  /** Factor of the learning rate. Default: constant. */
  readonly schedule?: Schedule;
  /** What becomes of a step with a gradient that is not finite. Default "throw". */
  readonly onNonFinite?: NonFinite;
}

/** Ranges of `CommonOptions`. */
export const COMMON: Readonly<Record<"schedule" | "onNonFinite", Range>> = {
  schedule: FUNCTION, onNonFinite: /* @__PURE__ */ oneOf(NON_FINITE),
};

/** The stages of a rule that differ from plain descent. */
export type Stages = Partial<Pick<Rule, "prepare" | "average" | "dualize" | "step">>;

/** A rule from the stages that differ from plain descent. */
export function ruleOf(name: string, lr: number, stages: Stages): Rule {
  return {
    name, lr, average: noAverage(), dualize: noDual(), step: descend(name), ...stages,
  };
}

/**
 * An optimizer of one rule, named as it.
 *
 * @param more of the recipe, as routes
 */
export function single(
  op: string, options: CommonOptions & { readonly lr: number }, stages: Stages,
  more: Omit<Partial<Recipe>, "name" | "rules"> = {},
): Optimizer {
  const { lr, schedule, onNonFinite } = options;
  return new Optimizer({
    name: op, rules: [ruleOf(op, lr, stages)], schedule, onNonFinite, ...more,
  });
}
