import { rng as makeRng, stack, zeros } from "../../autograd/index.ts";
import { embedRms, exact, linfToLinf, maxAbs, nuclear, rms, rmsToRms, schatten, signOverFanIn,
  spectral, sumAbs } from "../../nn/index.ts";
import type { Method } from "../../nn/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { array64, dot64, polar64, random64, scale64, singularValues64, spectral64, sub64 } from
  "../reference.ts";
import type { Array64 } from "../reference.ts";
import { assertSame, assertThrows, device, host, withSpectrum } from "./helpers.ts";
import { allCases, rowsOf, titleOf } from "./norm_cases.ts";

const test = suite("balls of norms");

const size = ({ data }: Array64): number => Math.hypot(...data);

// Float32 products, and what a few dozen halvings leave; the iteration on singular values leaves
// those near the radius where they are, within 1e-4 of the Frobenius norm at most.
const errorOf = (method: Method | undefined, name: string): number => {
  return method === undefined && SPECTRAL.has(name) ? 1e-4 : 1e-5;
};
const SPECTRAL = new Set(["spectral", "rmsToRms", "rmsToRmsInput", "l2ToRms"]);

for (const [definition, shapes] of allCases) {
  const { norm, primal, dual, methods } = definition;
  for (const method of methods) {
    const name = titleOf(definition, method);
    const error = errorOf(method, norm.name);
    const nearest = async (x: Array64, radius: number): Promise<Array64> => {
      return await host(norm.projectBall(device(x), { radius, method }));
    };

    test(`${name}: the projection is the nearest point of the ball`, async ({ rng }) => {
      for (const shape of shapes) {
        const x = random64(rng, shape);
        for (const share of [0.05, 0.4, 0.95]) {
          const radius = share * primal(x);
          const y = await nearest(x, radius);
          const away = sub64(x, y);
          const slack = error * size(x);

          assertClose(primal(y) / radius, 1, { rtol: 0, atol: slack * primal(x) / radius });
          // <x - y, z - y> <= 0 for the z of the ball where it is largest
          const worst = radius * dual(away) - dot64(away, y);
          if (!(worst <= 8 * slack * size(x))) throw new Error(`${shape} ${share}: ${worst}`);
        }
      }
    });

    test(`${name}: inside nothing moves, twice is once, distances do not grow`, async ({ rng }) => {
      const [shape = []] = shapes;
      const [x, z] = [random64(rng, shape), random64(rng, shape)];
      const radius = 0.6 * primal(x);
      const [px, pz] = [await nearest(x, radius), await nearest(z, radius)];
      const same = { rtol: 0, atol: error * size(x) };

      assertClose(await nearest(x, 1.5 * primal(x)), x, same);
      assertClose(await nearest(px, radius), px, same);
      const [before, after] = [size(sub64(x, z)), size(sub64(px, pz))];
      if (!(after <= before + 2 * error * size(x))) throw new Error(`${before} to ${after}`);
    });

    test(`${name}: the projection of tiny, huge, zero and many`, async ({ rng }) => {
      const [shape = []] = shapes;
      const parts = [0.5, 1, 2].map((c) => scale64(random64(rng, shape), c));
      const radius = 0.5 * primal(parts[1] ?? array64([0], []));
      const all = await host(norm.projectBall(stack(parts.map(device)), { radius, method }));
      const count = all.data.length / 3;
      for (const [i, x] of parts.entries()) {
        const one = await nearest(x, radius);
        const same = { rtol: 0, atol: error * size(x) };

        assertClose(all.data.slice(i * count, (i + 1) * count), one.data, same);
        for (const c of [2 ** -66, 2 ** 66]) {
          const scaled = await nearest(scale64(x, c), c * radius);
          assertClose(scale64(scaled, 1 / c), one, same);
        }
      }
      assertClose(await nearest(await host(zeros(shape)), 1), await host(zeros(shape)),
        { rtol: 0, atol: 0 });
      assertSame(norm.projectBall(zeros([0, ...shape]), { method }).shape, [0, ...shape]);
    });

    test(`${name}: a NaN stays after projecting`, async ({ rng }) => {
      const x = random64(rng, shapes[0] ?? []);
      x.data[3] = NaN;

      assertSame((await nearest(x, 1)).data.some(Number.isNaN), true);
    });
  }

  test(`${norm.name}: random weights are on the boundary`, async ({ rng }) => {
    for (const shape of shapes) {
      const generator = makeRng(rng.int(2 ** 32));
      const start = await host(norm.initialize(generator, shape));
      const far = await host(norm.initialize(generator, [2, ...shape], { radius: 3 }));
      const half = far.data.length / 2;
      const both = [0, 1].map((i) => array64(shape, far.data.slice(i * half, (i + 1) * half)));
      const expected = norm === rms ? 0 : 1; // biases start at zero

      assertClose(primal(start), expected, { rtol: 2e-5, atol: 0 });
      assertClose(both.map(primal), [3 * expected, 3 * expected], { rtol: 2e-5, atol: 0 });
    }
  });
}

test("singular values are cut at the radius, singular vectors stay", async ({ rng }) => {
  const w = withSpectrum(rng, 9, 6, [3, 2, 1.2, 0.8, 0.1, 0]);
  for (const method of [undefined, exact]) {
    const y = await host(spectral.projectBall(device(w), { method }));

    assertClose(y, spectral64(w, (s) => Math.min(s, 1)), { rtol: 0, atol: 2e-5 });
  }
});

test("sums of singular values are brought to the radius by taking the same off each", async ({
  rng,
}) => {
  const w = withSpectrum(rng, 5, 7, [3, 2, 1, 0.2]);
  const y = await host(nuclear.projectBall(device(w), { radius: 3 }));

  // 3 + 2 + 1 - 3 t = 3 at t = 1
  assertClose(singularValues64(y), [2, 1, 0, 0, 0], { rtol: 0, atol: 1e-5 });
});

test("p = 1 and p = 2 of Schatten have the balls of nuclear and Frobenius norms", async ({
  rng,
}) => {
  const w = random64(rng, [4, 6]);
  const same = { rtol: 0, atol: 1e-5 };

  assertClose(await host(schatten(1).projectBall(device(w))),
    await host(nuclear.projectBall(device(w))), same);
  assertClose(await host(schatten(2).projectBall(device(w))), scale64(w, 1 / size(w)), same);
  // p near infinity and near 1 come near those
  assertClose(await host(schatten(400).projectBall(device(w), { radius: 1.5 })),
    await host(spectral.projectBall(device(w), { radius: 1.5 })), { rtol: 0, atol: 2e-2 });
  assertClose(await host(schatten(1.002).projectBall(device(w))),
    await host(nuclear.projectBall(device(w))), { rtol: 0, atol: 2e-2 });
});

test("long lines are projected on balls of sums", async ({ rng }) => {
  const x = random64(rng, [3, 5000]);
  for (const radius of [1, 100]) {
    const y = await host(linfToLinf.projectBall(device(x), { radius }));
    const sums = rowsOf(y).map((row) => row.reduce((sum, v) => sum + Math.abs(v), 0));

    // float32 sums of up to 5000 terms
    assertClose(sums, [radius, radius, radius], { rtol: 2e-5, atol: 0 });
  }
  const all = await host(sumAbs.projectBall(device(x), { radius: 50 }));
  const left = all.data.filter((v) => v !== 0).length;
  if (!(left > 10 && left < 5000)) throw new Error(`${left} entries left`);
});

test("the start of linear, embedding and sign layers has their form", async ({ rng }) => {
  const generator = makeRng(rng.int(2 ** 32));
  const w = await host(rmsToRms.initialize(generator, [6, 10]));
  const table = await host(embedRms.initialize(generator, [7, 4]));
  const signs = await host(signOverFanIn.initialize(generator, [3, 8]));

  const equal = { rtol: 2e-5, atol: 0 };
  assertClose(singularValues64(w), new Array<number>(6).fill(Math.sqrt(0.6)), equal);
  assertClose(w, scale64(polar64(w), Math.sqrt(0.6)), { rtol: 0, atol: 2e-5 });
  assertClose(rowsOf(table).map((row) => Math.hypot(...row)), new Array<number>(7).fill(2), equal);
  assertClose(signs.data.map(Math.abs), new Array<number>(24).fill(1 / 8), { rtol: 1e-6, atol: 0 });
  const mean = signs.data.reduce((a, b) => a + b, 0);
  if (Math.abs(mean) === 3) throw new Error("all signs are the same");
});

test("radii that are not positive are refused", () => {
  for (const radius of [0, -1, NaN, Infinity]) {
    assertThrows(() => maxAbs.projectBall(zeros([2, 2]), { radius }), "RangeError",
      `maxAbs: the radius is not positive: ${radius}. Use a number > 0.`);
    assertThrows(() => maxAbs.initialize(makeRng(1), [2, 2], { radius }), "RangeError",
      `maxAbs: the radius is not positive: ${radius}.`);
  }
});

test.run();
