// Profiles: dispatches per kernel, and times where the adapter has a clock.

import * as assert from "uvu/assert";
import { add, evaluate, matmul, neg, profile, softmax, sum, zeros } from "../../autograd/index.ts";
import { suite } from "../harness.ts";
import { assertRejects } from "../throws.ts";

const test = suite("profile");

test("dispatches are counted per kernel", async ({ device }) => {
  const x = zeros([40, 40]);

  const { kernels } = await profile(device, () => {
    neg(evaluate(add(evaluate(add(x, 1)), 2)));
    softmax(x);
  });

  const counts = Object.fromEntries(kernels.map(({ name, dispatches }) => [name, dispatches]));
  assert.equal(counts, { add: 2, neg: 1, softmax: 1 });
});

test("only what the body records is counted", async ({ device }) => {
  const x = zeros([10]);
  add(x, 1);
  const taken = profile(device, () => void neg(x));
  add(x, 1);

  const { kernels } = await taken;
  assert.equal(kernels.map(({ name }) => name), ["neg"]);
});

test("twice the work is twice the dispatches", async ({ device }) => {
  const x = zeros([8, 8]);
  const times = async (n: number) => {
    const { kernels } = await profile(device, () => {
      for (let i = 0; i < n; i++) matmul(x, x);
    });
    return kernels.reduce((total, { dispatches }) => total + dispatches, 0);
  };

  assert.is(await times(20), 2 * await times(10));
});

test("nothing takes no kernel and no time to speak of", async ({ device }) => {
  const { kernels, milliseconds } = await profile(device, () => undefined);

  assert.equal(kernels, []);
  assert.ok(milliseconds >= 0 && milliseconds < 1000);
});

test("the time is a sum over kernels with a clock, and wall time without", async ({ device }) => {
  const x = zeros([200, 200]);
  const result = await profile(device, () => {
    for (let i = 0; i < 5; i++) sum(matmul(x, x));
  });

  assert.is(result.timestamps, device.features.has("timestamp-query"));
  assert.ok(result.milliseconds >= 0);
  const known = result.kernels.map(({ milliseconds }) => milliseconds);
  assert.ok(known.every((ms) => (ms === undefined) !== result.timestamps));
});

test.needs("timestamp-query", "kernels come dearest first, with times that add up",
  async ({ device }) => {
    const [small, large] = [zeros([4]), zeros([300, 300])];
    const { kernels, milliseconds } = await profile(device, () => {
      for (let i = 0; i < 3; i++) neg(small);
      for (let i = 0; i < 3; i++) matmul(large, large);
    });

    const times = kernels.map((k) => k.milliseconds ?? NaN);
    assert.equal(times, [...times].sort((a, b) => b - a));
    assert.ok(Math.abs(times.reduce((a, b) => a + b, 0) - milliseconds) < 1e-9);
    assert.match(kernels[0]?.name ?? "", /^matmul/);
  });

test.needs("timestamp-query", "more dispatches than one set of queries holds are timed",
  async ({ device }) => {
    const x = zeros([4]);
    const { kernels } = await profile(device, () => {
      for (let i = 0; i < 2100; i++) evaluate(neg(x)).dispose();
    });

    assert.equal(kernels.map(({ name, dispatches }) => [name, dispatches]), [["neg", 2100]]);
    assert.ok((kernels[0]?.milliseconds ?? NaN) >= 0);
  });

test("what the body throws is passed on, and the next profile is clean", async ({ device }) => {
  const x = zeros([4]);
  await assertRejects(profile(device, () => {
    neg(x);
    throw new RangeError("mine");
  }), RangeError, "mine");

  const { kernels } = await profile(device, () => void add(x, 1));
  assert.equal(kernels.map(({ name }) => name), ["add"]);
});

test("results of profiled work are right", async ({ device }) => {
  const out: number[] = [];
  const kept: ReturnType<typeof zeros>[] = [];
  await profile(device, () => void kept.push(sum(add(zeros([100]), 2))));
  for (const t of kept) out.push(await t.item());

  assert.equal(out, [200]);
});

test.run();
