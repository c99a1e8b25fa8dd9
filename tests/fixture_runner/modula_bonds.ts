// The `bond.*` and `bond2024.*` cases: maps without weights, one row each.

import {
  abs, gelu, geluTanh, matmul, mean, permute, relu, reshape, rmsNorm, rope, scale, softmax, sub,
  transpose,
} from "../../autograd/index.ts";
import type { Tensor } from "../../autograd/index.ts";
import { tensorList, toTensor } from "./decode.ts";
import { Missing } from "./missing.ts";
import type { Tensors } from "./op_rows.ts";
import { pullback } from "./pullback.ts";
import type { CaseRunner, FixtureCase, FixtureTensor } from "./types.ts";

type Bond = (x: Tensor, second: Tensor, fixture: FixtureCase) => Tensor | readonly Tensor[];

const LAST = { axis: -1, keepDims: true } as const;
const GELU_SLOPE = 1.1289; // largest slope of the tanh form; math.md 2.4

function outputShape(fixture: FixtureCase): readonly number[] {
  const [cotangent] = tensorList(fixture.in, "cot");
  return cotangent?.shape ?? [];
}

const splitHeads: Bond = (x, _, fixture) => {
  const [batch = 1, heads = 1, seq = 1, width = 1] = outputShape(fixture);
  return permute(reshape(x, [batch, seq, heads, width]), [0, 2, 1, 3]);
};

const meanSubtract = (x: Tensor): Tensor => sub(x, mean(x, LAST));

const bonds: Readonly<Record<string, Bond>> = {
  "bond.relu": (x) => relu(x),
  "bond.gelu": (x) => scale(geluTanh(x), 1 / GELU_SLOPE),
  "bond.rope": (q, k) => [rope(q, { modula: true }), rope(k, { modula: true })],
  "bond.attn_qk": (q, k) => scale(matmul(q, transpose(k)), 1 / (q.shape.at(-1) ?? 1)),
  "bond.causal_softmax": (x, _, { meta }) =>
    softmax(x, { scale: Number(meta?.["sensitivity"]), causal: true }),
  "bond.apply_scores": (v, scores) => matmul(scores, v),
  "bond.split": splitHeads,
  "bond.merge": (x, _, fixture) => reshape(permute(x, [0, 2, 1, 3]), outputShape(fixture)),
  "bond2024.abs": (x) => abs(x),
  "bond2024.scaled_relu": (x) => scale(relu(x), Math.SQRT2),
  "bond2024.scaled_gelu_erf": (x) => scale(gelu(x), Math.SQRT2),
  "bond2024.mean_subtract": meanSubtract,
  "bond2024.rms_divide": (x) => rmsNorm(x, { eps: 0 }),
  "bond2024.layernorm": (x) => rmsNorm(meanSubtract(x), { eps: 0 }),
};

function byIndex(list: readonly FixtureTensor[], name: string): Record<string, Tensor> {
  return Object.fromEntries(list.map((value, i) => [`${name}${i}`, toTensor(value)]));
}

/** Runs a `bond.*` or `bond2024.*` case: value and gradient by every input. */
export const runBond: CaseRunner = async (fixture, check) => {
  const name = fixture.module ?? fixture.id;
  const bond = bonds[name];
  if (bond === undefined) throw new Missing(name);
  const apply = ({ x0, x1 = x0 }: Tensors): Tensors => {
    if (x0 === undefined || x1 === undefined) throw new Error("fixture: a bond has no input.");
    const result = bond(x0, x1, fixture);
    const list = Array.isArray(result) ? (result as readonly Tensor[]) : [result as Tensor];
    return Object.fromEntries(list.map((y, i) => [`y${i}`, y]));
  };
  const leaves = byIndex(tensorList(fixture.in, "x"), "x");
  const { outputs, grads } = pullback(apply, leaves, byIndex(tensorList(fixture.in, "cot"), "y"));
  await compareList("y", outputs, tensorList(fixture.out, "y"));
  await compareList("x", grads, tensorList(fixture.out, "grad_x"));

  async function compareList(
    label: string,
    got: Tensors,
    expected: readonly FixtureTensor[],
  ): Promise<void> {
    for (const [i, want] of expected.entries()) {
      const tensor = got[`${label}${i}`];
      if (tensor === undefined) check.fail(`${label}${i}`, "is not there");
      else await check.tensor(`${label}${i}`, tensor, want);
    }
  }
};
