import { rng as makeRng, scale, stack, tensor, transpose, zeros } from "../../autograd/index.ts";
import { CONVERGED, type Norm, embedRms, frobenius, l1ToL2, l1ToRms, l1ToRmsOverFanIn, l2ToLinf,
  lineNorms, maxAbs, rms, rmsEntry, rmsToLinf, rmsToRms, signOverFanIn, spectral, spectralBounds,
  unitLines } from "../../nn/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { dot64, random64, scale64, singularValues64, transpose64 } from "../reference.ts";
import type { Array64 } from "../reference.ts";
import { assertSame, assertThrows, device, draw, host, withSpectrum } from "./helpers.ts";

const test = suite("norms");

type Lines = (a: Array64) => number[];
const rows: Lines = ({ shape: [m = 1, n = 1], data }) => {
  return Array.from({ length: m }, (_, i) => Math.hypot(...data.slice(i * n, (i + 1) * n)));
};
const columns: Lines = (a) => rows(transpose64(a));

const most = (list: Iterable<number>) => Math.max(...list);
const total = (list: Iterable<number>) => [...list].reduce((a, b) => a + b, 0);
const absolute = ({ data }: Array64) => Array.from(data, Math.abs);

// Norm and dual norm by their definitions, for m rows and n columns.
const definitions: readonly (readonly [
  Norm, (a: Array64, m: number, n: number) => number, (g: Array64, m: number, n: number) => number,
])[] = [
  [frobenius, (a) => Math.hypot(...a.data), (g) => Math.hypot(...g.data)],
  [rmsEntry, (a, m, n) => Math.hypot(...a.data) / Math.sqrt(m * n),
    (g, m, n) => Math.hypot(...g.data) * Math.sqrt(m * n)],
  [spectral, (a) => most(singularValues64(a)), (g) => total(singularValues64(g))],
  [rmsToRms, (a, m, n) => Math.sqrt(n / m) * most(singularValues64(a)),
    (g, m, n) => Math.sqrt(m / n) * total(singularValues64(g))],
  [embedRms, (a, _, n) => most(rows(a)) / Math.sqrt(n), (g, _, n) => total(rows(g)) * Math.sqrt(n)],
  [l1ToL2, (a) => most(columns(a)), (g) => total(columns(g))],
  [l1ToRms, (a, m) => most(columns(a)) / Math.sqrt(m), (g, m) => total(columns(g)) * Math.sqrt(m)],
  [l1ToRmsOverFanIn, (a, m, n) => (most(columns(a)) * n) / Math.sqrt(m),
    (g, m, n) => (total(columns(g)) * Math.sqrt(m)) / n],
  [l2ToLinf, (a) => most(rows(a)), (g) => total(rows(g))],
  [rmsToLinf, (a, _, n) => most(rows(a)) * Math.sqrt(n),
    (g, _, n) => total(rows(g)) / Math.sqrt(n)],
  [maxAbs, (a) => most(absolute(a)), (g) => total(absolute(g))],
  [signOverFanIn, (a, _, n) => most(absolute(a)) * n, (g, _, n) => total(absolute(g)) / n],
];

// Products and sums of float32 numbers; the singular values come from twenty products.
const ROUNDING = { rtol: 2e-5, atol: 0 };

for (const [norm, primal, dual] of definitions) {
  test(`${norm.name} and its dual are what their formulas say`, async ({ rng }) => {
    for (const [m, n] of [[5, 7], [8, 3], [1, 4], [6, 1]] as const) {
      const a = random64(rng, [m, n]);

      assertClose(await norm.norm(device(a)).item(), primal(a, m, n), ROUNDING);
      assertClose(await norm.dualNorm(device(a)).item(), dual(a, m, n), ROUNDING);
    }
  });

  test(`${norm.name}: the duality map has norm one and reaches the dual norm`, async ({ rng }) => {
    const g = random64(rng, [6, 9]);
    const d = await host(norm.dualize(device(g), CONVERGED));
    const scaled = await host(norm.dualize(device(scale64(g, 2 ** -80)), CONVERGED));

    assertClose(primal(d, 6, 9), 1, ROUNDING);
    assertClose(dot64(g, d), dual(g, 6, 9), ROUNDING);
    assertClose(scaled, d, { rtol: 1e-5, atol: 1e-6 });
  });

  test(`${norm.name}: no inner product exceeds norm times dual norm`, async ({ rng }) => {
    for (let k = 0; k < 4; k++) {
      const [a, b] = [random64(rng, [4, 5]), random64(rng, [4, 5])];
      const bound = await norm.norm(device(a)).item() * await norm.dualNorm(device(b)).item();

      if (dot64(a, b) > bound * 1.0001) throw new Error(`${dot64(a, b)} > ${bound}`);
    }
  });

  test(`${norm.name}: zeros, batches, scale, initialization`, async ({ rng }) => {
    const g = random64(rng, [3, 4, 6]);
    const part = (i: number) => ({ shape: [4, 6], data: g.data.slice(24 * i, 24 * i + 24) });
    const norms = [0, 1, 2].map((i) => primal(part(i), 4, 6));
    const duals = [0, 1, 2].map((i) => dual(part(i), 4, 6));
    const start = norm.initialize(makeRng(rng.int(2 ** 32)), [5, 8]);

    assertClose(await host(norm.norm(device(g))), { shape: [3], data: norms }, ROUNDING);
    assertClose(await host(norm.dualNorm(device(g))), { shape: [3], data: duals }, ROUNDING);
    const zero = await host(norm.dualize(zeros([4, 6])));
    assertSame([...zero.data].every((x) => x === 0), true);
    assertClose(await norm.norm(zeros([4, 6])).item(), 0, { rtol: 0, atol: 0 });
    const twice = norm.dualize(device(part(0)), { ...CONVERGED, scale: 2 });
    assertClose(primal(await host(twice), 4, 6), 2, ROUNDING);
    assertClose(primal(await host(start), 5, 8), 1, ROUNDING);
    assertThrows(() => norm.norm(tensor([1, 2])), "ShapeError", `${norm.name}: not a matrix: [2].`);
  });
}

test("rms: norm, dual norm, duality map and start of a bias", async ({ rng }) => {
  const b = random64(rng, [4, 9]);
  const lengths = rows(b);
  const d = await host(rms.dualize(device(b)));

  assertClose(await rms.norm(device(b)).read(), lengths.map((l) => l / 3), ROUNDING);
  assertClose(await rms.dualNorm(device(b)).read(), lengths.map((l) => l * 3), ROUNDING);
  assertClose(rows(d), [3, 3, 3, 3], ROUNDING);
  assertClose(await rms.initialize(makeRng(1), [3]).read(), [0, 0, 0], { rtol: 0, atol: 0 });
});

test("spectral bounds meet and enclose the truth for easy and hard spectra", async ({ rng }) => {
  const spectra = [
    [5, 4, 3, 2, 1, 0.5], [1, 1, 1, 1, 1, 1], [1, 0.999, 0.998, 0.9, 1e-3, 1e-6],
    [1, 1 - 2 ** -18, 1 - 2 ** -18, 1 - 2 ** -18, 0, 0], [7, 0, 0, 0, 0, 0],
  ];
  const list = spectra.map((s, i) => device(withSpectrum(rng, i % 2 ? 6 : 11, i % 2 ? 11 : 6, s)));
  for (const [i, x] of list.entries()) {
    const { lower, upper } = spectralBounds(x);
    const truth = Math.max(...spectra[i] ?? []);

    assertClose(await lower.item(), truth, { rtol: 3e-6, atol: 0 });
    assertClose(await upper.item(), truth, { rtol: 3e-6, atol: 0 });
  }
});

test("few squarings still enclose the spectral norm", async ({ rng }) => {
  const a = random64(rng, [9, 14]);
  const truth = singularValues64(a)[0] ?? NaN;
  for (const squarings of [1, 2, 4, 8]) {
    const { lower, upper } = spectralBounds(device(a), { squarings });
    const [low, high] = [await lower.item(), await upper.item()];

    if (!(low <= truth * 1.00001 && truth <= high * 1.00001)) throw new Error(`${low} ${high}`);
  }
  const none = { squarings: 0 };
  assertThrows(() => spectralBounds(device(a), none), "RangeError", "squarings out of range: 0.");
});

test("norms of tiny, huge and poisoned matrices", async ({ rng }) => {
  const g = random64(rng, [4, 5]);
  for (const norm of [rmsToRms, frobenius, embedRms, l1ToRms]) {
    const one = await norm.norm(device(g)).item();
    for (const c of [1e-30, 1e30]) {
      const scaled = await norm.norm(scale(device(g), c)).item();
      assertClose(scaled / c, one, { rtol: 1e-5, atol: 0 });
    }
    g.data[7] = NaN;
    assertSame(Number.isNaN(await norm.norm(device(g)).item()), true);
    g.data[7] = 1;
  }
});

test("every line has a scale of its own", async () => {
  const x = tensor([[3e-30, 4e-30], [3e30, -4e30], [0, 0], [1, Infinity]]);

  const expected = [0.6, 0.8, 0.6, -0.8, 0, 0, NaN, NaN];
  assertClose(await unitLines(x, [-1]).read(), expected, { rtol: 1e-6, atol: 0 });
  assertClose(await lineNorms(x, [-1]).read(), [5e-30, 5e30, 0, NaN], { rtol: 1e-6, atol: 0 });
});

test("the RMS norm of identities side by side and on top of each other", async () => {
  const eye = (m: number, n: number) => tensor(
    Float32Array.from({ length: m * n }, (_, i) => +(Math.floor(i / n) % 4 === (i % n) % 4)),
    { shape: [m, n] },
  );

  assertClose(await rmsToRms.norm(eye(4, 4)).item(), 1, ROUNDING);
  assertClose(await rmsToRms.norm(eye(8, 4)).item(), 1, ROUNDING);
  assertClose(await rmsToRms.norm(eye(4, 8)).item(), 2, ROUNDING);
});

test("project is the retraction: all singular values one, all rows of RMS one", async ({ rng }) => {
  const w = draw(rng, [6, 10]);
  const s = singularValues64(await host(rmsToRms.project(w)));
  const r = rows(await host(embedRms.project(transpose(w))));

  assertClose(s, s.map(() => Math.sqrt(6 / 10)), ROUNDING);
  assertClose(r, r.map(() => Math.sqrt(6)), ROUNDING);
});

test("a list is dualized like each of its members", async ({ rng }) => {
  const list = [draw(rng, [4, 6]), draw(rng, [6, 4]), draw(rng, [4, 6])];
  for (const norm of [rmsToRms, embedRms, maxAbs]) {
    const all = norm.dualizeAll(list, { scales: [1, 2, 3] });
    const each = list.map((g, i) => norm.dualize(g, { scale: i + 1 }));

    for (const i of [0, 1, 2]) {
      const [got, expected] = [all[i], each[i]];
      if (!got || !expected) throw new Error(`no result ${i}`);
      assertClose(await host(got), await host(expected), { rtol: 0, atol: 1e-5 });
    }
  }
  assertSame(stack(rmsToRms.dualizeAll(list.slice(0, 1))).shape, [1, 4, 6]);
});

test.run();
