import type { Shape } from "../autograd/index.ts";
import type { DualNorm } from "./clip.ts";
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
