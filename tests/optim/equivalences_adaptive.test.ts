// Optimizers that are one another: adaptive, orthogonal and automatic ones.

import { scope, tensor } from "../../autograd/index.ts";
import type { Tensor } from "../../autograd/index.ts";
import { CONVERGED, rmsToRms, spectral } from "../../nn/index.ts";
import { adam, adamw, agd, dion, fromage, muon, normuon, shampoo, signSgd, soap } from
  "../../optim/index.ts";
import type { Optimizer } from "../../optim/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { array64, dot64, map64, matmul64, polar64, scale64, singularValues64, sub64, svd64,
  transpose64, zip64 } from "../reference.ts";
import type { Array64 } from "../reference.ts";
import { assertSame, inNorm, matrix, updateOf } from "./side_by_side.ts";
import { assertTree, onDevice, randomTree, read64 } from "./trees.ts";
import type { Shapes, Tree64 } from "./trees.ts";

const test = suite("equivalences of adaptive methods");

const polar = CONVERGED;
const SQUARES: Shapes = { w: [3, 3] };
const ROUNDING = { rtol: 0, atol: 2e-6 };
const ITERATION = { rtol: 0, atol: 5e-5 };

const frobenius64 = (x: Array64): number => Math.sqrt(dot64(x, x));

test("Adam without averages and eps is sign descent, and so is its first step", async ({ rng }) => {
  using bare = adam({ lr: 0.125, betas: [0, 0], eps: 0 });
  using signs = signSgd({ lr: 0.125 });
  await assertSame(rng, bare, signs, { tolerance: ROUNDING });

  using usual = adam({ lr: 0.125, eps: 0 });
  await assertSame(rng, usual, signs, { steps: 1, tolerance: ROUNDING });
});

test("AdamW without decay is Adam; AMSGrad is Adam while gradients grow", async ({ rng }) => {
  using plain = adam({ lr: 0.125 });
  using decoupled = adamw({ lr: 0.125, weightDecay: 0 });
  await assertSame(rng, plain, decoupled, { tolerance: { rtol: 0, atol: 0 } });

  using again = adam({ lr: 0.125 });
  using peaks = adam({ lr: 0.125, amsgrad: true });
  const g = randomTree(rng, SQUARES);
  const grads = (t: number) => ({ w: scale64(g["w"] as Array64, 2 ** t) });
  await assertSame(rng, again, peaks, { shapes: SQUARES, grads, tolerance: { rtol: 0, atol: 0 } });
});

test("SOAP in the basis of the axes is Adam", async ({ rng }) => {
  // the first gradient is diagonal: the bases are the axes, in some order
  const first = { w: array64([3, 3], [3, 0, 0, 0, -1, 0, 0, 0, 2]) };
  const betas = [0.9, 0.95] as const;
  using turned = soap({ lr: 0.125, betas, eps: 0, weightDecay: 0, every: 100 });
  using plain = adam({ lr: 0.125, betas, eps: 0 });
  const start = randomTree(rng, SQUARES);
  const [a, b] = [onDevice(start), onDevice(start)];
  scope(() => turned.step(a, onDevice(first)));
  await assertTree(a, start, { rtol: 0, atol: 0 });

  for (let t = 0; t < 4; t++) {
    const g = onDevice(randomTree(rng, SQUARES));
    turned.step(a, g);
    plain.step(b, g);
  }
  await assertTree(a, await read64(b), ROUNDING);
});

// The weights after steps in another basis, taken back.
async function turnedBack(
  optimizer: Optimizer, start: Tree64, grads: readonly Tree64[], p: Array64, q: Array64,
): Promise<Tree64> {
  using owned = optimizer;
  const turn = (x: Array64 | undefined, a: Array64, b: Array64) => {
    return { w: matmul64(matmul64(a, x as Array64), b) };
  };
  const weights = onDevice(turn(start["w"], p, q));
  for (const g of grads) scope(() => owned.step(weights, onDevice(turn(g["w"], p, q))));
  return turn((await read64(weights))["w"], transpose64(p), transpose64(q));
}

test("Shampoo, SOAP and Muon do not see an orthogonal change of basis", async ({ rng }) => {
  const makers = [
    () => shampoo({ lr: 0.125 }),
    () => soap({ lr: 0.125, every: 1 }),
    () => muon(inNorm(spectral, SQUARES), { lr: 0.125, polar }),
  ];
  const [p, q] = [polar64(matrix(rng, 3, 3)), polar64(matrix(rng, 3, 3))];
  const one = array64([3, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1]);
  for (const make of makers) {
    const start = randomTree(rng, SQUARES);
    // eigenvalues apart, or their vectors would be as rounding likes
    const grads = Array.from({ length: 3 }, () => ({
      w: sub64(scale64(matrix(rng, 3, 3), 0.25), array64([3, 3], [4, 0, 0, 0, 2, 0, 0, 0, 1])),
    }));
    const expected = await turnedBack(make(), start, grads, one, one);
    const got = await turnedBack(make(), start, grads, p, q);

    await assertTree(onDevice(got), expected, { rtol: 0, atol: 1e-3 }); // of the eigenvectors
  }
});

test("AGD of one layer has the norm of its formula, at any scale", async ({ rng }) => {
  for (const factor of [1e-20, 1e-3, 1, 1e20]) {
    using optimizer = agd();
    const g = { w: scale64(matrix(rng, 4, 3), factor) };
    const { w } = await updateOf(optimizer, { w: map64(g.w, () => 0) }, g, 1);
    const s = Math.sqrt(4 / 3);
    const x = s * frobenius64(g.w);
    const size = s * Math.log1p((2 * x) / (1 + Math.sqrt(1 + 4 * x)));

    assertClose([frobenius64(w as Array64) / size], [1], { rtol: 1e-5, atol: 0 });
  }
});

test("Fromage keeps the norm of weights that are orthogonal to the gradient", async ({ rng }) => {
  using optimizer = fromage({ lr: 0.25 });
  const [w, g] = [matrix(rng, 4, 3), matrix(rng, 4, 3)];
  const along = dot64(w, g) / dot64(w, w);
  const weights = onDevice({ w });
  optimizer.step(weights, onDevice({ w: zip64(g, w, (x, y) => x - along * y) }));
  const after = (await read64(weights))["w"] as Array64;

  assertClose([frobenius64(after)], [frobenius64(w)], { rtol: 1e-6, atol: 0 });
  const turn = dot64(after, w) / dot64(w, w); // by the angle whose tangent is the rate
  assertClose([turn], [1 / Math.sqrt(1 + 0.25 ** 2)], { rtol: 1e-5, atol: 0 });
});

test("Muon's sizes are in their known proportions", async ({ rng }) => {
  for (const [m, n] of [[6, 3], [3, 3], [3, 6]] as const) {
    const shapes: Shapes = { w: [m, n] };
    const [start, g] = [randomTree(rng, shapes), randomTree(rng, shapes)];
    const size = async (scale: "original" | "moonlight" | "modula"): Promise<number> => {
      using optimizer = muon(inNorm(rmsToRms, shapes), { lr: 1, scale, polar });
      const { w } = await updateOf(optimizer, start, g, 1);
      return singularValues64(w as Array64)[0] ?? NaN;
    };
    const [original, moonlight, modula] = [
      await size("original"), await size("moonlight"), await size("modula"),
    ];

    assertClose([moonlight / modula], [0.2 * Math.sqrt((n * Math.max(m, n)) / m)], ITERATION);
    if (m >= n) assertClose([original], [modula], ITERATION);
  }
});

test("Dion of full rank with exact factors is Muon without look ahead", async ({ rng }) => {
  const { u, v } = svd64(matrix(rng, 3, 3));
  const g = (t: number): Tree64 => {
    const s = [3 + t, 2, 1 / t].map((x, i) => [0, 1, 2].map((k) => (k === i ? x : 0))).flat();
    return { w: matmul64(matmul64(u, array64([3, 3], s)), transpose64(v)) };
  };
  using a = dion(inNorm(spectral, SQUARES), { lr: 0.125, momentum: 0.75, weightDecay: 0 });
  using b = muon(inNorm(spectral, SQUARES), {
    lr: 0.125, momentum: 0.75, nesterov: false, scale: "modula", polar,
  });
  const right = tensor(v);
  a.load({ optimizer: "dion", step: 1, trees: {
    right: { w: right }, momentum: { w: tensor(map64(u, () => 0)) },
  } });

  await assertSame(rng, a, b, { shapes: SQUARES, grads: g, tolerance: ITERATION });
  const { momentum } = a.state.trees as Record<string, { readonly w: Tensor }>;
  const sum = [1, 2, 3, 4].reduce((all, t) => {
    return zip64(all, g(t)["w"] as Array64, (x, y) => 0.75 * (x + y)); // M = mu B
  }, map64(u, () => 0));
  assertClose(await (momentum?.w as Tensor).read(), sum, { rtol: 1e-5, atol: 1e-5 });
});

test("NorMuon without memory gives every neuron one size", async ({ rng }) => {
  using optimizer = normuon(inNorm(spectral, { w: [5, 3] }), { lr: 0.125, beta2: 0, eps: 1e-12 });
  const { w } = await updateOf(
    optimizer, randomTree(rng, { w: [5, 3] }), randomTree(rng, { w: [5, 3] }), 0.125,
  );

  for (let row = 0; row < 5; row++) {
    const squares = (w as Array64).data.slice(row * 3, row * 3 + 3).reduce((s, x) => s + x * x, 0);
    assertClose([Math.sqrt(squares / 3)], [0.2], { rtol: 1e-4, atol: 0 });
  }
});

test.run();
