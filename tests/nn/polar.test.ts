import { neg, scale, slice, tensor, transpose, zeros } from "../../autograd/index.ts";
import { JORDAN, MODULA_SIX, POLAR_EXPRESS, polar, polarAll } from "../../nn/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { matmul64, polar64, random64, scale64, singularValues64, spectral64 } from
  "../reference.ts";
import { assertSame, assertThrows, device, draw, host, withSpectrum } from "./helpers.ts";

const test = suite("polar");

// Rounding of about a dozen products of matrices with entries up to one.
const ROUNDING = { rtol: 0, atol: 2e-5 };

test("the default is the polar factor, for wide, tall and square matrices", async ({ rng }) => {
  for (const [m, n] of [[5, 9], [33, 12], [16, 16], [1, 7], [7, 1]] as const) {
    const spectrum = Array.from({ length: Math.min(m, n) }, (_, i) => 3 / (1 + i));
    const g = withSpectrum(rng, m, n, spectrum);

    assertClose(await host(polar(device(g))), polar64(g), ROUNDING);
  }
});

test("singular values go through the polynomials, singular vectors stay", async ({ rng }) => {
  const g = random64(rng, [6, 10]);
  const norm = Math.hypot(...g.data);
  for (const set of [JORDAN, MODULA_SIX, POLAR_EXPRESS]) {
    const map = (s: number) => set.coefficients.reduce(
      (x, [a, b, c]) => x * (a + x * x * (b + x * x * c)), s / norm / (set.safety ?? 1),
    );

    assertClose(await host(polar(device(g), set)), spectral64(g, map), { rtol: 0, atol: 1e-4 });
  }
});

test("a batch is done matrix by matrix", async ({ rng }) => {
  const g = draw(rng, [2, 3, 8, 5]);
  const all = await host(polar(g, MODULA_SIX));
  const one = await host(polar(slice(g, [[1, 2], [2, 3]]), MODULA_SIX));

  assertSame(all.shape, [2, 3, 8, 5]);
  assertClose(all.data.slice(5 * 40), one.data, { rtol: 0, atol: 1e-6 });
});

test("transpose, sign and scale of the input carry over", async ({ rng }) => {
  const g = draw(rng, [7, 12]);
  const y = await host(polar(g, MODULA_SIX));

  assertClose(await host(transpose(polar(transpose(g), MODULA_SIX))), y, ROUNDING);
  assertClose(await host(polar(neg(g), MODULA_SIX)), scale64(y, -1), ROUNDING);
  for (const c of [1e-30, 1e-10, 3, 1e10, 1e30]) {
    assertClose(await host(polar(scale(g, c), MODULA_SIX)), y, ROUNDING);
  }
});

test("orthogonal changes of basis on both sides carry over", async ({ rng }) => {
  const [p, q] = [polar64(random64(rng, [6, 6])), polar64(random64(rng, [9, 9]))];
  const g = random64(rng, [6, 9]);
  const turned = await host(polar(device(matmul64(matmul64(p, g), q)), MODULA_SIX));
  const expected = matmul64(matmul64(p, await host(polar(device(g), MODULA_SIX))), q);

  // The turned input is rounded to float32; the slope at zero of the six steps is 1138.
  assertClose(turned, expected, { rtol: 0, atol: 1e-4 });
});

test("zero matrices and empty ones stay zero", async () => {
  const y = await host(polar(zeros([2, 3, 5])));

  assertSame([...y.data].every((x) => x === 0), true);
  assertSame(polar(zeros([0, 4])).shape, [0, 4]);
  assertSame(polar(zeros([3, 0, 4, 4])).shape, [3, 0, 4, 4]);
});

test("NaN and infinity make their matrix all NaN, and no other", async ({ rng }) => {
  for (const poison of [NaN, Infinity, -Infinity]) {
    const g = random64(rng, [3, 4, 4]);
    g.data[20] = poison;
    const y = await host(polar(device(g)));

    assertSame([...y.data].map(Number.isNaN), Array.from({ length: 48 }, (_, i) => i >> 4 === 1));
  }
});

test("one element becomes its sign", async () => {
  const y = polar(tensor([-3e-20, 0, 7e20], { shape: [3, 1, 1] }), JORDAN);

  assertClose(await y.read(), [-1, 0, 1], { rtol: 1e-6, atol: 0 });
});

test("null directions of a rank-deficient matrix stay null", async ({ rng }) => {
  const g = withSpectrum(rng, 12, 8, [2, 1, 0.5]);
  const y = await host(polar(device(g), MODULA_SIX));
  const s = singularValues64(y);

  assertClose(s.slice(0, 3), [1, 1, 1], { rtol: 0, atol: 0.005 }); // the six steps end there
  // The input's rounding, 1e-7 of its size, times the slope at zero of the six steps.
  assertClose(s.slice(3), [0, 0, 0, 0, 0], { rtol: 0, atol: 1138 * 2e-7 });
});

test("scale multiplies the result", async ({ rng }) => {
  const g = draw(rng, [4, 6]);
  const y = await host(polar(g, JORDAN));

  assertClose(await host(polar(g, { ...JORDAN, scale: -2.5 })), scale64(y, -2.5), ROUNDING);
});

test("no steps give the normalized start", async ({ rng }) => {
  const g = random64(rng, [4, 3]);
  const start = polar(device(g), { coefficients: [], safety: 1.02 });

  const expected = scale64(g, 1 / (1.02 * Math.hypot(...g.data)));
  assertClose(await host(start), expected, { rtol: 1e-6, atol: 0 });
});

test("polarAll gives each matrix what polar gives it", async ({ rng }) => {
  const shapes = [[4, 6], [6, 4], [5, 5], [2, 3, 6, 4], [4, 6], [0, 3], [5, 5]];
  const list = shapes.map((shape) => draw(rng, shape));
  list.push(transpose(draw(rng, [4, 6])));
  const scales = [1, 2, 0.5, 1, -1, 1, 0.5, 3];
  const all = polarAll(list, { ...MODULA_SIX, scales });

  for (const [i, g] of list.entries()) {
    const single = await host(polar(g, { ...MODULA_SIX, scale: scales[i] ?? 1 }));
    const got = all[i];
    if (!got) throw new Error(`no result ${i}`);
    assertClose(await host(got), single, ROUNDING);
  }
});

test("polarAll on matrices of one shape takes hardly more dispatches than on one", ({
  rng, device: gpu,
}) => {
  const list = Array.from({ length: 8 }, (_, i) => draw(rng, i % 2 ? [6, 9] : [9, 6]));
  const before = gpu.counts.dispatches;
  polar(list[0] ?? zeros([1]), MODULA_SIX);
  const one = gpu.counts.dispatches - before;
  polarAll(list, MODULA_SIX);

  const extra = gpu.counts.dispatches - before - 2 * one;
  // A dispatch of the start takes six matrices.
  if (extra > 2) throw new Error(`${extra} more for 8 matrices than the ${one} for one`);
});

test("what is no matrix, and bad options, are refused", ({ rng }) => {
  const vector = draw(rng, [3]);
  assertThrows(() => polar(vector), "ShapeError", "polar: not a matrix: [3].");
  assertThrows(() => polarAll([vector]), "ShapeError", "polar: not a matrix: [3].");
  const g = draw(rng, [3, 3]);
  assertThrows(() => polar(g, { safety: 0 }), "RangeError", "safety is not a number from 1 on: 0.");
  const triples: readonly (readonly [unknown, string])[] = [
    [5, "5"], [null, "null"], ["", ""], [[1.5, -0.5, 0], "1.5"], [[[1, 2]], "[1, 2]"],
    [[[1, 2, 3], [1, 2, NaN]], "[1, 2, NaN]"],
  ];
  for (const [given, shown] of triples) {
    const text = `coefficients are not triples of finite numbers: ${shown}. Use [a, b, c] for `;
    assertThrows(() => polar(g, { coefficients: given as never }), "RangeError", text);
  }
  const scales = [1, 2];
  assertThrows(() => polarAll([g], { scales }), "RangeError", "not one scale for each matrix: 2");
});

test.run();
