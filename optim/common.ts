// How one rule becomes an optimizer.

import { noAverage } from "./average.ts";
import { descend } from "./descend.ts";
import { noDual } from "./dualize.ts";
import { Optimizer } from "./optimizer.ts";
import { type CommonOptions, commonOf } from "./options.ts";
import type { Rule } from "./pipeline.ts";
import type { Recipe } from "./recipe.ts";

/** The stages of a rule that differ from plain descent. */
export type Stages = Partial<Pick<Rule, "prepare" | "average" | "dualize" | "step" | "apart">>;

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
  return new Optimizer({
    name: op, rules: [ruleOf(op, options.lr, stages)], ...commonOf(options), ...more,
  });
}
