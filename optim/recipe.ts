import type { Shape } from "../autograd/index.ts";
import type { Rule } from "./pipeline.ts";
import type { Schedule } from "./schedule.ts";

/** Shown in routes for weights that no rule moves. */
export const FROZEN = "frozen";

/** What makes an optimizer. */
export interface Recipe {
  /** For errors and saved states. */
  readonly name: string;
  /** At least one; the first is the main one. Names differ. */
  readonly rules: readonly [Rule, ...Rule[]];
  /**
   * Which rule moves a weight: its name, or `FROZEN`. Undefined where none does, which is an
   * error. Default: the main rule for all.
   */
  readonly route?: (path: string) => string | undefined;
  /** The parameters there must be, where that is known, with their shapes. */
  readonly weights?: readonly { readonly path: string; readonly shape?: Shape }[];
  /** Factor of every rule's learning rate. Default: constant. */
  readonly schedule?: Schedule | undefined;
}
