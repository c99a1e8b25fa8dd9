import { cast, neg, scale, slice, tensor, transpose, zeros } from "../../autograd/index.ts";
import { CONVERGED, CUBIC, JORDAN, MODULA_SIX, POLAR_EXPRESS, cans, convScion, evaluate, exact,
  perBlock, polar, polarAll, polarExpress, rmsToRms, spectral } from "../../nn/index.ts";
import type { PolarSet } from "../../nn/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { dot64, matmul64, polar64, random64, reshape64, scale64, singularValues64, spectral64,
  sub64, transpose64 } from "../reference.ts";
import type { Array64 } from "../reference.ts";
import { assertSame, assertThrows, device, draw, host, withSpectrum } from "./helpers.ts";

const test = suite("forms of the polar factor");

const EXACT = { method: exact };
// The decomposition and two products in float32, entries up to one.
const ROUNDING = { rtol: 0, atol: 2e-5 };

const size = ({ data }: Array64): number => Math.hypot(...data);
const sum = (list: Float64Array): number => list.reduce((a, b) => a + b, 0);
const image = ({ coefficients }: PolarSet, x: number): number => {
  return coefficients.reduce((value, p) => evaluate(p, value), x);
};

test("the exact form is the polar factor: wide, tall, square, batched, any scale", async ({
  rng,
}) => {
  for (const [m, n] of [[5, 9], [33, 12], [16, 16], [1, 7], [7, 1], [1, 1]] as const) {
    const spectrum = Array.from({ length: Math.min(m, n) }, (_, i) => 3 / (1 + i));
    const g = withSpectrum(rng, m, n, spectrum);
    const expected = polar64(g);

    assertClose(await host(polar(device(g), EXACT)), expected, ROUNDING);
    for (const c of [2 ** -100, 2 ** 100]) {
      assertClose(await host(polar(scale(device(g), c), EXACT)), expected, ROUNDING);
    }
  }
  const batch = draw(rng, [2, 3, 8, 5]);
  const one = await host(polar(slice(batch, [[1, 2], [2, 3]]), EXACT));
  assertClose((await host(polar(batch, EXACT))).data.slice(5 * 40), one.data, ROUNDING);
});

test("the exact form resolves what the iteration does not, and drops rounding", async ({ rng }) => {
  const g = withSpectrum(rng, 8, 8, [1, 0.1, 1e-2, 1e-3, 1e-4, 2e-5, 0, 0]);
  const s = singularValues64(await host(polar(device(g), EXACT)));

  assertClose(s, [1, 1, 1, 1, 1, 1, 0, 0], ROUNDING);
});

test("degenerate input of the exact form", async ({ rng }) => {
  const zero = await host(polar(zeros([2, 3, 5]), EXACT));
  assertSame([...zero.data].every((x) => x === 0), true);
  assertSame(polar(zeros([0, 4]), EXACT).shape, [0, 4]);
  const signs = polar(tensor([-3e-20, 0, 7e20], { shape: [3, 1, 1] }), EXACT);
  assertClose(await signs.read(), [-1, 0, 1], { rtol: 1e-6, atol: 0 });
  for (const poison of [NaN, Infinity]) {
    const g = random64(rng, [3, 4, 4]);
    g.data[20] = poison;
    const y = await host(polar(device(g), EXACT));
    assertSame([...y.data].map(Number.isNaN), Array.from({ length: 48 }, (_, i) => i >> 4 === 1));
  }
});

test("a list in the exact form, as each by itself", async ({ rng }) => {
  const list = [draw(rng, [4, 6]), draw(rng, [6, 4]), draw(rng, [5, 5])];
  const all = polarAll(list, { ...EXACT, scales: [1, 2, -1] });
  for (const [i, g] of list.entries()) {
    const [got, factor] = [all[i], [1, 2, -1][i] ?? 1];
    if (!got) throw new Error(`no result ${i}`);
    assertClose(await host(got), scale64(await host(polar(g, EXACT)), factor), ROUNDING);
  }
});

test("the errors that tell how good an iteration is", async ({ rng }) => {
  const g = random64(rng, [12, 20]);
  const exact = polar64(g);
  for (const [set, worst] of [[JORDAN, 0.33], [MODULA_SIX, 0.14], [POLAR_EXPRESS, 1e-5],
    [CONVERGED, 1e-5]] as const) {
    const y = await host(polar(device(g), set));
    const s = singularValues64(y);
    const gram = matmul64(y, transpose64(y));
    gram.data.forEach((v, i) => (gram.data[i] = v - (i % 13 === 0 ? 1 : 0)));

    assertClose(s, s.map(() => 1), { rtol: 0, atol: worst });
    // |Y Y^T - 1|_F / sqrt(m) <= max |s^2 - 1|, and |Y - U V^T|_F / sqrt(r) <= max |s - 1|
    assertClose(size(gram) / Math.sqrt(12), 0, { rtol: 0, atol: worst * (2 + worst) });
    assertClose(size(sub64(y, exact)) / Math.sqrt(12), 0, { rtol: 0, atol: worst });
    assertClose(dot64(g, y) / sum(singularValues64(g)), 1, { rtol: 0, atol: worst });
  }
});

test("alignment with the gradient grows from step to step of a convergent set", async ({ rng }) => {
  const g = random64(rng, [6, 9]);
  const list: number[] = [];
  for (let k = 0; k <= 8; k++) {
    const y = await host(polar(device(g), { coefficients: CUBIC.coefficients.slice(0, k) }));
    list.push(dot64(g, y));
  }

  if (list.some((x, k) => k > 0 && !(x > (list[k - 1] ?? 0) - 1e-5))) throw new Error(`${list}`);
});

test("both sides and both signs of a matrix agree", async ({ rng }) => {
  const g = draw(rng, [7, 12]);
  const storage = "f32";
  for (const how of [EXACT, { ...JORDAN, gelfand: 3 }, { ...MODULA_SIX, storage }] as const) {
    const y = await host(polar(g, how));

    assertClose(await host(transpose(polar(transpose(g), how))), y, ROUNDING);
    assertClose(await host(polar(neg(g), how)), scale64(y, -1), ROUNDING);
  }
});

test("Gelfand's start divides by a bound that comes close to the norm", async ({ rng }) => {
  const g = random64(rng, [10, 16]);
  const all = singularValues64(g);
  const top = all[0] ?? NaN;
  for (const gelfand of [1, 2, 4, 8]) {
    const start = await host(polar(device(g), { coefficients: [], gelfand }));
    const power = 2 ** (gelfand + 2);
    const bound = sum(all.map((s) => (s / top) ** power)) ** (1 / power);

    // a power of a float32 Gram matrix
    assertClose(singularValues64(start)[0] ?? NaN, 1 / bound, { rtol: 1e-5, atol: 0 });
  }
  const zero = await host(polar(zeros([3, 4]), { ...JORDAN, gelfand: 2 }));
  assertSame([...zero.data].every((x) => x === 0), true);
  g.data[3] = NaN;
  const nan = await host(polar(device(g), { ...JORDAN, gelfand: 2 }));
  assertSame([...nan.data].every(Number.isNaN), true);
});

test("CANS schedules end in their band, and reach further down with more steps", () => {
  for (const degree of [3, 5] as const) {
    for (const delta of [0.01, 0.1, 0.4]) {
      let before = 1;
      for (const steps of [1, 2, 4, 6]) {
        const set = cans({ degree, delta, steps });
        const points = Array.from({ length: 2001 }, (_, i) => set.lower ** (1 - i / 2000));
        const values = points.map((x) => image(set, x));
        const [low, high] = [Math.min(...values), Math.max(...values)];

        assertClose([low, high], [1 - delta, 1 + delta], { rtol: 0, atol: 1e-3 * delta });
        assertSame(set.lower < before, true);
        before = set.lower;
      }
    }
  }
});

test("one cubic CANS step has the widest interval there is", () => {
  // A cubic that is 1 - delta at both ends and 1 + delta in between has the largest slope at zero.
  const { coefficients: [p = [0, 0, 0]], lower } = cans({ degree: 3, delta: 0.5, steps: 1 });
  const top = Math.sqrt(p[0] / (-3 * p[1]));

  assertClose(evaluate(p, lower), 0.5, { rtol: 1e-9, atol: 0 });
  assertClose(evaluate(p, 1), 0.5, { rtol: 1e-9, atol: 0 });
  assertClose(evaluate(p, top), 1.5, { rtol: 1e-9, atol: 0 });
});

test("a CANS schedule brings the singular values of a matrix into its band", async ({ rng }) => {
  const set = cans({ delta: 0.05, steps: 6 });
  const g = withSpectrum(rng, 9, 14, [1, 0.8, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 2 * set.lower]);
  const s = singularValues64(await host(polar(device(g), set)));

  if (!s.every((x) => Math.abs(x - 1) <= 0.0501)) throw new Error(`${s}`);
});

test("half precision between steps leaves errors of its own size", async ({ rng }) => {
  const g = random64(rng, [12, 20]);
  const map = (s: number) => image(JORDAN, s / size(g));
  const expected = spectral64(g, map);
  // The sizes the specification gives; half precision that makes no difference was not used.
  for (const [storage, most, least] of [["bf16", 5e-2, 1e-3], ["f16", 6e-3, 1e-4]] as const) {
    const y = await host(polar(device(g), { ...JORDAN, storage }));
    const worst = Math.max(...y.data.map((v, i) => Math.abs(v - (expected.data[i] ?? NaN))));

    if (!(worst < most && worst > least)) throw new Error(`${storage}: ${worst}`);
    assertClose(await host(polar(device(scale64(g, 2 ** -66)), { ...JORDAN, storage })), y,
      { rtol: 0, atol: 0 });
  }
});

test("half precision input is widened, the result is f32", async ({ rng }) => {
  const g = draw(rng, [4, 6]);
  const half = cast(g, "bf16");
  const wide = cast(half, "f32");
  for (const how of [JORDAN, EXACT]) {
    const y = polar(half, how);
    assertSame(y.dtype, "f32");
    assertClose(await host(y), await host(polar(wide, how)), ROUNDING);
  }
  assertSame([rmsToRms.norm(half).dtype, rmsToRms.dualize(half).dtype], ["f32", "f32"]);
  assertClose(await rmsToRms.norm(half).item(), await rmsToRms.norm(wide).item(),
    { rtol: 1e-6, atol: 0 });
});

test("kernels of a convolution and fused weights have polar factors of their parts", async ({
  rng,
}) => {
  const kernel = random64(rng, [4, 2, 3, 3]);
  const flat = await host(convScion.dualize(device(kernel), EXACT));
  const fused = random64(rng, [9, 3]);
  const parts = await host(perBlock(spectral, 3).dualize(device(fused), EXACT));

  const expected = scale64(polar64(reshape64(kernel, [4, 18])), Math.sqrt(4 / 2) / 9);
  assertClose(reshape64(flat, [4, 18]), expected, ROUNDING);
  for (const i of [0, 1, 2]) {
    const part = { shape: [3, 3], data: fused.data.slice(9 * i, 9 * i + 9) };
    assertClose(parts.data.slice(9 * i, 9 * i + 9), polar64(part).data, ROUNDING);
  }
});

test("Polar Express for other bounds, degrees and lengths converges", async ({ rng }) => {
  for (const [lower, degree, steps] of [[0.05, 5, 5], [0.05, 3, 8], [1e-5, 5, 11]] as const) {
    const set = { coefficients: polarExpress({ lower, degree, steps }), safety: 1.01 };
    const g = withSpectrum(rng, 6, 9, [1, 0.9, 0.5, 0.3, 0.25, 0.2].map((s) => Math.max(s, lower)));
    const s = singularValues64(await host(polar(device(g), set)));

    assertClose(s, s.map(() => 1), { rtol: 0, atol: 2e-3 }); // the schedules' own error
  }
});

test("options that are not there are refused", ({ rng }) => {
  const g = draw(rng, [3, 3]);
  const range = (options: object, text: string) => {
    assertThrows(() => polar(g, options), "RangeError", text);
  };
  range({ method: "fast" }, 'polar: no such method: fast. Use exact.');
  range({ storage: "f64" }, "polar: no such storage: f64. Use f32, f16 or bf16.");
  range({ gelfand: -1 }, "polar: gelfand is out of range: -1.");
  range({ gelfand: 1.5 }, "polar: gelfand is out of range: 1.5.");
  assertThrows(() => cans({ delta: 1 }), "RangeError", "cans: delta is out of range: 1.");
  assertThrows(() => cans({ steps: 0 }), "RangeError", "polarExpress: steps is out of range: 0.");
  const whole = zeros([2, 2], { dtype: "i32" });
  assertThrows(() => polar(whole), "DtypeError", "polar: dtype not supported: i32.");
  assertThrows(() => spectral.norm(whole), "DtypeError", "spectral: dtype not supported: i32.");
});

test.run();
