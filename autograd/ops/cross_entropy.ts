import logText from "../../kernels/math/log.wgsl" with { type: "text" };
import log1pText from "../../kernels/math/log1p.wgsl" with { type: "text" };
import lossText from "../../kernels/row/cross_entropy.wgsl" with { type: "text" };
import gradText from "../../kernels/row/cross_entropy_grad.wgsl" with { type: "text" };
import expSumText from "../../kernels/row/exp_sum.wgsl" with { type: "text" };
import othersText from "../../kernels/row/other_exps.wgsl" with { type: "text" };
import { ShapeError, type Tensor, checkDtype, rowsOf, runRows, show, withContiguous } from
  "../../engine/index.ts";
import { apply, checkTensor } from "../define.ts";
import type { InputGrads, Operand } from "../tape.ts";
import { cast, mul, ne, sub } from "./arithmetic.ts";
import { NO_LABEL, oneHot } from "./one_hot.ts";
import { sum } from "./reduce.ts";
import { softmax } from "./softmax.ts";
import { unsqueeze } from "./views.ts";

/**
 * The cross-entropy of every row of logits, by one kernel; see `crossEntropy`.
 *
 * @param logits `[..., classes]`
 * @param labels `[...]`
 */
export function rowLosses(logits: Tensor, labels: Tensor, ignore = NO_LABEL): Tensor {
  checkLabels("crossEntropy", logits, labels);
  const wgsl = `${logText}${log1pText}${expSumText}${othersText}${lossText}`;
  const kernel = { name: "crossEntropy", wgsl, faults: true };
  return apply({
    name: "crossEntropy",
    forward: (x, y) => withContiguous(tensors(x, y), ([a, b]) => {
      const [scores, targets] = [a, b] as [Tensor, Tensor]; // two came in
      const out = scores.device.empty("crossEntropy", targets.shape, "f32");
      const { rows, width } = rowsOf(scores);
      runRows(kernel, [scores, targets], out, rows, [
        width, scores.layout.offset, targets.layout.offset, ignore, 0,
        scores.device.faults.code("crossEntropy", "label"),
      ]);
      return out;
    }),
    vjp: (dy, [x, y]) => [() => logitsGrad(x as Tensor, y as Tensor, dy, ignore)],
  }, [logits, labels]);
}

/** dy (softmax(x) - one-hot(y)) row by row. */
function logitsGrad(x: Tensor, y: Tensor, dy: Tensor, ignore: number): Tensor {
  const kernel = { name: "crossEntropyGrad", wgsl: `${expSumText}${othersText}${gradText}` };
  return apply({
    name: "crossEntropyGrad",
    forward: (...inputs) => withContiguous(tensors(...inputs), (list) => {
      const [scores, targets, factors] = list as [Tensor, Tensor, Tensor]; // three came in
      const out = scores.device.empty("crossEntropyGrad", scores.shape, "f32");
      const { rows, width } = rowsOf(scores);
      runRows(kernel, list, out, rows, [
        width, scores.layout.offset, targets.layout.offset, factors.layout.offset, ignore, 0,
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
  const shifted = sub(d, dot(d, oneHot(y, x.shape.at(-1) ?? 1, { ignoreIndex: ignore })));
  return [
    () => mul(mul(unsqueeze(dy, -1), counted), mul(p, sub(shifted, dot(shifted, p)))),
    () => d, // labels have no gradient
    () => sum(mul(mul(shifted, counted), p), { axis: -1 }),
  ];
}

function tensors(...inputs: readonly Operand[]): Tensor[] {
  return inputs.map((x) => checkTensor("crossEntropy", x));
}

/**
 * Checks that there is a label for each row of scores.
 *
 * @throws ShapeError, DtypeError
 */
export function checkLabels(op: string, logits: Tensor, labels: Tensor): void {
  checkDtype(op, checkTensor(op, logits).dtype, ["f32"]);
  checkDtype(op, checkTensor(op, labels).dtype, ["i32"]);
  if (logits.shape.length > 0 && show(logits.shape.slice(0, -1)) === show(labels.shape)) return;
  throw new ShapeError(
    `${op}: labels do not fit the logits: ${show(logits.shape)} and ${show(labels.shape)}. `
      + `Give one label for each row of logits.`,
  );
}
