import log1pText from "../../kernels/math/log1p.wgsl" with { type: "text" };
import lossText from "../../kernels/row/cross_entropy.wgsl" with { type: "text" };
import gradText from "../../kernels/row/cross_entropy_grad.wgsl" with { type: "text" };
import { ShapeError, type Tensor, arange, checkDtype, rowsOf, runRows, show, withContiguous } from
  "../../engine/index.ts";
import { apply, checkTensor } from "../define.ts";
import type { InputGrads, Operand } from "../tape.ts";
import { cast, div, eq, mul, ne, sub } from "./arithmetic.ts";
import { mean, sum } from "./reduce.ts";
import { softmax } from "./softmax.ts";
import { expand, unsqueeze } from "./views.ts";

/** Options of `crossEntropy`. */
export interface CrossEntropyOptions {
  /** `mean` over the rows that count, `sum`, or `none`: a loss for each row. Default `mean`. */
  readonly reduction?: "mean" | "sum" | "none";
  /** Rows with this label have loss and gradient 0, and do not count in the mean. */
  readonly ignoreIndex?: number;
}

/**
 * Negative log-likelihood, in nats, of labels under the softmax of logits.
 *
 * Small losses and gradients keep their digits: nothing is formed as p - 1.
 *
 * @param logits `[..., classes]` f32
 * @param labels `[...]` i32, in [0, classes); others give NaN, except `ignoreIndex`
 * @returns a scalar, or `[...]` for reduction `none`; f32
 * @throws ShapeError if the labels do not have the logits' leading axes; DtypeError
 */
export function crossEntropy(
  logits: Tensor, labels: Tensor, options: CrossEntropyOptions = {},
): Tensor {
  const { reduction = "mean", ignoreIndex } = options;
  if (!["mean", "sum", "none"].includes(reduction)) {
    throw new RangeError(
      `crossEntropy: unknown reduction: ${String(reduction)}. Use "mean", "sum" or "none".`,
    );
  }
  const losses = rowLosses(logits, labels, ignoreIndex);
  if (reduction === "none") return losses;
  if (reduction === "sum") return sum(losses);
  if (ignoreIndex === undefined) return mean(losses);
  return div(sum(losses), sum(cast(ne(labels, ignoreIndex), "f32")));
}

/** No label an i32 tensor can be expected to hold stands for "ignore nothing". */
const NOTHING = -(2 ** 31);

function rowLosses(logits: Tensor, labels: Tensor, ignore = NOTHING): Tensor {
  checkInputs(logits, labels);
  const kernel = { name: "crossEntropy", wgsl: `${log1pText}${lossText}` };
  return apply({
    name: "crossEntropy",
    forward: (x, y) => withContiguous(tensors(x, y), ([a, b]) => {
      const [scores, targets] = [a, b] as [Tensor, Tensor]; // two came in
      const out = scores.device.empty("crossEntropy", targets.shape, "f32");
      const { rows, width } = rowsOf(scores);
      runRows(kernel, [scores, targets], out, rows, [
        width, scores.layout.offset, targets.layout.offset, ignore, 0,
      ]);
      return out;
    }),
    vjp: (dy, [x, y]) => [() => logitsGrad(x as Tensor, y as Tensor, dy, ignore)],
  }, [logits, labels]);
}

/** dy (softmax(x) - one-hot(y)) row by row. */
function logitsGrad(x: Tensor, y: Tensor, dy: Tensor, ignore: number): Tensor {
  const kernel = { name: "crossEntropyGrad", wgsl: gradText };
  return apply({
    name: "crossEntropyGrad",
    forward: (...inputs) => withContiguous(tensors(...inputs), (list) => {
      const [scores, targets, factors] = list as [Tensor, Tensor, Tensor]; // three came in
      const out = scores.device.empty("crossEntropyGrad", scores.shape, "f32");
      const { rows, width } = rowsOf(scores);
      runRows(kernel, list, out, rows, [
        width, scores.layout.offset, targets.layout.offset, factors.layout.offset, 1, ignore, 0,
      ]);
      return out;
    }),
    vjp: (d, inputs) => secondGrads(d, inputs as readonly Tensor[], ignore),
  }, [x, y, dy]);
}

/** Gradients of `logitsGrad` by the logits and by `dy`. */
function secondGrads(d: Tensor, inputs: readonly Tensor[], ignore: number): InputGrads {
  const [x, y, dy] = inputs as readonly [Tensor, Tensor, Tensor]; // forward has checked them
  const counted = unsqueeze(cast(ne(y, ignore), "f32"), -1);
  const p = softmax(x);
  const dot = (a: Tensor, b: Tensor) => sum(mul(a, b), { axis: -1, keepDims: true });
  // The chances add up to 1, so d may be shifted: by its value at the label nothing cancels there.
  const shifted = sub(d, dot(d, oneHot(y, x.shape.at(-1) ?? 1)));
  return [
    () => mul(mul(unsqueeze(dy, -1), counted), mul(p, sub(shifted, dot(shifted, p)))),
    () => d, // labels have no gradient
    () => sum(mul(mul(shifted, counted), p), { axis: -1 }),
  ];
}

/**
 * 1 at the place of each label, else 0.
 *
 * @param labels `[...]` i32; a label outside [0, classes) gives a row of zeros
 * @returns `[..., classes]` f32
 */
export function oneHot(labels: Tensor, classes: number): Tensor {
  checkDtype("oneHot", checkTensor("oneHot", labels).dtype, ["i32"]);
  const places = arange(classes, { dtype: "i32", device: labels.device });
  const hot = cast(eq(unsqueeze(labels, -1), expand(places, [classes])), "f32");
  places.dispose();
  return hot;
}

function tensors(...inputs: readonly Operand[]): Tensor[] {
  return inputs.map((x) => checkTensor("crossEntropy", x));
}

function checkInputs(logits: Tensor, labels: Tensor): void {
  checkDtype("crossEntropy", checkTensor("crossEntropy", logits).dtype, ["f32"]);
  checkDtype("crossEntropy", checkTensor("crossEntropy", labels).dtype, ["i32"]);
  if (logits.shape.length > 0 && show(logits.shape.slice(0, -1)) === show(labels.shape)) return;
  throw new ShapeError(
    `crossEntropy: labels do not fit the logits: ${show(logits.shape)} and ${show(labels.shape)}. `
      + `Give one label for each row of logits.`,
  );
}
