// Rows of the op table that the package spells as a few ops in a row. Where it exports the op
// itself, that is what runs.

import type { Tensor } from "../../autograd/index.ts";
import { isExported } from "./exported.ts";
import { Missing } from "./missing.ts";
import { axisOf, exportedOp, number, only, option, withAxis } from "./op_rows.ts";
import type { OpRow, Tensors } from "./op_rows.ts";
import type { FixtureValue, FixtureValues } from "./types.ts";

const ops = (name: string) => exportedOp(name);

// Runs the package's own op if there is one, and the composition if not.
function own(name: string, row: OpRow, composition: OpRow): OpRow {
  return (inputs, attrs) => (isExported(name) ? row(inputs, attrs) : composition(inputs, attrs));
}

function transposed(x: Tensor | undefined): Tensor {
  return ops("transpose")(x);
}

function product(transA: boolean, transB: boolean): OpRow {
  return ({ x, y }) => ops("matmul")(transA ? transposed(x) : x, transB ? transposed(y) : y);
}

const crossEntropy: OpRow = ({ x, y }, attrs) => {
  only(attrs, "cross_entropy", ["reduction", "axis", "ignore_index"]);
  const axis = attrs["axis"] ?? -1;
  if (axis !== -1) throw new Missing(`cross_entropy with axis ${String(axis)}`);
  const { reduction, ignore_index: ignoreIndex } = attrs;
  const options = { reduction, ...(ignoreIndex !== undefined && { ignoreIndex }) };
  return ops("crossEntropy")(x, y, options);
};

function affine(y: Tensor, { g, c }: Tensors): Tensor {
  const scaled = g === undefined ? y : ops("mul")(y, g);
  return c === undefined ? scaled : ops("add")(scaled, c);
}

function normalized(op: string): OpRow {
  return (inputs, attrs) => {
    const axis: FixtureValue = attrs["axis"] ?? -1;
    if (axis !== -1) throw new Missing(`${op} with axis ${String(axis)}`);
    return affine(ops(op)(inputs["x"], { eps: number(attrs, "eps") }), inputs);
  };
}

function reduceOf(x: Tensor | undefined, attrs: FixtureValues, op: string): Tensor {
  return withAxis(op)({ ...(x && { x }) }, attrs) as Tensor; // withAxis rows give one tensor
}

const variance: OpRow = ({ x }, attrs) => {
  const mean = ops("mean")(x, { axis: axisOf(attrs), keepDims: true });
  return reduceOf(ops("square")(ops("sub")(x, mean)), attrs, "mean");
};

const attention: OpRow = ({ q, k, v }, attrs) => {
  const scores = ops("matmul")(q, transposed(k));
  const { scale = 1, causal = false } = attrs;
  return ops("matmul")(ops("softmax")(scores, { scale, causal }), v);
};

function meanOf(name: string, distance: (difference: Tensor) => Tensor): OpRow {
  return ({ x, y }, attrs) => {
    if (attrs["reduction"] !== "mean") throw new Missing(`${name} other than mean`);
    return ops("mean")(distance(ops("sub")(x, y)));
  };
}

const products: Readonly<Record<string, OpRow>> = {
  matmul: ({ x, y }) => ops("matmul")(x, y),
  matmul_tn: product(true, false),
  matmul_nt: product(false, true),
  matmul_tt: product(true, true),
  gram: ({ x }, attrs) =>
    attrs["form"] === "XtX" ? ops("matmul")(transposed(x), x) : ops("matmul")(x, transposed(x)),
  outer: ({ input, vec2 }) =>
    ops("mul")(ops("reshape")(input, [-1, 1]), ops("reshape")(vec2, [1, -1])),
  linear: ({ x, w, c }) => ops("add")(ops("matmul")(x, transposed(w)), c),
  einsum: ({ x, y }, attrs) =>
    y === undefined
      ? ops("einsum")(option(attrs, "eq"), x)
      : ops("einsum")(option(attrs, "eq"), x, y),
  attention,
};

const losses: Readonly<Record<string, OpRow>> = {
  cross_entropy: crossEntropy,
  mse_loss: own(
    "mseLoss",
    ({ x, y }, attrs) => ops("mseLoss")(x, y, { reduction: option(attrs, "reduction") }),
    meanOf("mse_loss", (difference) => ops("square")(difference)),
  ),
  l1_loss: own(
    "l1Loss",
    ({ x, y }, attrs) => ops("l1Loss")(x, y, { reduction: option(attrs, "reduction") }),
    meanOf("l1_loss", (difference) => ops("abs")(difference)),
  ),
};

/** Rows that are compositions, by their name in the file. */
export const compositions: Readonly<Record<string, OpRow>> = {
  ...products,
  ...losses,
  relu_squared: ({ x }) => ops("square")(ops("relu")(x)),
  lerp: ({ x, y }, attrs) =>
    ops("add")(ops("scale")(x, 1 - number(attrs, "w")), ops("scale")(y, number(attrs, "w"))),
  masked_fill: ({ x, m }, attrs) =>
    ops("where")(m, number(attrs, "value"), x),
  var: own("variance", withAxis("variance"), variance),
  std: own("std", withAxis("std"), (inputs, attrs) => ops("sqrt")(variance(inputs, attrs))),
  l2norm: own("l2norm", withAxis("l2norm"), ({ x }, attrs) =>
    ops("sqrt")(reduceOf(x, attrs, "sumSquares")),
  ),
  norm1: own("norm1", withAxis("norm1"), ({ x }, attrs) => reduceOf(ops("abs")(x), attrs, "sum")),
  layernorm: normalized("layerNorm"),
  rmsnorm: normalized("rmsNorm"),
  rms_divide: normalized("rmsNorm"),
  mean_subtract: ({ x }, attrs) =>
    ops("sub")(x, ops("mean")(x, { axis: axisOf(attrs), keepDims: true })),
};
