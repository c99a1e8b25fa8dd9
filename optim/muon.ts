import { JORDAN, type PolarSet } from "../nn/index.ts";
import { ema } from "./average.ts";
import { FRACTION, NOT_NEGATIVE, POLAR, SWITCH, checkOptions, oneOf } from "./check.ts";
import { ruleOf } from "./common.ts";
import { descend } from "./descend.ts";
import { orthogonalize } from "./dualize.ts";
import type { Geometry } from "./geometry.ts";
import { MATRIX_RANGES, type MatrixOptions, matrixOptimizer } from "./matrices.ts";
import type { Optimizer } from "./optimizer.ts";

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

/** Options of `muon`. */
export interface MuonOptions extends MatrixOptions<"muon"> {
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
}

const RANGES = {
  lr: NOT_NEGATIVE, momentum: FRACTION, nesterov: SWITCH, weightDecay: NOT_NEGATIVE,
  scale: /* @__PURE__ */ oneOf(["original", "moonlight", "modula", "none"]), polar: POLAR,
} as const;

/**
 * Momentum orthogonalized by Newton-Schulz: every matrix update has nearly equal singular values.
 *
 * Which weights these are the module says: those whose norm is a largest singular value, of a
 * matrix, its blocks, or a kernel seen as `[out, in taps]`. Embeddings, vectors and weights of
 * other norms go to AdamW, weights of mass zero stay as they are. `routes` changes that.
 *
 * @param module that the parameters belong to
 * @throws RangeError for an option out of range; TypeError for an unknown one, or for a route to
 *   no parameter
 * Source: Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"
 * @example
 * const optimizer = muon(module, { lr: 0.02, routes: { head: "adamw" } });
 */
export function muon(module: Geometry, options: MuonOptions = {}): Optimizer {
  checkOptions("muon", options, { ...MATRIX_RANGES, ...RANGES });
  const { lr = 0.02, momentum = 0.95, nesterov = true, weightDecay = 0 } = options;
  const { scale = "original", polar = JORDAN } = options;
  return matrixOptimizer("muon", module, options, (normOf) => ruleOf("muon", lr, {
    average: ema({ momentum, nesterov }),
    dualize: orthogonalize("muon", SCALES[scale], polar, normOf),
    step: descend("muon", { weightDecay }),
  }));
}
