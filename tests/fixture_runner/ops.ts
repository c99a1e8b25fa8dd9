// Which function computes which op of ops.json. One op, one row: the name in the file, and how the
// package spells it. A row whose function is not exported yet is reported as skipped.

import type { Tensor } from "../../autograd/index.ts";
import { axisOf, exportedOp, list, number, option, run, same, withAxis } from "./op_rows.ts";
import type { OpRow } from "./op_rows.ts";
import { compositions } from "./compositions.ts";
import { imageRows } from "./images.ts";
import { lossAndNormRows } from "./losses.ts";
import { viewChain, viewSteps } from "./view_steps.ts";

const elementwise: Readonly<Record<string, OpRow>> = {
  ...same("neg", "abs", "exp", "log", "log1p", "expm1", "exp2", "log2", "sqrt", "rsqrt", "square"),
  ...same("reciprocal", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh"),
  ...same("sigmoid", "softplus", "relu", "elu", "silu", "erf", "mish", "hardtanh"),
  ...same("sign", "floor", "ceil", "round", "trunc"),
  logsigmoid: run("logSigmoid", "x"),
  leaky_relu: run("leakyRelu", "x"),
  gelu_erf: run("gelu", "x"),
  gelu_tanh: run("geluTanh", "x"),
  ...same("add", "sub", "mul", "div", "maximum", "minimum", "atan2", "pow"),
  ...same("eq", "ne", "lt", "le", "gt", "ge"),
  pow_scalar: ({ x }, attrs) => exportedOp("pow")(x, option(attrs, "exponent")),
  where: ({ c, x, y }) => exportedOp("where")(c, x, y),
  clip: ({ x }, attrs) =>
    exportedOp("clip")(x, { min: option(attrs, "min"), max: option(attrs, "max") }),
};

const reductions: Readonly<Record<string, OpRow>> = {
  sum: withAxis("sum"),
  mean: withAxis("mean"),
  max: withAxis("max"),
  min: withAxis("min"),
  prod: withAxis("prod"),
  logsumexp: withAxis("logsumexp"),
  argmax: withAxis("argmax"),
  argmin: withAxis("argmin"),
  any: withAxis("any"),
  all: withAxis("all"),
  cumsum: withAxis("cumsum"),
  cumprod: withAxis("cumprod"),
  softmax: withAxis("softmax"),
  log_softmax: withAxis("logSoftmax"),
};

const moving: Readonly<Record<string, OpRow>> = {
  reshape: ({ x }, attrs) => exportedOp("reshape")(x, list(attrs, "shape")),
  transpose: ({ x }, attrs) => exportedOp("transpose")(x, { axes: list(attrs, "axes") }),
  permute: ({ x }, attrs) => exportedOp("permute")(x, list(attrs, "perm")),
  squeeze: withAxis("squeeze"),
  unsqueeze: ({ x }, attrs) => exportedOp("unsqueeze")(x, axisOf(attrs)),
  broadcast_to: ({ x }, attrs) => exportedOp("expand")(x, list(attrs, "shape")),
  concat: (inputs, attrs) => exportedOp("concat")(Object.values(inputs), { axis: axisOf(attrs) }),
  stack: (inputs, attrs) => exportedOp("stack")(Object.values(inputs), { axis: axisOf(attrs) }),
  split: ({ x }, attrs) => {
    const split = exportedOp<readonly Tensor[]>("split");
    const parts = split(x, list(attrs, "sizes"), { axis: axisOf(attrs) });
    return Object.fromEntries(parts.map((part, k) => [`y${k}`, part]));
  },
  slice: ({ x }, attrs) => {
    const [end, step] = [list(attrs, "end"), list(attrs, "step")];
    const ranges = list(attrs, "start").map((start, k) => [start, end[k], step[k]]);
    return exportedOp("slice")(x, ranges);
  },
  pad: ({ x }, attrs) =>
    exportedOp("pad")(x, option(attrs, "pads"), { value: option(attrs, "value") }),
  flip: ({ x }, attrs) => exportedOp("flip")(x, { axes: list(attrs, "axes") }),
  roll: ({ x }, attrs) => exportedOp("roll")(x, option(attrs, "shift"), { axis: axisOf(attrs) }),
  tile: ({ x }, attrs) => exportedOp("tile")(x, list(attrs, "reps")),
  repeat_interleave: ({ x }, attrs) =>
    exportedOp("repeatInterleave")(x, option(attrs, "repeats"), { axis: axisOf(attrs) }),
  sort: ({ x }, attrs) => {
    const options = { axis: axisOf(attrs), descending: option(attrs, "descending") };
    return { y: exportedOp("sort")(x, options), i: exportedOp("argsort")(x, options) };
  },
  topk: ({ x }, attrs) => {
    const top = exportedOp<{ values: Tensor; indices: Tensor }>("topk");
    const { values, indices } = top(x, option(attrs, "k"), { axis: axisOf(attrs) });
    return { y: values, i: indices };
  },
  view_steps: ({ x }, attrs) => viewSteps(x, attrs["steps"]),
  view_chain: ({ x }) => viewChain(x),
};

const indexing: Readonly<Record<string, OpRow>> = {
  embedding: ({ w, i }) => exportedOp("embedding")(w, i),
  gather: ({ x, i }, attrs) => exportedOp("gather")(x, i, axisOf(attrs)),
  index_select: ({ x, i }, attrs) => exportedOp("indexSelect")(x, i, { axis: axisOf(attrs) }),
  scatter_add: ({ x, i, s }, attrs) => {
    const axis = number(attrs, "axis");
    const added = exportedOp("scatterAdd")(s, i, axis, x?.shape.at(axis));
    return exportedOp("add")(x, added);
  },
  scatter: ({ x, i, s }, attrs) => exportedOp("scatter")(x, i, s, { axis: axisOf(attrs) }),
  one_hot: ({ i }, attrs) => exportedOp("oneHot")(i, option(attrs, "classes")),
  tril: ({ x }, attrs) => exportedOp("tril")(x, { k: option(attrs, "k") }),
  triu: ({ x }, attrs) => exportedOp("triu")(x, { k: option(attrs, "k") }),
  ...same("diag", "trace"),
};

/** Every op of ops.json that the package computes, by its name in the file. */
export const opRows: Readonly<Record<string, OpRow>> = {
  ...elementwise,
  ...reductions,
  ...moving,
  ...indexing,
  ...compositions,
  ...lossAndNormRows,
  ...imageRows,
};
