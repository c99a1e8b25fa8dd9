import { cast, concat, permute, scale, slice, tensor, transpose } from "../../autograd/index.ts";
import { BERNSTEIN, CONVERGED, CUBIC, JORDAN, MODULA_SIX, POLAR_EXPRESS, POLAR_EXPRESS_CUBIC,
  POLAR_EXPRESS_FIVE, QUINTIC, SPEEDRUN, WITHIN_ONE, evaluate, polar, polarAll, polarCost } from
  "../../nn/index.ts";
import type { PolarSet } from "../../nn/index.ts";
import { runsOf } from "../../nn/polar_steps.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { random64, singularValues64, spectral64, transpose64 } from "../reference.ts";
import type { Array64 } from "../reference.ts";
import { assertSame, device, draw, host, withSpectrum } from "./helpers.ts";

const test = suite("polar factors by the Gram matrix");

const SETS: readonly PolarSet[] = [
  CUBIC, QUINTIC, BERNSTEIN, JORDAN, MODULA_SIX, WITHIN_ONE, SPEEDRUN, POLAR_EXPRESS_FIVE,
  POLAR_EXPRESS, POLAR_EXPRESS_CUBIC, CONVERGED,
];

/** What small singular values grow by. */
function slopeOf({ coefficients }: PolarSet): number {
  return coefficients.reduce((product, [a]) => product * a, 1);
}

/** The polynomials of all singular values in float64, from the normalized start. */
function expected64(g: Array64, { coefficients, safety = 1 }: PolarSet): Array64 {
  const norm = Math.hypot(...g.data) * safety;
  return spectral64(g, (s) => coefficients.reduce((x, p) => evaluate(p, x), s / norm));
}

function rounded(g: Array64): Array64 {
  return { shape: g.shape, data: Float64Array.from(g.data, Math.fround) };
}

/** `count` numbers from 1 down to `least`, by equal factors. */
function logarithmic(count: number, least: number): number[] {
  return Array.from({ length: count }, (_, i) => least ** (i / (count - 1)));
}

const SPECTRA = {
  "condition 100": logarithmic(16, 1e-2),
  "condition 1e6": logarithmic(16, 1e-6),
  "one large": [1, ...logarithmic(15, 1e-2).map((s) => s / 100)],
  "rank 5": [1, 0.9, 0.5, 0.4, 0.3, ...Array<number>(11).fill(0)],
};

for (const [name, spectrum] of Object.entries(SPECTRA)) {
  test(`${name}: every set gives its polynomial, elongated or square`, async ({ rng }) => {
    for (const [m, n] of [[16, 40], [40, 16], [16, 16]] as const) {
      const g = rounded(withSpectrum(rng, m, n, spectrum));
      for (const set of SETS) {
        const y = await host(polar(device(g), set));
        // The first products are off by roundings of the largest singular value, which the slope
        // at zero enlarges; and every product by one of its own.
        const tolerance = { rtol: 0, atol: slopeOf(set) * 1.5e-7 + 5e-6 };

        assertClose(y, expected64(g, set), tolerance);
        assertClose(singularValues64(y), singularValues64(expected64(g, set)), tolerance);
      }
    }
  });
}

test("the scale of the input does not matter, to the bit for powers of two", async ({ rng }) => {
  for (const spectrum of Object.values(SPECTRA)) {
    const g = device(withSpectrum(rng, 16, 40, spectrum));
    for (const set of [JORDAN, POLAR_EXPRESS]) {
      const y = await host(polar(g, set));
      const same = { rtol: 0, atol: slopeOf(set) * 1.5e-7 + 5e-6 };

      // Lower, the smallest of the elements would leave the range of float32.
      for (const c of [2 ** -80, 2 ** 100]) {
        assertClose(await host(polar(scale(g, c), set)), y, { rtol: 0, atol: 0 });
      }
      for (const c of [1e-20, 1e20]) assertClose(await host(polar(scale(g, c), set)), y, same);
    }
  }
});

test("the ends of float32's range are no exception", async ({ rng }) => {
  const g = random64(rng, [6, 20]);
  const top = Math.max(...g.data.map(Math.abs));
  const even = (c: number) => {
    return device({ shape: g.shape, data: g.data.map((x) => (x > 0 ? c : -c)) });
  };
  const one = await host(polar(even(1), MODULA_SIX));
  for (const c of [3e38, 2e-38]) {
    assertClose(await host(polar(even(c), MODULA_SIX)), one, { rtol: 0, atol: 1e-5 });
  }
  const mixed = { shape: g.shape, data: g.data.map((x, i) => x / top * (i % 2 ? 1e-30 : 1e30)) };
  const large = { shape: g.shape, data: g.data.map((x, i) => (i % 2 ? 0 : x)) };
  assertClose(await host(polar(device(mixed), MODULA_SIX)), expected64(large, MODULA_SIX),
    { rtol: 0, atol: 1e-4 });
});

test("many matrices of one shape: views, transposes, batches and halves together", async ({
  rng,
}) => {
  const wide = draw(rng, [3, 5, 12]);
  const list = [
    draw(rng, [5, 12]), draw(rng, [12, 5]), transpose(draw(rng, [5, 12])), wide,
    slice(draw(rng, [9, 12]), [[2, 7]]), slice(draw(rng, [5, 20]), [null, [3, 15]]),
    slice(draw(rng, [5, 24]), [null, [0, 24, 2]]), permute(draw(rng, [12, 2, 5]), [1, 2, 0]),
    cast(draw(rng, [5, 12]), "bf16"), slice(wide, [[1, 2]]), transpose(wide),
  ];
  const scales = list.map((_, i) => 1 + i);
  for (const set of [JORDAN, { ...MODULA_SIX, gelfand: 2 }]) {
    const all = polarAll(list, { ...set, scales });
    for (const [i, g] of list.entries()) {
      const got = all[i];
      if (!got) throw new Error(`no result ${i}`);
      assertSame(got.shape, g.shape);
      const alone = polar(g, { ...set, scale: 1 + i });
      assertClose(await host(got), await host(alone), { rtol: 0, atol: 2e-5 * (1 + i) });
    }
  }
  const [first = wide] = list;
  const y = await host(polar(first, JORDAN));
  assertClose(y, expected64(await host(first), JORDAN), { rtol: 0, atol: 2e-5 });
});

test("a zero, a NaN and an infinity among many stay with their matrices", async ({ rng }) => {
  const list = Array.from({ length: 8 }, () => random64(rng, [4, 9]));
  list[1]?.data.fill(0);
  if (list[3]) list[3].data[5] = NaN;
  if (list[6]) list[6].data[35] = -Infinity;
  const all = polarAll(list.map((g, i) => device(i % 2 ? transpose64(g) : g)), JORDAN);
  for (const [i, y] of all.entries()) {
    const { data } = await host(y);
    const nan = i === 3 || i === 6;
    assertSame([...data].map(Number.isNaN), Array.from({ length: 36 }, () => nan));
    assertSame([...data].every((x) => x === 0), i === 1);
  }
});

test("large matrices, whose norms are summed in parts", async ({ rng }) => {
  for (const shape of [[90, 130], [2, 8, 3000], [3, 1500]]) {
    const g = random64(rng, shape);
    const start = await host(polar(device(g), { coefficients: [] }));
    const size = (shape.at(-1) ?? 0) * (shape.at(-2) ?? 0);
    for (let at = 0; at < g.data.length; at += size) {
      const norm = Math.hypot(...g.data.subarray(at, at + size));
      const part = g.data.map((x) => x / norm).subarray(at, at + size);
      assertClose(start.data.subarray(at, at + size), part, { rtol: 2e-6, atol: 1e-9 });
    }
  }
});

test("Gram matrices are computed anew in time", () => {
  const lengths = ({ coefficients }: PolarSet, elongated = true) => {
    return runsOf(coefficients, elongated).map(({ length }) => length);
  };
  assertSame(lengths(JORDAN), [3, 2]);
  assertSame(lengths(MODULA_SIX), [3, 3]);
  assertSame(lengths(POLAR_EXPRESS), [2, 2, 3, 1]);
  assertSame(lengths(CONVERGED), [2, 2, 2, 3]);
  assertSame(lengths({ coefficients: [[17, -16, 0], [2, -1, 0], [2, -1, 0]] }), [1, 2]);
  assertSame(lengths(JORDAN, false), [1, 1, 1, 1, 1]);
  assertSame(lengths({ coefficients: [] }), []);
});

test("the cost is that of the products that are done", () => {
  const cubes = (shape: readonly number[], set: PolarSet) => polarCost(shape, set).flop / 64 ** 3;
  assertSame(cubes([64, 64], JORDAN), 5 * (3 + 1));
  assertSame(cubes([256, 64], JORDAN), 3 * 4 + 9 + 3 * 4 + 5);
  assertSame(cubes([64, 256], MODULA_SIX), 2 * (3 * 4 + 9));
  assertSame(cubes([7, 64, 64], CUBIC), 7 * 8 * 3);
  assertSame(polarCost([3, 64, 256], JORDAN).bytes, 3 * polarCost([64, 256], JORDAN).bytes);
});

test("the result lies as its matrix does, unless wide and tall ones were done together", ({
  rng,
}) => {
  const [wide, tall] = [draw(rng, [4, 9]), draw(rng, [9, 4])];
  const lies = (list: ReturnType<typeof polarAll>) => list.map((y) => y.contiguous);
  assertSame(lies([polar(wide), polar(tall), ...polarAll([tall, tall])]), [true, true, true, true]);
  assertSame(lies(polarAll([wide, tall])), [true, false]);
  assertSame(polar(tensor([2], { shape: [1, 1] })).shape, [1, 1]);
  assertSame(polarAll([concat([wide, wide])]).map(({ shape }) => shape), [[8, 9]]);
});

test.run();
