// Optimizers of one rule that go by the norms of a module.

import { ShapeError, show } from "../engine/index.ts";
import type { Norm } from "../nn/index.ts";
import { type Range, objectAs, showValue } from "./check.ts";
import { type Stages, ruleOf } from "./common.ts";
import { type Geometry, type GeometryEntry, type GeometryOptions, type PerPath, entriesOf, pick }
  from "./geometry.ts";
import { Optimizer } from "./optimizer.ts";
import { COMMON, type CommonOptions, commonOf } from "./options.ts";
import { FROZEN } from "./recipe.ts";

/** Options of these optimizers. */
export interface NormOptions extends CommonOptions, GeometryOptions {}

/** What the option `norms` may be. */
export const NORMS: Range = /* @__PURE__ */ objectAs("{ head: spectral }");

/** Ranges of `NormOptions`. */
export const NORM_RANGES = { norms: NORMS, ...COMMON } as const;

/**
 * The entries of a geometry by path, with norms given in place of its own.
 *
 * @param goesBy whether a weight's update depends on its norm. Default: unless it is frozen
 * @throws TypeError for what is no geometry or no norm, or a norm for no parameter; ShapeError if
 *   a norm that is given does not fit its weight
 */
export function normedEntries(
  op: string, module: Geometry, norms: PerPath<Norm> = {},
  goesBy: (entry: GeometryEntry) => boolean = ({ share }) => share > 0,
): ReadonlyMap<string, GeometryEntry> {
  for (const [path, norm] of Object.entries(norms)) checkNorm(op, path, norm);
  const entries = entriesOf(op, module, norms);
  for (const entry of entries.values()) {
    if (pick(norms, entry.path) && goesBy(entry)) checkFit(op, entry);
  }
  return entries;
}

function checkNorm(op: string, path: string, norm: Norm | undefined): void {
  if (norm === undefined || typeof norm?.rank === "number") return;
  throw new TypeError(
    `${op}: not a norm: ${showValue(norm)} for ${path || "all"}. Give one, as rmsToRms.`,
  );
}

/** As an atom checks the norm that it is made with. */
function checkFit(op: string, { path, shape, norm }: GeometryEntry): void {
  if (shape === undefined || shape.length === norm.rank) return;
  throw new ShapeError(
    `${op}: the norm does not fit the weight: ${norm.name} takes ${norm.rank} axes, `
      + `${path || "the root"} is ${show(shape)}. `
      + `Choose another norm${shape.length > norm.rank ? ", or stacked()" : ""}.`,
  );
}

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
  const entries = normedEntries(op, module, norms);
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
