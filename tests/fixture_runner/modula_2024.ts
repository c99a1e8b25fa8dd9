// The `gen2024.*` and `sharpness.*` cases: the first generation's modules, normalize, regularize;
// and the calculus of sharpness.

import type { Tensor } from "../../autograd/index.ts";
import {
  ATOMS_2024, compose, conv2024, gpt2024, linear, linear2024, normalize, regularize, resCnn, resMlp,
  scale,
} from "../../nn/index.ts";
import type { Module, PowerVectors } from "../../nn/index.ts";
import type { Check } from "./check.ts";
import { isTensorValue, tensorList, tensorValue, toTensor } from "./decode.ts";
import { Missing } from "./missing.ts";
import { pullback } from "./pullback.ts";
import type { CaseRunner, FixtureCase, FixtureTensor } from "./types.ts";

// Sizes are those of the weights; the number of heads cannot be read from them.
const SIZES = { blocks: 2, depth: 2, atoms: ATOMS_2024 };
const builders: Readonly<Record<string, () => Module>> = {
  "gen2024.linear2024": () => linear2024(3, 5),
  "gen2024.conv2024": () => conv2024(3, 2, 3, { padding: 1 }),
  "gen2024.resmlp": () => resMlp({ output: 2, input: 3, width: 4, ...SIZES }),
  "gen2024.rescnn": () => resCnn({ output: 2, input: 2, width: 3, ...SIZES }),
  "gen2024.gpt2024": () => gpt2024({ vocab: 5, context: 4, heads: 2, embed: 4, blocks: 1 }),
};

function vectorsOf(module: Module, { in: data }: FixtureCase): PowerVectors {
  const list = data?.["u"];
  if (!Array.isArray(list)) throw new Error("fixture: there are no vectors.");
  return Object.fromEntries(module.weightPaths.flatMap((path, i) => {
    const u = list[i];
    return isTensorValue(u) ? [[path, toTensor(u)]] : [];
  }));
}

async function compareList(
  name: string, got: readonly Tensor[], expected: readonly FixtureTensor[], check: Check,
): Promise<void> {
  if (got.length !== expected.length) check.fail(name, `${got.length} tensors`);
  for (const [i, want] of expected.entries()) {
    const tensor = got[i];
    if (tensor) await check.tensor(`${name}[${i}]`, tensor, want, name);
  }
}

/** Runs a `gen2024.*` case. */
export const runGeneration2024: CaseRunner = async (fixture, check) => {
  const name = fixture.module ?? fixture.id;
  const module = builders[name]?.();
  if (!module) throw new Missing(name);
  const { out, meta = {} } = fixture;
  const weights = module.toTree(tensorList(fixture.in, "weights").map(toTensor));
  const list = module.toList(weights);
  const leaves = Object.fromEntries(list.map((w, i) => [`w${i}`, w]));
  const x = toTensor(tensorValue(fixture.in, "x"));
  const { outputs, grads } = pullback(
    (at) => ({ y: module.forward(x, module.toTree(list.map((w, i) => at[`w${i}`] ?? w))) }),
    leaves, { y: toTensor(tensorValue(fixture.in, "cot")) },
  );
  if (outputs["y"]) await check.tensor("y", outputs["y"], tensorValue(out, "y"));
  const gradW = list.flatMap((_, i) => grads[`w${i}`] ?? []);
  await compareList("grad_w", gradW, tensorList(out, "grad_w"), check);
  const vectors = vectorsOf(module, fixture);
  const given = module.toTree(tensorList(out, "grad_w").map(toTensor));
  const { updates } = normalize(module, given, 1, { vectors });
  const target = "normalize_target_1";
  await compareList(target, module.toList(updates), tensorList(out, target), check);
  const pulled = module.toList(regularize(module, weights, 0.125));
  await compareList("regularize_0.125", pulled, tensorList(out, "regularize_0.125"), check);
  const numbers = { mass: module.mass, sensitivity: module.sensitivity, length: module.atoms };
  for (const [key, value] of Object.entries(numbers)) {
    check.values(key, value, Number(meta[key]), "f64", target);
  }
};

const sharpnesses: Readonly<Record<string, () => Module>> = {
  "sharpness.linear": () => linear(3, 3),
  "sharpness.mlp_linear2": () => compose(linear(3, 3), linear(3, 3)),
  "sharpness.mlp_linear3": () => compose(linear(3, 3), linear(3, 3), linear(3, 3)),
  "sharpness.scaled2": () => compose(scale(2, linear(3, 3)), linear(3, 3)),
};

/** Runs a `sharpness.*` case. */
export const runSharpness: CaseRunner = async (fixture, check) => {
  const sharpness = sharpnesses[fixture.id]?.().sharpness;
  const expected = fixture.out["abc"];
  if (!sharpness || !Array.isArray(expected)) throw new Missing(fixture.id);
  const { alpha, beta, gamma } = sharpness;
  const want = { shape: [3], data: expected.map(Number) };
  const data = [alpha, beta, gamma].map((x) => Number(x.toPrecision(10))); // the file's digits
  check.values("abc", { shape: [3], data }, want, "f64");
};
