// Rows of the op table that the package spells as a few ops in a row. Where it exports the op
// itself, that is what runs.

import type { Tensor } from "../../autograd/index.ts";
import { exportedOp, only, option } from "./op_rows.ts";
import type { OpRow } from "./op_rows.ts";

const ops = (name: string) => exportedOp(name);

function transposed(x: Tensor | undefined): Tensor {
  return ops("transpose")(x);
}

function product(transA: boolean, transB: boolean): OpRow {
  return ({ x, y }) => ops("matmul")(transA ? transposed(x) : x, transB ? transposed(y) : y);
}

const attention: OpRow = ({ q, k, v }, attrs) => {
  only(attrs, "attention", ["scale", "causal"]);
  const { scale, causal } = attrs;
  return ops("scaledDotProductAttention")(q, k, v, { scale, causal });
};

const products: Readonly<Record<string, OpRow>> = {
  matmul: ({ x, y }) => ops("matmul")(x, y),
  matmul_tn: product(true, false),
  matmul_nt: product(false, true),
  matmul_tt: product(true, true),
  gram: ({ x }, attrs) => ops("gram")(attrs["form"] === "XtX" ? transposed(x) : x),
  outer: ({ input, vec2 }) => ops("outer")(input, vec2),
  linear: ({ x, w, c }) => ops("linear")(x, w, c),
  einsum: ({ x, y }, attrs) =>
    y === undefined
      ? ops("einsum")(option(attrs, "eq"), x)
      : ops("einsum")(option(attrs, "eq"), x, y),
  attention,
};

/** Rows that are compositions, by their name in the file. */
export const compositions: Readonly<Record<string, OpRow>> = {
  ...products,
};
