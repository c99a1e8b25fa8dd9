// Isotropic descent: moments that do not fit, roots kept in between, compiled steps.

import * as assert from "uvu/assert";
import { DisposedError, DtypeError, ShapeError, assign, compile, scale, scope, tensor } from
  "../../autograd/index.ts";
import type { Tensor } from "../../autograd/index.ts";
import { iso } from "../../optim/index.ts";
import type { IsoOptions, LayerMoments, Optimizer } from "../../optim/index.ts";
import { suite } from "../harness.ts";
import { assertThrows } from "../throws.ts";
import { MATRICES, layerMoments } from "./family.ts";
import { assertTree, mapTree, onDevice, randomTree, read64 } from "./trees.ts";
import type { FlatTree, Shapes, Tree64 } from "./trees.ts";

const test = suite("iso");

type ErrorType = Parameters<typeof assertThrows>[1];

/** Roundings of a few products of whitened gradients, on weights of size 1. */
const ROUNDING = { rtol: 0, atol: 1e-5 };

function stepAll(optimizer: Optimizer, weights: FlatTree, grads: readonly Tree64[]): void {
  for (const g of grads) scope(() => optimizer.step(weights, onDevice(g)));
}

const shapeOf = (path: string): readonly number[] => MATRICES[path] ?? [];

test("moments that do not fit change nothing, and the step can be done again", async ({ rng }) => {
  const good = (path: string) => layerMoments(shapeOf(path));
  const { inputs, outputs } = layerMoments([4, 3]);
  const whole = tensor(new Int32Array(9), { shape: [3, 3] });
  const gone = layerMoments([4, 4]).inputs;
  gone.dispose();
  const bad: readonly (readonly [unknown, ErrorType, RegExp])[] = [
    [layerMoments([3, 4]), ShapeError,
      /^iso: the moments do not fit: \[3, 3\] and \[4, 4\] for tall \[4, 3\]\. Give \[out, out\] /],
    [undefined, TypeError,
      /^iso: no moments for a parameter: tall\. Return \{ inputs, outputs \}, two tensors, for /],
    [{ inputs }, TypeError, /^iso: no moments for a parameter: tall\. /],
    [{ inputs: whole, outputs }, DtypeError, /^iso: dtype not supported: i32\. /],
    [{ inputs, outputs: gone }, DisposedError, /^iso: the tensor /],
  ];
  for (const every of [1, 2]) {
    let tall: unknown;
    using optimizer = iso({ lr: 0.125, every, moments: (path) => {
      return path === "tall" ? tall as LayerMoments : good(path);
    } });
    const weights = onDevice(randomTree(rng, MATRICES));
    const grads = randomTree(rng, MATRICES);
    const start = await read64(weights);
    for (const [moments, type, message] of bad) {
      tall = moments;
      assertThrows(() => stepAll(optimizer, weights, [grads]), type, message);
      assert.equal(await read64(weights), start);
      assert.equal(optimizer.state, { optimizer: "iso", step: 0, trees: {} });
    }

    tall = good("tall");
    stepAll(optimizer, weights, [grads]);
    assert.not.equal(await read64(weights), start);
  }
});

test("a vector or a kernel is refused before anything changes", async ({ rng }) => {
  for (const [path, shape] of [["bias", [4]], ["kernel", [3, 2, 2]]] as const) {
    let asked = 0;
    using optimizer = iso({ lr: 1, moments: () => {
      asked++;
      return layerMoments([3, 3]);
    } });
    const weights = onDevice(randomTree(rng, { square: [3, 3], [path]: shape }));
    const start = await read64(weights);

    assertThrows(
      () => optimizer.step(weights, weights), ShapeError,
      `iso: a parameter is not a matrix: ${path} is [${shape.join(", ")}], needs [out, in]. `
        + "Leave it out of the tree.",
    );
    assert.equal(await read64(weights), start);
    assert.equal(optimizer.state.trees, {});
    assert.is(asked, 0);
  }
});

test("a matrix without elements is left as it is", ({ rng }) => {
  const shapes: Shapes = { empty: [0, 2], square: [3, 3] };
  for (const every of [1, 2]) {
    using optimizer = iso({ lr: 1, every, moments: (path) => layerMoments(shapes[path] ?? []) });
    const weights = onDevice(randomTree(rng, shapes));
    stepAll(optimizer, weights, [randomTree(rng, shapes), randomTree(rng, shapes)]);

    assert.equal(weights["empty"]?.shape, [0, 2]);
    assert.is(optimizer.steps, 2);
  }
});

test("roots are kept between decompositions", async ({ rng }) => {
  const asked: number[] = [];
  const options: Omit<IsoOptions, "moments"> = { lr: 0.125, momentum: 0 };
  let step = 1;
  using kept = iso({ ...options, every: 3, moments: (path) => {
    if (path === "tall") asked.push(step);
    return momentsAt(path, step);
  } });
  const due = [1, 2, 2, 4, 4, 4, 7]; // which step's moments a step goes by
  using fresh = iso({ ...options, moments: (path) => momentsAt(path, due[step - 1] ?? NaN) });
  const start = randomTree(rng, MATRICES);
  const [a, b] = [onDevice(start), onDevice(start)];
  for (step = 1; step <= due.length; step++) {
    const g = randomTree(rng, MATRICES);
    stepAll(kept, a, [g]);
    stepAll(fresh, b, [g]);
  }

  await assertTree(a, await read64(b), ROUNDING);
  assert.equal(asked, [1, 2, 4, 7]);
});

function momentsAt(path: string, step: number): LayerMoments {
  const { inputs, outputs } = layerMoments(shapeOf(path));
  return { inputs: scale(inputs, step), outputs: scale(outputs, step) };
}

test("a compiled step asks for moments at its recording, and sees them change in place", async (
  { rng },
) => {
  for (const every of [1, 2]) {
    let asked = 0;
    const kept = mapTree(MATRICES, (shape) => layerMoments(shape));
    using plain = iso({ lr: 0.125, every, moments: (path) => kept[path] as LayerMoments });
    using inside = iso({ lr: 0.125, every, moments: (path) => {
      asked++;
      return kept[path] as LayerMoments;
    } });
    const start = randomTree(rng, MATRICES);
    const [a, b] = [onDevice(start), onDevice(start)];
    using step = compile((g: FlatTree) => inside.step(b, g));
    for (let t = 1; t <= 8; t++) {
      for (const { inputs } of Object.values(kept)) assign(inputs, doubled(inputs));
      const g = randomTree(rng, MATRICES);
      stepAll(plain, a, [g]);
      step(onDevice(g));

      assert.equal(await read64(b), await read64(a));
    }
    // at the first call, which makes the state and is not recorded, and at a recording
    assert.is(asked, 2 * Object.keys(MATRICES).length);
    assert.is(step.plans, every);
  }
});

const doubled = (x: Tensor): Tensor => scope(() => scale(x, 2));

test.run();
