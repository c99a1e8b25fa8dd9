// Which function and which coefficients of the package polar.json means.

import type { Tensor } from "../../autograd/index.ts";
import { exported } from "./exported.ts";
import { number } from "./op_rows.ts";
import type { FixtureValues } from "./types.ts";

/** `a x + b x^3 + c x^5`; c is 0 for a cubic step. */
export type Coefficients = readonly [a: number, b: number, c: number];

/** The steps of an iteration. */
export type Schedule = readonly Coefficients[];

type Optimal = (lower: number, upper: number) => Coefficients;

/** Builds Polar Express coefficients from the attributes of a case. */
export function polarExpress(attrs: FixtureValues): Schedule {
  const build = exported<(options: object) => Schedule>("polarExpress");
  const { degree, steps, safety, cushion } = attrs;
  const [lower, upper] = [number(attrs, "l"), number(attrs, "u")];
  return build({ lower, upper, degree, steps, safety, cushion });
}

/** The best cubic on `[l, u]`. */
export const cubic: Optimal = (l, u) => exported<Optimal>("optimalCubic")(l, u);

/** The best quintic on `[l, u]`. */
export const quintic: Optimal = (l, u) => exported<Optimal>("optimalQuintic")(l, u);

// A coefficient set of the package, or only its first steps.
function set(name: string, steps?: number): () => Schedule {
  return () => exported<{ readonly coefficients: Schedule }>(name).coefficients.slice(0, steps);
}

/** Coefficient sets by their name in the file. One set, one row. */
export const coefficientSets: Readonly<Record<string, () => Schedule>> = {
  cubic: set("CUBIC"),
  quintic_taylor: set("QUINTIC"),
  bernstein5: set("BERNSTEIN"),
  jordan5: set("JORDAN"),
  modula6: set("MODULA_SIX"),
  polar_express5_safe101: set("POLAR_EXPRESS_FIVE"),
  polar_express8_safe101: set("POLAR_EXPRESS"),
  polar_express_cubic10: set("POLAR_EXPRESS_CUBIC"),
  speedrun5_safe102: set("SPEEDRUN"),
};

/** The sets of the `coeff_set` cases, which list a repeated step once. */
export const listedSets: Readonly<Record<string, () => Schedule>> = {
  jordan: set("JORDAN", 1),
  modula6: set("MODULA_SIX"),
  speedrun: set("SPEEDRUN"),
  pe8_before_safety: set("POLAR_EXPRESS_RAW"),
  "pe8_safety_1.01": set("POLAR_EXPRESS"),
  cubic: set("CUBIC", 1),
  quintic_taylor: set("QUINTIC", 1),
  bernstein5: set("BERNSTEIN", 1),
};

type Polar = (x: Tensor, set?: object) => Tensor;

/** The iteration on the device: `steps` of `set` from `x / (frobenius norm * safety)`. */
export function iterate(x: Tensor, coefficients: Schedule, safety: number): Tensor {
  return exported<Polar>("polar")(x, { coefficients, safety });
}

/** The converged polar factor on the device. */
export function exactPolar(x: Tensor): Tensor {
  return exported<Polar>("polar")(x);
}
