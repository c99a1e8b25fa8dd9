// theory.json: certificates, margins, spectra and implicit bias, from the package's ops and norms.

import {
  div, matmul, relu, scale, scope, sqrt, square, sub, sum, transpose, zeros,
} from "../../autograd/index.ts";
import type { Tensor } from "../../autograd/index.ts";
import { singularValues } from "../../nn/index.ts";
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

async function normsOf(name: string, weights: readonly Tensor[]): Promise<number[]> {
  return await Promise.all(weights.map((weight) => normMap(name, "norm")(weight).item()));
}

function product(values: readonly number[]): number {
  return values.reduce((total, value) => total * value, 1);
}

function rowRms(x: Tensor): Tensor {
  return scale(sqrt(sum(square(x), { axis: -1 })), 1 / Math.sqrt(x.shape.at(-1) ?? 1));
}

function reluMlp(weights: readonly Tensor[], x: Tensor): Tensor {
  return weights.reduce((y, weight, k) => matmul(k === 0 ? y : relu(y), transpose(weight)), x);
}

const certificate: CaseRunner = async (fixture, check) => {
  const weights = tensorList(fixture.in, "weights").map(toTensor);
  const x = toTensor(tensorValue(fixture.in, "x"));
  const x2 = toTensor(tensorValue(fixture.in, "x2"));
  const norms = await normsOf("rms_to_rms", weights);
  const moved = rowRms(sub(reluMlp(weights, x), reluMlp(weights, x2)));
  await check.tensor("gains", div(moved, rowRms(sub(x, x2))), tensorValue(fixture.out, "gains"));
  compareNumbers({ certificate: product(norms) }, fixture.out, check);
  compareNumbers({ l2_product: product(await normsOf("spectral", weights)) }, fixture.out, check);
  const expected = fixture.out["layer_norms"];
  if (!Array.isArray(expected)) throw new Error("fixture: there are no layer norms.");
  const list = { shape: [expected.length], data: expected.map(Number) };
  check.values("layer_norms", { shape: [norms.length], data: norms }, list, "f32");
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
  const middle = s.slice(Math.floor((s.length - 1) / 2), Math.floor(s.length / 2) + 1);
  const median = middle.reduce((total, value) => total + value, 0) / middle.length;
  const squares = s.reduce((total, value) => total + value * value, 0);
  const shares = s.map((value) => value ** 2 / squares);
  const entropy = shares.reduce((total, share) => total - share * Math.log(share || 1), 0);
  const data = { shape: [s.length], data: s };
  check.values("singular_values", data, tensorValue(fixture.out, "singular_values"), "f32");
  compareNumbers({ stable_rank: squares / top ** 2 }, fixture.out, check);
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
