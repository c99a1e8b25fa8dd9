// The `bond.*` and `bond2024.*` cases: modules without weights, one row each.

import { Tensor } from "../../autograd/index.ts";
import {
  abs, applyAttentionScores, attentionQK, causalSoftmax, gelu, layerNorm, meanSubtract,
  mergeHeads, relu, rmsDivide, ropeModula, scaledGelu, scaledRelu, splitHeads,
} from "../../nn/index.ts";
import type { Module, Value } from "../../nn/index.ts";
import type { Check } from "./check.ts";
import { tensorList, toTensor } from "./decode.ts";
import { Missing } from "./missing.ts";
import type { Tensors } from "./op_rows.ts";
import { pullback } from "./pullback.ts";
import type { CaseRunner, FixtureCase, FixtureTensor } from "./types.ts";

type Row = (fixture: FixtureCase) => Module;

function sensitivityOf({ meta }: FixtureCase): number {
  return Number(meta?.["sensitivity"]);
}

const bonds: Readonly<Record<string, Row>> = {
  "bond.relu": () => relu(),
  "bond.gelu": () => gelu(),
  "bond.rope": () => ropeModula(),
  "bond.attn_qk": () => attentionQK(),
  "bond.causal_softmax": (fixture) => causalSoftmax(sensitivityOf(fixture)),
  "bond.apply_scores": () => applyAttentionScores(),
  "bond.split": ({ out }) => splitHeads(tensorList(out, "y")[0]?.shape[1] ?? 1),
  "bond.merge": () => mergeHeads(),
  "bond2024.abs": () => abs(),
  "bond2024.mean_subtract": () => meanSubtract(),
  "bond2024.rms_divide": () => rmsDivide(),
  "bond2024.layernorm": () => layerNorm(),
  "bond2024.scaled_relu": () => scaledRelu(),
  "bond2024.scaled_gelu_erf": () => scaledGelu(),
};

function byIndex(list: readonly Value[], name: string): Tensors {
  const tensors = list.filter((value) => value instanceof Tensor);
  return Object.fromEntries(tensors.map((value, i) => [`${name}${i}`, value]));
}

// One tensor for a bond that takes one, a list for one that takes several.
function apply(module: Module, inputs: Tensors): Tensors {
  const list = Object.values(inputs);
  const y = module.apply(list.length === 1 ? list[0] ?? list : list, {});
  return byIndex(y instanceof Tensor ? [y] : y, "y");
}

async function compareList(
  name: string, got: Tensors, expected: readonly FixtureTensor[], check: Check,
): Promise<void> {
  for (const [i, want] of expected.entries()) {
    const tensor = got[`${name}${i}`];
    if (tensor === undefined) check.fail(`${name}${i}`, "is not there");
    else await check.tensor(`${name}${i}`, tensor, want);
  }
}

/** Runs a `bond.*` or `bond2024.*` case: value, gradient by every input, sensitivity. */
export const runBond: CaseRunner = async (fixture, check) => {
  const name = fixture.module ?? fixture.id;
  const row = bonds[name];
  if (row === undefined) throw new Missing(name);
  const module = row(fixture);
  const list = (key: string): Tensor[] => tensorList(fixture.in, key).map(toTensor);
  const cotangents = byIndex(list("cot"), "y");
  const { outputs, grads } = pullback((x) => apply(module, x), byIndex(list("x"), "x"), cotangents);
  await compareList("y", outputs, tensorList(fixture.out, "y"), check);
  await compareList("x", grads, tensorList(fixture.out, "grad_x"), check);
  check.values("sensitivity", module.sensitivity, sensitivityOf(fixture), "f64");
};
