import { type Shape, type Tensor, maximum, mean, mul, rsqrt, sqrt, square } from
  "../autograd/index.ts";
import { JORDAN, type PolarSet, lineNorms, unitLines } from "../nn/index.ts";
import { ema } from "./average.ts";
import { FRACTION, NOT_NEGATIVE, POLAR, SWITCH, checkOptions, oneOf } from "./check.ts";
import { ruleOf } from "./common.ts";
import { descend } from "./descend.ts";
import { orthogonalize } from "./dualize.ts";
import { blendInto, ratio } from "./elementwise.ts";
import type { Geometry } from "./geometry.ts";
import { MATRIX_RANGES, type MatrixOptions, type NormOf, matrixOptimizer, matrixRank } from
  "./matrices.ts";
import type { Optimizer } from "./optimizer.ts";
import { type Stage, eachLeaf } from "./pipeline.ts";

/** How an orthogonalized update is evened out over neurons. */
export interface NeuronOptions {
  /** Decay of the average of squares, in [0, 1). Default 0.95. */
  readonly beta?: number;
  /** Added to its root, >= 0; the least average for "speedrun". Default 1e-8; 1e-10. */
  readonly eps?: number;
  /**
   * "paper": one average for each row, and an update of RMS 0.2. "speedrun": one for each line of
   * the longer side, and the Frobenius norm stays. Default "paper".
   */
  readonly form?: "paper" | "speedrun";
}

/** Options of `normuon`. */
export interface NorMuonOptions extends MatrixOptions<"normuon">, Omit<NeuronOptions, "beta"> {
  /** Learning rate, >= 0: five times the RMS of an update. Default 0.02. */
  readonly lr?: number;
  /** Decay of the average of gradients, in [0, 1). Default 0.95. */
  readonly momentum?: number;
  /** Average once more with the newest gradient. Default false. */
  readonly nesterov?: boolean;
  /** Decay of the average of squares, in [0, 1). Default 0.95. */
  readonly beta2?: number;
  /** Share of the weight taken off per unit of learning rate, >= 0; decoupled. Default 0. */
  readonly weightDecay?: number;
  /** How matrices are orthogonalized. Default `JORDAN`, five steps. */
  readonly polar?: PolarSet;
}

/**
 * Muon whose neurons, the rows of an update, are divided by the root of the average of their
 * squares. Other weights go to AdamW, as in `muon`.
 *
 * @throws as `muon`
 * Source: Li et al. 2025, "NorMuon: making Muon more efficient and scalable"; speedrun: the
 * variant of the modded-nanogpt programs
 */
export function normuon(module: Geometry, options: NorMuonOptions = {}): Optimizer {
  checkOptions("normuon", options, {
    ...MATRIX_RANGES, lr: NOT_NEGATIVE, momentum: FRACTION, nesterov: SWITCH, beta2: FRACTION,
    eps: NOT_NEGATIVE, form: oneOf(["paper", "speedrun"]), weightDecay: NOT_NEGATIVE, polar: POLAR,
  });
  const { lr = 0.02, momentum = 0.95, nesterov = false, beta2 = 0.95, weightDecay = 0 } = options;
  const { polar = JORDAN, eps, form } = options;
  const neurons = { beta: beta2, ...(eps !== undefined && { eps }), ...(form && { form }) };
  return matrixOptimizer("normuon", module, options, (normOf) => ruleOf("normuon", lr, {
    prepare: [ema({ momentum, nesterov })],
    average: orthogonalize("normuon", () => 1, polar, normOf),
    dualize: evenNeurons(neurons, normOf),
    step: descend("normuon", { weightDecay }),
  }));
}

/**
 * The stage of `normuon` after the orthogonalization.
 *
 * @param normOf tells how many axes of a weight are its matrix `[out, ..]`. Default: two
 */
export function evenNeurons(options: NeuronOptions = {}, normOf?: NormOf): Stage {
  const { beta = 0.95, form = "paper" } = options;
  const eps = options.eps ?? (form === "paper" ? 1e-8 : 1e-10);
  const rankOf = (path: string): number => matrixRank(normOf?.(path));
  return {
    slots: (shape, path) => {
      const folded = foldedAxes(shape, rankOf(path), form);
      return { neurons: shape.map((d, i) => (folded.includes(i - shape.length) ? 1 : d)) };
    },
    run: eachLeaf(({ path, value: x, state }, { refused }) => {
      const { neurons } = state as { readonly neurons: Tensor };
      const whole = lastAxes(rankOf(path));
      const axis = foldedAxes(x.shape, rankOf(path), form);
      blendInto(neurons, mean(square(x), { axis, keepDims: true }), beta, 1 - beta, refused);
      if (form === "paper") {
        const size = whole.reduce((n, i) => n * (x.shape.at(i) ?? 1), 1);
        return unitLines(ratio(x, sqrt(neurons), 1, 1, eps), whole, 0.2 * Math.sqrt(size));
      }
      const even = mul(x, rsqrt(maximum(neurons, eps)));
      return mul(unitLines(even, whole), lineNorms(x, whole));
    }),
  };
}

/** The last axes, from the end. */
function lastAxes(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i - count);
}

/** The axes that a neuron is along. */
function foldedAxes(shape: Shape, rank: number, form: NeuronOptions["form"]): readonly number[] {
  const columns = lastAxes(rank - 1);
  const width = columns.reduce((n, i) => n * (shape.at(i) ?? 1), 1);
  return form === "paper" || (shape.at(-rank) ?? 1) >= width ? columns : [-rank];
}
