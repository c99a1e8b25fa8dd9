// Trees of named tensors.

import * as assert from "uvu/assert";
import { type Tensor, add, mul, tensor, treeFromPaths, treeLeaves, treeMap, treeMapWithPath,
  treePaths, zeros } from "../../autograd/index.ts";
import { suite } from "../harness.ts";
import { assertThrows } from "../throws.ts";

const test = suite("trees");

const build = (n: number) => ({
  embed: tensor([n]), blocks: { 0: { weight: tensor([n + 1]) }, 1: { weight: tensor([n + 2]) } },
});

test("leaves come in the order of the names, with their paths", () => {
  const tree = build(1);

  assert.equal(treePaths(tree).map(([path]) => path),
    ["embed", "blocks.0.weight", "blocks.1.weight"]);
  assert.is(treeLeaves(tree)[2], tree.blocks[1].weight);
});

test("a tensor is a tree of one leaf with no name, and an empty object a tree of none", () => {
  const x = tensor([1]);

  assert.equal(treePaths(x).map(([path]) => path), [""]);
  assert.is(treeLeaves(x)[0], x);
  assert.equal(treeLeaves({}), []);
  assert.is(treeMap((t) => t, x), x);
});

test("a function is applied to leaves of the same names, whatever their order", async () => {
  const other = { blocks: build(10).blocks, embed: tensor([100]) };
  const sum = treeMap((a, b) => add(a, b as Tensor), build(1), other);

  assert.equal(await sum.embed.toArray(), [101]);
  assert.equal(await sum.blocks[1].weight.toArray(), [3 + 12]);
});

test("three trees, and results that are no tensors", async () => {
  const [a, b, c] = [build(1), build(2), build(3)];
  const y = treeMap((x, u, v) => mul(add(x, u as Tensor), v as Tensor), a, b, c);
  const shapes = treeMapWithPath((path, x) => `${path}: ${x.shape}`, a);

  assert.equal(await y.blocks[0].weight.toArray(), [(2 + 3) * 4]);
  assert.is(shapes.blocks[0].weight, "blocks.0.weight: 1");
});

test("a name that is missing in another tree is named", () => {
  const other = { embed: zeros([1]), blocks: { 0: { weight: zeros([1]) }, 1: {} } };

  assertThrows(() => treeMap((x) => x, build(1), other), TypeError,
    "tree: the trees do not have the same names: blocks.1.weight is missing in one. "
      + "Build both from the same module.");
});

test("a tensor in one tree and names in another are told apart", () => {
  const flat = { embed: zeros([1]), blocks: zeros([1]) };

  assertThrows(() => treeMap((x) => x, build(1), flat), TypeError,
    "tree: the trees do not have the same names: blocks.0 is missing in one. "
      + "Build both from the same module.");
  assertThrows(() => treeMap((x) => x, flat, build(1)), TypeError,
    "tree: the trees do not have the same names: blocks is a tensor in one only. "
      + "Build both from the same module.");
  assertThrows(() => treeMap((x) => x, zeros([1]), build(1)), TypeError,
    /: the root is a tensor in one/);
});

test("a tree is built again from its paths", () => {
  const tree = build(1);
  const again = treeFromPaths(treePaths(tree)) as typeof tree;

  assert.is(again.embed, tree.embed);
  assert.is(again.blocks[1].weight, tree.blocks[1].weight);
  assert.equal(Object.keys(again), ["embed", "blocks"]);
});

test("one leaf without a name is the tree itself, and no leaf an empty tree", () => {
  const x = tensor([1]);

  assert.is(treeFromPaths([["", x]]), x);
  assert.equal(treeFromPaths([]), {});
});

test("names that every object has are names like others, but for one that is refused", () => {
  const tree = treeFromPaths([["constructor.weight", 1], ["toString", 2]]);

  assert.equal(Object.entries(tree), [["constructor", { weight: 1 }], ["toString", 2]]);
  assertThrows(() => treeFromPaths([["a.__proto__.b", 1]]), TypeError,
    "tree: not a name for a leaf: a.__proto__.b. Leave __proto__ out of it.");
  assert.is(("b" in {}) as boolean, false);
});

test("leaves of other types can be put under names too", () => {
  assert.equal(treeFromPaths([["a.b", 1], ["a.c", 2], ["d", 3]]), { a: { b: 1, c: 2 }, d: 3 });
});

test.run();
