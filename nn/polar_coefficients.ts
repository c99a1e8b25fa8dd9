// Coefficient sets of the polar iteration: the published ones, and Polar Express for any bound.

import { type Coefficients, evaluate, optimalCubic, optimalQuintic } from "./minimax.ts";

/** The steps of a polar iteration and the start they were made for. */
export interface PolarSet {
  /** One entry a step. */
  readonly coefficients: readonly Coefficients[];
  /** The start is the matrix divided by a bound of its norm times this; >= 1. Default 1. */
  readonly safety?: number;
  /**
   * The bound: 0 takes the Frobenius norm; k takes Gelfand's formula with the `2^k`-th power of
   * the Gram matrix, which is at most `r^(2^-(k+2))` times the largest singular value, at the price
   * of k + 1 products. Default 0.
   */
  readonly gelfand?: number;
  /**
   * What the matrix is kept in from step to step; products accumulate in float32. An element is
   * off by about 1e-2 for "bf16", 1e-3 for "f16". Default "f32".
   */
  readonly storage?: "f32" | "f16" | "bf16";
}

/** Cushion of the published Polar Express coefficients; empirical. */
export const PUBLISHED_CUSHION = 0.02407327424182761;

/** What a Polar Express schedule is made for. */
export interface PolarExpressOptions {
  /** Bound from below on the singular values after scaling, in (0, upper]. Default 1e-3. */
  readonly lower?: number;
  /** Bound from above. Default 1. */
  readonly upper?: number;
  /** Degree of every step. Default 5. */
  readonly degree?: 3 | 5;
  /** How many steps, >= 1. Default 8. */
  readonly steps?: number;
  /**
   * Least lower end, as a share of the upper one, that a polynomial is optimised for, in [0, 1).
   * Keeps early steps from sending middle values close to zero. Default: the published 0.024.
   */
  readonly cushion?: number;
  /** Every step but the last takes `x / (1 + safety)`, and the bounds account for it. Default 0. */
  readonly safety?: number;
}

/**
 * Builds Polar Express coefficients: each step the best polynomial for what the steps before it
 * left, which makes the composition the best one too.
 *
 * @returns one entry a step
 * @throws RangeError for an option out of range
 * Source: Amsel, Persson, Musco, Gower 2025, "The Polar Express", algorithm 1
 */
export function polarExpress(options: PolarExpressOptions = {}): readonly Coefficients[] {
  const { lower: start = 1e-3, steps = 8, safety = 0 } = options;
  checkOptions(options);
  let [lower, upper] = [start, options.upper ?? 1];
  const list: Coefficients[] = [];
  for (let step = 0; step < steps; step++) {
    const best = bestStep(lower, upper, options);
    const p = step === steps - 1 ? best : withSafety([best], safety)[0] ?? best;
    list.push(p);
    lower = evaluate(p, lower);
    upper = 2 - lower; // the image of the interval is symmetric about one
  }
  return list;
}

function bestStep(lower: number, upper: number, options: PolarExpressOptions): Coefficients {
  const { degree = 5, cushion = PUBLISHED_CUSHION } = options;
  const optimal = degree === 3 ? optimalCubic : optimalQuintic;
  if (lower >= cushion * upper) return optimal(lower, upper);
  const p = optimal(cushion * upper, upper);
  return times(p, 2 / (evaluate(p, lower) + evaluate(p, upper))); // its errors centred
}

function times([a, b, c]: Coefficients, factor: number): Coefficients {
  return [a * factor, b * factor, c * factor];
}

/**
 * Makes steps safe against rounding that pushes a singular value above the upper bound, by
 * stretching every polynomial: `p(x / (1 + safety))`.
 *
 * @param safety >= 0
 * @returns as many steps
 */
export function withSafety(steps: readonly Coefficients[], safety: number): Coefficients[] {
  const s = 1 + safety;
  return steps.map(([a, b, c]) => [a / s, b / s ** 3, c / s ** 5]);
}

function checkOptions(options: PolarExpressOptions): void {
  const { lower = 1e-3, upper = 1, degree = 5, steps = 8, cushion = 0, safety = 0 } = options;
  const bad = (what: string, value: number, range: string): never => {
    throw new RangeError(`polarExpress: ${what} is out of range: ${value}. Use ${range}.`);
  };
  if (!(upper > 0 && upper < Infinity)) bad("upper", upper, "a positive number");
  if (!(lower > 0 && lower <= upper)) bad("lower", lower, `0 < lower <= ${upper}`);
  if (degree !== 3 && degree !== 5) bad("degree", degree, "3 or 5");
  if (!Number.isInteger(steps) || steps < 1) bad("steps", steps, "a whole number from 1");
  if (!(cushion >= 0 && cushion < 1)) bad("cushion", cushion, "0 <= cushion < 1");
  if (!(safety >= 0 && safety < Infinity)) bad("safety", safety, "a number >= 0");
}

// A top-level value is built by one marked call with literal arguments, so that it drops out of a
// bundle that does not use it.

/** Newton-Schulz of degree 3, eight steps. Converges for every full-rank matrix, slowly. */
export const CUBIC: PolarSet = /* @__PURE__ */ repeated([1.5, -0.5, 0], 8);

/** Newton-Schulz of degree 5 (Taylor), six steps. */
export const QUINTIC: PolarSet = /* @__PURE__ */ repeated([1.875, -1.25, 0.375], 6);

/** The quintic (3, -16/5, 6/5), five steps: faster than Taylor's, overshoots by up to 21 %. */
export const BERNSTEIN: PolarSet = /* @__PURE__ */ repeated([3, -3.2, 1.2], 5);

/**
 * Muon's quintic, five steps: singular values from 2e-3 of the Frobenius norm on end between 0.68
 * and 1.21, smaller ones below.
 *
 * Source: Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"
 */
export const JORDAN: PolarSet = /* @__PURE__ */ repeated([3.4445, -4.775, 2.0315], 5);

/**
 * Modula's six steps: singular values from 2e-3 of the Frobenius norm on end between 0.9956 and
 * 0.9993, smaller ones below. The default of `dualize`.
 *
 * Source: the Modula package, orthogonalize
 */
export const MODULA_SIX: PolarSet = /* @__PURE__ */ over1024([
  [3955, -8306, 5008], [3735, -6681, 3463], [3799, -6499, 3211],
  [4019, -6385, 2906], [2677, -3029, 1162], [2172, -1833, 682],
]);

/**
 * Polar Express for singular values from 4e-3, five steps, the last one scaled to end where
 * `MODULA_SIX` does: singular values end between 0.9964 and 0.9993, never above one. The default of
 * `modularDescent`.
 *
 * Source: Amsel, Persson, Musco, Gower 2025, "The Polar Express", algorithm 1
 */
export const WITHIN_ONE: PolarSet = /* @__PURE__ */ endingWithinOne(4e-3, 0.9993);

/**
 * Polar Express for singular values from 1e-3, eight steps, before safety.
 *
 * Source: Amsel, Persson, Musco, Gower 2025, "The Polar Express", listing; rows 7 and 8 computed
 */
export const POLAR_EXPRESS_RAW: PolarSet = {
  coefficients: [
    [8.287212018145624, -23.59588651909883, 17.300387312530926],
    [4.1070591115422, -2.94784991673791, 0.5448431082926602],
    [3.9486908534822938, -2.9089021159629462, 0.551819139437013],
    [3.3184196573706, -2.4884880243148744, 0.5100489401237202],
    [2.3006520199548177, -1.6689039845747486, 0.41880731195256665],
    [1.891301407787398, -1.2679958271945864, 0.3768040894852481],
    [1.8750014808497517, -1.2500016453925884, 0.3750001645437607],
    [1.8749999980503387, -1.2499999961006776, 0.37499999805033873],
  ],
};

/** Polar Express, eight steps with the published safety of 1.01: converged from 1e-3. */
export const POLAR_EXPRESS: PolarSet = /* @__PURE__ */ safePolarExpress(8);

/** The first five steps of `POLAR_EXPRESS`: singular values from 1e-3 end between 0.84 and 1.13. */
export const POLAR_EXPRESS_FIVE: PolarSet = /* @__PURE__ */ safePolarExpress(5);

/** Polar Express of degree 3 for singular values from 1e-3, ten steps. */
export const POLAR_EXPRESS_CUBIC: PolarSet = /* @__PURE__ */ cubicPolarExpress();

/**
 * Polar Express as the GPT speed runs use it: five steps, safety and cushion 0.02.
 *
 * Source: the modded-nanogpt records; `polarExpress({steps: 5, safety: 0.02, cushion: 0.02})`
 */
export const SPEEDRUN: PolarSet = {
  coefficients: [
    [8.156554524902461, -22.48329292557795, 15.878769915207462],
    [4.042929935166739, -2.808917465908714, 0.5000178451051316],
    [3.8916678022926607, -2.772484153217685, 0.5060648178503393],
    [3.285753657755655, -2.3681294933425376, 0.46449024233003106],
    [2.3465413258596377, -1.7097828382687081, 0.42323551169305323],
  ],
  safety: 1.02,
};

/**
 * Polar Express for singular values from 1e-4, nine steps: as close to the exact polar factor as
 * float32 gets. The default of `polar`, `project` and `initialize`.
 */
export const CONVERGED: PolarSet = /* @__PURE__ */ convergedPolarExpress();

function repeated(step: Coefficients, steps: number): PolarSet {
  return { coefficients: Array.from({ length: steps }, () => step) };
}

function over1024(rows: readonly Coefficients[]): PolarSet {
  return { coefficients: rows.map(([a, b, c]) => [a / 1024, b / 1024, c / 1024]) };
}

/** Five steps for singular values from `lower` on, which end at `top` or below. */
function endingWithinOne(lower: number, top: number): PolarSet {
  const steps = polarExpress({ lower, steps: 5 });
  const least = steps.reduce((x, p) => evaluate(p, x), lower);
  const factor = top / (2 - least); // the image is symmetric about one
  return { coefficients: steps.map((p, i) => (i === steps.length - 1 ? times(p, factor) : p)) };
}

function safePolarExpress(steps: number): PolarSet {
  const safe = allButLastSafe(POLAR_EXPRESS_RAW.coefficients);
  return { coefficients: safe.slice(0, steps), safety: 1.01 };
}

function cubicPolarExpress(): PolarSet {
  return { coefficients: polarExpress({ degree: 3, steps: 10, cushion: 0 }) };
}

function convergedPolarExpress(): PolarSet {
  return { coefficients: allButLastSafe(polarExpress({ lower: 1e-4, steps: 9 })), safety: 1.01 };
}

/** The published use of safety: built without, divided afterwards. */
function allButLastSafe(steps: readonly Coefficients[]): Coefficients[] {
  return [...withSafety(steps.slice(0, -1), 0.01), ...steps.slice(-1)];
}
