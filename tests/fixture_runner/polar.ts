// polar.json: coefficients, scalar maps and the orthogonalising iterations.

import type { Tensor } from "../../autograd/index.ts";
import { evaluate, optimalCubic, optimalQuintic, polar } from "../../nn/index.ts";
import type { Coefficients, PolarSet } from "../../nn/index.ts";
import { singularValues64, spectral64 } from "../reference.ts";
import { decode64, decodeNumber, tensorList, tensorValue, toTensor } from "./decode.ts";
import type { Check } from "./check.ts";
import { Missing } from "./missing.ts";
import { number } from "./op_rows.ts";
import { coefficientSets, listedSets, polarExpressOf } from "./polar_rows.ts";
import type { Schedule } from "./polar_rows.ts";
import type { CaseRunner, FixtureCase, FixtureNumber, FixtureValues } from "./types.ts";

// Every number of a list of coefficients or intervals, so that lists can be compared flat.
function flatNumbers(values: FixtureValues, name: string): number[] {
  const value = values[name];
  if (!Array.isArray(value)) throw new Error(`fixture: "${name}" is not a list.`);
  return value.flat().map((entry) => decodeNumber(entry as FixtureNumber));
}

function compareList(
  name: string,
  got: readonly number[],
  fixture: FixtureCase,
  check: Check,
): void {
  const data = flatNumbers(fixture.out, name);
  check.values(name, { shape: [got.length], data: got }, { shape: [data.length], data }, "f64");
}

function fromTable(table: Readonly<Record<string, PolarSet>>, name: string): Schedule {
  const set = table[name];
  if (set === undefined) throw new Missing(`coefficients ${name}`);
  return set.coefficients;
}

function setOf(fixture: FixtureCase): Schedule {
  const set = fromTable(coefficientSets, String(fixture.attrs?.["set"]));
  const steps = fixture.attrs?.["steps"];
  return typeof steps === "number" ? set.slice(0, steps) : set;
}

const compareCoefficients: CaseRunner = async (fixture, check) => {
  const attrs = fixture.attrs ?? {};
  const built = polarExpressOf(attrs);
  compareList("coeffs", built.flat(), fixture, check);
  let low = number(attrs, "l");
  const intervals = built.map((step) => (low = evaluate(step, low))).flatMap((l) => [l, 2 - l]);
  compareList("interval", intervals, fixture, check);
};

const compareSet: CaseRunner = async (fixture, check) => {
  const listed = fromTable(listedSets, fixture.id.replace(/^set\./, ""));
  compareList("coeffs", listed.flat(), fixture, check);
};

const compareScalars: CaseRunner = async (fixture, check) => {
  const set = setOf(fixture);
  const x = flatNumbers(fixture.in ?? {}, "x");
  const y = x.map((value) => set.reduce((at, step) => evaluate(step, at), value));
  compareList("y", y, fixture, check);
};

function compareOptimal(optimal: (l: number, u: number) => Coefficients): CaseRunner {
  return async (fixture, check) => {
    const low = number(fixture.attrs ?? {}, "l");
    const [a, b, c] = optimal(low, number(fixture.attrs ?? {}, "u"));
    const got: Readonly<Record<string, number>> = { a, b, c, E: 1 - evaluate([a, b, c], low) };
    for (const [name, expected] of Object.entries(fixture.out)) {
      check.values(name, got[name] ?? NaN, Number(expected), "f64");
    }
  };
}

// Compares the singular values of what the device gave; the decomposition is the reference's.
async function compareSpectrum(
  y: Tensor,
  out: FixtureValues,
  check: Check,
  like: string,
): Promise<void> {
  const s = singularValues64({ shape: y.shape, data: Float64Array.from(await y.read()) });
  const { singular_values: all, sigma_min: least, sigma_max: most } = out;
  if (Array.isArray(all)) {
    const expected = { shape: [s.length], data: all.map(Number) };
    check.values("singular_values", { shape: [s.length], data: s }, expected, "f32", like);
  }
  if (typeof least === "number") check.values("sigma_min", s.at(-1) ?? NaN, least, "f32", like);
  if (typeof most === "number") check.values("sigma_max", s[0] ?? NaN, most, "f32", like);
}

const compareTrace: CaseRunner = async (fixture, check) => {
  const set = setOf(fixture);
  const x = toTensor(tensorValue(fixture.in, "A"));
  const safety = number(fixture.attrs ?? {}, "norm_scale");
  const after = (steps: number): Tensor => {
    return polar(x, { coefficients: set.slice(0, steps), safety });
  };
  await check.tensor("X0", after(0), tensorValue(fixture.out, "X0"), "steps");
  const steps = tensorList(fixture.out, "steps");
  for (const [k, expected] of steps.entries()) {
    await check.tensor(`step ${k + 1}`, after(k + 1), expected, "steps");
  }
  await compareSpectrum(after(steps.length), fixture.out, check, "steps");
};

const compareFinal: CaseRunner = async (fixture, check) => {
  const { norm_scale: safety = 1 } = fixture.attrs ?? {};
  const x = toTensor(tensorValue(fixture.in, "A"));
  const y = polar(x, { coefficients: setOf(fixture), safety: Number(safety) });
  await check.tensor("Y", y, tensorValue(fixture.out, "Y"));
  if ("sigma_min" in fixture.out) await compareSpectrum(y, fixture.out, check, "Y");
};

const compareExact: CaseRunner = async (fixture, check) => {
  const y = polar(toTensor(tensorValue(fixture.in, "A")));
  await check.tensor("Y", y, tensorValue(fixture.out, "Y"));
};

// How far the bfloat16 reference is from float64, which a half-precision path may be too. Its
// singular values are then within the Frobenius norm of such errors.
const compareBand: CaseRunner = async (fixture, check) => {
  const given = tensorValue(fixture.in, "A");
  const coefficients = setOf(fixture);
  const y = polar(toTensor(given), { coefficients, storage: "bf16" });
  const data = Float64Array.from(await y.read());
  const norm = Math.hypot(...decode64(given).data);
  const exact = spectral64(decode64(given), (s) => {
    return coefficients.reduce((at, step) => evaluate(step, at), s / norm);
  });
  const band = number(fixture.out, "max_abs_dev_from_f64");
  const worst = Math.max(...data.map((value, i) => Math.abs(value - (exact.data[i] ?? NaN))));
  const holds = (name: string, ok: boolean): void => {
    check.values(name, Number(ok), { shape: [], dtype: "bool", data: [1] }, "f32");
  };
  holds(`deviation ${worst}, at most ${band}`, worst > 0 && worst <= band);
  const s = singularValues64({ shape: y.shape, data });
  for (const [name, got = NaN] of [["sv_min", s.at(-1)], ["sv_max", s[0]]] as const) {
    const away = Math.abs(got - number(fixture.out, name));
    holds(`${name} ${got}`, away <= band * Math.sqrt(data.length));
  }
};

const whats: Readonly<Record<string, CaseRunner>> = {
  pe_coeffs: compareCoefficients,
  cubic_closed: compareOptimal(optimalCubic),
  quintic: compareOptimal(optimalQuintic),
  coeff_set: compareSet,
  scalar_map: compareScalars,
  orth_trace: compareTrace,
  orth_final: compareFinal,
  orth_probe: compareFinal,
  polar_probe: compareExact,
  bf16_band: compareBand,
};

/** Runs a case of polar.json. */
export const runPolar: CaseRunner = async (fixture, check) => {
  const runner = whats[fixture.what ?? ""];
  if (runner === undefined) throw new Missing(fixture.what ?? fixture.id);
  await runner(fixture, check);
};
