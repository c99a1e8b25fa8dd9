// Rows of the op table: losses, norms over axes, and functions with a parameter.

import type { Tensor } from "../../autograd/index.ts";
import { axisOf, exportedOp, number, only, run, withAxis } from "./op_rows.ts";
import type { OpRow } from "./op_rows.ts";
import type { FixtureValues } from "./types.ts";

/** A loss of `x` and `y`; what the file calls otherwise is renamed. */
function loss(op: string, names: Readonly<Record<string, string>> = {}): OpRow {
  return ({ x, y }, attrs) => {
    only(attrs, op, ["reduction", "axis", ...Object.keys(names)]);
    const options = Object.entries(attrs).map(([key, value]) => [names[key] ?? key, value]);
    return exportedOp(op)(x, y, Object.fromEntries(options));
  };
}

function normOf(p: number): OpRow {
  return ({ x }: Readonly<Record<string, Tensor>>, attrs: FixtureValues) => {
    return exportedOp("norm")(x, { p, axis: axisOf(attrs), keepDims: attrs["keepdims"] ?? false });
  };
}

/** The rows by their name in the file. */
export const lossAndNormRows: Readonly<Record<string, OpRow>> = {
  cross_entropy: loss("crossEntropy", {
    ignore_index: "ignoreIndex", label_smoothing: "labelSmoothing",
  }),
  nll_loss: loss("nllLoss"),
  mse_loss: loss("mseLoss"),
  l1_loss: loss("l1Loss"),
  huber_loss: loss("huberLoss", { delta: "delta" }),
  bce_with_logits: loss("bceWithLogits"),
  kl_div: loss("klDiv"),
  relu_squared: run("reluSquared", "x"),
  lerp: ({ x, y }, attrs) => exportedOp("lerp")(x, y, number(attrs, "w")),
  masked_fill: ({ x, m }, attrs) => exportedOp("maskedFill")(x, m, number(attrs, "value")),
  var: withAxis("variance"),
  std: withAxis("std"),
  l2norm: normOf(2),
  norm1: normOf(1),
};
