// What einsum and the products refuse, and what they say.

import { ShapeError, cross, currentDevice, dot, einsum, evaluate, gram, linear, matmul, ones,
  tensordot } from "../../autograd/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { assertThrows } from "../throws.ts";

const test = suite("einsum");

const refused: Readonly<Record<string, readonly [() => unknown, string]>> = {
  "an equation with two arrows": [() => einsum("i->j->k", ones([2])),
    'einsum: not an equation: "i->j->k" for [2]. '
      + "Use letters, commas, one ... a term and one ->."],
  "other characters": [() => einsum("i1->i", ones([2])),
    'einsum: not an equation: "i1->i" for [2]. Use letters, commas, one ... a term and one ->.'],
  "more terms than operands": [() => einsum("ij,jk->ik", ones([2, 2])),
    'einsum: 2 terms for 1 operands: "ij,jk->ik" for [2, 2]. Give one term for each.'],
  "an axis without a name": [() => einsum("i->i", ones([2, 3])),
    'einsum: term 0 does not have the axes of its operand: "i->i" for [2, 3]. '
      + "Name every axis, or use ...."],
  "a name without an axis": [() => einsum("...ijk->i", ones([2, 3])),
    'einsum: term 0 does not have the axes of its operand: "...ijk->i" for [2, 3]. '
      + "Name every axis, or use ...."],
  "two sizes of one name": [() => einsum("ij,jk->ik", ones([2, 3]), ones([4, 2])),
    'einsum: axis j has two sizes, 3 and 4: "ij,jk->ik" for [2, 3], [4, 2]. Make them equal.'],
  "an output from nowhere": [() => einsum("ij->ik", ones([2, 3])),
    'einsum: output axis k is in no operand, or named twice: "ij->ik" for [2, 3]. '
      + "Change the output."],
  "an output named twice": [() => einsum("ij->ii", ones([2, 3])),
    'einsum: output axis i is in no operand, or named twice: "ij->ii" for [2, 3]. '
      + "Change the output."],
  "an ellipsis that the output lacks": [() => einsum("...i->i", ones([2, 3])),
    'einsum: the output leaves out the axes under ...: "...i->i" for [2, 3]. '
      + "Put ... in the output too."],
  "axes of tensordot that differ": [() => tensordot(ones([2, 3]), ones([2, 3]), { axes: 1 }),
    'tensordot: axis b has two sizes, 3 and 2: "ab,bd->ad" for [2, 3], [2, 3]. Make them equal.'],
  "a cross product of four": [() => cross(ones([4]), ones([4])),
    "cross: axis -1 is not of size 3: [4]. Name the axis of the vectors."],
  "the Gram matrix of a vector": [() => gram(ones([4])),
    "gram: operands need two axes or more: a [4] x b [4]. Add an axis with reshape."],
  "a scalar in matmul": [() => matmul(ones([]), ones([2, 2])),
    "matmul: operands need two axes or more: a [] x b [2, 2]. Add an axis with reshape."],
  "vectors of two sizes": [() => matmul(ones([2]), ones([3])),
    "matmul: inner sizes differ: a [1, 2] x b [3, 1] (2 != 3). "
      + "Transpose b or check the layer's fanIn."],
};

for (const [name, [call, message]] of Object.entries(refused)) {
  test(`${name} is refused`, () => assertThrows(call, ShapeError, message));
}

test("operands are joined cheapest first", async () => {
  const [a, b, v] = [ones([40, 50]), ones([50, 60]), ones([60])];
  evaluate([a, b, v]);
  const before = currentDevice().memory().live;

  const y = einsum("ij,jk,k->i", a, b, v);

  const made = currentDevice().memory().live - before;
  if (made >= 4 * 40 * 60) throw new Error(`a b was formed: ${made} bytes`);
  assertClose(await y.read(), new Float32Array(40).fill(3000), { rtol: 0, atol: 0 }); // whole
});

test("a diagonal is a view", async () => {
  const x = ones([300, 300]);
  const { dispatches } = currentDevice().counts;

  const y = einsum("ii->i", x);

  const made = currentDevice().counts.dispatches - dispatches;
  if (made !== 0) throw new Error(`${made} dispatches`);
  assertClose(await y.read(), new Float32Array(300).fill(1), { rtol: 0, atol: 0 });
});

test("linear and dot take what matmul takes", async () => {
  const y = linear(ones([3]), ones([2, 3]), ones([2]));

  assertClose(await y.read(), [4, 4], { rtol: 0, atol: 0 });
  assertClose(await dot(ones([3]), ones([3])).read(), [3], { rtol: 0, atol: 0 });
});

test.run();
