import { full, neg, stack, tensor, transpose, zeros } from "../../autograd/index.ts";
import { CONVERGED, embedRms, exact, frobenius, l1ToRms, l2, linfToLinf, maxAbs, nuclear, perBlock,
  rms, rmsToLinf, rmsToRms, schatten, schattenNorm, signOverFanIn, spectral, sumAbs } from
  "../../nn/index.ts";
import type { Method } from "../../nn/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { dot64, matmul64, polar64, random64, scale64, singularValues64, transpose64 } from
  "../reference.ts";
import type { Array64 } from "../reference.ts";
import { assertSame, assertThrows, device, draw, host, withSpectrum } from "./helpers.ts";
import { allCases, matrixCases, rowsOf, titleOf, vectorCases } from "./norm_cases.ts";

const test = suite("norms");

// Products and sums of float32 numbers; the singular values come from twenty products.
const ROUNDING = { rtol: 2e-5, atol: 0 };
// 2^66 is about 1e20; powers of two change no digits.
const SCALES = [2 ** -66, 2 ** 66];

for (const [definition, shapes] of allCases) {
  const { norm, primal, dual, methods } = definition;
  for (const method of methods) {
    const how = { ...CONVERGED, method };
    const name = titleOf(definition, method);

    test(`${name}: norm and dual norm are what they are defined to be`, async ({ rng }) => {
      for (const shape of shapes) {
        const a = random64(rng, shape);

        assertClose(await norm.norm(device(a), { method }).item(), primal(a), ROUNDING);
        assertClose(await norm.dualNorm(device(a), { method }).item(), dual(a), ROUNDING);
      }
    });

    test(`${name}: the duality map has norm one and reaches the dual norm`, async ({ rng }) => {
      for (const shape of shapes) {
        const g = random64(rng, shape);
        const d = await host(norm.dualize(device(g), how));
        const sharp = await host(norm.sharp(device(g), how));
        const size = dual(g);

        assertClose(primal(d), 1, ROUNDING);
        assertClose(dot64(g, d), size, ROUNDING);
        assertClose(primal(sharp), size, ROUNDING);
        assertClose(dot64(g, sharp), size ** 2, { rtol: 4e-5, atol: 0 }); // twice
      }
    });

    test(`${name}: size and sign of the gradient`, async ({ rng }) => {
      const g = random64(rng, shapes[0] ?? []);
      const d = await host(norm.dualize(device(g), how));
      const one = primal(g);
      // The largest singular direction is known to the float32 error over the spectrum's gap.
      const same = { rtol: 0, atol: 1e-4 * Math.max(...d.data.map(Math.abs)) };

      assertClose(await host(norm.dualize(neg(device(g)), how)), scale64(d, -1), same);
      for (const c of SCALES) {
        const scaled = device(scale64(g, c));
        assertClose(await host(norm.dualize(scaled, how)), d, same);
        assertClose(await norm.norm(scaled, { method }).item() / c, one, ROUNDING);
        assertClose(await norm.dualNorm(scaled, { method }).item() / c, dual(g), ROUNDING);
      }
    });

    test(`${name}: zeros and batches`, async ({ rng }) => {
      const [shape = []] = shapes;
      const parts = [0, 1, 2].map(() => random64(rng, shape));
      const all = stack(parts.map(device));
      const zero = await host(norm.dualize(zeros(shape), how));
      const empty = norm.dualize(zeros([0, ...shape]), how);

      assertClose(await host(norm.norm(all, { method })),
        { shape: [3], data: parts.map(primal) }, ROUNDING);
      assertClose(await host(norm.dualNorm(all, { method })),
        { shape: [3], data: parts.map(dual) }, ROUNDING);
      const twice = split(await host(norm.dualize(all, { ...how, scale: 2 })), 3);
      assertClose(twice.map(primal), [2, 2, 2], ROUNDING);
      assertClose(await norm.norm(zeros(shape), { method }).item(), 0, { rtol: 0, atol: 0 });
      assertClose(await norm.dualNorm(zeros(shape), { method }).item(), 0, { rtol: 0, atol: 0 });
      assertSame([...zero.data, ...(await host(norm.sharp(zeros(shape), how))).data].every(isZero),
        true);
      assertSame(empty.shape, [0, ...shape]);
    });

    test(`${name}: what is not finite stays so`, async ({ rng }) => {
      for (const poison of [NaN, Infinity, -Infinity]) {
        const g = random64(rng, shapes[0] ?? []);
        g.data[3] = poison;
        const d = await host(norm.dualize(device(g), how));

        assertSame(Number.isFinite(await norm.norm(device(g), { method }).item()), false);
        if (!Number.isNaN(poison) && SIGNS.has(norm.name)) continue; // an infinity has a sign
        assertSame(d.data.every(Number.isFinite), false);
      }
    });
  }
}

/** Norms whose duality map takes signs. */
const SIGNS = new Set([
  "maxAbs", "signOverFanIn", "linf", "sumAbs", "l1", "linfToLinf", "l1ToL1",
]);

const isZero = (x: number): boolean => x === 0;

/** The members of a batch. */
function split({ shape, data }: Array64, count: number): Array64[] {
  const size = data.length / count;
  return Array.from({ length: count }, (_, i) => {
    return { shape: shape.slice(1), data: data.slice(i * size, (i + 1) * size) };
  });
}

test("no inner product exceeds norm times dual norm, and some come near", async ({ rng }) => {
  for (const [{ norm }, [shape = []]] of allCases) {
    const a = random64(rng, shape);
    const size = await norm.norm(device(a)).item();
    let best = 0;
    for (let k = 0; k < 4; k++) {
      const b = random64(rng, shape);
      best = Math.max(best, dot64(a, b) / await norm.dualNorm(device(b)).item());
    }
    best = Math.max(best, dot64(a, a) / await norm.dualNorm(device(a)).item());

    if (!(best > 0 && best <= size * 1.0001)) throw new Error(`${norm.name}: ${best}, ${size}`);
  }
});

test("the dual of the dual is the norm", async ({ rng }) => {
  const pairs = [
    [spectral, nuclear], [frobenius, frobenius], [maxAbs, sumAbs], [schatten(4), schatten(4 / 3)],
    [schatten(Infinity), schatten(1)],
  ] as const;
  for (const [a, b] of pairs) {
    const x = draw(rng, [5, 8]);

    assertClose(await a.dualNorm(x).item(), await b.norm(x).item(), ROUNDING);
    assertClose(await b.dualNorm(x).item(), await a.norm(x).item(), ROUNDING);
    // the maximiser on the one ball attains the other norm
    const top = await host(b.dualize(x, CONVERGED));
    assertClose(dot64(await host(x), top), await a.norm(x).item(), ROUNDING);
  }
});

test("norms are in the order of the specification", async ({ rng }) => {
  for (const [m, n] of [[4, 9], [9, 4], [6, 6], [1, 5]] as const) {
    const x = draw(rng, [m, n]);
    const values: number[] = [];
    const chains = [[linfToLinf, rmsToLinf, signOverFanIn], [spectral, frobenius, nuclear]];
    for (const chain of chains) {
      for (const norm of chain) values.push(await norm.norm(x).item());
    }
    const [a = 0, b = 0, c = 0, top = 0, all = 0, sum = 0] = values;
    const root = Math.sqrt(Math.min(m, n));
    const list = [[a, b, c], [top, all, root * top], [all, sum, root * all]];

    for (const [low = 0, mid = 0, high = 0] of list) {
      if (!(low <= mid * 1.00001 && mid <= high * 1.00001)) throw new Error(`${values}`);
    }
  }
});

test("the RMS norm of identities side by side and on top of each other", async () => {
  const eye = (m: number, n: number) => tensor(
    Float32Array.from({ length: m * n }, (_, i) => +(Math.floor(i / n) % 4 === (i % n) % 4)),
    { shape: [m, n] },
  );
  for (const method of [undefined, exact]) {
    assertClose(await rmsToRms.norm(eye(4, 4), { method }).item(), 1, ROUNDING);
    assertClose(await rmsToRms.norm(eye(8, 4), { method }).item(), 1, ROUNDING);
    assertClose(await rmsToRms.norm(eye(4, 8), { method }).item(), 2, ROUNDING);
  }
});

test("norms of singular values turn with their matrices", async ({ rng }) => {
  const [p, q] = [polar64(random64(rng, [5, 5])), polar64(random64(rng, [7, 7]))];
  const g = random64(rng, [5, 7]);
  const turned = device(matmul64(matmul64(p, g), q));
  for (const norm of [spectral, nuclear, schatten(4)]) {
    for (const method of [undefined, exact]) {
      const d = await host(norm.dualize(device(g), { ...CONVERGED, method }));
      const flipped = norm.dualize(transpose(device(g)), { ...CONVERGED, method });
      // The turned input is rounded to float32, times the condition of the directions.
      const same = { rtol: 0, atol: 1e-4 };

      assertClose(await host(norm.dualize(turned, { ...CONVERGED, method })),
        matmul64(matmul64(p, d), q), same);
      assertClose(await host(flipped), transpose64(d), same);
    }
  }
});

test("zero singular values have no direction in exact forms", async ({ rng }) => {
  const g = withSpectrum(rng, 9, 6, [2, 1, 0.5]);
  const d = await host(spectral.dualize(device(g), { method: exact }));
  const s = singularValues64(await host(schatten(1.5).dualize(device(g))));

  assertClose(d, polar64(g, 1e-5), { rtol: 0, atol: 2e-5 });
  assertClose(s.slice(3), [0, 0, 0], { rtol: 0, atol: 1e-6 });
});

test("equal largest singular values share in the duality map of the nuclear norm", async ({
  rng,
}) => {
  const g = withSpectrum(rng, 5, 8, [2, 2, 1, 0.5]);
  const d = await host(nuclear.dualize(device(g)));

  assertClose(nuclearOf(d), 1, { rtol: 1e-4, atol: 0 }); // the input's two differ by rounding
  assertClose(dot64(g, d), 2, { rtol: 1e-4, atol: 0 });
});

const nuclearOf = (a: Array64): number => singularValues64(a).reduce((x, y) => x + y, 0);

test("project is the retraction: all singular values one, all rows of RMS one", async ({ rng }) => {
  const w = draw(rng, [6, 10]);
  const r = rowsOf(await host(embedRms.project(transpose(w)))).map((row) => Math.hypot(...row));

  for (const method of [undefined, exact]) {
    const s = singularValues64(await host(rmsToRms.project(w, { method })));
    assertClose(s, s.map(() => Math.sqrt(6 / 10)), ROUNDING);
  }
  assertClose(r, r.map(() => Math.sqrt(6)), ROUNDING);
});

test("a list is dualized like each of its members", async ({ rng }) => {
  const list = [draw(rng, [4, 6]), draw(rng, [6, 4]), draw(rng, [4, 6])];
  for (const norm of [rmsToRms, embedRms, maxAbs, nuclear]) {
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

test("a list is measured like each of its members, batches too", async ({ rng }) => {
  const list = [draw(rng, [4, 6]), draw(rng, [6, 4]), draw(rng, [4, 6]), draw(rng, [2, 4, 6])];
  for (const norm of [rmsToRms, embedRms, maxAbs, nuclear, perBlock(rmsToRms, 2)]) {
    const pairs = [
      [norm.normAll(list), list.map((w) => norm.norm(w))],
      [norm.dualNormAll(list), list.map((g) => norm.dualNorm(g))],
      [norm.sharpAll(list, { scales: [1, 2, 3, 4] }),
        list.map((g, i) => norm.sharp(g, { scale: i + 1 }))],
    ] as const;
    for (const [all, each] of pairs) {
      assertSame(all.map(({ shape }) => shape), each.map(({ shape }) => shape));
      for (const [i, x] of all.entries()) {
        assertClose(await host(x), await host(each[i] ?? x), { rtol: 1e-5, atol: 1e-5 });
      }
    }
  }
});

test("a list of large tensors is not stacked beyond what a binding holds", async ({ device }) => {
  const size = 9 * 2 ** 20; // two are above 2^24 elements
  const list = [full([size], 1), full([size], 2)];
  await device.idle();
  const { bytes } = device.pool;
  bytes.peak = bytes.live;
  const norms = l2.normAll(list);
  await device.idle();

  assertClose(await host(stack(norms)), { shape: [2], data: Float64Array.of(3072, 6144) },
    { rtol: 1e-6, atol: 0 });
  if (!(bytes.peak - bytes.live < 6 * size)) throw new Error(`${bytes.peak - bytes.live} bytes`);
});

test("of equal largest entries the first one is taken", async () => {
  const g = tensor([[1, -3, 3], [2, 2, -2]]);

  assertClose(await sumAbs.dualize(g).read(), [0, -1, 0, 0, 0, 0], { rtol: 0, atol: 0 });
  assertClose(await linfToLinf.dualize(g).read(), [0, -1, 0, 1, 0, 0], { rtol: 0, atol: 0 });
});

test("norms print their name and formula", () => {
  assertSame(String(rmsToRms), "rmsToRms: sqrt(n/m) sigma_1");
  assertSame(new Set([...matrixCases, ...vectorCases].map(({ norm }) => `${norm}`)).size, 24);
});

test("what does not fit is refused", ({ rng }) => {
  const g = draw(rng, [3, 3]);
  for (const call of ["norm", "dualNorm", "dualize", "sharp", "projectBall", "project"] as const) {
    assertThrows(() => l1ToRms[call](tensor([1, 2])), "ShapeError",
      "l1ToRms: not a matrix: [2]. Give at least 2 axes");
  }
  const scalar = tensor(1);
  assertThrows(() => rms.norm(scalar), "ShapeError", "rms: not a vector: []. Give at least 1 axis");
  assertThrows(() => maxAbs.dualizeAll([g], { scales: [1, 2] }), "RangeError",
    "maxAbs: not one scale for each tensor: 2 for 1.");
  const method = "fast" as unknown as Method;
  assertThrows(() => spectral.norm(g, { method }), "RangeError", "spectral: no such method: fast.");
  assertThrows(() => schatten(0.5), "RangeError", "schatten(0.5): p is out of range: 0.5.");
  const named = { name: "x", formula: "", factor: () => 1, p: NaN };
  assertThrows(() => schattenNorm(named), "RangeError", "x: p is out of range: NaN.");
});

test.run();
