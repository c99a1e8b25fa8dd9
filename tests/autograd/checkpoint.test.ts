// checkpoint: the gradients of the function itself, its memory, and what it refuses.

import * as assert from "uvu/assert";
import { type Device, DisposedError, type Tensor, add, argmax, assign, checkpoint, dropout, exp,
  grad, hvp, matmul, mul, normal, openDevice, rng, scale, scope, sin, square, sum, tanh, tensor,
  uniform, valueAndGrad, vjp, zeros } from "../../autograd/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { assertThrows } from "../throws.ts";

const test = suite("checkpoint");

/** The same kernels in another order of sums, on values of about 1. */
const close = { rtol: 1e-5, atol: 1e-6 } as const;

const SIZE = 1024; // elements; 4096 bytes are a size class of their own
const BYTES = 4 * SIZE;

function chain(x: Tensor, times = 20): Tensor {
  let y = x;
  for (let i = 0; i < times; i++) y = tanh(scale(y, 1.1));
  return y;
}

test("value and gradient are those of the function", async () => {
  const x = tensor([0.2, -0.7]);
  const { value, grads } = valueAndGrad((t: Tensor) => sum(checkpoint(chain)(t)))(x);
  const plain = valueAndGrad((t: Tensor) => sum(chain(t)))(x);

  assertClose(await value.read(), await plain.value.read(), close);
  assertClose(await grads.read(), await plain.grads.read(), close);
});

test("outside a transform it is the function", async () => {
  assert.equal(await checkpoint((x: Tensor, by: number) => mul(x, by))(tensor([2]), 3).toArray(),
    [6]);
});

test("nothing of the function's inside is held between there and back", ({ device }) => {
  const x = zeros([SIZE]);
  const before = device.memory().live;
  const { value, free } = scope(() => vjp(checkpoint(chain), x));

  assert.is(device.memory().live - before, BYTES); // the result
  free();
  value.dispose();
});

/** Peak bytes of a gradient of 16 blocks of 20 operations, each computed by itself. */
async function peakOf(wrap: (f: (x: Tensor) => Tensor) => (x: Tensor) => Tensor): Promise<number> {
  const device: Device = await openDevice({ fusion: false });
  const x = zeros([SIZE], { device });
  grad((t: Tensor) => {
    let y = t;
    for (let i = 0; i < 16; i++) y = scope(() => wrap((u) => scope(() => chain(u)))(y));
    return sum(y);
  })(x).dispose();
  const { peak } = device.memory();
  x.dispose();
  device.close();
  return peak;
}

test("the peak is that of one block and of the blocks' results", async () => {
  const plain = await peakOf((f) => f);
  const flat = await peakOf(checkpoint);

  assert.ok(plain > 16 * 20 * BYTES, `${plain / BYTES} tensors plain`);
  // 16 results, a block there (20 x 2 at most) and back (as much again).
  assert.ok(flat < (16 + 4 * 20) * BYTES, `${flat / BYTES} tensors with checkpoints`);
});

test("several arguments, trees, and arguments that are no tensors", async () => {
  const f = checkpoint((p: { w: Tensor; inner: { b: Tensor } }, list: Tensor[], by: number) =>
    scale(add(mul(p.w, p.inner.b), list[1] as Tensor), by));
  const at = { w: tensor([2, 3]), b: tensor([5]), c: tensor([7, 7]) };
  const g = grad(({ w, b, c }: typeof at) => sum(f({ w, inner: { b } }, [b, c], 10)))(at);

  assert.equal(await g.w.toArray(), [50, 50]);
  assert.equal(await g.b.toArray(), [50]);
  assert.equal(await g.c.toArray(), [10, 10]);
});

test("trees of results, with integers among them", async () => {
  const f = checkpoint((x: Tensor) => {
    return { y: square(x), parts: [sum(x), argmax(x)] as const, idle: zeros([0]) };
  });
  const { value, pullback } = vjp((x: Tensor) => {
    const { y, parts: [total, place], idle } = f(x);
    return { y, total, place, idle };
  }, tensor([1, 3, 2]));

  assert.equal(await value.y.toArray(), [1, 9, 4]);
  assert.is(await value.total.item(), 6);
  assert.is(await value.place.item(), 1);
  const dy = { y: tensor([1, 1, 1]), total: tensor(10), place: zeros([]), idle: zeros([0]) };
  assert.equal(await pullback(dy).toArray(), [12, 16, 14]);
});

test("an argument may come back, alone or twice", async () => {
  const twice = checkpoint((x: Tensor) => [x, x] as const);
  const g = grad((x: Tensor) => {
    const [a, b] = twice(checkpoint((t: Tensor) => t)(x));
    return sum(mul(a, scale(b, 3)));
  })(tensor([2]));

  assert.equal(await g.toArray(), [12]);
});

test("checkpoints nest", async () => {
  const inner = checkpoint((x: Tensor, w: Tensor) => sin(mul(x, w)));
  const outer = checkpoint((x: Tensor, w: Tensor) => inner(inner(x, w), square(w)));
  const plain = (x: Tensor, w: Tensor) => sin(mul(sin(mul(x, w)), square(w)));
  const at = { x: tensor([0.5, 1]), w: tensor([1.2, 0.3]) };
  const g = grad((p: typeof at) => sum(outer(p.x, p.w)))(at);
  const expected = grad((p: typeof at) => sum(plain(p.x, p.w)))(at);

  assertClose(await g.x.read(), await expected.x.read(), close);
  assertClose(await g.w.read(), await expected.w.read(), close);
});

test("gradients of any order pass through", async () => {
  let f = (x: Tensor): Tensor => sum(checkpoint((t: Tensor) => square(square(t)))(x));
  const values: number[] = [];
  for (let order = 0; order <= 4; order++) {
    values.push(await f(tensor(2)).item());
    const before = f;
    f = (x) => grad(before)(x);
  }

  assert.equal(values, [16, 32, 48, 48, 24]);
});

test("a second derivative holds nothing of the inside either", ({ device }) => {
  const x = zeros([SIZE]);
  const before = device.memory().live;
  const { value, free } = scope(() =>
    vjp(grad((t: Tensor) => sum(checkpoint((u: Tensor) => chain(u))(t))), x));
  // The result; the gradient that entered; the output of the checkpoint is not needed by sum.
  const kept = device.memory().live - before;
  free();
  value.dispose();

  assert.ok(kept <= 4 * BYTES, `${kept / BYTES} tensors held`);
});

test("a Hessian product through checkpoints", async () => {
  const w = tensor([[0.3, -0.2], [0.5, 0.9]]);
  const v = tensor([[1, 2], [-1, 0.5]]);
  const layer = (x: Tensor, m: Tensor) => tanh(matmul(x, m));
  const loss = (f: typeof layer) => (m: Tensor) => sum(f(f(tensor([[1, 2]]), m), m));
  const got = hvp(loss(checkpoint(layer)), w, v);
  const expected = hvp(loss(layer), w, v);

  assertClose(await got.hvp.read(), await expected.hvp.read(), close);
  assertClose(await got.grads.read(), await expected.grads.read(), close);
});

test("random numbers are the same the second time, and go on after it", async () => {
  const from = rng(7);
  const noisy = checkpoint((x: Tensor, r: typeof from) => mul(x, normal(r, [3])));
  const { value, grads } = valueAndGrad((x: Tensor) => sum(noisy(x, from)))(tensor([1, 1, 1]));
  const next = await uniform(from, [2]).read();

  const twin = rng(7);
  const factors = await normal(twin, [3]).read();
  assert.equal(await grads.read(), factors);
  assertClose(await value.item(), Array.from(factors).reduce((s, x) => s + x, 0), close);
  assert.equal(next, await uniform(twin, [2]).read());
});

test("dropout drops the same elements on the way back", async () => {
  const from = rng(9);
  const dropped = checkpoint((x: Tensor) => dropout(square(x), { rate: 0.5, rng: from }));
  const x = tensor(new Float32Array(64).fill(1));
  const { value, pullback } = vjp(dropped, x);
  const y = await value.read(); // 0 or 2
  const g = await pullback(tensor(new Float32Array(64).fill(1))).read();

  assert.equal(g, y.map((v) => 2 * v));
  assert.ok(y.includes(0) && y.includes(2));
});

test("a tensor closed over that needs a gradient is refused", () => {
  const message = "checkpoint: the function uses a tensor that needs a gradient and is not among "
    + "its arguments: [2] f32. Pass it as an argument.";
  const x = tensor([1, 2]);

  assertThrows(() => grad((w: Tensor) => sum(checkpoint((t: Tensor) => mul(t, w))(x)))(x), Error,
    message);
  assertThrows(() => grad((w: Tensor) => sum(checkpoint((_: Tensor) => w)(x)))(x), Error, message);
  assertThrows(() => grad((w: Tensor) =>
    sum(checkpoint((t: Tensor) => grad((u: Tensor) => sum(mul(u, w)))(t))(w)))(x), Error, message);
});

test("so is one of an outer checkpoint, and of an outer gradient", () => {
  const x = tensor([1, 2]);
  const nested = checkpoint((t: Tensor) => checkpoint((u: Tensor) => mul(u, exp(t)))(t));

  assertThrows(() => grad((t: Tensor) => sum(nested(t)))(x), Error,
    /^checkpoint: the function uses/);
  assertThrows(() => grad((w: Tensor) =>
    sum(grad((t: Tensor) => sum(checkpoint((u: Tensor) => mul(u, w))(t)))(x)))(x), Error,
  /^checkpoint: the function uses/);
});

test("a constant closed over is one as long as it lives", async () => {
  const c = tensor([3]);
  assert.equal(await grad((x: Tensor) => sum(checkpoint((t: Tensor) => mul(t, c))(x)))(tensor([1]))
    .toArray(), [3]);

  const f = (x: Tensor) => {
    const made = tensor([3]);
    return sum(checkpoint((t: Tensor) => mul(t, made))(x));
  };
  assertThrows(() => grad(f)(tensor([1])), DisposedError,
    /^checkpoint: a tensor that the function closes over was disposed before the way back /);
});

test("arguments cannot be changed while their gradient is open", () => {
  const x = tensor([1]);
  assertThrows(() => grad((t: Tensor) => sum(checkpoint((u: Tensor) => {
    assign(x, tensor([2]));
    return square(u);
  })(t)))(x), Error, /^assign: the tensor is part of a gradient being computed\./);
});

test("an error inside leaves everything as it was", async ({ device }) => {
  const x = tensor([2]);
  const before = device.memory().tensors;
  const broken = checkpoint((t: Tensor): Tensor => {
    exp(t);
    throw new RangeError("mine");
  });
  assertThrows(() => grad((t: Tensor) => sum(broken(square(t))))(x), RangeError, "mine");

  assert.is(device.memory().tensors, before);
  assert.equal(await grad((t: Tensor) => sum(square(t)))(x).toArray(), [4]);
});

test.run();
