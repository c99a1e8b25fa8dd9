// Gradients that are added up in a place of their own, and training in little memory.

import * as assert from "uvu/assert";
import { cast, mean, rng as makeRng, scope, square, sub, tensor, treeMap, valueAndGrad } from
  "../../autograd/index.ts";
import type { Tensor, Tree } from "../../autograd/index.ts";
import { CONVERGED, mlp } from "../../nn/index.ts";
import { GradientBuffer, scion } from "../../optim/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { map64, zip64 } from "../reference.ts";
import { half64 } from "../reference/half.ts";
import { SHAPES, geometry } from "./family.ts";
import { assertTree, mapTree, onDevice, randomTree, read64 } from "./trees.ts";
import type { FlatTree, Tree64 } from "./trees.ts";

const test = suite("memory-light training");

const flat = (buffer: GradientBuffer): FlatTree => buffer.tree as FlatTree;

test("a buffer adds multiples of gradients, rounded to its dtype", async ({ rng }) => {
  for (const dtype of ["f32", "f16", "bf16"] as const) {
    const round = (x: number) => (dtype === "f32" ? Math.fround(x) : half64(dtype, x));
    const shapes = { a: [3, 5], b: [], c: [0, 2] };
    const parts = [0, 1, 2].map(() => randomTree(rng, shapes));
    using buffer = new GradientBuffer(onDevice(parts[0] as Tree64), { dtype });
    let expected = mapTree(parts[0] as Tree64, (x) => map64(x, () => 0));
    for (const [i, part] of parts.entries()) {
      buffer.add(onDevice(part), 2 ** -i);
      expected = mapTree(expected, (sum, path) => {
        return zip64(sum, part[path] ?? sum, (x, g) => round(x + 2 ** -i * g));
      });
    }

    // Rounded to f32 first, so a tie may go the other way: one rounding of the dtype.
    const rtol = { f32: 0, f16: 2 ** -10, bf16: 2 ** -7 }[dtype];
    await assertTree(flat(buffer), expected, { rtol, atol: 0 });
    assert.is((flat(buffer)["a"] as Tensor).dtype, dtype);
    using copy = new GradientBuffer(buffer.tree, { dtype });
    copy.load(buffer.tree);
    assert.equal(await read64(flat(copy)), await read64(flat(buffer)));
  }
});

test("clearing takes away what is not finite, too", async () => {
  using buffer = new GradientBuffer(tensor([1, 2]), { dtype: "bf16" });
  buffer.add(tensor([NaN, Infinity]));
  buffer.clear();

  assert.equal([...await (buffer.tree as Tensor).read()], [0, 0]);
});

test("a buffer says what does not fit", () => {
  const like = { w: tensor([1, 2]) };
  using buffer = new GradientBuffer(like);
  const throws = (f: () => void, message: RegExp) => assert.throws(f, message);

  throws(() => new GradientBuffer(like, { dtype: "i32" as never }),
    /^GradientBuffer: dtype is out of range: "i32"\. Use f32, f16, bf16\.$/);
  throws(() => buffer.add({ v: tensor([1, 2]) }),
    /^GradientBuffer\.add: not the names that the buffer was made for: v\. /);
  throws(() => buffer.add({}), /: not the names that the buffer was made for: w\. /);
  throws(() => buffer.add({ w: tensor([1]) }),
    /^GradientBuffer\.add: a gradient does not have its parameter's shape: w is \[2\], its gr/);
  throws(() => buffer.add(like, NaN), /^GradientBuffer\.add: factor is out of range: NaN\. /);
  buffer.dispose();
  throws(() => buffer.add(like), /^GradientBuffer\.add: the tensor \[2\] f32 was disposed/);
});

// lr, momentum and radii of all, on the family's weights.
const options = { lr: 0.125, momentum: 0.75, radii: { "": 2 }, polar: CONVERGED };

for (const constrained of [true, false]) {
  const form = constrained ? "constrained" : "unconstrained";
  test(`the light form takes the steps of Scion, ${form}`, async ({ rng }) => {
    const start = randomTree(rng, SHAPES);
    const [a, b] = [onDevice(start), onDevice(start)];
    using buffer = new GradientBuffer(a);
    using light = scion(geometry, { ...options, constrained, light: true });
    using usual = scion(geometry, { ...options, constrained });
    for (let t = 0; t < 5; t++) {
      const grads = onDevice(randomTree(rng, SHAPES));
      buffer.add(grads);
      light.step(a, buffer.tree);
      usual.step(b, grads);

      // Four times the average, so other roundings, which the iteration amplifies.
      await assertTree(a, await read64(b), { rtol: 0, atol: 1e-4 });
    }
    assert.equal(light.state.trees, {});
  });
}

test("in halves it stays as near to Scion as the rounding of the buffer", async ({ rng }) => {
  // A table and a vector, whose directions are no further off than their averages: 2^-9 a rounding,
  // five of them and what was kept of those before, of steps of at most 0.25 an element's RMS.
  const shapes = { table: [5, 3], bias: [4] };
  const entries = geometry.entries.filter(({ path }) => path in shapes);
  const start = randomTree(rng, shapes);
  const [a, b] = [onDevice(start), onDevice(start)];
  using buffer = new GradientBuffer(a, { dtype: "bf16" });
  using light = scion({ entries }, { ...options, light: true });
  using usual = scion({ entries }, options);
  for (let t = 0; t < 5; t++) {
    const grads = onDevice(randomTree(rng, shapes));
    buffer.add(grads);
    light.step(a, buffer.tree);
    usual.step(b, grads);
  }
  const [got, want] = [await read64(a), await read64(b)];

  for (const [path, w] of Object.entries(want)) assertClose(got[path] ?? [], w, NEAR);
  assert.not.equal(got, want);
});

const NEAR = { rtol: 0, atol: 5 * 0.25 * 2 ** -6 };

const SIDE = 64;
const net = /* @__PURE__ */ mlp({ output: SIDE, input: SIDE, width: SIDE, depth: 4 });

test("one copy of weights and one half buffer are all that is held", ({ device }) => {
  const x = tensor(Array.from({ length: 8 * SIDE }, (_, i) => Math.sin(i)), { shape: [8, SIDE] });
  const lossOf = (w: Tree) => mean(square(sub(cast(net.forward(x, w), "f32"), x)));
  const count = net.entries.reduce((n, { shape }) => n + shape.reduce((m, d) => m * d, 1), 0);

  // Bytes per parameter that stay, and the most that a step takes on top of gradients.
  const measured = (dtype: "f32" | "bf16", light: boolean) => {
    const start = device.memory().live;
    const weights = scope(() => treeMap((w) => cast(w, dtype), net.initialize(makeRng(1)))) as Tree;
    using buffer = light ? new GradientBuffer(weights, { dtype: "bf16" }) : undefined;
    using optimizer = scion(net, { lr: 2 ** -6, light, master: false });
    for (let t = 0; t < 2; t++) {
      scope(() => {
        const { grads } = valueAndGrad(lossOf)(weights);
        buffer?.add(grads);
        optimizer.step(weights, buffer?.tree ?? grads);
      });
    }
    const held = (device.memory().live - start) / count;
    const grads = scope(() => treeMap((w) => cast(w, dtype), weights)) as Tree;
    const before = device.memory().live;
    device.pool.bytes.peak = before;
    scope(() => optimizer.step(weights, buffer?.tree ?? grads));
    return { held, step: (device.memory().peak - before) / count };
  };

  const [usual, light, half] = [
    measured("f32", false), measured("f32", true), measured("bf16", true),
  ];
  assert.is(usual.held, 4 + 4); // weights and average; gradients come and go
  assert.is(light.held, 4 + 2);
  assert.is(half.held, 2 + 2);
  // The usual form works on all four matrices at once, three of each at a time; the light one on
  // one after the other, and on its gradient in f32.
  assert.ok(light.step < 0.34 * usual.step, `${light.step} and ${usual.step}`);
  assert.ok(half.step < 0.43 * usual.step, `${half.step} and ${usual.step}`); // the weight in f32
});

test.run();
