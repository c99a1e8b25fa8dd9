// Optimizers with one rule for matrices and another for all other weights.

import type { Norm } from "../nn/index.ts";
import { ADAM_RANGES, type AdamRuleOptions, adamRule } from "./adam.ts";
import { NORMS, normedEntries } from "./by_norms.ts";
import { checkOptions, checkRange, objectAs, oneOf } from "./check.ts";
import { type Geometry, type GeometryEntry, type GeometryOptions, type PerPath, checkPaths, pick }
  from "./geometry.ts";
import { Optimizer } from "./optimizer.ts";
import { COMMON, type CommonOptions, commonOf } from "./options.ts";
import type { Rule } from "./pipeline.ts";
import { FROZEN } from "./recipe.ts";

/** The rules of such an optimizer: `frozen` leaves a weight as it is. */
export type MatrixRoute<Name extends string> = Name | "adamw" | typeof FROZEN;

/** Options of optimizers for matrices; `schedule` is of both learning rates. */
export interface MatrixOptions<Name extends string> extends CommonOptions, GeometryOptions {
  /** For the other weights. Default lr 3e-4, betas 0.9 and 0.95, eps 1e-10, no decay. */
  readonly adamw?: AdamRuleOptions;
  /** Rules for paths, or for all weights below a path; the longest path counts. */
  readonly routes?: PerPath<MatrixRoute<Name>>;
}

/** Ranges of `MatrixOptions`. */
export const MATRIX_RANGES = {
  norms: NORMS, adamw: /* @__PURE__ */ objectAs("{ lr: 3e-4 }"),
  routes: /* @__PURE__ */ objectAs('{ head: "adamw" }'), ...COMMON,
} as const;

/** The norm of a weight, by its path. */
export type NormOf = (path: string) => Norm | undefined;

/** How many of a weight's last axes are one matrix, or a kernel `[out, in, ..]` taken for one. */
export function matrixRank(norm: Norm | undefined): number {
  return norm ? Math.max(2, norm.rank - norm.stackAxes) : 2;
}

/**
 * The main rule for weights whose norm is a largest singular value, another one for the rest.
 *
 * @param main makes the rule of matrices, which has the optimizer's name
 * @param rest the rule of the others. Default: AdamW with the options given for it
 */
export function matrixOptimizer<Name extends string>(
  op: Name, module: Geometry, options: MatrixOptions<Name>, main: (normOf: NormOf) => Rule,
  rest?: Rule,
): Optimizer {
  const { adamw = {}, routes = {}, norms } = options;
  const other = rest ?? auxiliary(op, adamw);
  checkRoutes(op, routes, [op, other.name, FROZEN]);
  const entries = normedEntries(op, module, norms, (entry) => {
    return (pick<string>(routes, entry.path) ?? ownRoute(entry, op, op)) === op;
  });
  checkPaths(op, "route", routes, [...entries.keys()]);
  return new Optimizer({
    name: op,
    rules: [main((path) => entries.get(path)?.norm), other],
    weights: [...entries.values()],
    route: (path) => {
      const entry = entries.get(path);
      return entry && (pick<string>(routes, path) ?? ownRoute(entry, op, other.name));
    },
    ...commonOf(options),
  });
}

function checkRoutes(op: string, routes: PerPath<string>, names: readonly string[]): void {
  for (const [path, route] of Object.entries(routes)) {
    if (route !== undefined) checkRange(`${op} routes`, path || "all", route, oneOf(names));
  }
}

/** The rule that a weight's norm asks for. */
function ownRoute({ norm, share }: GeometryEntry, main: string, rest: string): string {
  if (share === 0) return FROZEN;
  return norm.resized ? main : rest;
}

/** The rule of other weights, with the defaults of Jordan's muon.py, MuonWithAuxAdam. */
function auxiliary(op: string, options: AdamRuleOptions): Rule {
  checkOptions(`${op} adamw`, options, ADAM_RANGES);
  const { lr = 3e-4, betas = [0.9, 0.95], eps = 1e-10, weightDecay = 0 } = options;
  return adamRule("adamw", { lr, betas, eps, weightDecay });
}
