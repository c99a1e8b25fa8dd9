// Optimizers of one rule that go by the norms of a module.

import { OBJECT } from "./check.ts";
import { type Stages, ruleOf } from "./common.ts";
import { type Geometry, type GeometryEntry, type GeometryOptions, entriesOf } from "./geometry.ts";
import { Optimizer } from "./optimizer.ts";
import { COMMON, type CommonOptions, commonOf } from "./options.ts";
import { FROZEN } from "./recipe.ts";

/** Options of these optimizers. */
export interface NormOptions extends CommonOptions, GeometryOptions {}

/** Ranges of `NormOptions`. */
export const NORM_RANGES = { norms: OBJECT, ...COMMON } as const;

/**
 * An optimizer of one rule for all weights of a module but the frozen ones.
 *
 * @param make gives the stages, for which it may ask for the entry of a weight
 * @param name the rule's
 */
export function byNorms(
  op: string, module: Geometry, options: NormOptions & { readonly lr: number },
  make: (entryOf: (path: string) => GeometryEntry) => Stages, name: string = op,
): Optimizer {
  const { lr, norms } = options;
  const entries = entriesOf(op, module, norms);
  const entryOf = (path: string) => entries.get(path) as GeometryEntry; // routed by these entries
  return new Optimizer({
    name: op,
    rules: [ruleOf(name, lr, make(entryOf))],
    weights: [...entries.values()],
    route: (path) => {
      const entry = entries.get(path);
      return entry && (entry.share > 0 ? name : FROZEN);
    },
    ...commonOf(options),
  });
}
