// The cases with an `expr`: forward, gradient, duality map, projection and the norm recursion.

import type { Tensor } from "../../autograd/index.ts";
import { dot64 } from "../reference.ts";
import type { Check } from "./check.ts";
import { decode64, isTensorValue, tensorList, tensorValue, toTensor } from "./decode.ts";
import { buildModule } from "./modula_built.ts";
import type { Built } from "./modula_built.ts";
import { pullback } from "./pullback.ts";
import type { CaseRunner, FixtureCase, FixtureTensor, FixtureValues } from "./types.ts";

function tensors(values: FixtureValues | undefined, name: string): Tensor[] {
  return tensorList(values, name).map(toTensor);
}

async function compareList(
  name: string,
  got: readonly Tensor[],
  expected: readonly FixtureTensor[],
  check: Check,
  like: string,
  wanted: (atom: number) => boolean = () => true,
): Promise<void> {
  if (got.length !== expected.length) {
    return check.fail(name, `${got.length} tensors, expected ${expected.length}`);
  }
  for (const [i, want] of expected.entries()) {
    const tensor = got[i];
    if (tensor === undefined || !wanted(i)) continue;
    await check.tensor(`${name}[${i}]`, tensor, want, name, like);
  }
}

async function compareForward(module: Built, fixture: FixtureCase, check: Check): Promise<void> {
  const weights = tensors(fixture.in, "weights");
  const x = toTensor(tensorValue(fixture.in, "x"));
  const cot = toTensor(tensorValue(fixture.in, "cot"));
  const leaves: Record<string, Tensor> = Object.fromEntries(weights.map((w, i) => [`w${i}`, w]));
  if (x.dtype === "f32") leaves["x"] = x;
  const { outputs, grads } = pullback(
    (at) => ({ y: module.forward(at["x"] ?? x, weights.map((w, i) => at[`w${i}`] ?? w)) }),
    leaves,
    { y: cot },
  );
  const { y } = outputs;
  if (y !== undefined) await check.tensor("y", y, tensorValue(fixture.out, "y"));
  const byWeight = weights.flatMap((_, i) => grads[`w${i}`] ?? []);
  await compareList("grad_w", byWeight, tensorList(fixture.out, "grad_w"), check, "grad_w");
  if (isTensorValue(fixture.out["grad_x"]) && grads["x"] !== undefined) {
    await check.tensor("grad_x", grads["x"], fixture.out["grad_x"], "grad_w");
  }
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
async function compareExact(module: Built, fixture: FixtureCase, check: Check): Promise<void> {
  const grads = tensorList(fixture.out, "grad_w");
  const flags = fixture.meta?.["rank_deficient"];
  const isFull = (atom: number): boolean => !(Array.isArray(flags) && flags[atom] === true);
  for (const [name, value] of Object.entries(fixture.out)) {
    const target = /^dualize_exact(?:_target_(.+))?$/.exec(name);
    if (target === null || !Array.isArray(value)) continue;
    const size = Number(target[1] ?? 1);
    const updates = module.dualize(grads.map(toTensor), size, "exact");
    const expected = tensorList(fixture.out, name);
    await compareList(name, updates, expected, check, "dualize_exact", isFull);
    const dual = Number(fixture.out["dual_norm_grad"]) * size;
    const reached = await inner(updates, grads);
    check.values(`<${name}, grad>`, reached, dual, "f32", "dual_norm_grad");
  }
}

async function compareSixSteps(module: Built, fixture: FixtureCase, check: Check): Promise<void> {
  const updates = module.dualize(tensors(fixture.out, "grad_w"), 1, "modula6");
  const expected = tensorList(fixture.out, "dualize_modula6");
  await compareList("dualize_modula6", updates, expected, check, "dualize_exact");
}

async function compareNorms(module: Built, fixture: FixtureCase, check: Check): Promise<void> {
  const weights = tensors(fixture.in, "weights");
  const { out, meta = {} } = fixture;
  const like = "modular_norm_w";
  check.values(like, await module.norm(weights), Number(out[like]), "f32");
  const dual = await module.dualNorm(tensors(out, "grad_w"));
  check.values("dual_norm_grad", dual, Number(out["dual_norm_grad"]), "f32");
  const update = module.dualize(tensors(out, "grad_w"), 1, "exact");
  const reached = Number(out["modular_norm_dual_update"]);
  check.values("modular_norm_dual_update", await module.norm(update), reached, "f32", like);
  const list = (name: string, got: readonly number[], want: unknown, how: "f32" | "f64"): void => {
    const data = Array.isArray(want) ? want.map(Number) : [];
    const have = { shape: [got.length], data: got };
    check.values(name, have, { shape: [data.length], data }, how, like);
  };
  if ("atom_norms_w" in out) {
    list("atom_norms_w", await module.atomNorms(weights), out["atom_norms_w"], "f32");
  }
  list("target_norm_share", module.shares, meta["target_norm_share"], "f64");
  check.values("mass", module.mass, Number(meta["mass"]), "f64", like);
  check.values("sensitivity", module.sensitivity, Number(meta["sensitivity"]), "f64", like);
  check.values("atoms", module.shares.length, Number(meta["atoms"]), "f64", like);
}

async function compareProjection(module: Built, fixture: FixtureCase, check: Check): Promise<void> {
  if (fixture.out["project_exact"] === undefined) return;
  const projected = module.project(tensors(fixture.in, "weights"));
  const expected = tensorList(fixture.out, "project_exact");
  await compareList("project_exact", projected, expected, check, "dualize_exact");
}

/** Runs a case that has an `expr`. */
export const runModule: CaseRunner = async (fixture, check) => {
  const module = buildModule(fixture.expr);
  await compareForward(module, fixture, check);
  await compareExact(module, fixture, check);
  await compareSixSteps(module, fixture, check);
  await compareProjection(module, fixture, check);
  await compareNorms(module, fixture, check);
};
