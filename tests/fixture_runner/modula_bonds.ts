// The `bond.*` and `bond2024.*` cases: modules without weights, one row each.

import { gelu as geluErf } from "../../autograd/index.ts";
import type { Tensor } from "../../autograd/index.ts";
import {
  abs, applyAttentionScores, attentionQK, bond, causalSoftmax, compose, gelu, layerNorm,
  meanSubtract, mergeHeads, relu, rmsDivide, ropeModula, scale, splitHeads,
} from "../../nn/index.ts";
import type { Module, Value } from "../../nn/index.ts";
import { tensorList, toTensor } from "./decode.ts";
import { Missing } from "./missing.ts";
import type { Tensors } from "./op_rows.ts";
import { pullback } from "./pullback.ts";
import type { CaseRunner, FixtureCase, FixtureTensor } from "./types.ts";

type Row = (fixture: FixtureCase) => Module;

function sensitivityOf({ meta }: FixtureCase): number {
  return Number(meta?.["sensitivity"]);
}

// The 2024 package counts what is sqrt 2 times a ReLU or GELU as a module of sensitivity one.
function scaled2024(map: Module): Row {
  return () => compose(scale(Math.SQRT2, map));
}

const bonds: Readonly<Record<string, Row>> = {
  "bond.relu": () => relu(),
  "bond.gelu": () => gelu(),
  "bond.rope": () => ropeModula(),
  "bond.attn_qk": () => attentionQK(),
  "bond.causal_softmax": (fixture) => causalSoftmax(sensitivityOf(fixture)),
  "bond.apply_scores": () => applyAttentionScores(),
  "bond.split": (fixture) => splitHeads(tensorList(fixture.out, "y")[0]?.shape[1] ?? 1),
  "bond.merge": () => mergeHeads(),
  "bond2024.abs": () => abs(),
  "bond2024.mean_subtract": () => meanSubtract(),
  "bond2024.rms_divide": () => rmsDivide(),
  "bond2024.layernorm": () => layerNorm(),
};
