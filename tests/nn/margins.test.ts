import * as assert from "uvu/assert";
import { grad, sub, sum, tensor } from "../../autograd/index.ts";
import { certifiedRadius, certify, compose, distributionOf, linear, margins, normalizedMargins,
  relu } from "../../nn/index.ts";
import type { InputNorm, Weights } from "../../nn/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { type Array64, array64, random64 } from "../reference.ts";
import { assertThrows, device, draw, drawTree, host } from "./helpers.ts";

const test = suite("margins");

const labelsOf = (...list: number[]) => tensor(list, { dtype: "i32" });

test("a margin is the label's logit over the largest other", async () => {
  const logits = tensor([1, 3, 2, 5, -1, 4], { shape: [2, 3] });
  const found = await host(margins(logits, labelsOf(1, 2)));

  assertClose(found, array64([2], [1, -1]), { rtol: 0, atol: 0 });
});

test("margins have a gradient: plus at the label, minus at the largest other", async () => {
  const logits = tensor([1, 3, 2, 5, -1, 4], { shape: [2, 3] });
  const slope = grad((z: typeof logits) => sum(margins(z, labelsOf(1, 2))))(logits);

  assertClose(await host(slope), array64([2, 3], [0, 1, -1, -1, 0, 1]), { rtol: 0, atol: 0 });
});

test("labels that do not fit the logits are refused", () => {
  const logits = tensor([1, 2], { shape: [2, 1] });

  assertThrows(() => margins(logits, labelsOf(0, 0)), "ShapeError", "two classes or more");
  assertThrows(() => margins(logits, labelsOf(0)), "ShapeError", "[1] for [2, 1]");
});

test("a distribution has its quartiles between the numbers", () => {
  assert.equal(distributionOf([4, 0, 1, 2]), {
    min: 0, lowerQuartile: 0.75, median: 1.5, upperQuartile: 2.5, max: 4, mean: 1.75,
  });
  assert.equal(distributionOf([7]).median, 7);
  assert.ok(Number.isNaN(distributionOf([]).min));
});

test("normalized margins do not change when a layer is scaled", async ({ rng }) => {
  const module = compose(linear(3, 6), relu(), linear(6, 4));
  const weights = drawTree(rng, module);
  const [x, labels] = [draw(rng, [5, 4]), labelsOf(0, 1, 2, 0, 1)];
  const larger = module.toTree(await Promise.all(module.toList(weights).map(async (w) => {
    const { shape, data } = await host(w);
    return device({ shape, data: data.map((v) => 4 * v) });
  })));
  const found = await normalizedMargins(module, weights, x, labels);
  const again = await normalizedMargins(module, larger, x, labels);

  assertClose(again.normalized, Array.from(found.normalized), { rtol: 1e-4, atol: 1e-6 });
  assertClose(again.margins, Array.from(found.margins, (m) => 16 * m), { rtol: 1e-4, atol: 1e-5 });
  assert.is(found.distribution.min, Math.min(...found.normalized));
  assert.is(found.certificate.bound, (await certify(module, weights)).bound);
});

const TWO = linear(2, 2);
test("for two opposite classes the radius in l2 is the distance to the border", async () => {
  const weights = { linear: { weight: tensor([3, 4, -3, -4], { shape: [2, 2] }) } };
  const x = tensor([1, 0.5, 1, 0.5], { shape: [2, 2] });
  const options = { inputNorm: "l2" } as const;
  const { radii } = await certifiedRadius(TWO, weights, x, labelsOf(0, 1), options);

  assertClose(radii, [1, 0], { rtol: 1e-4, atol: 0 }); // the border is 5 / |(3, 4)| away
});

/** Points of norm `radius`: at random, at the corners, and along a gradient. */
function attacks(
  norm: InputNorm, slope: Array64, random: readonly Array64[], radius: number,
): number[][] {
  const size = (v: readonly number[]): number => {
    if (norm === "linf") return Math.max(...v.map(Math.abs));
    if (norm === "l1") return v.reduce((total, x) => total + Math.abs(x), 0);
    return Math.hypot(...v) / (norm === "rms" ? Math.sqrt(v.length) : 1);
  };
  const list = [slope, ...random].map(({ data }) => Array.from(data));
  const most = Math.max(...list[0]!.map(Math.abs)); // the slope is there
  const steepest = { // of all points of that norm
    rms: list[0], l2: list[0], linf: list[0]?.map(Math.sign),
    l1: list[0]?.map((v) => (Math.abs(v) === most ? Math.sign(v) : 0)),
  }[norm] as number[];
  return [...list, steepest].map((v) => v.map((x) => (x * radius) / size(v)));
}

for (const inputNorm of ["rms", "l1", "l2", "linf"] as const) {
  test(`no attack within the certified radius in ${inputNorm} changes the class`, async (
    { rng },
  ) => {
    const module = compose(linear(3, 8), relu(), linear(8, 5));
    const weights: Weights = drawTree(rng, module);
    const x = random64(rng, [1, 5]);
    const logits = Array.from((await host(module.forward(device(x), weights))).data);
    const label = logits.indexOf(Math.max(...logits));
    const { radii: [radius = NaN], certificate } =
      await certifiedRadius(module, weights, device(x), labelsOf(label), { inputNorm });
    assert.ok(radius > 0 && certificate.inputNorm === inputNorm);

    const falling = grad((at: ReturnType<typeof device>) => {
      return sub(0, sum(margins(module.forward(at, weights), labelsOf(label))));
    })(device(x));
    const random = Array.from({ length: 30 }, () => random64(rng, [1, 5]));
    for (const step of attacks(inputNorm, await host(falling), random, 0.999 * radius)) {
      const moved = { shape: [1, 5], data: x.data.map((v, i) => v + (step[i] ?? 0)) };
      const [margin = NaN] = await margins(
        module.forward(device(moved), weights), labelsOf(label),
      ).read();
      assert.ok(margin > -1e-5, `a margin of ${margin}`); // rounding of the logits
    }
  });
}

test.run();
