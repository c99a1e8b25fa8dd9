// Rows of convolution, pooling and normalization.

import { axisOf, exportedOp, number, option } from "./op_rows.ts";
import type { OpRow } from "./op_rows.ts";
import type { FixtureValues } from "./types.ts";

function windows(attrs: FixtureValues): Readonly<Record<string, unknown>> {
  const names = ["kernel", "stride", "padding", "dilation", "groups"] as const;
  const given = names.filter((name) => name in attrs).map((name) => [name, attrs[name]]);
  return Object.fromEntries(given);
}

function convolution(name: string): OpRow {
  return ({ x, w, c }, attrs) => exportedOp(name)(x, w, { ...windows(attrs), bias: c });
}

function normalization(name: string): OpRow {
  return ({ x, g, c }, attrs) =>
    exportedOp(name)(x, { axis: axisOf(attrs), eps: number(attrs, "eps"), weight: g, bias: c });
}

/** Every op of images and of normalizations, by its name in the file. */
export const imageRows: Readonly<Record<string, OpRow>> = {
  conv1d: convolution("conv1d"),
  conv2d: convolution("conv2d"),
  conv2d_bias: convolution("conv2d"),
  conv_transpose2d: ({ x, w }, attrs) => exportedOp("convTranspose2d")(x, w, {
    ...windows(attrs), outputPadding: option(attrs, "output_padding"),
  }),
  max_pool2d: ({ x }, attrs) => exportedOp("maxPool2d")(x, windows(attrs)),
  avg_pool2d: ({ x }, attrs) => exportedOp("avgPool2d")(x, {
    ...windows(attrs), countIncludePad: option(attrs, "count_include_pad") ?? true,
  }),
  global_avg_pool: ({ x }) => exportedOp("globalAvgPool")(x),
  adaptive_avg_pool2d: ({ x }, attrs) => exportedOp("adaptiveAvgPool2d")(x, option(attrs, "out")),
  batchnorm_train: ({ x, g, c }, attrs) =>
    exportedOp("batchNorm")(x, { eps: number(attrs, "eps"), weight: g, bias: c }),
  groupnorm: ({ x, g, c }, attrs) => exportedOp("groupNorm")(x, number(attrs, "groups"), {
    eps: number(attrs, "eps"), weight: g, bias: c,
  }),
  layernorm: normalization("layerNorm"),
  rmsnorm: normalization("rmsNorm"),
  rms_divide: ({ x }, attrs) => exportedOp("rmsDivide")(x, { axis: axisOf(attrs) }),
  mean_subtract: ({ x }, attrs) => exportedOp("meanSubtract")(x, { axis: axisOf(attrs) }),
};
