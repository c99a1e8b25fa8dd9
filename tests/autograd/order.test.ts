// Orders and scans of long lines, and what the ops refuse.

import * as assert from "uvu/assert";
import { type Tensor, argsort, bincount, cumsum, grad, histogram, linearScan, mul, ones, quantile,
  randomIntegers, rng, searchsorted, slice, sort, sum, tensor, topk, zeros } from
  "../../autograd/index.ts";
import { DtypeError, ShapeError } from "../../engine/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { random64 } from "../reference.ts";
import { assertThrows } from "../throws.ts";

const test = suite("orders and scans");

test("a long line is put in order, and equal elements stay in theirs", async () => {
  const n = 100_003; // not a multiple of a run, in twelve passes
  const x = randomIntegers(rng(1), [n], { low: -300, high: 300 });
  const list = [...await x.read()];
  const order = [...await argsort(x).read()];

  assert.equal(order, [...list.keys()].sort((i, j) => (list[i] ?? 0) - (list[j] ?? 0) || i - j));
});

test("the gradient of a sorted line goes back to where its elements were", async ({ rng: r }) => {
  const n = 5000;
  const array = random64(r, [n]);
  const weights = random64(r, [n]);
  const factors = tensor(weights);
  const slope = await grad((t: Tensor) => sum(mul(sort(t), factors)))(tensor(array)).read();

  const order = [...array.data.keys()].sort((i, j) => (array.data[i] ?? 0) - (array.data[j] ?? 0));
  const expected = new Float64Array(n);
  order.forEach((i, k) => expected[i] = weights.data[k] ?? NaN);
  assertClose(slope, [...expected], { rtol: 0, atol: 0 });
});

test("whole numbers are summed up exactly over a million elements", async () => {
  const n = 2 ** 20 + 5; // in four levels of 64
  const total = cumsum(ones([n], { dtype: "i32" }));
  const back = cumsum(ones([n], { dtype: "i32" }), { reverse: true, exclusive: true });

  assert.equal([...await slice(total, [[0, n, 65537]]).read()],
    Array.from({ length: 16 }, (_, i) => i * 65537 + 1));
  assert.equal([...await slice(back, [[0, n, 65537]]).read()],
    Array.from({ length: 16 }, (_, i) => n - 1 - i * 65537));
});

test("the same line is summed up to the same bits", async ({ rng: r }) => {
  const x = tensor(random64(r, [20_000]));
  assert.equal(await cumsum(x).read(), await cumsum(x).read());
});

test("shapes and options that do not fit are refused", () => {
  const x = zeros([2, 3]);
  const cases: readonly Parameters<typeof assertThrows>[] = [
    [() => cumsum(zeros([])), ShapeError,
      "cumsum: a scalar has no axis to run along: []. Reshape it to [1]."],
    [() => cumsum(zeros([2], { dtype: "bool" })), DtypeError,
      "cumsum: dtype not supported: bool. Use f32 or i32 or u32, or cast first."],
    [() => linearScan(x, zeros([3])), ShapeError,
      "linearScan: a and b differ: [2, 3] and [3]. Give one b for each a."],
    [() => sort(x, { axis: 2 }), ShapeError, "sort: no such axis: 2 of [2, 3]. Use -2 to 1."],
    [() => topk(x, 4), ShapeError,
      "topk: not a number of elements: 4 along axis -1 of [2, 3]. Use 0 to 3."],
    [() => searchsorted(x, x), ShapeError, "searchsorted: not a list: [2, 3]. Give [n]."],
    [() => bincount(zeros([2], { dtype: "i32" }), { length: 3, weights: x }), ShapeError,
      "bincount: weights and elements differ: [2, 3] and [2]. Give one weight for each element."],
    [() => histogram(x, { range: [1, 1] }), RangeError,
      "histogram: no bins: 10 from 1 to 1. Use 1 or more, and a rising range."],
    [() => quantile(x, 2), RangeError, "quantile: not a share: 2. Use 0 to 1."],
    [() => quantile(zeros([0]), 0.5), ShapeError,
      "quantile: no elements to choose from: [0]. Leave empty axes out."],
  ];
  for (const [call, type, message] of cases) assertThrows(call, type, message);
});

test.run();
