// Chains before and after reductions, by the kernels for GPUs and by those for processors: the bits
// of the operations one by one, in as many dispatches as the reduction takes alone.

import { type Tensor, abs, add, argmax, cast, div, dropout, exp, expand, gt, log, max,
  mean, mul, normal, permute, reshape, rng as keyed, scope, slice, sqrt, square, sub, sum,
  sumSquares, tensor, transpose } from "../../autograd/index.ts";
import { NORM, reduce } from "../../engine/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { random64, zip64 } from "../reference.ts";
import { withKernels } from "./families.ts";
import { assertJoined } from "./fused.ts";

const test = suite("fusion of reductions");

/** Sizes of `[outer, length, inner]`, and dispatches of a reduction over the middle on a GPU. */
const SIZES = [
  [[3, 33, 1], 1], [[70, 20, 1], 1], [[2, 64, 1], 1], [[1, 4096, 1], 1], [[1, 40000, 1], 2],
  [[2, 5, 7], 1], [[3, 30, 12], 1], [[2, 600, 4], 2], [[1, 4001, 3], 2], [[1, 30000, 1], 2],
] as const;

test("what is done to the results is part of the last pass", async () => {
  await withKernels("gpu", async (device) => {
    for (const [shape, passes] of SIZES) {
      const [outer, , inner] = shape;
      const f = (x: Tensor, each: Tensor, row: Tensor, column: Tensor) => {
        const y = sqrt(abs(mean(x, { axis: 1 })));
        return mul(sub(add(y, each), row), column);
      };
      await assertJoined(device, passes, f, shape, [outer, inner], [inner], [outer, 1]);
    }
  });
}, { seconds: 240 });

test("what is done to the elements is part of the first pass", async () => {
  await withKernels("gpu", async (device) => {
    for (const [shape, passes] of SIZES) {
      const f = (a: Tensor, b: Tensor) => mean(square(sub(a, b)), { axis: 1 });
      await assertJoined(device, passes, f, shape, shape);
    }
  });
}, { seconds: 240 });

test("both at once, for every way to reduce floats", async () => {
  await withKernels("gpu", async (device) => {
    for (const fold of [sum, mean, max, sumSquares]) {
      const f = (a: Tensor, b: Tensor) => {
        return mul(add(fold(mul(a, b), { axis: -1 }), 1), 0.5);
      };
      await assertJoined(device, 1, f, [5, 36], [36]);
    }
    const norm = (a: Tensor) => log(reduce(NORM, exp(mul(a, 40)), [1], "f32"));
    await assertJoined(device, 1, norm, [6, 50]);
  });
}, { seconds: 240 });

test("a loss of everything", async ({ rng }) => {
  await withKernels("gpu", async (device) => {
    const [a, b] = [random64(rng, [30, 41], [-1, 1]), random64(rng, [30, 41], [-1, 1])];
    const [x, y] = [tensor(a, { device }), tensor(b, { device })];
    const want = zip64(a, b, (p, q) => (p - q) ** 2).data.reduce((s, v) => s + v) / a.data.length;
    const loss = scope(() => sqrt(mean(square(sub(x, y)))));

    // 1230 terms in lanes and halves, each within two roundings
    assertClose(await loss.read(), [Math.sqrt(want)], { rtol: 5e-6, atol: 0 });
  });
});

test("operands that repeat, are turned, cut or of other types", async () => {
  await withKernels("gpu", async (device) => {
    const total = (x: Tensor) => sum(x, { axis: -1 });
    await assertJoined(device, 1, (a, row) => total(mul(a, row)), [6, 8], [8]);
    await assertJoined(device, 1, (a, column) => total(mul(a, column)), [6, 8], [6, 1]);
    await assertJoined(device, 1, (a, one) => total(mul(a, one)), [6, 8], []);
    await assertJoined(device, 1, (a, b) => total(mul(a, transpose(b))), [8, 12], [12, 8]);
    await assertJoined(device, 1, (a) => total(exp(slice(a, [[1, 6], [0, 9, 2]]))), [7, 9]);
    await assertJoined(device, 1, (a) => total(mul(expand(reshape(a, [6, 1]), [6, 8]), 2)), [6]);
    await assertJoined(device, 1, (a) => sum(permute(a, [1, 0, 2]), { axis: 1 }), [4, 5, 6]);
    await assertJoined(device, 2, (a) => sum(mul(a, 2), { axis: [0, 2] }), [4, 5, 6]);
    const wide = (a: Tensor) => total(cast(a, "f32"));
    for (const dtype of ["f16", "bf16"] as const) {
      await assertJoined(device, 2, (a) => wide(cast(a, dtype)), [6, 8]);
      await assertJoined(device, 2, (a) => wide(cast(a, dtype)), [6, 7]);
    }
  });
}, { seconds: 240 });

test("whole numbers, places and random numbers", async () => {
  await withKernels("gpu", async (device) => {
    const above = (a: Tensor) => cast(gt(a, 0.3), "i32");
    await assertJoined(device, 2, (a) => add(sum(above(a), { axis: 1 }), 1), [9, 20]);
    await assertJoined(device, 1, (a) => sum(gt(a, 0), { axis: 0 }), [9, 20]);
    await assertJoined(device, 1, (a) => argmax(mul(a, -1), { axis: 1 }), [9, 21]);
    const noise = ({ device: on }: Tensor) => mean(normal(keyed(3), [10, 20], { device: on }));
    await assertJoined(device, 1, noise, [1]);
    const kept = (a: Tensor) => sum(dropout(a, { rate: 0.5, rng: keyed(5) }), { axis: 0 });
    await assertJoined(device, 1, kept, [10, 12]);
    const dropped = (a: Tensor) => dropout(sum(a, { axis: 0 }), { rate: 0.5, rng: keyed(5) });
    await assertJoined(device, 1, dropped, [10, 12]);
  });
}, { seconds: 240 });

test("sums of nothing, of one element and of uniform elements", async () => {
  await withKernels("gpu", async (device) => {
    const part = (a: Tensor) => add(sum(slice(a, [[0, 4], [2, 2]]), { axis: 1 }), 3);
    await assertJoined(device, 1, part, [4, 5]);
    await assertJoined(device, 2, (a) => mul(sum(exp(a), { axis: 1 }), 2), [4, 1]);
    await assertJoined(device, 1, (a) => div(sum(mul(a, 3)), 2), [12]);
  });
});

test("more operands than a kernel takes are left to others", async () => {
  await withKernels("gpu", async (device) => {
    const all = (x: Tensor, ...list: Tensor[]) => list.reduce((y, t) => add(y, t), x);
    const shapes = (n: number) => Array.from({ length: n }, () => [6, 8]);
    await assertJoined(device, 1, (...list) => sum(all(...list as [Tensor])), ...shapes(7));
    await assertJoined(device, 2, (...list) => sum(all(...list as [Tensor])), ...shapes(8));
    const after = (x: Tensor, ...list: Tensor[]) => all(sum(x, { axis: 0 }), ...list);
    await assertJoined(device, 1, after, [5, 6], ...Array.from({ length: 6 }, () => [6]));
    const both = (a: Tensor, b: Tensor, c: Tensor, d: Tensor, ...list: Tensor[]) => {
      return all(sum(all(a, b, c, d), { axis: 0 }), ...list);
    };
    const matrices = Array.from({ length: 4 }, () => [5, 6]);
    await assertJoined(device, 1, both, ...matrices, [6], [6], [6]);
    await assertJoined(device, 2, both, ...matrices, [6], [6], [6], [6]);
  });
}, { seconds: 240 });

test("on a processor chains of a million elements join, smaller ones do not", async () => {
  await withKernels("software", async (device) => {
    const loss = (a: Tensor, b: Tensor) => sqrt(mean(square(sub(a, b)), { axis: 1 }));
    await assertJoined(device, 1, loss, [1024, 1024], [1024, 1024]);
    await assertJoined(device, 3, loss, [64, 32], [64, 32]);
    const columns = (a: Tensor, b: Tensor) => mul(sum(mul(a, b), { axis: 0 }), 2);
    await assertJoined(device, 2, columns, [4096, 256], [256]);
  });
}, { seconds: 240 });

test.run();
