import { ShapeError, type Tensor, resolveAxis, show } from "../../engine/index.ts";
import { checkTensor, composed, inFloat32 } from "../define.ts";
import { add, cast, div, eq, lt, mul, ne, neg, where } from "./arithmetic.ts";
import { checkLabels, rowLosses } from "./cross_entropy.ts";
import { embedding, gather } from "./indexing.ts";
import { type LossOptions, checkAlike, checkReduction } from "./losses.ts";
import { mean, sum } from "./reduce.ts";
import { logSoftmax } from "./softmax.ts";
import { permute, reshape, unsqueeze } from "./views.ts";

/** Options of `nllLoss`. */
export interface NllOptions extends LossOptions {
  /** Rows with this label have loss and gradient 0, and do not count in the mean. */
  readonly ignoreIndex?: number;
  /** The axis of the classes. Default: the last. */
  readonly axis?: number;
  /** `[classes]` f32: factors of the losses by label; the mean is over their sum. Default: 1. */
  readonly weight?: Tensor;
}

/** Options of `crossEntropy`. */
export interface CrossEntropyOptions extends NllOptions {
  /** Share of the target that is spread over all classes evenly, in [0, 1]. Default 0. */
  readonly labelSmoothing?: number;
}

/**
 * Negative log-likelihood, in nats, of labels under the softmax of logits.
 *
 * Small losses and gradients keep their digits: nothing is formed as p - 1.
 *
 * @param logits `[..., classes]` f32
 * @param target `[...]` i32: labels in [0, classes) or `ignoreIndex`; another gives NaN, and is an
 *   IndexError at the next read. Or `[..., classes]` f32: a chance for each class
 * @returns a scalar, or `[...]` for reduction `none`; f32
 * @throws ShapeError if the target or the weights do not fit the logits; RangeError for options out
 *   of range; DtypeError
 */
export function crossEntropy(
  logits: Tensor, target: Tensor, options: CrossEntropyOptions = {},
): Tensor {
  return composed("crossEntropy", () => {
    const { axis, labelSmoothing = 0, weight, ignoreIndex, reduction = "mean" } = options;
    checkReduction("crossEntropy", reduction);
    if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
      throw new RangeError(
        `crossEntropy: labelSmoothing is not in [0, 1]: ${labelSmoothing}. Use 0.1.`,
      );
    }
    const x = classesLast("crossEntropy", logits, axis);
    if (x.shape.length === checkTensor("crossEntropy", target).shape.length && x.shape.length > 0) {
      checkAlike("crossEntropy", ["logits", "target"], logits, target);
      return inFloat32([x, target], (wide, chances) => chanceLosses(wide, chances, options));
    }
    if (weight === undefined && labelSmoothing === 0) {
      const losses = rowLosses(x, target, ignoreIndex);
      if (ignoreIndex === undefined || reduction !== "mean") return average(losses, {}, options);
      return average(losses, { counted: ne(target, ignoreIndex) }, options);
    }
    checkLabels("crossEntropy", x, target);
    return inFloat32([x], (wide) => smoothed(wide, target, options));
  });
}

/** The cross-entropy with weights or smoothed labels. */
function smoothed(x: Tensor, target: Tensor, options: CrossEntropyOptions): Tensor {
  const { labelSmoothing = 0, weight } = options;
  const weights = labelWeights(x, target, options);
  const { counted, labels } = weights;
  const rows = counted ? where(unsqueeze(counted, -1), x, 0) : x;
  const hit = weighted(rowLosses(rows, labels), weights);
  const spread = mul(classMean(logSoftmax(rows), weight), -labelSmoothing);
  const losses = labelSmoothing === 0 ? hit : add(mul(hit, 1 - labelSmoothing), spread);
  return average(counted ? where(counted, losses, 0) : losses, weights, options);
}

function classMean(x: Tensor, weight: Tensor | undefined): Tensor {
  return mean(weight ? mul(x, weight) : x, { axis: -1 });
}

/** The cross-entropy with chances: the sum of -t log(p), where no class of chance 0 counts. */
function chanceLosses(x: Tensor, target: Tensor, options: CrossEntropyOptions): Tensor {
  const { axis, labelSmoothing = 0, weight, ignoreIndex } = options;
  if (ignoreIndex !== undefined) {
    throw new RangeError(
      `crossEntropy: ignoreIndex goes with labels, not with chances: ${ignoreIndex}. Leave it out.`,
    );
  }
  checkWeight("crossEntropy", x, weight);
  const given = classesLast("crossEntropy", target, axis);
  const classes = x.shape.at(-1) ?? 1;
  const t = labelSmoothing === 0 ? given
    : add(mul(given, 1 - labelSmoothing), labelSmoothing / classes);
  const logs = logSoftmax(x);
  const terms = where(eq(t, 0), 0, mul(t, weight ? mul(logs, weight) : logs));
  return average(neg(sum(terms, { axis: -1 })), {}, options);
}

/**
 * Negative log-likelihood of labels: minus the score of each label. For logits see `crossEntropy`.
 *
 * @param scores `[..., classes]` f32: log-probabilities
 * @param labels `[...]` i32 in [0, classes); another is an IndexError at the next read, except
 *   `ignoreIndex`
 * @returns a scalar, or `[...]` for reduction `none`; f32
 * @throws ShapeError if labels or weights do not fit the scores; RangeError; DtypeError
 */
export function nllLoss(scores: Tensor, labels: Tensor, options: NllOptions = {}): Tensor {
  return composed("nllLoss", () => {
    checkReduction("nllLoss", options.reduction ?? "mean");
    const x = classesLast("nllLoss", scores, options.axis);
    checkLabels("nllLoss", x, labels);
    return inFloat32([x], (wide) => nllRows(wide, labels, options));
  });
}

function nllRows(x: Tensor, labels: Tensor, options: NllOptions): Tensor {
  const weights = labelWeights(x, labels, options, "nllLoss");
  const { counted, labels: own } = weights;
  const places = where(lt(own, 0), x.shape.at(-1) ?? 1, own); // a lookup would count from the end
  const picked = reshape(gather(x, unsqueeze(places, -1), -1), labels.shape);
  const losses = weighted(neg(picked), weights);
  return average(counted ? where(counted, losses, 0) : losses, weights, options);
}

/** What labels say of their rows. */
interface LabelWeights {
  /** Whether a row counts, where one may be ignored. */
  readonly counted?: Tensor;
  /** The weight of the row's label, where there are weights. */
  readonly weight?: Tensor;
}

function labelWeights(
  x: Tensor, target: Tensor, { ignoreIndex, weight }: NllOptions, op = "crossEntropy",
): LabelWeights & { readonly labels: Tensor } {
  checkWeight(op, x, weight);
  const counted = ignoreIndex === undefined ? undefined : ne(target, ignoreIndex);
  const labels = counted ? where(counted, target, 0) : target;
  const own = weight && embedding(weight, labels);
  return { labels, ...(counted && { counted }), ...(own && { weight: own }) };
}

function weighted(losses: Tensor, { weight }: LabelWeights): Tensor {
  return weight ? mul(losses, weight) : losses;
}

/** The losses folded: their mean is over the weights of the rows that count. */
function average(
  losses: Tensor, { counted, weight }: LabelWeights, { reduction = "mean" }: LossOptions,
): Tensor {
  if (reduction === "none") return losses;
  if (reduction === "sum") return sum(losses);
  if (!counted && !weight) return mean(losses);
  const ones = counted && cast(counted, "f32");
  const count = sum(ones && weight ? mul(ones, weight) : (ones ?? weight) as Tensor);
  return inFloat32([losses], (wide) => div(sum(wide), count));
}

/** The scores with the axis of the classes last; a view. */
function classesLast(op: string, x: Tensor, axis = -1): Tensor {
  const { shape } = checkTensor(op, x);
  if (shape.length === 0) return x;
  const at = resolveAxis(op, axis, shape);
  if (at === shape.length - 1) return x;
  return permute(x, [...[...shape.keys()].filter((i) => i !== at), at]);
}

function checkWeight(op: string, x: Tensor, weight: Tensor | undefined): void {
  if (weight === undefined) return;
  if (show(checkTensor(op, weight).shape) === show(x.shape.slice(-1))) return;
  throw new ShapeError(
    `${op}: the weights do not fit the classes: ${show(weight.shape)} for `
      + `${show(x.shape.slice(-1))}. Give one for each class.`,
  );
}
