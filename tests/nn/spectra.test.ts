import * as assert from "uvu/assert";
import { rng as makeRng, tensor } from "../../autograd/index.ts";
import { conv2d, embed, gain, headLinear, linear, rmsToRms, spectra, spectraHeatMap,
  spectraHistory, stableRank, withRadius } from "../../nn/index.ts";
import type { LayerSpectrum, SpectraSnapshot } from "../../nn/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { random64, singularValues64 } from "../reference.ts";
import { device, drawTree, withSpectrum } from "./helpers.ts";

const test = suite("spectra");

test("singular values are divided by the layer's target", async ({ rng }) => {
  const w = withSpectrum(rng, 4, 6, [3, 1, 0.5, 0.25]);
  const scaled = linear(4, 6, { norm: withRadius(rmsToRms, 10) });
  const [plain, radius] = await Promise.all([linear(4, 6), scaled].map(async (module) => {
    return (await spectra(module, module.toTree([device(w)])))[0] as LayerSpectrum; // one layer
  })) as [LayerSpectrum, LayerSpectrum];
  const expected = [3, 1, 0.5, 0.25].map((s) => s * Math.sqrt(6 / 4));

  assert.equal([plain.path, plain.shape, plain.kind], ["linear.weight", [4, 6], "singular values"]);
  assertClose(plain.values, expected, { rtol: 1e-5, atol: 1e-6 });
  assertClose(radius.values, expected.map((s) => s / 10), { rtol: 1e-5, atol: 1e-7 });
  assertClose(plain.stableRank, (9 + 1 + 0.25 + 0.0625) / 9, { rtol: 1e-5, atol: 0 });
});

test("at the start every layer is at its target", async () => {
  const list = [linear(2, 8), headLinear(2, 4, 4), gain(4), conv2d(4, 3, 3), embed(3, 5)];
  for (const module of list) {
    const [{ values }] = await spectra(module, module.initialize(makeRng(1))) as [LayerSpectrum];
    assertClose(values, values.map(() => 1), { rtol: 1e-3, atol: 0 }); // within the iteration's
  }
});

test("tables show rows, vectors entries, kernels all taps", async ({ rng }) => {
  const list = [embed(3, 5), gain(4), conv2d(2, 3, 2)];
  const layers = await Promise.all(list.map(async (module) => {
    return (await spectra(module, drawTree(rng, module)))[0] as LayerSpectrum; // one layer each
  }));

  assert.equal(layers.map(({ kind, values }) => [kind, values.length]), [
    ["row norms", 5], ["entries", 4], ["singular values", 8],
  ]);
  assert.ok(layers.every(({ values }) => values.every((x, i) => x <= (values[i - 1] ?? Infinity))));
});

test("the stable rank is the squared Frobenius norm over the largest square", async ({ rng }) => {
  const w = random64(rng, [5, 3]);
  const s = Array.from(singularValues64(w));
  const expected = s.reduce((sum, x) => sum + x * x, 0) / (s[0] ?? NaN) ** 2;
  const none = tensor([0, 0, 0, 0], { shape: [2, 2] });

  assertClose(await stableRank(device(w)).item(), expected, { rtol: 3e-5, atol: 0 });
  assert.is(await stableRank(none).item(), 0);
});

test("a history keeps what was, though the weights change", async ({ rng }) => {
  const module = linear(2, 2);
  const history = spectraHistory(module);
  const weights = drawTree(rng, module);
  await history.record(0, weights);
  await history.record(5, module.project(weights));
  const [first, second] = history.snapshots as [SpectraSnapshot, SpectraSnapshot];

  assert.equal([first.step, second.step], [0, 5]);
  assert.is.not(first.layers[0]?.values[0], second.layers[0]?.values[0]);
});

test("the heat map has a panel a layer, and stays small", () => {
  const layers = (step: number): LayerSpectrum[] => Array.from({ length: 12 }, (_, i) => ({
    path: `blocks.${i}.mlp.up.weight`, shape: [64, 64], kind: "singular values", stableRank: 1,
    values: Array.from({ length: 64 }, (_, k) => (2 * (64 - k)) / 64 / (1 + step / 500)),
  }));
  const snapshots = Array.from({ length: 1000 }, (_, i) => ({ step: 10 * i, layers: layers(i) }));
  const svg = spectraHeatMap({ title: "a < b", snapshots });

  assert.is(svg.match(/translate/g)?.length, 12);
  assert.match(svg, "a &lt; b");
  assert.match(svg, "9990");
  assert.not.match(svg, /NaN|Infinity|undefined/);
  assert.ok(svg.length < 400_000, `${svg.length} characters`);
});

test("heat maps of nothing and of strange values can be drawn", () => {
  const like = { path: "l", shape: [1], kind: "entries", stableRank: 1 } as const;
  const of = (...lists: number[][]) => lists.map((values, step) => {
    return { step, layers: [{ ...like, values }] };
  });
  const all = [[], of([]), of([1]), of([0, 0]), of([1e9, 1e-9], [1, 0]), of([NaN, 1], [1, 1, 1])];
  for (const snapshots of all) {
    assert.not.match(spectraHeatMap({ title: "t", snapshots }), /NaN|Infinity|undefined/);
  }
});

test.run();
