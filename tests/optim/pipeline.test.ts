import * as assert from "uvu/assert";
import { scale } from "../../autograd/index.ts";
import { CONVERGED, frobenius, l1ToRms, maxAbs, rmsToLinf, spectral } from "../../nn/index.ts";
import type { Norm } from "../../nn/index.ts";
import { Optimizer, coupledDecay, descend, dualizeBy, ema, heavyBall, muon, noAverage, noDual }
  from "../../optim/index.ts";
import type { Rule, Stage } from "../../optim/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { map64, singularValues64, zip64 } from "../reference.ts";
import type { Array64 } from "../reference.ts";
import { Memory64, assertFollows, assertTree, onDevice, randomTree, read64 } from "./trees.ts";
import type { Reference, Shapes } from "./trees.ts";

const test = suite("pipeline");

const SHAPES: Shapes = { w: [4, 3], v: [2, 5] };

interface Parts {
  readonly lr?: number;
  readonly prepare?: readonly Stage[];
  readonly average?: Stage;
  readonly dualize?: Stage;
  readonly weightDecay?: number;
}

function rule(name: string, parts: Parts): Rule {
  const { lr = 0.125, average = noAverage(), dualize = noDual(), weightDecay = 0 } = parts;
  const { prepare = [] } = parts;
  return { name, lr, prepare, average, dualize, step: descend(name, { weightDecay }) };
}

function single(parts: Parts): Optimizer {
  return new Optimizer({ name: "custom", rules: [rule("only", parts)] });
}

function inBall(norm: Norm, radius: number): Stage {
  return dualizeBy(() => ({ norm, radius }), CONVERGED);
}

// Each line divided by its l2 norm; a line is what has the same key.
function unitLines64(x: Array64, key: (index: number) => number): Array64 {
  const squares = new Map<number, number>();
  x.data.forEach((v, i) => squares.set(key(i), (squares.get(key(i)) ?? 0) + v * v));
  const data = x.data.map((v, i) => v / Math.sqrt(squares.get(key(i)) ?? 1));
  return { shape: x.shape, data };
}

const columns = (x: Array64): number => x.shape[1] ?? 1;

const duals: readonly (readonly [Norm, (x: Array64) => Array64])[] = [
  [maxAbs, (x) => map64(x, Math.sign)],
  [frobenius, (x) => unitLines64(x, () => 0)],
  [l1ToRms, (x) => {
    const unit = unitLines64(x, (i) => i % columns(x));
    return map64(unit, (v) => v * Math.sqrt(x.shape[0] ?? 1));
  }],
  [rmsToLinf, (x) => {
    const unit = unitLines64(x, (i) => Math.floor(i / columns(x)));
    return map64(unit, (v) => v / Math.sqrt(columns(x)));
  }],
];

for (const [norm, dual64] of duals) {
  test(`an average, a norm and a decay make Frank-Wolfe in the ball of ${norm.name}`, async ({
    rng,
  }) => {
    using optimizer = single({
      average: ema({ momentum: 0.9 }), dualize: inBall(norm, 2), weightDecay: 1,
    });
    const memory = new Memory64();
    const reference: Reference = (w, g, _, path) => {
      const d = memory.update(path, g, (before, x) => 0.9 * before + 0.1 * x);
      return zip64(w, dual64(d), (x, y) => (1 - 0.125) * x - 0.125 * 2 * y);
    };

    await assertFollows(rng, { optimizer, reference, shapes: SHAPES });
  });
}

test("Muon without look ahead and size is Frank-Wolfe's direction in the spectral norm", async ({
  rng,
}) => {
  const entries = Object.keys(SHAPES).map((path) => ({ path, norm: spectral, share: 1 }));
  using named = muon({ entries }, {
    lr: 0.125, momentum: 0.75, nesterov: false, scale: "none", polar: CONVERGED,
  });
  using composed = single({ average: ema({ momentum: 0.75 }), dualize: inBall(spectral, 1) });
  const start = randomTree(rng, SHAPES);
  const [a, b] = [onDevice(start), onDevice(start)];
  for (let t = 0; t < 4; t++) {
    const grads = onDevice(randomTree(rng, SHAPES));
    named.step(a, grads);
    composed.step(b, grads);
  }

  assert.equal(await read64(a), await read64(b));
});

test("a sum and an average of gradients give one direction", async ({ rng }) => {
  for (const nesterov of [false, true]) {
    const dualize = inBall(spectral, 1);
    using summed = single({ average: heavyBall({ momentum: 0.75, nesterov }), dualize });
    using averaged = single({ average: ema({ momentum: 0.75, nesterov }), dualize });
    const start = randomTree(rng, SHAPES);
    const [a, b] = [onDevice(start), onDevice(start)];
    for (let t = 0; t < 4; t++) {
      const grads = onDevice(randomTree(rng, SHAPES));
      summed.step(a, grads);
      averaged.step(b, grads);
    }

    // the two differ by a factor, so by their roundings
    await assertTree(a, await read64(b), { rtol: 0, atol: 2e-5 });
  }
});

test("decay by one, from inside, never leaves the ball", async ({ rng }) => {
  using optimizer = single({ lr: 0.5, dualize: inBall(spectral, 2), weightDecay: 1 });
  const weights = onDevice(randomTree(rng, SHAPES, 0.1));
  for (let t = 0; t < 6; t++) optimizer.step(weights, onDevice(randomTree(rng, SHAPES)));

  const sizes = Object.values(await read64(weights)).map((w) => singularValues64(w)[0] ?? NaN);
  for (const size of sizes) assert.ok(size <= 2 * (1 + 1e-4), String(size)); // of the iteration
});

test("gradients are prepared in order, before they are averaged", async () => {
  const double: Stage = {
    run: (leaves) => leaves.map((leaf) => ({ ...leaf, value: scale(leaf.value, 2) })),
  };
  using optimizer = single({
    lr: 1, prepare: [double, coupledDecay(0.5)], average: heavyBall({ momentum: 0.5 }),
  });
  const [w, g] = [onDevice({ w: map64({ shape: [1], data: Float64Array.of(4) }, (x) => x) }),
    onDevice({ w: { shape: [1], data: Float64Array.of(1) } })];
  optimizer.step(w, g);
  optimizer.step(w, g);

  // v = 2 + 0.5 * 4 = 4, w = 0; v = 0.5 * 4 + 2 = 4, w = -4
  assertClose((await read64(w))["w"]?.data ?? [], [-4], { rtol: 1e-6, atol: 0 });
});

test("every rule sees its own weights, together, with rate and step", ({ rng }) => {
  const seen: string[] = [];
  const spy = (name: string): Stage => ({
    run: (leaves, { decide }) => {
      const when = decide(({ rate, step }) => `${rate} ${step}`);
      seen.push(`${name} ${leaves.map(({ path }) => path).join("+")} ${when}`);
      return leaves;
    },
  });
  using optimizer = new Optimizer({
    name: "custom",
    rules: [
      rule("one", { lr: 1, average: spy("one") }), rule("two", { lr: 3, average: spy("two") }),
    ],
    route: (path) => (path === "b" ? "two" : "one"),
    schedule: () => 0.5,
  });
  const tree = onDevice(randomTree(rng, { a: [1], b: [1], c: [1] }));
  optimizer.step(tree, tree);

  assert.equal(seen, ["one a+c 0.5 1", "two b 1.5 1"]);
});

test("a weight without a rule and rules of one name are refused", ({ rng }) => {
  using optimizer = new Optimizer({
    name: "custom", rules: [rule("only", {})], route: (path) => (path === "w" ? "only" : undefined),
  });
  const tree = onDevice(randomTree(rng, SHAPES));

  assert.throws(
    () => optimizer.step(tree, tree),
    new RegExp("^custom: no rule for a parameter: v\\. Make the optimizer with the module that the "
      + "parameters belong to\\.$"),
  );
  assert.throws(() => optimizer.routes(tree), /^custom: no rule for a parameter: v\. /);
  assert.throws(
    () => new Optimizer({ name: "custom", rules: [rule("a", {}), rule("a", {})] }),
    /^custom: two rules of one name: a, a\. Rename one\.$/,
  );
});

test.run();
