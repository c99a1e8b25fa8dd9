// What a call says of arguments that are no tensors, lists, options or generators. The types refuse
// most of them; programs without types reach these messages.

import * as assert from "uvu/assert";
import * as autograd from "../../autograd/index.ts";
import { DtypeError, ShapeError, dot, grad, linear, rng, sum, zeros } from
  "../../autograd/index.ts";
import type { Tensor } from "../../autograd/index.ts";
import { suite } from "../harness.ts";
import { assertThrows } from "../throws.ts";

const test = suite("errors of calls");

type Call = readonly [name: string, args: readonly unknown[], message: string];

/** The exports as a program without types sees them. */
const untyped = autograd as unknown as Readonly<Record<string, (...args: unknown[]) => unknown>>;

function assertRefused(calls: readonly Call[]): void {
  for (const [name, args, message] of calls) {
    assertThrows(() => untyped[name]?.(...args), TypeError, `${name}: ${message}`);
  }
}

test("an axis given by itself is refused, not left out", () => {
  const x = zeros([2, 2]);
  const message = "the options are not an object: number. Write { axis: ... }.";

  assertRefused([
    ..."sum mean max min sumSquares prod argmax argmin softmax logSoftmax logsumexp".split(" "),
    ..."sort argsort cumsum cumprod any all".split(" "),
  ].map((name) => [name, [x, 1], message] as const));
  assertRefused([
    ["concat", [[x, x], 1], message], ["stack", [[x, x], 1], message],
    ["split", [x, [1, 1], 1], message],
  ]);
});

test("what is no tensor is named", () => {
  const x = zeros([2, 2]);

  assertRefused([
    ["add", [x, [1, 2]], "not a tensor: an array. Make one with tensor()."],
    ["linear", [x, "w"], "not a tensor: string. Make one with tensor()."],
    ["zerosLike", [undefined], "not a tensor: undefined. Make one with tensor()."],
    ["softmax", [null], "not a tensor: null. Make one with tensor()."],
    ["searchsorted", [x, 3], "not a tensor: number. Make one with tensor()."],
    ["crossEntropy", [x, zeros([2], { dtype: "i32" }), { weight: [1, 2] }],
      "not a tensor: an array. Make one with tensor()."],
    ["full", [[2], x], "not a number: object. Give one."],
    ["tensor", [x],
      "not numbers: an object. Give a number, nested arrays, a typed array, or { shape, data }."],
  ]);
});

test("a shape or list written as a number is named", () => {
  const x = zeros([2, 2]);

  assertRefused([
    ["zeros", [3], "the shape is not a list: number. Give an array."],
    ["ones", [3], "the shape is not a list: number. Give an array."],
    ["uniform", [rng(1), 3], "the shape is not a list: number. Give an array."],
    ["reshape", [x, 4], "the shape is not a list: number. Give an array."],
    ["expand", [x, 4], "the shape is not a list: number. Give an array."],
    ["permute", [x, 1], "axes is not a list: number. Give an array."],
    ["tile", [x, 2], "repeats is not a list: number. Give an array."],
    ["split", [x, 1], "sizes is not a list: number. Give an array."],
    ["slice", [x, [1]], "a range is not a list: number. Give an array."],
    ["stack", [x], "what to join is not a list: object. Give an array."],
    ["concat", [x], "what to join is not a list: object. Give an array."],
    ["einsum", [x, "ij->ji"], "not a tensor: string. Make one with tensor()."],
    ["einsum", [undefined, x], 'no equation: undefined. Write "ij,jk->ik" first.'],
  ]);
});

test("options that must be there are asked for by name", () => {
  const image = zeros([1, 1, 2, 2]);

  assertRefused([
    ["maxPool2d", [image, 2], "the options are not an object: number. Write { kernel: ... }."],
    ["avgPool2d", [image], "the options are not an object: undefined. Write { kernel: ... }."],
    ["unfold", [image], "the options are not an object: undefined. Write { kernel: ... }."],
    ["bincount", [zeros([2], { dtype: "i32" }), 3],
      "the options are not an object: number. Write { length: ... }."],
    ["histogram", [image], "the options are not an object: undefined. Write { range: ... }."],
    ["dropout", [image, 0.5], "the options are not an object: number. Write { rng: ... }."],
    ["randomIntegers", [rng(1), [2], 6],
      "the options are not an object: number. Write { high: ... }."],
  ]);
});

test("a missing generator is named, and a bad shape takes no stream", () => {
  const from = rng(3);
  const { stream } = from.state;

  assertRefused([
    ["uniform", [[2, 3]], "not a random generator: object. Make one with rng(seed)."],
    ["permutation", [5], "not a random generator: number. Make one with rng(seed)."],
    ["dropout", [zeros([2]), { rate: 0.5 }],
      "not a random generator: undefined. Make one with rng(seed)."],
    ["normal", [from, 3], "the shape is not a list: number. Give an array."],
  ]);
  assert.is(from.state.stream, stream);
});

test("an op made of others reports in its own name, with the first error as the cause", () => {
  let thrown: unknown;
  try {
    linear(zeros([2, 3]), zeros([4, 5]));
  } catch (error) {
    thrown = error;
  }

  assert.instance(thrown, ShapeError);
  const { message, cause } = thrown as ShapeError;
  assert.match(message, /^linear: inner sizes differ: a \[2, 3\] x b \[5, 4\]/);
  assert.is((cause as Error).message, message.replace("linear", "matmul"));
  assertThrows(() => dot(zeros([2], { dtype: "i32" }), zeros([2], { dtype: "i32" })), DtypeError,
    "dot: dtype not supported: i32. Use f32, or cast first.");
});

test("a function's own error passes through a transform as it is", () => {
  const own = new RangeError("mine: too much");

  assertThrows(() => grad((x: Tensor) => {
    sum(x);
    throw own;
  })(zeros([2])), RangeError, "mine: too much");
});

test.run();
