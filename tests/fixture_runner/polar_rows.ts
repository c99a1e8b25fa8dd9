// Which coefficients of the package polar.json means.

import {
  BERNSTEIN, CUBIC, JORDAN, MODULA_SIX, POLAR_EXPRESS, POLAR_EXPRESS_CUBIC, POLAR_EXPRESS_FIVE,
  POLAR_EXPRESS_RAW, QUINTIC, SPEEDRUN, polarExpress,
} from "../../nn/index.ts";
import type { Coefficients, PolarSet } from "../../nn/index.ts";
import { number } from "./op_rows.ts";
import type { FixtureValues } from "./types.ts";

/** The steps of an iteration. */
export type Schedule = readonly Coefficients[];

/** Builds Polar Express coefficients from the attributes of a case. */
export function polarExpressOf(attrs: FixtureValues): Schedule {
  const degree = number(attrs, "degree");
  if (degree !== 3 && degree !== 5) throw new Error(`fixture: no such degree: ${degree}.`);
  const [lower, upper] = [number(attrs, "l"), number(attrs, "u")];
  const [steps, safety] = [number(attrs, "steps"), number(attrs, "safety")];
  return polarExpress({ lower, upper, degree, steps, safety, cushion: number(attrs, "cushion") });
}

/** Coefficient sets by their name in the file. One set, one row. */
export const coefficientSets: Readonly<Record<string, PolarSet>> = {
  cubic: CUBIC,
  quintic_taylor: QUINTIC,
  bernstein5: BERNSTEIN,
  jordan5: JORDAN,
  modula6: MODULA_SIX,
  polar_express5_safe101: POLAR_EXPRESS_FIVE,
  polar_express8_safe101: POLAR_EXPRESS,
  polar_express_cubic10: POLAR_EXPRESS_CUBIC,
  speedrun5_safe102: SPEEDRUN,
};

// A repeated step, once.
function once({ coefficients }: PolarSet): PolarSet {
  return { coefficients: coefficients.slice(0, 1) };
}

/** The sets of the `coeff_set` cases, which list a repeated step once. */
export const listedSets: Readonly<Record<string, PolarSet>> = {
  jordan: /* @__PURE__ */ once(JORDAN),
  modula6: MODULA_SIX,
  speedrun: SPEEDRUN,
  pe8_before_safety: POLAR_EXPRESS_RAW,
  "pe8_safety_1.01": POLAR_EXPRESS,
  cubic: /* @__PURE__ */ once(CUBIC),
  quintic_taylor: /* @__PURE__ */ once(QUINTIC),
  bernstein5: /* @__PURE__ */ once(BERNSTEIN),
};
