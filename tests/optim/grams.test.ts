// Optimizers by Gram matrices: starts that are refused, and roots and bases kept in between.

import * as assert from "uvu/assert";
import { NonFiniteError, compile, scope } from "../../autograd/index.ts";
import type { Tensor } from "../../autograd/index.ts";
import { shampoo, soap } from "../../optim/index.ts";
import type { CommonOptions, Optimizer, OptimizerState } from "../../optim/index.ts";
import { suite } from "../harness.ts";
import { add64, array64, map64, matmul64, scale64, sub64, transpose64, zip64 } from
  "../reference.ts";
import type { Array64 } from "../reference.ts";
import { eigh64, eye64, qr64 } from "../reference/linalg.ts";
import { assertRejects } from "../throws.ts";
import { assertTree, mapTree, onDevice, randomTree, read64 } from "./trees.ts";
import type { FlatTree, Shapes, Tree64 } from "./trees.ts";

const test = suite("Gram matrices of optimizers");

const SHAPES: Shapes = { square: [3, 3], tall: [4, 3], kernel: [3, 2, 2], bias: [4] };
const SQUARE: Shapes = { w: [3, 3] };
const SKIP = { onNonFinite: "skip" } as const;

/** Roundings of a few decompositions of condition 100 or so, on weights of size 1. */
const DECOMPOSED = { rtol: 0, atol: 1e-4 };

function refusable(shapes: Shapes): Tree64 {
  return mapTree(shapes, (shape) => {
    return array64(shape, Array<number>(shape.reduce((n, d) => n * d, 1)).fill(NaN));
  });
}

function stepAll(optimizer: Optimizer, weights: FlatTree, grads: readonly Tree64[]): void {
  for (const g of grads) scope(() => optimizer.step(weights, onDevice(g)));
}

const shampoos: Readonly<Record<string, (more?: CommonOptions) => Optimizer>> = {
  "Shampoo with sums": (more) => shampoo({ lr: 0.125, ...more }),
  "Shampoo with averages": (more) => shampoo({ lr: 0.125, beta: 0.5, momentum: 0.5, ...more }),
};
const makers: Readonly<Record<string, (more?: CommonOptions) => Optimizer>> = {
  ...shampoos,
  "Shampoo with kept roots": (more) => shampoo({ lr: 0.125, every: 3, ...more }),
  SOAP: (more) => soap({ lr: 0.125, every: 2, ...more }),
};

for (const [name, make] of Object.entries(shampoos)) {
  test(`${name} begins at the first step that is not refused, with the same bits`, async (
    { rng },
  ) => {
    const start = randomTree(rng, SHAPES);
    const grads = Array.from({ length: 3 }, () => randomTree(rng, SHAPES));
    const bad = refusable(SHAPES);
    using fresh = make();
    const expected = onDevice(start);
    stepAll(fresh, expected, grads);

    using skipping = make(SKIP);
    const skipped = onDevice(start);
    stepAll(skipping, skipped, [bad, bad, ...grads]);
    assert.equal(await read64(skipped), await read64(expected));

    using throwing = make();
    const caught = onDevice(start);
    stepAll(throwing, caught, [bad]);
    await assertRejects((caught["tall"] as Tensor).read(), NonFiniteError, /at step 1\. /);
    stepAll(throwing, caught, grads);
    assert.equal(await read64(caught), await read64(expected));
  });
}

for (const [name, make] of Object.entries(makers)) {
  test(`${name} whose start was refused is saved and compiled like any other`, async ({ rng }) => {
    const start = randomTree(rng, SHAPES);
    const grads = Array.from({ length: 6 }, () => randomTree(rng, SHAPES));
    grads[0] = refusable(SHAPES);
    using plain = make(SKIP);
    const expected = onDevice(start);
    stepAll(plain, expected, grads);
    assert.not.equal(await read64(expected), start);

    using before = make(SKIP);
    using after = make(SKIP);
    const reloaded = onDevice(start);
    stepAll(before, reloaded, grads.slice(0, 1));
    after.load(before.state);
    stepAll(after, reloaded, grads.slice(1));
    assert.equal(await read64(reloaded), await read64(expected));
    assert.equal(await numbers(after.state), await numbers(plain.state));

    using inside = make(SKIP);
    const compiled = onDevice(start);
    using step = compile((g: FlatTree) => inside.step(compiled, g));
    for (const g of grads) step(onDevice(g));
    assert.equal(await read64(compiled), await read64(expected));
    assert.equal(await numbers(inside.state), await numbers(plain.state));
  });
}

async function numbers({ trees }: OptimizerState): Promise<readonly Tree64[]> {
  return Promise.all(Object.values(trees).map((tree) => read64(tree as FlatTree)));
}

// -- Shampoo

/** The weight after each step; a step without a gradient is refused. */
function shampoo64(
  start: Array64, grads: readonly (Array64 | undefined)[], lr: number, eps: number,
  due: readonly number[],
): Array64[] {
  const [m = 1, n = 1] = start.shape;
  let [left, right] = [scale64(eye64(m), eps), scale64(eye64(n), eps)];
  let roots: readonly [Array64, Array64] | undefined;
  let w = start;
  return grads.map((g, i) => {
    if (!g) return w;
    left = add64(left, matmul64(g, transpose64(g)));
    right = add64(right, matmul64(transpose64(g), g));
    if (due.includes(i + 1)) roots = [root64(left), root64(right)];
    if (roots) w = sub64(w, scale64(matmul64(matmul64(roots[0], g), roots[1]), lr));
    return w;
  });
}

/** The power -1/4 of a symmetric matrix. */
function root64(a: Array64): Array64 {
  const { values, vectors } = eigh64(a);
  const powers = array64(a.shape, vectors.data.map((x, i) => {
    return x * (values[i % values.length] ?? NaN) ** -0.25;
  }));
  return matmul64(powers, transpose64(vectors));
}

/** Follows a float64 reference of the weight `w`, whose first steps may be refused. */
async function assertSteps(
  optimizer: Optimizer, start: Tree64, grads: readonly (Tree64 | undefined)[],
  expected: readonly Array64[], shapes: Shapes,
): Promise<void> {
  const weights = onDevice(start);
  for (const [i, g] of grads.entries()) {
    stepAll(optimizer, weights, [g ?? refusable(shapes)]);
    await assertTree(weights, { w: expected[i] as Array64 }, DECOMPOSED);
  }
}

test("Shampoo keeps its roots between decompositions", async ({ rng }) => {
  for (const shape of [[4, 3], [2, 5]]) {
    const shapes: Shapes = { w: shape };
    const start = randomTree(rng, shapes);
    const grads = Array.from({ length: 9 }, () => randomTree(rng, shapes));
    const expected = shampoo64(
      start["w"] as Array64, grads.map((g) => g["w"]), 0.125, 0.25, [1, 2, 4, 7],
    );
    using optimizer = shampoo({ lr: 0.125, eps: 0.25, every: 3 });

    await assertSteps(optimizer, start, grads, expected, shapes);
  }
});

test("Shampoo without roots rests until they are due, and has lost nothing", async ({ rng }) => {
  const shapes: Shapes = { w: [4, 3] };
  for (const [every, due] of [[2, [1, 3, 5]], [5, [1, 2, 4, 6]]] as const) {
    const start = randomTree(rng, shapes);
    const good = Array.from({ length: 4 }, () => randomTree(rng, shapes));
    const grads = [undefined, ...good];
    const expected = shampoo64(
      start["w"] as Array64, grads.map((g) => g?.["w"]), 0.125, 0.25, due,
    );
    using optimizer = shampoo({ lr: 0.125, eps: 0.25, every, ...SKIP });

    await assertSteps(optimizer, start, grads, expected, shapes);
  }
});

// -- SOAP

const BETAS = [0.75, 0.875] as const;

/** A basis one power iteration on, and its columns' old places. */
function refreshed64(basis: Array64, gram: Array64): { basis: Array64; order: number[] } {
  const [n = 1] = basis.shape;
  const inside = matmul64(transpose64(basis), matmul64(gram, basis));
  const value = (i: number) => inside.data[i * (n + 1)] ?? NaN;
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => value(j) - value(i));
  const moved = array64([n, n], basis.data.map((_, i) => {
    return basis.data[i - (i % n) + (order[i % n] ?? NaN)] ?? NaN;
  }));
  return { basis: qr64(matmul64(gram, moved)).q, order };
}

/** SOAP from the axes as bases, without eps and decay: weights after steps 2, 3 and so on. */
function soap64(start: Array64, grads: readonly Array64[], lr: number, every: number): Array64[] {
  const [n = 1] = start.shape;
  const [beta1, beta2] = BETAS;
  let [p, q] = [eye64(n), eye64(n)];
  let [left, right, mean, squares] = Array.from({ length: 4 }, () => map64(start, () => 0)) as
    [Array64, Array64, Array64, Array64];
  const blend = (x: Array64, y: Array64, beta: number) => {
    return zip64(x, y, (a, b) => beta * a + (1 - beta) * b);
  };
  const into = (x: Array64) => matmul64(matmul64(transpose64(p), x), q);
  let w = start;
  return grads.map((g, i) => {
    const step = i + 1; // of moments: the first step of all has none
    mean = blend(mean, g, beta1);
    squares = blend(squares, map64(into(g), (x) => x * x), beta2);
    const u = zip64(into(mean), squares, (m, s) => {
      return m / (1 - beta1 ** step) / Math.sqrt(s / (1 - beta2 ** step));
    });
    w = sub64(w, scale64(matmul64(matmul64(p, u), transpose64(q)), lr));
    left = blend(left, matmul64(g, transpose64(g)), beta2);
    right = blend(right, matmul64(transpose64(g), g), beta2);
    if (step % every !== 0) return w;
    const [rows, columns] = [refreshed64(p, left), refreshed64(q, right)];
    squares = array64([n, n], squares.data.map((_, k) => {
      const [row, column] = [rows.order[Math.floor(k / n)], columns.order[k % n]];
      return squares.data[(row ?? NaN) * n + (column ?? NaN)] ?? NaN;
    }));
    [p, q] = [rows.basis, columns.basis];
    return w;
  });
}

test("SOAP whose first step is refused steps in the bases of the axes", async ({ rng }) => {
  for (const every of [2, 3]) {
    const start = randomTree(rng, SQUARE);
    const good = Array.from({ length: 7 }, () => randomTree(rng, SQUARE));
    const w = start["w"] as Array64;
    const expected = soap64(w, good.map((g) => g["w"] as Array64), 0.125, every);
    using optimizer = soap({
      lr: 0.125, betas: BETAS, eps: 0, weightDecay: 0, every, ...SKIP,
    });

    await assertSteps(optimizer, start, [undefined, ...good], [w, ...expected], SQUARE);
  }
});

test.run();
