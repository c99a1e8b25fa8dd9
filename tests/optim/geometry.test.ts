// What steps look like in the norms that they are made for.

import * as assert from "uvu/assert";
import { scope, tensor } from "../../autograd/index.ts";
import { CONVERGED, convRmsToRms, embedRms, maxAbs, perBlock, rms, rmsToRms, spectral, stacked,
  transposed, withRadius } from "../../nn/index.ts";
import type { Norm } from "../../nn/index.ts";
import {
  dion, gluon, iso, mirrorDescent, muon, negativeEntropy, normalizedModularDescent, normuon, pNorm,
  quadratic, rmsSpectral, scion, sgd, steepestDescent, whiten,
} from "../../optim/index.ts";
import type { Geometry } from "../../optim/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { array64, dot64, map64, matmul64, singularValues64, transpose64, zip64 } from
  "../reference.ts";
import type { Array64 } from "../reference.ts";
import { geometry } from "./family.ts";
import { assertSame, inNorm, matrix, updateOf } from "./side_by_side.ts";
import { onDevice, randomTree, read64 } from "./trees.ts";
import type { Shapes } from "./trees.ts";

const test = suite("geometry of steps");

const polar = CONVERGED;
/** Of a converged iteration and a decomposition in float32. */
const ITERATION = { rtol: 2e-5, atol: 1e-5 };

const norms: Readonly<Record<string, Norm>> = {
  square: rmsToRms, tall: rmsToRms, kernel: convRmsToRms, table: embedRms, bias: rms,
};
const shapes: Shapes = {
  square: [3, 3], tall: [4, 3], kernel: [3, 2, 2, 2], table: [5, 3], bias: [4],
};

test("a step of Scion has each layer's radius in its norm", async ({ rng }) => {
  const radii = { "": 2, table: 3, kernel: 0.5 };
  using optimizer = scion(geometry, { lr: 0.125, constrained: false, radii, polar });
  const updates = await updateOf(
    optimizer, randomTree(rng, shapes), randomTree(rng, shapes), 0.125,
  );

  for (const [path, norm] of Object.entries(norms)) {
    const radius = path === "table" ? 3 : path === "kernel" ? 0.5 : 2;
    const size = await norm.norm(tensor(updates[path] as Array64)).item();
    assertClose([size], [radius], ITERATION);
  }
});

test("a step of steepest descent earns the squared dual norm over the sharpness", async ({
  rng,
}) => {
  using optimizer = steepestDescent(geometry, { sharpness: 8, polar });
  const [start, g] = [randomTree(rng, shapes), randomTree(rng, shapes)];
  const updates = await updateOf(optimizer, start, g, 1);
  let [earned, dual] = [0, 0];
  for (const [path, norm] of Object.entries(norms)) {
    earned += dot64(updates[path] as Array64, g[path] as Array64);
    dual += 0.2 * await norm.dualNorm(tensor(g[path] as Array64)).item();
  }

  assertClose([earned], [dual ** 2 / 8], { rtol: 1e-4, atol: 0 }); // dual norms are to 1e-4
});

test("a step of the predecessor of modular descent has every weight's share", async ({ rng }) => {
  using optimizer = normalizedModularDescent(geometry, { lr: 0.5, weightDecay: 0 });
  const [start, g] = [randomTree(rng, shapes), randomTree(rng, shapes)];
  const updates = await updateOf(optimizer, start, g, 0.5);
  for (const [path, norm] of Object.entries(norms)) {
    const u = updates[path] as Array64;
    assertClose([await norm.norm(tensor(u)).item()], [0.2], ITERATION);
    // the first gradient has its full weight in both averages: the quotient is its sign
    assert.equal([...u.data.map(Math.sign)], [...(g[path] as Array64).data.map(Math.sign)]);
  }
});

test("its decay goes by shares, and tables are set back to norm one", async ({ rng }) => {
  const sized = { square: maxAbs };
  using optimizer = normalizedModularDescent(geometry, { lr: 0.5, weightDecay: 0.5, norms: sized });
  const start = randomTree(rng, shapes);
  const weights = onDevice(start);
  optimizer.step(weights, onDevice(randomTree(rng, shapes, 0)));
  const after = await read64(weights);

  for (const path of ["tall", "square"]) {
    const kept = map64(start[path] as Array64, (x) => x * (1 - 0.5 * 0.5 * 0.2));
    assertClose(after[path] as Array64, kept, { rtol: 1e-6, atol: 1e-7 });
  }
  const { data } = after["table"] as Array64;
  for (let row = 0; row < 5; row++) {
    const squares = data.slice(row * 3, row * 3 + 3).reduce((s, x) => s + x * x, 0);
    assertClose([squares / 3], [1], { rtol: 1e-5, atol: 0 });
  }
});

test("Gluon's radius follows the dual norm", async ({ rng }) => {
  const smoothness = { "": { l0: 2, l1: 3 }, bias: { l0: 1, l1: 0 } };
  using optimizer = gluon(geometry, { momentum: 0, smoothness, polar });
  const [start, g] = [randomTree(rng, shapes), randomTree(rng, shapes)];
  const updates = await updateOf(optimizer, start, g, 1);
  for (const [path, norm] of Object.entries(norms)) {
    const dual = await norm.dualNorm(tensor(g[path] as Array64)).item();
    const size = await norm.norm(tensor(updates[path] as Array64)).item();
    assertClose([size], [path === "bias" ? dual : dual / (2 + 3 * dual)], { rtol: 1e-4, atol: 0 });
  }
  assert.throws(
    () => gluon(geometry, { smoothness: { bias: { l0: 1, l1: 0 } } }),
    /^gluon: no smoothness for a parameter: square\. Add it, or "" for all\.$/,
  );
  assert.throws(
    () => gluon(geometry, { smoothness: { "": { l0: 0, l1: 0 } } }),
    /^gluon: l0 \+ l1 of square is out of range: 0\. Use a finite number > 0\.$/,
  );
});

test("Muon asks a norm which matrices it sees, and gives them the singular values", async ({
  rng,
}) => {
  const seen: readonly (readonly [Norm, readonly number[], readonly number[]])[] = [
    [convRmsToRms, [3, 2, 2, 2], [3, 8]], [stacked(rmsToRms), [2, 4, 3], [4, 3]],
    [perBlock(rmsToRms, 3), [6, 4], [2, 4]], [withRadius(spectral, 7), [4, 3], [4, 3]],
    [transposed(rmsToRms), [4, 3], [3, 4]], [perBlock(rmsToRms, [2, 4]), [6, 3], [2, 3]],
  ];
  for (const [norm, shape, [rows = 1, columns = 1]] of seen) {
    using optimizer = muon(inNorm(norm, { w: shape }), { lr: 1, scale: "modula", polar });
    assert.equal(optimizer.routes({ w: tensor(map64(matrix(rng, 1, 1), () => 0)) }), { w: "muon" });
    const updates = await updateOf(
      optimizer, randomTree(rng, { w: shape }), randomTree(rng, { w: shape }), 1,
    );
    // the first of the matrices; a block of rows lies together, a transpose has the same values
    const { data } = updates["w"] as Array64;
    const sides = norm.name.startsWith("transposed") ? shape : [rows, columns];
    const first = array64(sides, data.slice(0, rows * columns));
    for (const s of singularValues64(first)) {
      assertClose([s], [Math.sqrt(rows / columns)], ITERATION);
    }
  }
});

test("norms given by path go before the module's", async ({ rng }) => {
  const tree = onDevice(randomTree(rng, shapes));
  using optimizer = muon(geometry, { norms: { table: spectral, tall: embedRms } });

  assert.equal(optimizer.routes(tree), {
    square: "muon", tall: "adamw", kernel: "muon", table: "muon", bias: "adamw",
  });
  assert.throws(
    () => muon(geometry, { norms: { tables: spectral } }),
    /^muon: a norm to no parameter: tables\. There are square, tall, kernel, table, bias\.$/,
  );
});

test("Dion's update has orthonormal columns on its left and the given rank", async ({ rng }) => {
  const one: Shapes = { w: [5, 4] };
  for (const start of ["normal", "identity"] as const) {
    using optimizer = dion(inNorm(rmsToRms, one), { lr: 1, rank: 2, weightDecay: 0, start });
    const weights = onDevice(randomTree(rng, one));
    const g = randomTree(rng, one);
    // the same gradient over and over: columns on the right become orthogonal, too
    for (let t = 0; t < 30; t++) optimizer.step(weights, onDevice(g));
    const { w } = await updateOf(optimizer, await read64(weights), g, 1);
    const [first = 0, , third = 1] = singularValues64(w as Array64);

    assert.ok(third < 1e-5 && first <= Math.sqrt(2 * (5 / 4)) + 1e-5, `${first} ${third}`);
  }
});

test("a kernel is one matrix to Dion and to spectral descent", async ({ rng }) => {
  const kernel: Shapes = { w: [3, 2, 2, 2] };
  const flat: Shapes = { w: [3, 8] };
  const start = randomTree(rng, kernel);
  const grads = [randomTree(rng, kernel), randomTree(rng, kernel)];
  const seen = (shape: readonly number[], { w }: typeof start) => {
    return onDevice({ w: array64(shape, (w as Array64).data) });
  };
  for (const make of [dion, rmsSpectral]) {
    using a = make(inNorm(convRmsToRms, kernel), { lr: 0.125 });
    using b = make(inNorm(rmsToRms, flat), { lr: 0.125 });
    const [x, y] = [onDevice(start), seen([3, 8], start)];
    for (const g of grads) {
      scope(() => a.step(x, onDevice(g)));
      scope(() => b.step(y, seen([3, 8], g)));
    }
    assert.equal((await read64(x))["w"]?.data, (await read64(y))["w"]?.data);
  }
});

test("members of a stack are matrices of their own to Dion and NorMuon", async ({ rng }) => {
  const whole: Shapes = { w: [2, 4, 3] };
  const parts: Shapes = { a: [4, 3], b: [4, 3] };
  const [start, g] = [randomTree(rng, whole), randomTree(rng, whole)];
  const apart = ({ w }: typeof start) => {
    const { data } = w as Array64;
    return onDevice({ a: array64([4, 3], data.slice(0, 12)), b: array64([4, 3], data.slice(12)) });
  };
  const makers = [
    (norms: Geometry) => dion(norms, { start: "identity" }), (norms: Geometry) => normuon(norms),
  ];
  for (const make of makers) {
    using together = make(inNorm(stacked(rmsToRms), whole));
    using separate = make(inNorm(rmsToRms, parts));
    const [x, y] = [onDevice(start), apart(start)];
    together.step(x, onDevice(g));
    separate.step(y, apart(g));
    const { a, b } = await read64(y);

    const joined = [...(a as Array64).data, ...(b as Array64).data];
    assertClose((await read64(x))["w"] as Array64, array64([2, 4, 3], joined), ITERATION);
  }
});

test("a whitened gradient keeps its spectrum under linear maps of inputs and outputs", async ({
  rng,
}) => {
  const well = (n: number): Array64 => { // invertible, of condition 3 at most or so
    return zip64(matrix(rng, n, n), array64([n, n], Array.from({ length: n * n }, (_, i) => (
      i % (n + 1) === 0 ? 4 : 0))), (x, y) => 0.5 * x + y);
  };
  const [x, d] = [matrix(rng, 4, 32), matrix(rng, 3, 32)]; // inputs and output gradients
  const spectrum = async (x: Array64, d: Array64): Promise<Float64Array> => {
    const moment = (y: Array64) => tensor(matmul64(y, transpose64(y)));
    const g = tensor(matmul64(d, transpose64(x)));
    const w = whiten(g, { inputs: moment(x), outputs: moment(d) });
    return singularValues64({ shape: w.shape, data: Float64Array.from(await w.read()) });
  };

  const expected = await spectrum(x, d);
  assertClose(await spectrum(matmul64(well(4), x), matmul64(well(3), d)), expected, {
    rtol: 1e-3, atol: 0, // of inverse roots of Gram matrices of condition 100
  });
  const inputs = tensor(matmul64(x, transpose64(x)));
  assert.throws(
    () => whiten(tensor([[1, 2]]), { inputs, outputs: inputs }),
    /^whiten: the moments do not fit: \[4, 4\] and \[4, 4\] for \[1, 2\]\. Give \[out, out\] /,
  );
  using optimizer = iso({ lr: 1, momentum: 0, moments: () => ({
    inputs, outputs: tensor(matmul64(d, transpose64(d))),
  }) });
  const g = matmul64(d, transpose64(x));
  const { w } = await updateOf(optimizer, { w: map64(g, () => 0) }, { w: g }, 1);
  assertClose(singularValues64(w as Array64), expected, { rtol: 1e-4, atol: 0 });
});

test("mirror descent in the quadratic potential is gradient descent", async ({ rng }) => {
  for (const potential of [quadratic, pNorm(2)]) {
    using a = mirrorDescent({ lr: 0.125, potential });
    using b = sgd({ lr: 0.125 });
    await assertSame(rng, a, b, { tolerance: { rtol: 0, atol: 2e-6 } });
  }
});

// The gradient of half the squared p-norm.
function mirror64(x: Array64, p: number): Array64 {
  const size = x.data.reduce((sum, v) => sum + Math.abs(v) ** p, 0) ** (1 / p);
  return map64(x, (v) => Math.sign(v) * Math.abs(v) ** (p - 1) * size ** (2 - p));
}

test("mirror descent moves the potential's gradient by the gradient", async ({ rng }) => {
  for (const p of [1.25, 1.5, 1.75]) {
    using optimizer = mirrorDescent({ lr: 0.125, potential: pNorm(p) });
    const [w, g] = [matrix(rng, 4, 3), matrix(rng, 4, 3)];
    const weights = onDevice({ w });
    optimizer.step(weights, onDevice({ w: g }));
    const moved = mirror64((await read64(weights))["w"] as Array64, p);
    // powers of float32 and their inverse
    const expected = zip64(mirror64(w, p), g, (x, y) => x - 0.125 * y);
    assertClose(moved, expected, { rtol: 1e-4, atol: 1e-4 });
  }
  using optimizer = mirrorDescent({ lr: 0.125, potential: negativeEntropy });
  const w = map64(matrix(rng, 4, 3), (x) => Math.fround(Math.exp(x)));
  const g = matrix(rng, 4, 3);
  const weights = onDevice({ w });
  optimizer.step(weights, onDevice({ w: g }));
  const expected = zip64(w, g, (x, y) => x * Math.exp(-0.125 * y));
  assertClose((await read64(weights))["w"] as Array64, expected, { rtol: 1e-5, atol: 0 });
  assert.throws(() => pNorm(1), /^pNorm: p is out of range: 1\. Use a number in \(1, 2\]\.$/);
});

test.run();
