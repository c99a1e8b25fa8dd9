// Smallest cases of what went wrong once.

import * as assert from "uvu/assert";
import { type Tensor, add, arange, assign, cast, crossEntropy, currentDevice, full, grad,
  logSoftmax, mul, openDevice, reshape, softmax, square, sum, tensor, treeFromPaths, valueAndGrad,
  zeros } from "../../autograd/index.ts";
import { type DType, DtypeError } from "../../engine/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";

const test = suite("regressions");

test("assign refuses memory that a gradient is being computed from, under any handle", () => {
  const x = tensor([3]);
  const constant = tensor([2]);
  const during = (target: Tensor) => () => grad((p: Tensor) => {
    const y = sum(mul(mul(p, p), constant));
    assign(target, zeros([1]));
    return y;
  })(x);

  for (const target of [x, constant, reshape(x, [1])]) {
    assert.throws(during(target), /^assign: the tensor is part of a gradient being computed\./);
  }
});

test("the current device is the first that is still open", async ({ device }) => {
  const second = await openDevice();
  assert.is(currentDevice(), device);
  second.close();
  assert.is(currentDevice(), device);
});

test("the second derivative of a clear cross-entropy keeps its digits", async () => {
  // Two classes, label 0: loss log(1 + exp(b - a)), slope by a is -q with q = 1 / (1 + exp(a - b)),
  // second slope q (1 - q).
  const gap = 20;
  const q = 1 / (1 + Math.exp(gap));
  const slope = (x: Tensor) => grad((t: Tensor) => crossEntropy(t, tensor(new Int32Array([0]))))(x);
  const weights = tensor([[1, 0]]);

  const bend = grad((x: Tensor) => sum(mul(slope(x), weights)))(tensor([[gap, 0]]));

  const expected = [q * (1 - q), -q * (1 - q)];
  // exp and one division in float32
  assertClose(await bend.read(), expected, { rtol: 2e-6, atol: 0 });
});

test("softmax and logSoftmax of a scalar have derivatives of any order", async () => {
  for (const [f, value] of [[softmax, 1], [logSoftmax, 0]] as const) {
    const first = (x: Tensor) => grad((t: Tensor) => f(t))(x);
    const second = grad((x: Tensor) => square(first(x)))(tensor(2));

    assert.is(await f(tensor(2)).item(), value);
    assert.is(await second.item(), 0);
  }
});

test("numbers and dtypes that do not fit are refused by name", () => {
  const u = tensor(new Uint32Array([1]));
  const double = "f64" as unknown as DType;
  const cases: readonly [() => unknown, RegExp][] = [
    [() => add(u, 2 ** 40), /^add: a number does not fit u32: 1099511627776\. /],
    [() => arange(3, { step: 0.5, dtype: "i32" }), /^arange: a number does not fit i32: 0\.5\. /],
    [() => full([1], -1, { dtype: "bool" }), /^full: a number does not fit bool: -1\. /],
    [() => cast(u, double), /^cast: dtype not supported: f64\. /],
    [() => tensor([1], { dtype: double }), /^tensor: dtype not supported: f64\. /],
  ];

  for (const [call, message] of cases) {
    assert.throws(call, (e: unknown) => e instanceof DtypeError && message.test(e.message));
  }
});

test("what is no tensor and no number is refused by name", () => {
  const nothing = undefined as unknown as number;
  assert.throws(() => tensor(nothing), /^tensor: not numbers: undefined\. Give a number/);
  assert.throws(() => cast(3 as unknown as Tensor, "i32"), /^cast: not a tensor: number\. /);
});

test("a disposed tensor without elements cannot be read", async () => {
  const x = zeros([0]);
  x.dispose();
  const error = await x.read().catch((e: unknown) => e);
  assert.match(String(error), /^DisposedError: read: the tensor \[0\] f32 was disposed/);
});

test("a path that is both a leaf and a level is refused", () => {
  for (const paths of [["a", "a.b"], ["a.b", "a"], ["a", "a"]]) {
    assert.throws(() => treeFromPaths(paths.map((path) => [path, { path }] as const)),
      /^tree: a name is taken twice, or both a leaf and a level: a/);
  }
});

test("a gradient inside a gradient does not stop an optimizer outside", async () => {
  const x = tensor([3]);
  const { value, grads } = valueAndGrad((p: Tensor) => sum(mul(p, p)))(x);

  assign(x, add(x, mul(grads, -0.5)));

  assert.is(await value.item(), 9);
  assert.equal([...await x.read()], [0]);
});

test.run();
