// The cases of modula.json that are about one part: convolution norm, initial scale, sharpness,
// and a short training run.

import {
  add, mean, rng, scale, scope, square, sub, treeLeaves, valueAndGrad, zeros,
} from "../../autograd/index.ts";
import type { Tensor, Tree } from "../../autograd/index.ts";
import { reduce64, singularValues64, sumSquares64 } from "../reference.ts";
import type { Array64 } from "../reference.ts";
import type { Check } from "./check.ts";
import { tensorList, tensorValue, toTensor } from "./decode.ts";
import { Missing } from "./missing.ts";
import { buildModule } from "./modula_built.ts";
import type { Built } from "./modula_built.ts";
import { buildExpr } from "./modula_expr.ts";
import { normRows } from "./norm_rows.ts";
import type { NormMaps } from "./norm_rows.ts";
import { list } from "./op_rows.ts";
import type { CaseRunner, FixtureTensor, FixtureValue } from "./types.ts";

function normOf(name: string): NormMaps {
  const row = normRows[name];
  if (row === undefined) throw new Missing(`norm ${name}`);
  return row({});
}

interface State {
  readonly weights: readonly Tensor[];
  readonly momentum: readonly Tensor[];
}

// One step of the case's rule: m <- 0.9 m + 0.1 g, then W <- (1 - 0.01 eta) W - eta dualize(m).
function descend(module: Built, state: State, grads: readonly Tensor[], eta: number): State {
  const { weights, momentum } = state;
  const averaged = momentum.map((m, i) => add(scale(m, 0.9), scale(grads[i] ?? m, 0.1)));
  const updates = module.dualize(averaged, 1, "modula6");
  const moved = weights.map((w, i) =>
    sub(scale(w, 1 - 0.01 * eta), scale(updates[i] ?? w, eta)),
  );
  return { weights: moved, momentum: averaged };
}

/** Five steps of dualized descent on a small MLP, as the case's text says. */
export const runDescent: CaseRunner = async (fixture, check) => {
  const initial = tensorList(fixture.in, "weights");
  const [[width = 1, input = 1] = [], output] = [initial[0]?.shape, initial.at(-1)?.shape[0]];
  const module = buildModule(["mlp", { output: output ?? 1, input, width, depth: initial.length }]);
  const [x, t] = [tensorValue(fixture.in, "x"), tensorValue(fixture.in, "t")].map(toTensor);
  if (x === undefined || t === undefined) throw new Error("fixture: there is no data.");
  const [losses, weights] = [fixture.out["loss"], fixture.out["W"]];
  if (!Array.isArray(losses) || !Array.isArray(weights)) throw new Error("fixture: no trajectory.");
  const first = initial.map(toTensor);
  let state: State = { weights: first, momentum: first.map((w) => zeros(w.shape)) };
  for (const [s, expected] of losses.entries()) {
    const { value, grads } = valueAndGrad((at: Tree) =>
      mean(square(sub(module.forward(x, treeLeaves(at)), t))),
    )(Object.fromEntries(state.weights.map((w, i) => [`w${i}`, w])));
    check.values(`loss[${s}]`, await value.item(), Number(expected), "f32", "loss");
    const eta = (0.1 * (losses.length - s)) / losses.length;
    state = scope(() => descend(module, state, treeLeaves(grads), eta));
    await compareWeights(s, state.weights, weights[s] as FixtureValue, check);
  }
};

async function compareWeights(
  s: number,
  got: readonly Tensor[],
  expected: FixtureValue,
  check: Check,
): Promise<void> {
  if (!Array.isArray(expected)) throw new Error("fixture: a step is not a list of weights.");
  for (const [i, want] of expected.entries()) {
    const tensor = got[i];
    if (tensor !== undefined) {
      await check.tensor(`W[${s}][${i}]`, tensor, want as FixtureTensor, "W");
    }
  }
}

/** Norm and duality map of a convolution weight, tap by tap. */
export const runConvRule: CaseRunner = async (fixture, check) => {
  const { norm, dual, lmo } = normOf("conv_rule");
  const [weight] = tensorList(fixture.in, "weights").map(toTensor);
  const [expected] = tensorList(fixture.out, "dualize_exact");
  if (!norm || !dual || !lmo) throw new Missing("norm conv_rule");
  if (weight === undefined || expected === undefined) throw new Error("fixture: no weight.");
  check.values("norm", await norm(weight).item(), Number(fixture.out["norm"]), "f32");
  const dualNorm = Number(fixture.out["dual_norm"]);
  check.values("dual_norm", await dual(weight).item(), dualNorm, "f32", "norm");
  await check.tensor("dualize_exact", lmo(weight), expected);
};

const SEED = 3; // any: the case holds for all

// Every entry of `got` against one number.
function compareAll(name: string, got: Array64, expected: number, check: Check): void {
  const data = Array.from(got.data, () => expected);
  check.values(name, { ...got, shape: [data.length] }, { shape: [data.length], data }, "f32");
}

/** An initialised atom lies on the boundary of its norm's unit ball. */
export const runInitScale: CaseRunner = async ({ attrs = {}, out }, check) => {
  const norm = normOf(String(attrs["norm"])).norm;
  if (norm === undefined) throw new Missing(`norm ${String(attrs["norm"])}`);
  const shape = list(attrs, "shape");
  const sizes = attrs["kind"] === "embed" ? [...shape].reverse() : shape; // ["embed", dim, count]
  const atom = buildExpr([String(attrs["kind"]), ...sizes]) as { initialize(rng: unknown): Tree };
  const [weight] = treeLeaves(atom.initialize(rng(SEED)));
  if (weight === undefined) throw new Error("fixture: the atom has no weight.");
  const host: Array64 = { shape: weight.shape, data: Float64Array.from(await weight.read()) };
  const frobenius = Math.sqrt(sumSquares64(host).data[0] ?? NaN);
  check.values("norm", await norm(weight).item(), Number(out["norm"]), "f32");
  check.values("frobenius", frobenius, Number(out["frobenius"]), "f32");
  if (out["all_singular_values_equal"] === true) {
    const data = singularValues64(host);
    const same = frobenius / Math.sqrt(data.length);
    compareAll("singular values", { shape: [data.length], data }, same, check);
  }
  const { row_rms: rowRms } = out;
  if (typeof rowRms !== "number") return;
  const rows = reduce64(host, { axis: -1 }, (row) => Math.hypot(...row) / Math.sqrt(row.length));
  compareAll("row_rms", rows, rowRms, check);
};

// The compositions that the texts of the sharpness cases name.
const linear = ["linear", 4, 4] as const;
const compositions: Readonly<Record<string, FixtureValue>> = {
  "Linear": linear,
  "Linear @ Linear": ["compose", linear, linear],
  "Linear @ Linear @ Linear": ["compose", linear, linear, linear],
  "2*Linear @ Linear": ["compose", ["scale", 2, linear], linear],
};

/** Second-derivative bounds of a composition. */
export const runSharpness: CaseRunner = async (fixture, check) => {
  const expr = compositions[fixture.text ?? ""];
  const { abc } = fixture.out;
  if (expr === undefined || !Array.isArray(abc)) throw new Missing(`sharpness of ${fixture.text}`);
  const { sharpness } = buildExpr(expr) as { sharpness?: readonly number[] };
  if (sharpness === undefined) throw new Missing("sharpness");
  const expected = { shape: [abc.length], data: abc.map(Number) };
  check.values("abc", { shape: [sharpness.length], data: sharpness }, expected, "f64");
};
