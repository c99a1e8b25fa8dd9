// theory.json: certificates, margins, spectra and implicit bias, from the package's ops and norms.

import { div, scale, scope, sqrt, square, sub, sum, zeros } from "../../autograd/index.ts";
import type { Tensor } from "../../autograd/index.ts";
import {
  certify, compose, distributionOf, linear, named, relu, singularValues, stableRank,
} from "../../nn/index.ts";
import type { Module } from "../../nn/index.ts";
import type { Check } from "./check.ts";
import { tensorList, tensorValue, toTensor } from "./decode.ts";
import { logOddsGradient, margins } from "./margins.ts";
import { Missing } from "./missing.ts";
import { normMaps } from "./norm_rows.ts";
import type { NormMaps } from "./norm_rows.ts";
import type { CaseRunner, FixtureValues } from "./types.ts";

type NormMap = (x: Tensor) => Tensor;

function normMap(name: string, map: keyof NormMaps): NormMap {
  const found = normMaps(name, "theory")[map];
  if (found === undefined) throw new Missing(`norm ${name}.${map}`);
  return found;
}

function rowRms(x: Tensor): Tensor {
  return scale(sqrt(sum(square(x), { axis: -1 })), 1 / Math.sqrt(x.shape.at(-1) ?? 1));
}

/** Linear layers with ReLU between, for weights `[out, in]`. */
function reluMlp(weights: readonly Tensor[]): Module {
  const layers = weights.map(({ shape: [fanOut = 1, fanIn = 1] }, k) => {
    const layer = named(String(k), linear(fanOut, fanIn));
    return k === 0 ? layer : compose(layer, relu());
  });
  return compose(...layers.reverse());
}

const certificate: CaseRunner = async (fixture, check) => {
  const weights = tensorList(fixture.in, "weights").map(toTensor);
  const x = toTensor(tensorValue(fixture.in, "x"));
  const x2 = toTensor(tensorValue(fixture.in, "x2"));
  const module = reluMlp(weights);
  const tree = module.toTree(weights);
  const moved = rowRms(sub(module.forward(x, tree), module.forward(x2, tree)));
  await check.tensor("gains", div(moved, rowRms(sub(x, x2))), tensorValue(fixture.out, "gains"));
  const { bound, layers } = await certify(module, tree);
  const l2 = await certify(module, tree, { inputNorm: "l2" });
  const lastWidth = weights.at(-1)?.shape[0] ?? 1;
  compareNumbers({ certificate: bound }, fixture.out, check);
  compareNumbers({ l2_product: l2.bound * Math.sqrt(lastWidth) }, fixture.out, check);
  const expected = fixture.out["layer_norms"];
  if (!Array.isArray(expected)) throw new Error("fixture: there are no layer norms.");
  const list = { shape: [expected.length], data: expected.map(Number) };
  const data = layers.map(({ upper }) => upper);
  check.values("layer_norms", { shape: [data.length], data }, list, "f32");
};

function compareNumbers(
  got: Readonly<Record<string, number>>,
  out: FixtureValues,
  check: Check,
  ...like: string[]
): void {
  for (const [name, value] of Object.entries(got)) {
    check.values(name, value, Number(out[name]), "f32", ...like);
  }
}

function nested(out: FixtureValues, name: string): FixtureValues {
  return out[name] as FixtureValues; // a map of numbers in every case of the kinds below
}

const margin: CaseRunner = async (fixture, check) => {
  const weight = toTensor(tensorValue(fixture.in, "W"));
  const found = await margins(weight, fixture.in ?? {});
  const data = { shape: [found.length], data: found };
  check.values("per_example", data, tensorValue(fixture.out, "per_example"), "f32");
  const least = Math.min(...found);
  compareNumbers({ min: least }, fixture.out, check);
  for (const [name, expected] of Object.entries(nested(fixture.out, "normalized"))) {
    const norm = await normMap(name, "norm")(weight).item();
    check.values(`normalized ${name}`, least / norm, Number(expected), "f32");
  }
};

const spectrum: CaseRunner = async (fixture, check) => {
  const matrix = toTensor(tensorValue(fixture.in, "A"));
  const s = Array.from(await singularValues(matrix));
  const top = s[0] ?? NaN;
  const { median } = distributionOf(s);
  const squares = s.reduce((total, value) => total + value * value, 0);
  const shares = s.map((value) => value ** 2 / squares);
  const entropy = shares.reduce((total, share) => total - share * Math.log(share || 1), 0);
  const data = { shape: [s.length], data: s };
  check.values("singular_values", data, tensorValue(fixture.out, "singular_values"), "f32");
  compareNumbers({ stable_rank: await stableRank(matrix).item() }, fixture.out, check);
  compareNumbers({ top_over_median: top / median }, fixture.out, check);
  compareNumbers({ effective_rank_entropy: Math.exp(entropy) }, fixture.out, check);
};

async function normalizedMargin(
  weight: Tensor,
  norm: string,
  data: FixtureValues,
): Promise<number> {
  return Math.min(...(await margins(weight, data))) / (await normMap(norm, "norm")(weight).item());
}

const nsd: CaseRunner = async (fixture, check) => {
  const { attrs = {}, in: data = {}, out } = fixture;
  const [name, steps] = [String(attrs["norm"]), Number(attrs["steps"])];
  const dualize = normMap(name, "lmo");
  const gradient = logOddsGradient(data, Number(attrs["classes"]));
  const own = nested(out, "own_margin_at");
  const { shape } = tensorValue(out, "W_after_5");
  let weight = zeros(shape);
  for (let t = 1; t <= steps; t++) {
    const [before, eta] = [weight, 0.5 / Math.sqrt(t)];
    weight = scope(() => sub(before, scale(dualize(gradient(before)), eta)));
    before.dispose();
    if (t === 5) await check.tensor("W_after_5", weight, tensorValue(out, "W_after_5"));
    const expected = own[String(t)];
    if (expected === undefined) continue;
    const got = await normalizedMargin(weight, name, data);
    check.values(`margin at ${t}`, got, Number(expected), "f32", "margins");
  }
  for (const [norm, expected] of Object.entries(nested(out, `margins_at_${steps}`))) {
    const got = await normalizedMargin(weight, norm, data);
    check.values(`${norm} margin`, got, Number(expected), "f32", "margins");
  }
};

const whats: Readonly<Record<string, CaseRunner>> = { certificate, margin, spectrum, nsd };

/** Runs a case of theory.json. */
export const runTheory: CaseRunner = async (fixture, check) => {
  const runner = whats[fixture.what ?? ""];
  if (runner === undefined) throw new Missing(fixture.what ?? fixture.id);
  await runner(fixture, check);
};
