import bceBody from "../../kernels/ternary/bce_with_logits.wgsl" with { type: "text" };
import klDivBody from "../../kernels/binary/kl_div.wgsl" with { type: "text" };
import bitsText from "../../kernels/math/bits.wgsl" with { type: "text" };
import logText from "../../kernels/math/log.wgsl" with { type: "text" };
import log1pText from "../../kernels/math/log1p.wgsl" with { type: "text" };
import { ShapeError, type Tensor, show } from "../../engine/index.ts";
import { asFloat } from "../as_float.ts";
import { checkTensor, composed, defineBinary, inFloat32, showShapes } from "../define.ts";
import { defineMany } from "../define_many.ts";
import type { Operand } from "../tape.ts";
import { add, div, log, maximum, mul, neg, square, sub } from "./arithmetic.ts";
import { clip } from "./pairs.ts";
import { mean, sum } from "./reduce.ts";
import { abs, exp, logSigmoid, relu, sigmoid } from "./unary.ts";

/** What becomes of the losses of the elements. */
export type LossReduction = "mean" | "sum" | "none";

/** Options all losses have. */
export interface LossOptions {
  /** `mean` over all elements, `sum`, or `none`: the losses as they are. Default `mean`. */
  readonly reduction?: LossReduction;
}

/**
 * Losses folded as a reduction says.
 *
 * @throws RangeError for a reduction there is not
 */
export function reduceLoss(
  op: string, losses: Tensor, { reduction = "mean" }: LossOptions,
): Tensor {
  if (reduction === "mean") return mean(losses);
  if (reduction === "sum") return sum(losses);
  checkReduction(op, reduction);
  return losses;
}

/** Checks the name of a reduction. @throws RangeError for others */
export function checkReduction(op: string, reduction: string): void {
  if (["mean", "sum", "none"].includes(reduction)) return;
  throw new RangeError(
    `${op}: unknown reduction: ${String(reduction)}. Use "mean", "sum" or "none".`,
  );
}

/**
 * Checks that a prediction and its target have one shape: a loss that broadcasts hides mistakes.
 *
 * @throws ShapeError if they differ
 */
export function checkAlike(op: string, names: readonly string[], ...list: readonly Tensor[]): void {
  const shapes = list.map((t) => checkTensor(op, t).shape);
  if (shapes.every((s) => show(s) === show(shapes[0] ?? []))) return;
  throw new ShapeError(`${op}: shapes differ: ${showShapes(names, shapes)}. Expand one of them.`);
}

const PAIR = ["input", "target"] as const;

/** The loss of tensors of one shape, computed in float32 throughout. */
export function lossOf(
  op: string, names: readonly string[], inputs: readonly Tensor[], options: LossOptions,
  losses: (...inputs: [Tensor, Tensor, Tensor]) => Tensor,
): Tensor {
  return composed(op, () => {
    checkAlike(op, names, ...inputs);
    const run = losses as (...list: Tensor[]) => Tensor; // as many as there are names
    const floats = inputs.map((x) => asFloat(op, x));
    return inFloat32(floats, (...list) => reduceLoss(op, run(...list), options));
  });
}

/**
 * Squared difference.
 *
 * @param input any shape, f32
 * @param target same shape and dtype
 * @returns a scalar, or the shape for reduction `none`
 * @throws ShapeError if the shapes differ; RangeError for a reduction there is not; DtypeError
 */
export function mseLoss(input: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  return lossOf("mseLoss", PAIR, [input, target], options, (x, t) => square(sub(x, t)));
}

/** Size of the difference; operands, result and errors as for `mseLoss`. */
export function l1Loss(input: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  return lossOf("l1Loss", PAIR, [input, target], options, (x, t) => abs(sub(x, t)));
}

/**
 * d^2 / 2 for differences d up to `delta` (default 1), from there on the straight line
 * delta (|d| - delta / 2); operands, result and errors as for `mseLoss`.
 */
export function huberLoss(
  input: Tensor, target: Tensor, options: LossOptions & { readonly delta?: number } = {},
): Tensor {
  const { delta = 1 } = options;
  checkPositive("huberLoss", "delta", delta);
  return lossOf("huberLoss", PAIR, [input, target], options, (x, t) => huber(sub(x, t), delta));
}

/** `huberLoss` divided by its `beta`, whose slope is 1 far out; as `mseLoss`. */
export function smoothL1Loss(
  input: Tensor, target: Tensor, options: LossOptions & { readonly beta?: number } = {},
): Tensor {
  const { beta = 1 } = options;
  checkPositive("smoothL1Loss", "beta", beta);
  return lossOf("smoothL1Loss", PAIR, [input, target], options, (x, t) => {
    return mul(huber(sub(x, t), beta), 1 / beta);
  });
}

function huber(d: Tensor, delta: number): Tensor {
  const near = clip(d, { min: -delta, max: delta });
  return mul(near, sub(d, mul(near, 0.5)));
}

function checkPositive(op: string, name: string, value: number): void {
  if (value > 0) return;
  throw new RangeError(`${op}: ${name} is not positive: ${value}. Use 1.`);
}

/**
 * Cross-entropy of yes and no: -(w t log(s) + (1 - t) log(1 - s)) for s = sigmoid(logits). Nothing
 * cancels and nothing overflows; a logarithm whose factor is 0 does not count.
 *
 * @param logits any shape, f32
 * @param target same shape, chances in [0, 1]
 * @param options.posWeight w, a number or a shape that broadcasts. Default 1
 * @returns a scalar, or the shape for reduction `none`
 * @throws as `mseLoss`
 */
export function bceWithLogits(
  logits: Tensor, target: Tensor, options: LossOptions & { readonly posWeight?: Operand } = {},
): Tensor {
  return lossOf("bceWithLogits", ["logits", "target"], [logits, target], options, (x, t) => {
    return BCE(x, t, options.posWeight ?? 1);
  });
}

const BCE = /* @__PURE__ */ defineMany({
  name: "bceWithLogits", body: [bitsText, log1pText, bceBody],
  vjp: (dy, [x, t, w = 1]) => {
    const [logits, target] = [x, t] as [Tensor, Tensor]; // the numbers can only be the weights
    const hit = () => neg(logSigmoid(logits));
    return [
      () => mul(dy, sub(
        mul(sub(1, target), sigmoid(logits)), mul(mul(target, w), sigmoid(neg(logits))),
      )),
      () => mul(dy, add(mul(hit(), w), logSigmoid(neg(logits)))),
      () => mul(dy, mul(target, hit())),
    ];
  },
});

/** Options of `klDiv`. */
export interface KlDivOptions {
  /** As for other losses, or `batchmean`: the sum over the size of the first axis. */
  readonly reduction?: LossReduction | "batchmean";
  /** Whether the target too is given by logarithms. Default false. */
  readonly logTarget?: boolean;
}

/**
 * Kullback-Leibler divergence t (log(t) - input) of a target from log-probabilities; 0 where the
 * target is 0.
 *
 * @param input any shape, f32: logarithms of the model's probabilities
 * @param target same shape: probabilities
 * @returns a scalar, or the shape for reduction `none`
 * @throws as `mseLoss`
 */
export function klDiv(input: Tensor, target: Tensor, options: KlDivOptions = {}): Tensor {
  return composed("klDiv", () => {
    const { reduction = "mean", logTarget = false } = options;
    const inner = { reduction: reduction === "batchmean" ? "sum" : reduction };
    const total = lossOf("klDiv", PAIR, [input, target], inner, (x, t) => {
      return logTarget ? mul(exp(t), sub(t, x)) : KL(x, t);
    });
    return reduction === "batchmean" ? mul(total, 1 / (input.shape[0] ?? 1)) : total;
  });
}

const KL = /* @__PURE__ */ defineBinary({
  name: "klDiv", body: [bitsText, logText, klDivBody],
  vjp: (dy, [x, t]) => [
    () => neg(mul(dy, t)),
    () => mul(dy, add(sub(log(t as Tensor), x), 1)), // klDiv takes tensors
  ],
});

/**
 * Distance to the right side of a margin: max(0, margin - input target).
 *
 * @param target same shape, 1 or -1
 * @param options.margin default 1
 * @throws as `mseLoss`
 */
export function hingeLoss(
  input: Tensor, target: Tensor, options: LossOptions & { readonly margin?: number } = {},
): Tensor {
  return lossOf("hingeLoss", PAIR, [input, target], options, (x, t) => {
    return relu(sub(options.margin ?? 1, mul(x, t)));
  });
}

/** Options of `poissonNll`. */
export interface PoissonOptions extends LossOptions {
  /** Whether the input is the logarithm of the rate. Default true. */
  readonly logInput?: boolean;
  /** Added to a rate before its logarithm. Default 1e-8. */
  readonly eps?: number;
}

/** -log of the Poisson probability of a count but for log(target!); as `mseLoss`. */
export function poissonNll(input: Tensor, target: Tensor, options: PoissonOptions = {}): Tensor {
  const { logInput = true, eps = 1e-8 } = options;
  return lossOf("poissonNll", PAIR, [input, target], options, (x, t) => {
    return logInput ? sub(exp(x), mul(t, x)) : sub(x, mul(t, log(add(x, eps))));
  });
}

/**
 * -log of the normal density of a target, but for log(2 pi) / 2: (log v + (input - target)^2 / v)
 * / 2; the other errors as for `mseLoss`.
 *
 * @param variance v, same shape; taken as `eps` (1e-6) where it is below
 */
export function gaussianNll(
  input: Tensor, target: Tensor, variance: Tensor,
  options: LossOptions & { readonly eps?: number } = {},
): Tensor {
  const names = ["input", "target", "variance"];
  return lossOf("gaussianNll", names, [input, target, variance], options, (x, t, given) => {
    const v = maximum(given, options.eps ?? 1e-6);
    return mul(add(log(v), div(square(sub(x, t)), v)), 0.5);
  });
}
