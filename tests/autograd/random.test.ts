// Distributions: whole numbers bit for bit, the others against their exact distribution functions.

import * as assert from "uvu/assert";
import { type Tensor, argsort, bernoulli, categorical, checkpoint, dropout, exponential, full, grad,
  gumbel, log, mul, ones, permutation, randomBits, randomIntegers, rng, sum, tensor,
  truncatedNormal, uniform } from "../../autograd/index.ts";
import { suite } from "../harness.ts";
import { erfScalar } from "../reference/special.ts";
import { assertThrows } from "../throws.ts";

const test = suite("random tensors");

/**
 * Fails if the numbers do not have the distribution: Massart's bound on the largest distance from
 * the distribution function gives a chance of 2 exp(-12.5) = 7e-6 for 2.5 / sqrt(n).
 */
async function hasDistribution(x: Tensor, below: (v: number) => number): Promise<void> {
  const list = [...await x.read()].sort((a, b) => a - b);
  const n = list.length;
  const far = Math.max(...list.map((v, i) => {
    return Math.max(Math.abs(below(v) - i / n), Math.abs(below(v) - (i + 1) / n));
  }));
  assert.ok(far < 2.5 / Math.sqrt(n), `${far} of ${2.5 / Math.sqrt(n)}`);
}

/** Fails if a count is more than five standard deviations from what its chance says. */
function hasChance(count: number, n: number, p: number): void {
  const far = Math.abs(count - n * p) / Math.sqrt(n * p * (1 - p));
  assert.ok(far < 5, `${count} of ${n} with chance ${p}: ${far} standard deviations`);
}

function count(list: Iterable<number>, v: number): number {
  return [...list].filter((x) => x === v).length;
}

test("whole numbers are the upper half of the product with a random word", async () => {
  const words = await randomBits(rng(5), [500]).read();
  const list = await randomIntegers(rng(5), [500], { low: -7, high: 1000 }).read();
  const wide = await randomIntegers(rng(5), [500], { low: -(2 ** 31), high: 2 ** 31 - 1 }).read();

  const upper = (range: number) => {
    return [...words].map((w) => Number((BigInt(w) * BigInt(range)) >> 32n));
  };
  assert.equal([...list], upper(1007).map((v) => v - 7));
  assert.equal([...wide], upper(2 ** 32 - 1).map((v) => v - 2 ** 31));
});

test("each whole number is equally likely", async () => {
  const list = await randomIntegers(rng(6), [60, 100], { high: 6 }).read();
  for (let v = 0; v < 6; v++) hasChance(count(list, v), 6000, 1 / 6);
});

test("a permutation has every number once, in the order of random words", async () => {
  const n = 1037;
  const order = await permutation(rng(8), n).read();
  const words = await argsort(randomBits(rng(8), [n])).read();

  assert.equal([...order], [...words]);
  assert.equal([...order].sort((a, b) => a - b), [...Array(n).keys()]);
  assert.is((await permutation(rng(8), 0).read()).length, 0);
});

test("true comes with its chance, which may differ from place to place", async () => {
  const draws = await bernoulli(rng(1), [20_000], { p: 0.3 }).read();
  const chances = tensor([0, 0.25, 1]);
  const rows = await bernoulli(rng(2), [20_000, 3], { p: chances }).read();

  hasChance(count(draws, 1), 20_000, 0.3);
  const column = (k: number) => rows.filter((_, i) => i % 3 === k);
  assert.is(count(column(0), 1), 0);
  hasChance(count(column(1), 1), 20_000, 0.25);
  assert.is(count(column(2), 0), 0);
});

test("exponential, Gumbel and truncated normal numbers have their distributions", async () => {
  const n = 20_000;
  const phi = (v: number) => (1 + erfScalar(v / Math.SQRT2)) / 2;
  await hasDistribution(exponential(rng(1), [n]), (v) => 1 - Math.exp(-v));
  await hasDistribution(gumbel(rng(2), [n]), (v) => Math.exp(-Math.exp(-v)));
  for (const [low, high] of [[-2, 2], [0.5, 3], [-Infinity, -1], [-9, 9]] as const) {
    const x = truncatedNormal(rng(3), [n], { low, high });
    await hasDistribution(x, (v) => (phi(v) - phi(low)) / (phi(high) - phi(low)));
    const list = [...await x.read()];
    assert.ok(Math.min(...list) >= low && Math.max(...list) <= high, `${low} to ${high}`);
  }
});

test("places are picked by the softmax of the logits", async () => {
  const chances = [0.5, 0.2, 0, 0.3];
  const logits = log(tensor(chances));
  const rows = mul(ones([20_000, 1]), logits);
  const picks = await categorical(rng(4), rows).read();

  assert.is(count(picks, 2), 0);
  for (const k of [0, 1, 3]) hasChance(count(picks, k), 20_000, chances[k] ?? 0);
  assert.equal(categorical(rng(4), ones([3, 4, 5]), { axis: 1 }).shape, [3, 5]);
});

test("dropout keeps what its random words say, times what keeps the mean", async () => {
  const words = await randomBits(rng(9), [3, 77]).read();
  const y = await dropout(full([3, 77], 3), { rate: 0.25, rng: rng(9) }).read();

  assert.equal([...y], [...words].map((w) => (w < 2 ** 30 ? 0 : 4)));
  assert.equal([...await dropout(ones([5]), { rate: 0, rng: rng(1) }).read()], [1, 1, 1, 1, 1]);
});

test("the gradient of dropout has the mask of the way there, a checkpoint too", async () => {
  const x = uniform(rng(1), [40, 3]);
  const run = (drop: (t: Tensor) => Tensor) => grad((t: Tensor) => sum(drop(drop(t))))(x).read();
  const from = rng(3);
  const y = await dropout(dropout(x, { rng: from }), { rng: from }).read();
  const [plain, again] = [rng(3), rng(3)];
  const slopes = await run((t) => dropout(t, { rng: plain }));
  const replayed = await run(checkpoint((t: Tensor) => dropout(t, { rng: again })));

  const kept = [...await x.read()].map((v, i) => (y[i] === 4 * v ? 4 : 0));
  assert.equal([...slopes], kept);
  assert.equal([...replayed], kept);
});

test("the gradient of the gradient of dropout is that of a factor", async () => {
  const inner = rng(5);
  const lossOf = (t: Tensor) => sum(mul(dropout(t, { rng: inner }), mul(t, t)));
  const second = grad((t: Tensor) => sum(grad(lossOf)(t)))(full([50], 2));
  const mask = await dropout(ones([50]), { rng: rng(5) }).read(); // d2/dt2 of m t^3 is 6 m t

  assert.equal([...await second.read()], [...mask].map((m) => 12 * m));
});

test("options out of range are refused", () => {
  const x = ones([2]);
  assertThrows(() => dropout(x, { rate: 1, rng: rng(1) }), RangeError,
    "dropout: the rate is not in [0, 1): 1. Use 0.1.");
  assertThrows(() => randomIntegers(rng(1), [2], { low: 3, high: 3 }), RangeError,
    "randomIntegers: not a range of whole i32 numbers: 3 to before 3. Use low < high.");
  assertThrows(() => truncatedNormal(rng(1), [2], { low: 5, high: 6 }), RangeError,
    "truncatedNormal: no bounds: 5 and 6. Use low < high, within 4 of 0.");
});

test.run();
