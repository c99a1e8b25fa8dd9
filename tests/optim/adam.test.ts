import * as assert from "uvu/assert";
import { adam, adamw } from "../../optim/index.ts";
import { suite } from "../harness.ts";
import { map64, zip64 } from "../reference.ts";
import type { Array64 } from "../reference.ts";
import { Memory64, SHAPES, assertFollows, assertTree, onDevice, randomTree } from "./trees.ts";
import type { Reference } from "./trees.ts";

const test = suite("adam");

interface Hyper {
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weightDecay?: number;
  readonly amsgrad?: boolean;
}

// As published: the average of the squares itself, in float64.
function adam64(hyper: Hyper, decoupled = false): Reference {
  const { lr, betas: [beta1, beta2], eps, weightDecay = 0, amsgrad = false } = hyper;
  const [first, second, peak] = [new Memory64(), new Memory64(), new Memory64()];
  return (weight, grad, t, path) => {
    const coupled = decoupled ? 0 : weightDecay;
    const g = zip64(grad, weight, (x, w) => x + coupled * w);
    const m = first.update(path, g, (before, x) => beta1 * before + (1 - beta1) * x);
    const v = second.update(path, g, (before, x) => beta2 * before + (1 - beta2) * x * x);
    const used = amsgrad ? peak.update(path, v, Math.max) : v;
    const root = map64(used, (x) => Math.sqrt(x / (1 - beta2 ** t)) + eps);
    const direction = zip64(m, root, (x, r) => (x === 0 ? 0 : x / (1 - beta1 ** t) / r));
    const keep = decoupled ? 1 - lr * weightDecay : 1;
    return zip64(weight, direction, (w, d) => keep * w - lr * d);
  };
}

const usual = { lr: 0.125, betas: [0.9, 0.999], eps: 1e-8 } as const;

test("follows the published rule", async ({ rng }) => {
  using optimizer = adam(usual);

  await assertFollows(rng, { optimizer, reference: adam64(usual), steps: 8 });
});

test("weight decay is part of Adam's gradient", async ({ rng }) => {
  const hyper = { lr: 0.125, betas: [0.8, 0.95], eps: 1e-6, weightDecay: 0.1 } as const;
  using optimizer = adam(hyper);

  await assertFollows(rng, { optimizer, reference: adam64(hyper) });
});

test("weight decay is decoupled in AdamW", async ({ rng }) => {
  const hyper = { ...usual, weightDecay: 0.1 };
  using optimizer = adamw(hyper);

  await assertFollows(rng, { optimizer, reference: adam64(hyper, true) });
});

test("AMSGrad divides by the largest average square", async ({ rng }) => {
  const hyper = { ...usual, betas: [0.9, 0.5], amsgrad: true } as const;
  using optimizer = adam(hyper);

  await assertFollows(rng, { optimizer, reference: adam64(hyper), steps: 8 });
});

test("the defaults are the published ones", async ({ rng }) => {
  const published = { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8 } as const;
  using plain = adam();
  using decaying = adamw();

  await assertFollows(rng, { optimizer: plain, reference: adam64(published) });
  const reference = adam64({ ...published, weightDecay: 0.01 }, true);
  await assertFollows(rng, { optimizer: decaying, reference });
});

test("many steps add up no bias in the average square", async ({ rng }) => {
  const hyper = { lr: 0, betas: [0, 0.999], eps: 0 } as const;
  using optimizer = adam(hyper);
  const g = randomTree(rng, { w: [64] });
  const weights = onDevice(g);
  const grads = onDevice(g);
  for (let t = 0; t < 200; t++) optimizer.step(weights, grads);

  const { rms } = optimizer.state.trees as Record<string, typeof weights>;
  const size = Math.sqrt(1 - 0.999 ** 200);
  const expected = { w: map64(g["w"] as Array64, (x) => size * Math.abs(x)) };
  await assertTree(rms ?? {}, expected, { rtol: 3e-6, atol: 0 }); // 200 roundings of half an ulp
});

test("without averages and eps it is sign descent, at any gradient's scale", async ({ rng }) => {
  for (const scale of [1e-20, 1, 1e20]) {
    using optimizer = adam({ lr: 0.125, betas: [0, 0], eps: 0 });
    const reference: Reference = (w, g) => zip64(w, g, (x, y) => x - 0.125 * Math.sign(y));

    await assertFollows(rng, { optimizer, reference, scale, steps: 3 });
  }
});

test("without eps the scale of the gradient does not matter", async ({ rng }) => {
  const hyper = { ...usual, eps: 0 };
  for (const scale of [1e-20, 1e20]) {
    using optimizer = adam(hyper);

    await assertFollows(rng, { optimizer, reference: adam64(hyper), scale });
  }
});

test("zero gradients change nothing, with eps or without", async ({ rng }) => {
  for (const eps of [0, 1e-8]) {
    using optimizer = adam({ eps });
    const before = randomTree(rng, SHAPES);
    const weights = onDevice(before);
    const grads = onDevice(randomTree(rng, SHAPES, 0));
    for (let t = 0; t < 3; t++) optimizer.step(weights, grads);

    await assertTree(weights, before, { rtol: 0, atol: 0 });
  }
});

test("options out of range are refused", () => {
  const refuses = (message: RegExp, options: object): void => {
    assert.throws(() => adam(options), message);
  };

  refuses(/^adam: betas is out of range: \[0\.9, 1\]\. Use two numbers in \[0, 1\)\.$/, {
    betas: [0.9, 1],
  });
  refuses(/^adam: betas is out of range: \[0\.9\]\. /, { betas: [0.9] });
  refuses(/^adam: eps is out of range: -1\. Use a finite number >= 0\.$/, { eps: -1 });
  refuses(/^adam: lr is out of range: NaN\. /, { lr: NaN });
  refuses(/^adam: unknown option: beta1\. Use lr, betas, eps, weightDecay, amsgrad, schedule, /, {
    beta1: 0.9,
  });
  assert.throws(
    () => adamw({ weightDecay: -0.1 }),
    /^adamw: weightDecay is out of range: -0\.1\. Use a finite number >= 0\.$/,
  );
});

test.run();
