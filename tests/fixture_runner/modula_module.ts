// The cases with an `expr`: forward, gradient, duality map, projection and the norm recursion.

import { CONVERGED, MODULA_SIX } from "../../nn/index.ts";
import type { Module, Weights } from "../../nn/index.ts";
import type { Tensor } from "../../autograd/index.ts";
import { dot64 } from "../reference.ts";
import type { Check } from "./check.ts";
import { decode64, isTensorValue, tensorList, tensorValue, toTensor } from "./decode.ts";
import { buildExpr } from "./modula_expr.ts";
import { pullback } from "./pullback.ts";
import type { CaseRunner, FixtureCase, FixtureTensor, FixtureValues } from "./types.ts";

// A module with the weights and gradients of its case, which lists them inner module first.
interface Loaded {
  readonly module: Module;
  readonly weights: Weights;
  readonly grads: Weights;
  readonly fixture: FixtureCase;
  readonly check: Check;
}

function tree(module: Module, values: FixtureValues | undefined, name: string): Weights {
  return module.toTree(tensorList(values, name).map(toTensor));
}

async function compareList(
  name: string,
  got: readonly Tensor[],
  { fixture, check }: Loaded,
  wanted: (atom: number) => boolean = () => true,
  like = name,
): Promise<void> {
  const expected = tensorList(fixture.out, name);
  if (got.length !== expected.length) {
    return check.fail(name, `${got.length} tensors, expected ${expected.length}`);
  }
  for (const [i, want] of expected.entries()) {
    const tensor = got[i];
    if (tensor === undefined || !wanted(i)) continue;
    await check.tensor(`${name}[${i}]`, tensor, want, name, like);
  }
}

async function compareForward(loaded: Loaded): Promise<void> {
  const { module, weights, fixture, check } = loaded;
  const x = toTensor(tensorValue(fixture.in, "x"));
  const list = module.toList(weights);
  const leaves: Record<string, Tensor> = Object.fromEntries(list.map((w, i) => [`w${i}`, w]));
  if (x.dtype === "f32") leaves["x"] = x;
  const { outputs, grads } = pullback(
    (at) => {
      const tracked = module.toTree(list.map((w, i) => at[`w${i}`] ?? w));
      return { y: module.forward(at["x"] ?? x, tracked) };
    },
    leaves,
    { y: toTensor(tensorValue(fixture.in, "cot")) },
  );
  const { y } = outputs;
  if (y !== undefined) await check.tensor("y", y, tensorValue(fixture.out, "y"));
  await compareList("grad_w", list.flatMap((_, i) => grads[`w${i}`] ?? []), loaded);
  const { grad_x: expected } = fixture.out;
  if (!isTensorValue(expected)) return;
  if (grads["x"] === undefined) check.fail("grad_x", "there is no gradient");
  else await check.tensor("grad_x", grads["x"], expected, "grad_w");
}

async function inner(updates: readonly Tensor[], grads: readonly FixtureTensor[]): Promise<number> {
  let total = 0;
  for (const [i, grad] of grads.entries()) {
    const update = updates[i];
    if (update === undefined) return NaN;
    const data = Float64Array.from(await update.read());
    total += dot64({ shape: update.shape, data }, decode64(grad));
  }
  return total;
}

// Entry by entry for atoms of full rank. The exact map is not unique for the others, so they are
// held to what every maximiser has: its product with the gradient is the dual norm.
async function compareExact(loaded: Loaded): Promise<void> {
  const { module, grads, fixture, check } = loaded;
  const flags = fixture.meta?.["rank_deficient"];
  const isFull = (atom: number): boolean => !(Array.isArray(flags) && flags[atom] === true);
  for (const [name, value] of Object.entries(fixture.out)) {
    const target = /^dualize_exact(?:_target_(.+))?$/.exec(name);
    if (target === null || !Array.isArray(value)) continue;
    const size = Number(target[1] ?? 1);
    const updates = module.toList(module.dualize(grads, size, CONVERGED));
    await compareList(name, updates, loaded, isFull, "dualize_exact");
    const dual = Number(fixture.out["dual_norm_grad"]) * size;
    const reached = await inner(updates, tensorList(fixture.out, "grad_w"));
    check.values(`<${name}, grad>`, reached, dual, "f32", "dual_norm_grad");
  }
}

async function compareSixSteps(loaded: Loaded): Promise<void> {
  const { module, grads } = loaded;
  const updates = module.toList(module.dualize(grads, 1, MODULA_SIX));
  await compareList("dualize_modula6", updates, loaded);
}

async function compareProjection(loaded: Loaded): Promise<void> {
  const { module, weights, fixture } = loaded;
  if (fixture.out["project_exact"] === undefined) return;
  const projected = module.toList(module.project(weights));
  await compareList("project_exact", projected, loaded, undefined, "dualize_exact");
}

async function compareNorms({ module, weights, grads, fixture, check }: Loaded): Promise<void> {
  const { out } = fixture;
  const [whole, dual] = ["modular_norm_w", "dual_norm_grad"] as const;
  check.values(whole, await module.norm(weights).item(), Number(out[whole]), "f32");
  check.values(dual, await module.dualNorm(grads).item(), Number(out[dual]), "f32");
  const update = module.dualize(grads, 1, CONVERGED);
  const reached = "modular_norm_dual_update";
  check.values(reached, await module.norm(update).item(), Number(out[reached]), "f32", whole);
  const parts = Array.from(await module.weightDualNorms(grads).read());
  const shared = parts.reduce((sum, part, i) => sum + part * (module.entries[i]?.share ?? NaN), 0);
  check.values("sum of share * dual norm", shared, Number(out[dual]), "f32", dual);
  const { atom_norms_w: atoms } = out;
  if (!Array.isArray(atoms)) return;
  const data = await module.weightNorms(weights).read();
  const expected = { shape: [atoms.length], data: atoms.map(Number) };
  check.values("atom_norms_w", { shape: [data.length], data }, expected, "f32", whole);
}

// What composition derives without any weight.
function compareNumbers({ module, fixture, check }: Loaded): void {
  const { meta = {} } = fixture;
  const shares = meta["target_norm_share"];
  if (!Array.isArray(shares)) throw new Error("fixture: there are no shares.");
  const data = module.entries.map(({ share }) => share);
  const expected = { shape: [shares.length], data: shares.map(Number) };
  const like = "modular_norm_w";
  check.values("target_norm_share", { shape: [data.length], data }, expected, "f64", like);
  for (const name of ["mass", "sensitivity", "atoms", "bonds", "smooth"] as const) {
    check.values(name, Number(module[name]), Number(meta[name]), "f64", like);
  }
}

/** Runs a case that has an `expr`. */
export const runModule: CaseRunner = async (fixture, check) => {
  const module = buildExpr(fixture.expr);
  const weights = tree(module, fixture.in, "weights");
  const grads = tree(module, fixture.out, "grad_w");
  const loaded: Loaded = { module, weights, grads, fixture, check };
  compareNumbers(loaded);
  await compareForward(loaded);
  await compareExact(loaded);
  await compareSixSteps(loaded);
  await compareProjection(loaded);
  await compareNorms(loaded);
};
