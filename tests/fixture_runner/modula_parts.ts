// The cases of modula.json that are about one part: convolution norm, initial scale, and a short
// training run.

import { mean, rng, square, sub, treeLeaves, valueAndGrad } from "../../autograd/index.ts";
import type { Tensor } from "../../autograd/index.ts";
import { MODULA_SIX, mlp } from "../../nn/index.ts";
import type { Module, Weights } from "../../nn/index.ts";
import { linearDecay, modularDescent } from "../../optim/index.ts";
import type { Optimizer } from "../../optim/index.ts";
import { array64, reduce64, singularValues64, sumSquares64 } from "../reference.ts";
import type { Array64 } from "../reference.ts";
import type { Check } from "./check.ts";
import { tensorList, tensorValue, toTensor } from "./decode.ts";
import { Missing } from "./missing.ts";
import { buildExpr } from "./modula_expr.ts";
import { normMaps } from "./norm_rows.ts";
import { list } from "./op_rows.ts";
import type { CaseRunner, FixtureTensor, FixtureValue } from "./types.ts";

// The case's rule: m <- 0.9 m + 0.1 g, then W <- (1 - 0.01 eta) W - eta dualize(m), with eta
// falling from 0.1 in a straight line.
function descentOf(module: Module, total: number): Optimizer {
  const schedule = linearDecay({ total });
  return modularDescent(module, {
    lr: 0.1, momentum: 0.9, weightDecay: 0.01, polar: MODULA_SIX, schedule,
  });
}

/** Five steps of dualized descent on a small MLP, as the case's text says. */
export const runDescent: CaseRunner = async (fixture, check) => {
  const initial = tensorList(fixture.in, "weights");
  const [[width = 1, input = 1] = [], output = 1] = [initial[0]?.shape, initial.at(-1)?.shape[0]];
  const module = mlp({ output, input, width, depth: initial.length });
  const [x, t] = [tensorValue(fixture.in, "x"), tensorValue(fixture.in, "t")].map(toTensor);
  if (x === undefined || t === undefined) throw new Error("fixture: there is no data.");
  const { loss: losses, W: expected } = fixture.out;
  if (!Array.isArray(losses) || !Array.isArray(expected)) {
    throw new Error("fixture: there is no trajectory.");
  }
  const weights = module.toTree(initial.map(toTensor));
  using optimizer = descentOf(module, losses.length);
  for (const [s, loss] of losses.entries()) {
    const { value, grads } = valueAndGrad((at: Weights) =>
      mean(square(sub(module.forward(x, at), t))),
    )(weights);
    check.values(`loss[${s}]`, await value.item(), Number(loss), "f32", "loss");
    optimizer.step(weights, grads);
    await compareWeights(s, module.toList(weights), expected[s] as FixtureValue, check);
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
    if (tensor === undefined) check.fail(`W[${s}][${i}]`, "there is no such weight");
    else await check.tensor(`W[${s}][${i}]`, tensor, want as FixtureTensor, "W");
  }
}

/** Norm and duality map of a convolution weight, tap by tap. */
export const runConvRule: CaseRunner = async (fixture, check) => {
  const { norm, dual, lmo } = normMaps("conv_rule");
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

// The weight itself, or the matrix of every tap of a kernel.
function matricesOf(weight: Array64): Array64[] {
  const [rows = 1, columns = 1, ...taps] = weight.shape;
  const count = taps.reduce((n, side) => n * side, 1);
  return Array.from({ length: count }, (_, tap) => {
    return array64([rows, columns], weight.data.filter((_, i) => i % count === tap));
  });
}

/** An initialised atom lies on the boundary of its norm's unit ball. */
export const runInitScale: CaseRunner = async ({ attrs = {}, out }, check) => {
  const { norm } = normMaps(String(attrs["norm"]), "init_scale");
  if (norm === undefined) throw new Missing(`norm ${String(attrs["norm"])}`);
  const shape = list(attrs, "shape");
  const sizes = attrs["kind"] === "embed" ? [...shape].reverse() : shape; // ["embed", dim, count]
  const atom = buildExpr([String(attrs["kind"]), ...sizes]);
  const [weight] = treeLeaves(atom.initialize(rng(SEED)));
  if (weight === undefined) throw new Error("fixture: the atom has no weight.");
  const host: Array64 = { shape: weight.shape, data: Float64Array.from(await weight.read()) };
  const frobenius = Math.sqrt(sumSquares64(host).data[0] ?? NaN);
  check.values("norm", await norm(weight).item(), Number(out["norm"]), "f32");
  check.values("frobenius", frobenius, Number(out["frobenius"]), "f32");
  if (out["all_singular_values_equal"] === true) {
    const data = Float64Array.from(
      matricesOf(host).flatMap((matrix) => [...singularValues64(matrix)]),
    );
    const same = frobenius / Math.sqrt(data.length);
    compareAll("singular values", { shape: [data.length], data }, same, check);
  }
  const { row_rms: rowRms } = out;
  if (typeof rowRms !== "number") return;
  const rows = reduce64(host, { axis: -1 }, (row) => Math.hypot(...row) / Math.sqrt(row.length));
  compareAll("row_rms", rows, rowRms, check);
};
