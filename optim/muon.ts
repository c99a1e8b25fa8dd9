import { JORDAN, type PolarSet, rmsToRms, spectral } from "../nn/index.ts";
import { ADAM_RANGES, type AdamRuleOptions, adamRule } from "./adam.ts";
import { ema } from "./average.ts";
import { FRACTION, FUNCTION, NOT_NEGATIVE, OBJECT, SWITCH, checkOptions, oneOf } from "./check.ts";
import { descend } from "./descend.ts";
import { orthogonalize } from "./dualize.ts";
import { type Geometry, type GeometryEntry, entriesOf } from "./geometry.ts";
import { Optimizer } from "./optimizer.ts";
import type { Rule } from "./pipeline.ts";
import { FROZEN } from "./recipe.ts";
import type { Schedule } from "./schedule.ts";

/** Singular values of an update of a matrix with m rows and n columns, per unit of rate. */
const SCALES = {
  /** Jordan et al. 2024: sqrt(max(1, m / n)). */
  original: (m: number, n: number) => Math.sqrt(Math.max(1, m / n)),
  /** Liu et al. 2025, "Muon is scalable for LLM training": the RMS of an AdamW update. */
  moonlight: (m: number, n: number) => 0.2 * Math.sqrt(Math.max(m, n)),
  /** RMS to RMS norm one. */
  modula: (m: number, n: number) => Math.sqrt(m / n),
  none: () => 1,
} as const;

/** How the size of an orthogonalized update goes with the sides of its matrix. */
export type MuonScale = keyof typeof SCALES;

/** The rules of `muon`: `frozen` leaves a weight as it is. */
export type MuonRoute = "muon" | "adamw" | typeof FROZEN;

/** Options of `muon`. */
export interface MuonOptions {
  /** Learning rate of the orthogonalized updates, >= 0. Default 0.02. */
  readonly lr?: number;
  /** Decay of the average of gradients, in [0, 1). Default 0.95. */
  readonly momentum?: number;
  /** Average once more with the newest gradient. Default true. */
  readonly nesterov?: boolean;
  /** Share of the weight taken off per unit of learning rate, >= 0; decoupled. Default 0. */
  readonly weightDecay?: number;
  /**
   * Size of the updates: "original" sqrt(max(1, m/n)), "moonlight" 0.2 sqrt(max(m, n)), "modula"
   * sqrt(m/n), "none" 1. Default "original"; Moonlight goes with a weightDecay of 0.1.
   */
  readonly scale?: MuonScale;
  /** How matrices are orthogonalized. Default `JORDAN`, five steps. */
  readonly polar?: PolarSet;
  /** For the other weights. Default lr 3e-4, betas 0.9 and 0.95, eps 1e-10, no decay. */
  readonly adamw?: AdamRuleOptions;
  /** Rules for paths, or for all weights below a path; the longest path counts. */
  readonly routes?: Readonly<Record<string, MuonRoute>>;
  /** Factor of both learning rates. Default: constant. */
  readonly schedule?: Schedule;
}

const RANGES = {
  lr: NOT_NEGATIVE, momentum: FRACTION, nesterov: SWITCH, weightDecay: NOT_NEGATIVE,
  scale: /* @__PURE__ */ oneOf(["original", "moonlight", "modula", "none"]), polar: OBJECT,
  adamw: OBJECT, routes: OBJECT, schedule: FUNCTION,
} as const;

/**
 * Momentum orthogonalized by Newton-Schulz: every matrix update has nearly equal singular values.
 *
 * Which weights these are the module says: those with the norm `rmsToRms` or `spectral`.
 * Embeddings, vectors and weights of other norms go to AdamW, weights of mass zero stay as they
 * are. `routes` changes that.
 *
 * @param module that the parameters belong to
 * @throws RangeError for an option out of range; TypeError for an unknown one, or for a route to
 *   no parameter
 * Source: Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"
 * @example
 * const optimizer = muon(module, { lr: 0.02, routes: { head: "adamw" } });
 */
export function muon(module: Geometry, options: MuonOptions = {}): Optimizer {
  checkOptions("muon", options, RANGES);
  const { lr = 0.02, momentum = 0.95, nesterov = true, weightDecay = 0, schedule } = options;
  const { scale = "original", polar = JORDAN, adamw = {}, routes = {} } = options;
  checkOptions("muon adamw", adamw, ADAM_RANGES);
  const entries = entriesOf("muon", module);
  checkRoutes(routes, [...entries.keys()]);
  return new Optimizer({
    name: "muon",
    rules: [{
      name: "muon", lr,
      average: ema({ momentum, nesterov }),
      dualize: orthogonalize("muon", SCALES[scale], polar),
      step: descend("muon", { weightDecay }),
    }, auxiliary(adamw)],
    weights: [...entries.values()],
    route: (path) => {
      const entry = entries.get(path);
      return entry && (routeOf(path, routes) ?? ownRoute(entry));
    },
    schedule,
  });
}

/** The rule of other weights, with the defaults of Jordan's muon.py, MuonWithAuxAdam. */
function auxiliary(options: AdamRuleOptions): Rule {
  const { lr = 3e-4, betas = [0.9, 0.95], eps = 1e-10, weightDecay = 0 } = options;
  return adamRule("adamw", { lr, betas, eps, weightDecay });
}

/** The rule that a weight's norm asks for. */
function ownRoute({ norm, share }: GeometryEntry): MuonRoute {
  if (share === 0) return FROZEN;
  return norm === rmsToRms || norm === spectral ? "muon" : "adamw";
}

/** The rule given for a path, or for the longest path above it. */
function routeOf(
  path: string, routes: Readonly<Record<string, MuonRoute>>,
): MuonRoute | undefined {
  const fitting = Object.keys(routes).filter((key) => isAtOrBelow(path, key));
  const [longest] = fitting.sort((a, b) => b.length - a.length);
  return longest === undefined ? undefined : routes[longest];
}

function isAtOrBelow(path: string, above: string): boolean {
  return path === above || path.startsWith(`${above}.`);
}

function checkRoutes(routes: Readonly<Record<string, unknown>>, paths: readonly string[]): void {
  checkOptions("muon routes", routes, Object.fromEntries(
    Object.keys(routes).map((key) => [key, oneOf(["muon", "adamw", FROZEN])]),
  ));
  for (const key of Object.keys(routes)) {
    if (paths.some((path) => isAtOrBelow(path, key))) continue;
    throw new TypeError(
      `muon: a route to no parameter: ${key}. There are ${paths.join(", ") || "none"}.`,
    );
  }
}
