// Optimizers that are one another: the norm-ball family.

import * as assert from "uvu/assert";
import { add, assign, scope, zeros } from "../../autograd/index.ts";
import type { Tensor, Tree } from "../../autograd/index.ts";
import { CONVERGED, compose, frobenius, l1ToRms, linear, maxAbs, relu, rmsToRms, spectral } from
  "../../nn/index.ts";
import type { Norm } from "../../nn/index.ts";
import {
  descend, ema, heavyBall, lion, muon, normalizedSgd, scg, scion, shampoo, signSgd, signum,
  steepestDescent, stochasticSpectralDescent, uscg,
} from "../../optim/index.ts";
import { suite } from "../harness.ts";
import { add64, array64, map64, matmul64, scale64, singularValues64, sub64, transpose64, zip64 }
  from "../reference.ts";
import type { Array64 } from "../reference.ts";
import { assertClose } from "../close.ts";
import { eye64 } from "../reference/linalg.ts";
import { MATRICES, assertSame, composed, dual, inNorm, matrix, updateOf } from "./side_by_side.ts";
import { assertTree, onDevice, randomTree, read64 } from "./trees.ts";
import type { Shapes } from "./trees.ts";

const test = suite("equivalences of norm balls");

const polar = CONVERGED;
const SQUARES: Shapes = { w: [3, 3] };

/** Roundings of some steps, on weights of size 1. */
const ROUNDING = { rtol: 0, atol: 2e-6 };
/** Polar factors of averages that differ in their roundings; a converged iteration is at 1e-6. */
const ITERATION = { rtol: 0, atol: 5e-5 };

test("Muon without look ahead and size is uSCG in the spectral norm", async ({ rng }) => {
  using a = muon(inNorm(spectral), {
    lr: 0.125, momentum: 0.75, nesterov: false, scale: "none", polar,
  });
  using b = uscg(inNorm(spectral), { lr: 0.125, momentum: 0.75, polar });

  await assertSame(rng, a, b, { tolerance: ROUNDING });
});

test("Muon is not uSCG that gives the first gradient its full weight", async ({ rng }) => {
  using a = muon(inNorm(spectral), {
    lr: 0.125, momentum: 0.75, nesterov: false, scale: "none", polar,
  });
  // `v = g` at first, then `0.75 v + 0.25 g`
  using b = composed(0.125, {
    average: heavyBall({ momentum: 0.75, dampening: 0.75 }), dualize: dual(spectral),
  });
  const start = randomTree(rng, MATRICES);
  const [first, second] = [onDevice(start), onDevice(start)];
  for (let t = 0; t < 4; t++) {
    const g = onDevice(randomTree(rng, MATRICES));
    a.step(first, g);
    b.step(second, g);
  }
  const [x, y] = [await read64(first), await read64(second)];

  const gap = sub64(x["tall"] as Array64, y["tall"] as Array64);
  assert.ok(Math.max(...gap.data.map(Math.abs)) > 0.01);
});

test("a sum and an average give one direction, with look ahead and without", async ({ rng }) => {
  for (const norm of [spectral, maxAbs, l1ToRms]) {
    for (const nesterov of [false, true]) {
      using a = composed(0.125, { average: heavyBall({ momentum: 0.75, nesterov }),
        dualize: dual(norm) });
      using b = composed(0.125, { average: ema({ momentum: 0.75, nesterov }),
        dualize: dual(norm) });

      await assertSame(rng, a, b, { tolerance: ITERATION });
    }
  }
});

test("sign and normalized descent are uSCG in their norms", async ({ rng }) => {
  const lr = 0.125;
  const conditional = (norm: Norm, momentum: number) => uscg(inNorm(norm), { lr, momentum });
  const pairs = [
    [signSgd({ lr }), conditional(maxAbs, 0)],
    [signum({ lr, momentum: 0.75 }), conditional(maxAbs, 0.75)],
    [normalizedSgd({ lr, momentum: 0.75 }), conditional(frobenius, 0.75)],
    [lion({ lr, betas: [0.75, 0.75] }), signum({ lr, momentum: 0.75 })],
  ] as const;
  for (const [a, b] of pairs) {
    await assertSame(rng, a, b, { tolerance: ROUNDING });
    a.dispose();
    b.dispose();
  }
});

test("Lion with decay stays where elements are at most one over it", async ({ rng }) => {
  using optimizer = lion({ lr: 0.25, weightDecay: 0.5 });
  const weights = onDevice(randomTree(rng, MATRICES, 0.1));
  const g = randomTree(rng, MATRICES);
  for (let t = 0; t < 40; t++) optimizer.step(weights, onDevice(g));
  const { tall } = await read64(weights);

  const largest = Math.max(...(tall as Array64).data.map(Math.abs));
  assert.ok(largest <= 2 * (1 + 1e-6) && largest > 1.9, String(largest)); // it gets there, too
});

test("SCG is uSCG with decay, and decay is SCG of radius one over it", async ({ rng }) => {
  const [lr, radius] = [0.125, 2];
  using constrained = scg(inNorm(spectral), { lr, momentum: 0.75, radii: { "": radius }, polar });
  using decayed = composed(lr, {
    average: ema({ momentum: 0.75 }), dualize: dual(spectral, radius),
    step: descend("composed", { weightDecay: 1 }),
  });
  await assertSame(rng, constrained, decayed, { tolerance: ROUNDING });

  const weightDecay = 0.5; // eta lambda = gamma, 1 / lambda = rho
  using decoupled = muon(inNorm(spectral), {
    lr: lr / weightDecay, weightDecay, momentum: 0.75, nesterov: false, scale: "none", polar,
  });
  using again = scg(inNorm(spectral), { lr, momentum: 0.75, radii: { "": radius }, polar });
  await assertSame(rng, again, decoupled, { tolerance: ROUNDING });
});

test("SCG never leaves the balls, each of its radius", async ({ rng }) => {
  const radii = { tall: 2, wide: 0.5 };
  using optimizer = scg(inNorm(spectral), { lr: 0.5, radii, polar });
  const weights = onDevice(randomTree(rng, MATRICES, 0.05));
  for (let t = 0; t < 8; t++) optimizer.step(weights, onDevice(randomTree(rng, MATRICES)));
  const after = await read64(weights);

  for (const [path, radius] of Object.entries(radii)) {
    const size = singularValues64(after[path] as Array64)[0] ?? NaN;
    assert.ok(size <= radius * (1 + 1e-5) && size > 0.8 * radius, `${path}: ${size}`);
  }
});

test("Scion without state is Scion, in several norms", async ({ rng }) => {
  for (const norm of [rmsToRms, maxAbs, l1ToRms]) {
    const options = { lr: 0.125, momentum: 0.75, radii: { "": 2 }, polar };
    using whole = scion(inNorm(norm), options);
    using light = scion(inNorm(norm), { ...options, light: true });
    const start = randomTree(rng, MATRICES);
    const [a, b] = [onDevice(start), onDevice(start)];
    const buffers: Readonly<Record<string, Tensor>> = { tall: zeros([5, 3]), wide: zeros([2, 4]) };
    for (let t = 0; t < 4; t++) {
      const g = onDevice(randomTree(rng, MATRICES));
      whole.step(a, g);
      for (const [path, sum] of Object.entries(buffers)) assign(sum, add(sum, g[path] as Tensor));
      light.step(b, buffers);
    }

    await assertTree(b, await read64(a), ITERATION);
    assert.equal(light.state.trees, {});
  }
});

// With singular values from 1 to 4: Gram matrices square the condition.
function tame(x: Array64): Array64 {
  const { shape: [n = 1] } = x;
  return add64(scale64(eye64(n), 2.5), scale64(x, 1.5 / (singularValues64(x)[0] ?? 1)));
}

test("Shampoo of the newest gradient alone is its polar factor", async ({ rng }) => {
  using a = shampoo({ lr: 0.125, eps: 0, beta: 0 });
  using b = uscg(inNorm(spectral, SQUARES), { lr: 0.125, momentum: 0, polar });
  const grads = () => ({ w: tame(matrix(rng, 3, 3)) });

  // errors of eigenvalues: 12 x 2^-24 of the largest, over a 16th of it
  await assertSame(rng, a, b, { shapes: SQUARES, grads, tolerance: { rtol: 0, atol: 2e-5 } });
});

test("Shampoo with the power -1/2 is the inverse transposed", async ({ rng }) => {
  using optimizer = shampoo({ lr: 1, eps: 0, beta: 0, exponent: -0.5 });
  const g = tame(matrix(rng, 3, 3));
  const { w } = await updateOf(optimizer, { w: map64(g, () => 0) }, { w: g }, 1);

  assertClose(matmul64(transpose64(g), w as Array64), eye64(3), { rtol: 0, atol: 1e-4 });
});

test("stochastic spectral descent is steepest descent in the spectral norm", async ({ rng }) => {
  using a = stochasticSpectralDescent(inNorm(rmsToRms), { lr: 1 / 32, polar });
  using b = steepestDescent(inNorm(spectral), { sharpness: 32, together: false, polar });
  await assertSame(rng, a, b, { tolerance: ROUNDING });

  const one: Shapes = { w: [4, 3] };
  using c = steepestDescent(inNorm(rmsToRms, one), { sharpness: 32, polar });
  using d = steepestDescent(inNorm(rmsToRms, one), { sharpness: 32, together: false, polar });
  await assertSame(rng, c, d, { shapes: one, tolerance: ROUNDING });
});

test("steepest descent of a module is its dualized gradient times the dual norm", async ({
  rng,
}) => {
  const module = compose(
    linear(3, 5, { label: "b", mass: 2 }), relu(), linear(5, 4, { label: "a" }),
  );
  const shapes = Object.fromEntries(module.entries.map(({ path, shape }) => [path, shape]));
  const nested = (t: Readonly<Record<string, Tensor>>) => {
    return module.toTree(module.weightPaths.map((path) => t[path] as Tensor));
  };
  using optimizer = steepestDescent(module, { sharpness: 16, polar });
  const [start, g] = [randomTree(rng, shapes), randomTree(rng, shapes)];
  const [weights, grads] = [onDevice(start), nested(onDevice(g))];
  const direction = module.dualize(grads, 1, polar);
  const dualNorm = await module.dualNorm(grads).item();
  scope(() => optimizer.step(nested(weights) as Tree, grads));

  const flat = module.toList(direction);
  for (const [i, path] of module.weightPaths.entries()) {
    const t = array64(shapes[path] ?? [], await (flat[i] as Tensor).read());
    const expected = zip64(start[path] as Array64, t, (w, d) => w - (dualNorm / 16) * d);
    assertClose((await read64(weights))[path] as Array64, expected, ITERATION);
  }
});

test.run();
