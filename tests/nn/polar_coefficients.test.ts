import * as assert from "uvu/assert";
import { BERNSTEIN, CONVERGED, CUBIC, JORDAN, MODULA_SIX, POLAR_EXPRESS, POLAR_EXPRESS_CUBIC,
  POLAR_EXPRESS_RAW, type PolarSet, QUINTIC, SPEEDRUN, WITHIN_ONE, evaluate, optimalCubic,
  optimalQuintic, polarExpress } from "../../nn/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { assertThrows } from "./helpers.ts";

const test = suite("polar coefficients", { device: false });

function image({ coefficients }: PolarSet, x: number): number {
  return coefficients.reduce((value, p) => evaluate(p, value), x);
}

// Where a set sends [lower, 1].
function ends(set: PolarSet, lower: number): readonly [least: number, most: number] {
  const points = Array.from({ length: 4001 }, (_, i) => lower ** (1 - i / 4000));
  const values = points.map((x) => image(set, x / (set.safety ?? 1)));
  return [Math.min(...values), Math.max(...values)];
}

function worstError(set: PolarSet, lower: number): number {
  const points = Array.from({ length: 2001 }, (_, i) => lower ** (1 - i / 2000));
  return Math.max(...points.map((x) => Math.abs(1 - image(set, x / (set.safety ?? 1)))));
}

test("the published lists are reproduced by the construction", () => {
  const eight = polarExpress();
  const speedrun = polarExpress({ steps: 5, safety: 0.02, cushion: 0.02 });

  // Rows 7 and 8 are determined to 1e-9 only: their intervals are that narrow.
  const tolerance = { rtol: 1e-8, atol: 0 };
  assertClose(eight.flat(), POLAR_EXPRESS_RAW.coefficients.flat(), tolerance);
  assertClose(speedrun.flat(), SPEEDRUN.coefficients.flat(), { rtol: 1e-12, atol: 0 });
});

test("the eight steps and the converged set end at one over their whole range", () => {
  assertClose(worstError(POLAR_EXPRESS, 1.05e-3), 0, { rtol: 0, atol: 1e-6 });
  assertClose(worstError(CONVERGED, 1.05e-4), 0, { rtol: 0, atol: 1e-6 });
});

test("images of [1e-3, 1] are those of the specification's table", () => {
  const digits = { rtol: 0, atol: 6e-4 }; // as many as the table has

  assertClose(ends(CUBIC, 1e-3), [0.0256, 1], digits);
  assertClose(ends(QUINTIC, 1e-3), [0.0434, 1], digits);
  assertClose(ends(BERNSTEIN, 1e-3), [0.2411, 1.211], digits);
  assertClose(ends(JORDAN, 1e-3), [0.4705, 1.202], digits);
  assertClose(ends(MODULA_SIX, 1e-3), [0.8663, 0.9993], digits);
  assertClose(ends(MODULA_SIX, 1e-2), [0.9956, 0.9993], digits);
  assertClose(ends(SPEEDRUN, 1e-3), [0.847, 1.141], digits);
});

test("the default sets of Muon and of dualize keep their bounds from 2e-3 on", () => {
  const digits = { rtol: 0, atol: 5e-5 };

  assertClose(ends(JORDAN, 2e-3), [0.6818, 1.2024], digits);
  assertClose(ends(MODULA_SIX, 2e-3), [0.9956, 0.9993], digits);
});

test("five steps end within one, where the six of Modula do", () => {
  const upTo = { rtol: 0, atol: 1e-4 };

  assert.is(WITHIN_ONE.coefficients.length, MODULA_SIX.coefficients.length - 1);
  assertClose(ends(WITHIN_ONE, 4e-3), [0.9964, 0.9993], upTo);
  assertClose(ends(WITHIN_ONE, 1e-9)[1], ends(MODULA_SIX, 1e-9)[1], upTo);
});

test("optimal polynomials have equal errors of alternating sign at their extrema", () => {
  for (const lower of [1e-6, 0.01, 0.3, 0.9]) {
    const [a, b, c] = optimalQuintic(lower, 1);
    const root = Math.sqrt(9 * b * b - 20 * a * c);
    const inner = [-root, root].map((r) => Math.sqrt((-3 * b + r) / (10 * c)));
    const errors = [lower, ...inner, 1].map((x) => 1 - evaluate([a, b, c], x));
    const worst = errors[0] ?? NaN;

    assertClose(errors, [worst, -worst, worst, -worst], { rtol: 1e-7, atol: 1e-12 });
  }
});

test("the cubic's closed form has equal errors at both ends and at its maximum", () => {
  const [lower, upper] = [0.05, 1.3];
  const p = optimalCubic(lower, upper);
  const top = Math.sqrt((lower * lower + lower * upper + upper * upper) / 3);
  const error = 1 - evaluate(p, lower);

  assertClose(evaluate(p, upper), 1 - error, { rtol: 1e-14, atol: 0 });
  assertClose(evaluate(p, top), 1 + error, { rtol: 1e-14, atol: 0 });
});

test("narrow intervals give the Taylor polynomials", () => {
  assertClose(optimalQuintic(2, 2), [15 / 16, -10 / 64, 3 / 256], { rtol: 1e-15, atol: 0 });
  assertClose(optimalCubic(2, 2), [1.5 / 2, -0.5 / 8, 0], { rtol: 1e-14, atol: 0 });
});

test("the composition keeps its guaranteed error", () => {
  // (1 - l^2)^((q+1)^T) for degree 2 q + 1 and T steps
  for (const [degree, steps, lower] of [[5, 4, 0.05], [3, 6, 0.05], [5, 3, 0.2]] as const) {
    const set = { coefficients: polarExpress({ degree, steps, lower, cushion: 0 }) };
    const bound = (1 - lower ** 2) ** (((degree + 1) / 2) ** steps);

    if (!(worstError(set, lower) <= bound)) throw new Error(`${degree}: over the bound ${bound}`);
  }
});

test("the ten cubic steps converge from 1e-3", () => {
  assertClose(worstError(POLAR_EXPRESS_CUBIC, 1e-3), 0, { rtol: 0, atol: 4e-6 });
});

test("options out of range are refused", () => {
  const throwsRange = (body: () => unknown, text: string) => assertThrows(body, "RangeError", text);
  throwsRange(() => polarExpress({ lower: 0 }), "polarExpress: lower is out of range: 0.");
  throwsRange(() => polarExpress({ lower: 2 }), "lower is out of range: 2. Use 0 < lower <= 1.");
  throwsRange(() => polarExpress({ steps: 0 }), "steps is out of range: 0.");
  throwsRange(() => polarExpress({ degree: 4 as 3 }), "degree is out of range: 4. Use 3 or 5.");
  throwsRange(() => polarExpress({ cushion: 1 }), "cushion is out of range: 1.");
  throwsRange(() => polarExpress({ safety: -1 }), "safety is out of range: -1.");
  throwsRange(() => optimalCubic(2, 1), "optimalCubic: not an interval of positive numbers: [2,");
});

test.run();
