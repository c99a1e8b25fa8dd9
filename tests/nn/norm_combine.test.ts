import { concat, permute, reshape, rng as makeRng, slice, stack, transpose, zeros } from
  "../../autograd/index.ts";
import type { Tensor } from "../../autograd/index.ts";
import { CONVERGED, convRmsToRms, convScion, embedRms, flattened, frobenius, l1ToRms, linf, maxAbs,
  nuclear, perBlock, perTap, rms, rmsToRms, spectral, stacked, transposed, withRadius } from
  "../../nn/index.ts";
import type { Norm } from "../../nn/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import type { TestRng } from "../harness.ts";
import { dot64, polar64, random64, scale64, singularValues64 } from "../reference.ts";
import { assertSame, assertThrows, device, draw, host } from "./helpers.ts";

const test = suite("norms made of norms");

// As for the norms they are made of.
const ROUNDING = { rtol: 2e-5, atol: 0 };

// What is measured one by one, as a list of matrices or vectors, and what the maximum of their
// norms is multiplied by.
interface Pieces {
  readonly norm: Norm;
  readonly inner: Norm;
  readonly shape: readonly number[];
  readonly cut: (x: Tensor) => Tensor[];
  readonly gain: number;
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const rows = (from: number, to: number) => (x: Tensor) => slice(x, [[from, to]]);
const columns = (from: number, to: number) => (x: Tensor) => slice(x, [null, [from, to]]);
const each = (...cuts: readonly ((x: Tensor) => Tensor)[]) => (x: Tensor) => cuts.map((f) => f(x));
const taps = (count: number) => (x: Tensor) => {
  const flat = permute(reshape(x, [...x.shape.slice(0, 2), count]), [2, 0, 1]);
  return range(count).map((i) => reshape(slice(flat, [[i, i + 1]]), x.shape.slice(0, 2)));
};

const table: readonly Pieces[] = [
  { norm: convRmsToRms, inner: rmsToRms, shape: [4, 3, 3, 2], cut: taps(6), gain: 6 },
  {
    norm: perTap(nuclear, { spatial: 1 }), inner: nuclear, shape: [3, 5, 4], gain: 4, cut: taps(4),
  },
  { norm: perTap(l1ToRms), inner: l1ToRms, shape: [2, 3, 2, 2], cut: taps(4), gain: 4 },
  {
    norm: flattened(spectral), inner: spectral, shape: [4, 3, 2, 2], gain: 1,
    cut: (x) => [reshape(x, [4, 12])],
  },
  {
    norm: convScion, inner: spectral, shape: [5, 2, 3, 3], gain: 9 * Math.sqrt(2 / 5),
    cut: (x) => [reshape(x, [5, 18])],
  },
  {
    norm: flattened(maxAbs, { spatial: 1 }), inner: maxAbs, shape: [2, 3, 2], gain: 1,
    cut: (x) => [reshape(x, [2, 6])],
  },
  {
    norm: transposed(l1ToRms), inner: embedRms, shape: [4, 6], gain: 1, cut: (x) => [x],
  },
  {
    norm: transposed(rmsToRms), inner: rmsToRms, shape: [4, 6], gain: 1,
    cut: (x) => [transpose(x)],
  },
  { norm: withRadius(rmsToRms, 50), inner: rmsToRms, shape: [4, 6], gain: 1 / 50, cut: (x) => [x] },
  { norm: withRadius(linf, 0.5), inner: linf, shape: [5], gain: 2, cut: (x) => [x] },
  {
    norm: stacked(rmsToRms), inner: rmsToRms, shape: [3, 4, 2], gain: 1,
    cut: (x) => range(3).map((i) => reshape(rows(i, i + 1)(x), [4, 2])),
  },
  {
    norm: perBlock(rmsToRms, 3), inner: rmsToRms, shape: [12, 4], gain: 1,
    cut: each(rows(0, 4), rows(4, 8), rows(8, 12)),
  },
  {
    norm: perBlock(rmsToRms, [6, 2, 4]), inner: rmsToRms, shape: [12, 4], gain: 1,
    cut: each(rows(0, 6), rows(6, 8), rows(8, 12)),
  },
  {
    norm: perBlock(rmsToRms, 2, { axis: -1 }), inner: rmsToRms, shape: [4, 10], gain: 1,
    cut: each(columns(0, 5), columns(5, 10)),
  },
  {
    norm: perBlock(frobenius, [1, 6], { axis: -1 }), inner: frobenius, shape: [4, 7], gain: 1,
    cut: each(columns(0, 1), columns(1, 7)),
  },
  {
    norm: perBlock(rms, 2), inner: rms, shape: [6], gain: 1, cut: each(rows(0, 3), rows(3, 6)),
  },
  {
    norm: perBlock(convRmsToRms, 2), inner: convRmsToRms, shape: [4, 3, 2, 2], gain: 1,
    cut: each(rows(0, 2), rows(2, 4)),
  },
];

async function values(list: readonly Tensor[], measure: (x: Tensor) => Tensor): Promise<number[]> {
  return await Promise.all(list.map((x) => measure(x).item()));
}

const most = (list: readonly number[]) => Math.max(...list);
const total = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);

for (const { norm, inner, shape, cut, gain } of table) {
  const many = (rng: TestRng) => {
    const parts = [0, 1].map(() => draw(rng, shape));
    return { parts, all: stack(parts) };
  };

  test(`${norm.name}: the largest inner norm, the sum of dual norms, batched`, async ({ rng }) => {
    const { parts, all } = many(rng);
    const [norms, duals] = [await norm.norm(all).read(), await norm.dualNorm(all).read()];
    for (const [i, x] of parts.entries()) {
      const pieces = cut(x);

      assertClose(norms[i] ?? NaN, gain * most(await values(pieces, inner.norm)), ROUNDING);
      assertClose(duals[i] ?? NaN, total(await values(pieces, inner.dualNorm)) / gain, ROUNDING);
    }
  });

  test(`${norm.name}: every piece is dualized and projected by itself`, async ({ rng }) => {
    const { parts, all } = many(rng);
    const duals = norm.dualize(all, { ...CONVERGED, scale: 2 });
    const radius = gain * 0.4;
    const near = norm.projectBall(all, { radius });
    assertSame([duals.shape, near.shape], [all.shape, all.shape]);
    for (const [i, x] of parts.entries()) {
      const own = (y: Tensor) => cut(reshape(slice(y, [[i, i + 1]]), shape));
      const [d, p] = [own(duals), own(near)];
      for (const [k, piece] of cut(x).entries()) {
        const dual = inner.dualize(piece, { ...CONVERGED, scale: 2 / gain });
        const inside = inner.projectBall(piece, { radius: 0.4 });

        assertClose(await host(d[k] as Tensor), await host(dual),
          { rtol: 0, atol: 2e-5 * Math.max(1, 2 / gain) });
        assertClose(await host(p[k] as Tensor), await host(inside), { rtol: 0, atol: 3e-5 });
      }
    }
  });

  test(`${norm.name}: duality, sharp, boundary, zeros, lists`, async ({ rng }) => {
    const g = random64(rng, shape);
    const x = device(g);
    const d = norm.dualize(x, CONVERGED);
    const dual = await norm.dualNorm(x).item();
    const sharp = await host(norm.sharp(x, CONVERGED));
    const pair = norm.dualizeAll([x, x], { ...CONVERGED, scales: [1, -3] });
    const start = norm.initialize(makeRng(rng.int(2 ** 32)), shape, { radius: 2 });
    const expected = inner === rms ? 0 : 2;

    assertClose(await norm.norm(d).item(), 1, ROUNDING);
    assertClose(dot64(g, await host(d)), dual, ROUNDING);
    assertClose(dot64(g, sharp), dual ** 2, { rtol: 4e-5, atol: 0 });
    const close = { rtol: 0, atol: 1e-5 * Math.max(...(await d.read()).map(Math.abs)) };
    assertClose(await host(pair[1] as Tensor), scale64(await host(d), -3), close);
    assertSame(start.shape, shape);
    assertClose(await norm.norm(start).item(), expected, ROUNDING);
    assertSame((await norm.dualize(zeros(shape)).read()).every((v) => v === 0), true);
    assertSame(norm.norm(zeros([0, ...shape])).shape, [0]);
    assertThrows(() => norm.norm(zeros([])), "ShapeError", `${norm.name}: not a`);
  });
}

test("every tap of a new kernel has equal singular values", async () => {
  const w = convRmsToRms.initialize(makeRng(5), [4, 3, 3, 3]);
  for (const tap of taps(9)(w)) {
    const s = singularValues64(await host(tap));
    assertClose(s, s.map(() => Math.sqrt(4 / 3) / 9), ROUNDING);
  }
});

test("a fused weight is orthogonalized part by part, not as a whole", async ({ rng }) => {
  const parts = [0, 1, 2].map(() => random64(rng, [4, 4]));
  const fused = concat(parts.map(device));
  const together = await host(spectral.dualize(fused, CONVERGED));
  const apart = await host(perBlock(spectral, 3).dualize(fused, CONVERGED));

  // random squares may be near singular: 1e-4 is what the iteration resolves
  const expected = parts.flatMap((g) => [...polar64(g).data]);
  assertClose(apart.data, expected, { rtol: 0, atol: 1e-3 });
  if (together.data.every((v, i) => Math.abs(v - (expected[i] ?? 0)) < 0.1)) {
    throw new Error("the parts do not differ from the whole");
  }
});

test("heads of one weight take hardly more dispatches than one", ({ rng, device: gpu }) => {
  const count = (run: () => unknown) => {
    const before = gpu.counts.dispatches;
    run();
    return gpu.counts.dispatches - before;
  };
  const one = count(() => rmsToRms.dualize(draw(rng, [4, 8])));
  const heads = count(() => perBlock(rmsToRms, 12).dualize(draw(rng, [48, 8])));

  if (heads > one + 4) throw new Error(`${heads} for 12 heads, ${one} for one`); // copies
});

test("names and formulas tell what a norm is made of", () => {
  const norm = withRadius(perBlock(convRmsToRms, [4, 2]), 3);

  assertSame(norm.name, "withRadius(perBlock(perTap(rmsToRms), [4, 2]), 3)");
  assertSame(norm.formula, "(max over blocks of taps max over taps of sqrt(n/m) sigma_1) / 3");
  assertSame(norm.rank, 4);
});

test("what cannot be combined is refused", () => {
  const range = (body: () => unknown, text: string) => assertThrows(body, "RangeError", text);
  range(() => perTap(rms), "perTap: not a norm of matrices: rms measures 1 axes.");
  range(() => flattened(convRmsToRms), "flattened: not a norm of matrices: perTap(rmsToRms)");
  range(() => transposed(rms), "transposed: not a norm of matrices: rms");
  range(() => withRadius(rms, 0), "withRadius: the radius is not positive: 0. Use a number > 0.");
  range(() => perBlock(rms, 0), "perBlock: not a number of blocks or sizes: 0.");
  range(() => perBlock(rms, []), "perBlock: not a number of blocks or sizes: .");
  range(() => perBlock(rms, [1.5]), "perBlock: not a number of blocks or sizes: 1.5.");
  range(() => perBlock(rms, 2, { axis: -2 }), "perBlock: no such axis: -2. Use one from -1 to -1.");
  range(() => stacked(rms, { axes: 0 }), "stacked: not a number of axes: 0.");
  range(() => perTap(rmsToRms, { spatial: 0.5 }), "perTap: not a number of axes: 0.5.");
  const w = zeros([5, 4]);
  for (const parts of [2, [2, 2]]) {
    const text = "axis -2 cannot be cut into these blocks: [5, 4]. Check the sizes.";
    assertThrows(() => perBlock(maxAbs, parts).norm(w), "ShapeError", text);
    assertThrows(() => perBlock(maxAbs, parts).initialize(makeRng(1), [5, 4]), "ShapeError", text);
  }
});

test.run();
