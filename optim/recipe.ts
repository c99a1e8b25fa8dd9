import type { Shape } from "../autograd/index.ts";
import { FUNCTION, NOT_NEGATIVE, checkRange } from "./check.ts";
import type { DualNorm } from "./clip.ts";
import { checkPaths } from "./geometry.ts";
import type { CommonOptions } from "./options.ts";
import type { Rule } from "./pipeline.ts";

/** Shown in routes for weights that no rule moves. */
export const FROZEN = "frozen";

/** A parameter that an optimizer is made for. */
export interface RecipeWeight {
  /** Names joined by dots. */
  readonly path: string;
  readonly shape?: Shape;
  readonly norm?: { readonly name: string } & Partial<DualNorm>;
}

/** What makes an optimizer. */
export interface Recipe extends CommonOptions {
  /** For errors and saved states. */
  readonly name: string;
  /** At least one; the first is the main one. Names differ. */
  readonly rules: readonly [Rule, ...Rule[]];
  /**
   * Which rule moves a weight: its name, or `FROZEN`. Undefined where none does, which is an
   * error. Default: the main rule for all.
   */
  readonly route?: (path: string) => string | undefined;
  /** The parameters there must be, where that is known, with their shapes and norms. */
  readonly weights?: readonly RecipeWeight[];
}

/**
 * Checks a recipe, but for the options that others check.
 *
 * @throws RangeError for a learning rate, a factor or a schedule out of range, or for rules of one
 *   name; TypeError for a factor of no parameter
 */
export function checkRecipe(recipe: Recipe): void {
  const { name, rules, schedule, lrFactors = {}, weights } = recipe;
  for (const [path, factor] of Object.entries(lrFactors)) {
    checkRange(name, `the factor of lr of ${path || "all"}`, factor, NOT_NEGATIVE);
  }
  if (weights) checkNamed(recipe, weights.map(({ path }) => path));
  for (const { lr } of rules) checkRange(name, "lr", lr, NOT_NEGATIVE);
  if (schedule !== undefined) checkRange(name, "schedule", schedule, FUNCTION);
  const names = rules.map((rule) => rule.name);
  if (new Set(names).size === names.length) return;
  throw new RangeError(`${name}: two rules of one name: ${names.join(", ")}. Rename one.`);
}

/** @throws TypeError for an option to a path that is not there */
export function checkNamed({ name, lrFactors = {}, clip }: Recipe, paths: readonly string[]): void {
  checkPaths(name, "factor of lr", lrFactors, paths);
  checkPaths(name, "clip", clip?.dual ?? {}, paths);
}
