// Limits of gradients, factors of the learning rate, and reductions over workers.

import * as assert from "uvu/assert";
import { add, cast, scale as times, tensor, treeMap } from "../../autograd/index.ts";
import { rmsToRms } from "../../nn/index.ts";
import { Optimizer, adam, clipNorm, lars, muon, ruleOf, scion, sgd } from "../../optim/index.ts";
import type { ClipOptions } from "../../optim/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { map64, singularValues64, zip64 } from "../reference.ts";
import type { Array64 } from "../reference.ts";
import { family, geometry, shapesOf } from "./family.ts";
import { assertTree, mapTree, onDevice, randomTree, read64 } from "./trees.ts";
import type { Shapes, Tree64 } from "./trees.ts";

const test = suite("clipping and groups");

const SHAPES: Shapes = { a: [4, 3], b: [5], c: [], d: [0, 2] };
// One rounding of the factor, one of the product and one of the difference.
const TOLERANCE = { rtol: 1e-6, atol: 1e-6 };

const at = (tree: Tree64, path: string): Array64 => tree[path] ?? { shape: [0], data: none };
const none = new Float64Array();

const norm64 = (tree: Tree64): number => {
  return Math.hypot(...Object.values(tree).flatMap(({ data }) => [...data]));
};

// What a step of plain descent by one makes of the gradients.
async function moved(grads: Tree64, optimizer: Optimizer): Promise<Tree64> {
  const weights = onDevice(mapTree(grads, (g) => map64(g, () => 0)));
  optimizer.step(weights, onDevice(grads));
  return mapTree(await read64(weights), (w) => map64(w, (x) => -x));
}

for (const scale of [1e-20, 1, 1e15]) {
  test(`the norm of all gradients together is limited, at scale ${scale}`, async ({ rng }) => {
    const grads = randomTree(rng, SHAPES, scale);
    const size = norm64(grads);
    for (const share of [0.25, 0.999, 1.001, 4]) {
      using optimizer = sgd({ lr: 1, clip: { norm: share * size } });
      const got = await moved(grads, optimizer);

      const factor = Math.min(1, share);
      for (const [path, g] of Object.entries(grads)) {
        const want = map64(g, (x) => x * factor);
        assertClose(at(got, path), want, { rtol: 1e-6, atol: 0 });
        if (share > 1) assert.equal(got[path], g); // to the bit
      }
    }
  });
}

test("zero gradients stay zero, and what is not finite is refused", async ({ rng }) => {
  using optimizer = sgd({ lr: 1, clip: { norm: 1, dual: { "": 1 } }, onNonFinite: "skip" });
  const zero = mapTree(randomTree(rng, SHAPES), (g) => map64(g, () => 0));
  assert.equal(mapTree(await moved(zero, optimizer), (w) => map64(w, Math.abs)), zero);

  const broken = { b: { shape: [5], data: new Float64Array(5).fill(NaN) } };
  const grads = { ...randomTree(rng, SHAPES), ...broken };
  const still = await moved(grads, optimizer);
  assert.equal(mapTree(still, (w) => map64(w, Math.abs)), zero);
  assert.equal(await optimizer.refusals(), { b: 2 });
});

test("the common norm is that of the weights that move, of all rules", async ({ rng }) => {
  const grads = randomTree(rng, { a: [3], b: [4], c: [2] });
  const moving = { a: at(grads, "a"), b: at(grads, "b") };
  using optimizer = new Optimizer({
    name: "custom", rules: [ruleOf("one", 1, {}), ruleOf("two", 2, {})],
    route: (path) => ({ a: "one", b: "two", c: "frozen" }[path]), clip: { norm: 0.5 },
  });
  const got = await moved(grads, optimizer);

  const factor = 0.5 / norm64(moving);
  assertClose(at(got, "a"), map64(at(grads, "a"), (x) => x * factor), TOLERANCE);
  assertClose(at(got, "b"), map64(at(grads, "b"), (x) => 2 * x * factor), TOLERANCE);
  assert.equal(map64(at(got, "c"), Math.abs).data, new Float64Array(2));
});

test("as a stage, it limits the weights of its rule", async ({ rng }) => {
  const grads = randomTree(rng, { a: [3], b: [4] });
  using optimizer = new Optimizer({
    name: "custom",
    rules: [ruleOf("one", 1, { prepare: [clipNorm(0.25)] }), ruleOf("two", 1, {})],
    route: (path) => (path === "a" ? "one" : "two"),
  });
  const got = await moved(grads, optimizer);

  assertClose(norm64({ a: at(got, "a") }), 0.25, TOLERANCE);
  assert.equal(got["b"], grads["b"]);
});

test("each weight is limited in its dual norm, Euclidean where there is none", async ({ rng }) => {
  const grads = randomTree(rng, { net: [4, 3], other: [5] });
  const [net, other] = [at(grads, "net"), at(grads, "other")];
  // Of RMS to RMS: the sum of the singular values by sqrt(fan out / fan in).
  const dual = Math.sqrt(4 / 3) * singularValues64(net).reduce((s, x) => s + x);
  const limits = { net: 0.5 * dual, other: 0.25 };
  const make = (clip: ClipOptions) => new Optimizer({
    name: "custom", rules: [ruleOf("one", 1, {})], clip,
    weights: [{ path: "net", norm: rmsToRms }, { path: "other" }],
  });
  using optimizer = make({ dual: limits });
  const got = await moved(grads, optimizer);

  // The dual norm comes from an iteration, good to about 1e-5.
  assertClose(at(got, "net"), map64(net, (x) => 0.5 * x), { rtol: 1e-4, atol: 0 });
  const length = norm64({ other });
  assertClose(
    at(got, "other"), map64(other, (x) => 0.25 * x / length), { rtol: 1e-6, atol: 0 },
  );
  assert.throws(
    () => make({ dual: { nothing: 1 } }),
    /^custom: a clip to no parameter: nothing\. There are net, other\.$/,
  );
  assert.throws(
    () => sgd({ lr: 1, clip: { size: 1 } as ClipOptions }),
    /^sgd clip: unknown option: size\. Use norm, dual\.$/,
  );
});

test("half gradients are limited in f32", async () => {
  using optimizer = sgd({ lr: 1, clip: { norm: 1 } });
  const [w, g] = [tensor([0, 0]), cast(tensor([3, 4]), "bf16")];
  optimizer.step(w, g);

  assertClose(await w.read(), [-0.6, -0.8], TOLERANCE); // bf16 would be off by 2e-3
});

test("factors of the learning rate are those of the longest path, decay included", async ({
  rng,
}) => {
  const shapes: Shapes = { "net.a": [4], "net.b": [3], other: [2] };
  const grads = randomTree(rng, shapes);
  const start = randomTree(rng, shapes);
  const factors = { "": 0.5, net: 2, "net.b": 0 };
  using optimizer = adam({ lr: 0.125, eps: 0, betas: [0, 0], lrFactors: factors });
  const nested = (tree: Tree64) => {
    const flat = onDevice(tree);
    return { net: { a: flat["net.a"], b: flat["net.b"] }, other: flat["other"] } as never;
  };
  const weights = nested(start) as { net: Record<string, never>; other: never };
  optimizer.step(weights, nested(grads));
  const got = { "net.a": weights.net["a"], "net.b": weights.net["b"], other: weights.other };

  // Adam without averages is the sign
  const rates: Record<string, number> = { "net.a": 0.25, "net.b": 0, other: 0.0625 };
  const expected = mapTree(start, (w, path) => zip64(w, grads[path] ?? w, (x, g) => {
    return x - (rates[path] ?? NaN) * Math.sign(g);
  }));
  await assertTree(got as never, expected, TOLERANCE);
  assert.throws(
    () => new Optimizer({ name: "x", rules: [ruleOf("x", 1, {})], lrFactors: { y: 2 } })
      .step(tensor([1]), tensor([1])),
    /^x: a factor of lr to no parameter: y\. /,
  );
});

test("a factor does what another learning rate does, for every optimizer", async ({ rng }) => {
  for (const [name, make] of Object.entries(family)) {
    if (name === "nmd" || name === "nsd") continue; // they have a schedule of their own
    const start = randomTree(rng, shapesOf(name));
    const steps = [0, 1].map(() => randomTree(rng, shapesOf(name)));
    using slowed = make({ lrFactors: { "": 0.5 } });
    using scheduled = make({ schedule: () => 0.5 });
    const [a, b] = [onDevice(start), onDevice(start)];
    for (const grads of steps) {
      slowed.step(a, onDevice(grads));
      scheduled.step(b, onDevice(grads));
    }

    assert.equal(await read64(a), await read64(b), name);
  }
});

test("decay that a factor makes too large is refused before anything moves", async () => {
  using optimizer = lars({ lr: 1, lrFactors: { "": 2 } });
  optimizer.step(tensor([1]), tensor([1])); // its decay is coupled
  using decayed = muon(geometry, { lr: 1, weightDecay: 0.75, lrFactors: { tall: 2 } });
  const tree = onDevice(mapTree(shapesOf("muon"), (shape) => {
    return map64({ shape, data: new Float64Array(shape.reduce((n, d) => n * d, 1)) }, () => 1);
  }));
  assert.throws(() => decayed.step(tree, tree), /the decay turns weights around: lr 2 x weight/);
});

test("gradients are reduced before they are looked at, clipped and averaged", async ({ rng }) => {
  const shapes: Shapes = { a: [4, 3], b: [5] };
  const [own, other] = [randomTree(rng, shapes), randomTree(rng, shapes)];
  const received = onDevice(other);
  const both = mapTree(own, (g, path) => zip64(g, at(other, path), (x, y) => (x + y) / 2));
  using optimizer = sgd({
    lr: 1, momentum: 0.5, clip: { norm: 0.5 },
    reduce: (grads) => treeMap((x, y) => times(add(x, y), 0.5), grads, received),
  });
  const got = await moved(own, optimizer);

  const factor = Math.min(1, 0.5 / norm64(both));
  for (const [path, g] of Object.entries(both)) {
    assertClose(at(got, path), map64(g, (x) => x * factor), TOLERANCE);
  }
  using broken = sgd({ lr: 1, reduce: () => tensor([1, 2, 3]) });
  const w = tensor([1, 2]);
  assert.throws(() => broken.step(w, tensor([1, 2])), /^sgd: a gradient does not have its param/);
  assert.equal([...await w.read()], [1, 2]);
});

test("the light form keeps its gradients to itself", () => {
  for (const more of [{ clip: { norm: 1 } }, { reduce: () => tensor([1]) }]) {
    assert.throws(
      () => scion(geometry, { light: true, ...more }),
      new RegExp(`^scion: light does not go with ${Object.keys(more)[0]}: the gradients are the `
        + "average\\. Do it before they are added up\\.$"),
    );
  }
});

test.run();
