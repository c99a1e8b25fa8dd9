// accumulate: the mean over batches, its weights, and its memory.

import * as assert from "uvu/assert";
import { type Tensor, accumulate, cast, grad, matmul, mean, mul, openDevice, square, sub, sum, tanh,
  tensor, valueAndGrad, zeros } from "../../autograd/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { random64 } from "../reference.ts";
import { slice64 } from "../reference/parts.ts";
import { assertThrows } from "../throws.ts";

const test = suite("accumulation over batches");

/** Means of means are rounded a few times more than the mean. */
const close = { rtol: 1e-5, atol: 1e-6 } as const;

const lossOf = (p: { w: Tensor }, { x, y }: { x: Tensor; y: Tensor }) =>
  mean(square(sub(tanh(matmul(x, p.w)), y)));

test("batches of one size give the value and gradients of all together", async ({ rng }) => {
  const [x, y] = [random64(rng, [12, 5]), random64(rng, [12, 3])];
  const w = tensor(random64(rng, [5, 3]));
  const part = (from: number, to: number) =>
    ({ x: tensor(slice64(x, [[from, to]])), y: tensor(slice64(y, [[from, to]])) });

  const got = accumulate(lossOf)({ w }, [part(0, 4), part(4, 8), part(8, 12)]);

  const whole = valueAndGrad(lossOf)({ w }, part(0, 12));
  assertClose(await got.value.item(), await whole.value.item(), close);
  assertClose(await got.grads.w.read(), await whole.grads.w.read(), close);
});

test("batches of several sizes do, weighted by size", async ({ rng }) => {
  const [x, y] = [random64(rng, [12, 5]), random64(rng, [12, 3])];
  const w = tensor(random64(rng, [5, 3]));
  const part = (from: number, to: number) =>
    ({ x: tensor(slice64(x, [[from, to]])), y: tensor(slice64(y, [[from, to]])) });
  const bySize = accumulate(lossOf, { weight: (batch) => batch.x.shape[0] ?? 0 });

  const got = bySize({ w }, [part(0, 1), part(1, 8), part(8, 12)]);

  const whole = valueAndGrad(lossOf)({ w }, part(0, 12));
  assertClose(await got.value.item(), await whole.value.item(), close);
  assertClose(await got.grads.w.read(), await whole.grads.w.read(), close);
});

test("a mean of numbers", async () => {
  const f = (p: Tensor, factor: number) => mul(square(p), factor);
  const { value, grads } = accumulate(f, { weight: (n) => n })(tensor(3), [1, 0, 2]);

  assert.is(await value.item(), 15); // 9 (1 1 + 2 2) / 3
  assert.is(await grads.item(), 10);
});

test("memory does not grow with the number of batches", async () => {
  const peaks: number[] = [];
  for (const count of [3, 20]) { // the first two are taken on by others
    const device = await openDevice();
    const w = zeros([1024], { device });
    const batches = function* () {
      for (let i = 0; i < count; i++) yield zeros([1024], { device }); // made one by one
    };
    const { value, grads } = accumulate((p: Tensor, x: Tensor) => sum(tanh(mul(p, x))))(
      w, batches());
    for (const t of [value, grads, w]) t.dispose();
    const { peak, live } = device.memory();
    assert.is(live, 0);
    peaks.push(peak);
    device.close();
  }

  assert.is(peaks[1], peaks[0]);
});

test("a mean over batches can be differentiated", async () => {
  const f = (p: Tensor, factor: number) => sum(mul(mul(p, square(p)), factor));
  const g = grad((p: Tensor) => sum(accumulate(f)(p, [1, 3]).grads))(tensor([2]));

  assert.equal(await g.toArray(), [24]); // 2 p^3 twice differentiated: 12 p
});

test("sums of half precision gradients are kept in float32", async () => {
  // 2048 + 1 is 2048 in f16: summed there, the ones would be lost.
  const p = cast(tensor(1), "f16");
  const batches = [2048, 1, 1, 1, 1, 1, 1, 1, 1];
  const { grads } = accumulate((x: Tensor, factor: number) => mul(x, factor))(p, batches);

  assert.is(grads.dtype, "f16");
  assert.is(await grads.item(), 228.5); // 2056 / 9 = 228.44, to a multiple of 1/8: 228.5
});

test("no batches, and weights that are none, are refused and nothing stays", ({ device }) => {
  const before = device.memory().tensors;
  const run = (weights: readonly number[]) => () => accumulate(
    (p: Tensor, factor: number) => mul(p, factor), { weight: (w) => w })(tensor(1), weights);

  assertThrows(run([]), RangeError, "accumulate: there is no batch. Give at least one.");
  assertThrows(run([0, 0]), RangeError,
    "accumulate: the weights add up to 0. Give a batch some weight.");
  assertThrows(run([1, -1]), RangeError,
    "accumulate: a batch has no such weight: -1. Use 0 or more.");
  assertThrows(run([1, NaN]), RangeError, /: NaN\. Use 0 or more\.$/);
  assert.is(device.memory().tensors, before + 4); // the parameters, in this test's scope
});

test("what is no function, no options or no list of batches is refused", () => {
  const f = (p: Tensor, factor: number) => mul(p, factor);
  const refuses = (body: () => unknown, message: string): void => {
    assertThrows(body, TypeError, message);
  };

  refuses(() => accumulate(undefined as never),
    "accumulate: the loss is not a function: undefined. Give one of parameters and a batch.");
  refuses(() => accumulate(f, { weight: 4 as never }),
    "accumulate: the option weight is not a function: number. Give one of a batch.");
  refuses(() => accumulate(f, 4 as never),
    "accumulate: the options are not an object: number. Write { weight: ... }.");
  refuses(() => accumulate(f, null as never),
    "accumulate: the options are not an object: null. Write { weight: ... }.");
  refuses(() => accumulate(lossOf)({ w: tensor([1]) }, tensor([1]) as never),
    "accumulate: the batches cannot be iterated: a tensor. Give a list of them.");
  refuses(() => accumulate(f)(tensor(1), undefined as never),
    "accumulate: the batches cannot be iterated: undefined. Give a list of them.");
});

test.run();
