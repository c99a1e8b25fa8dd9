import { type Tree, full, rng as makeRng, treeLeaves, treePaths, zeros } from
  "../../autograd/index.ts";
import { compose, embed, linear, named, power, relu, rmsToRms, spectral, tuple } from
  "../../nn/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { assertSame, assertThrows, draw, host } from "./helpers.ts";

const test = suite("weights");

test("labels open levels, unlabelled composites do not, an atom has its name", () => {
  const module = compose(
    named("head", linear(2, 3)),
    named("block", compose(linear(3, 3, { label: "down", bias: true }), relu())),
    embed(3, 7),
  );

  assertSame(module.weightPaths, [
    "embed.weight", "block.down.weight", "block.down.bias", "head.weight",
  ]);
  assertSame(linear(2, 2).weightPaths, ["linear.weight"]);
  assertSame(named("outer", named("inner", linear(2, 2))).weightPaths, ["outer.inner.weight"]);
  assertSame(linear(2, 2, { label: "query" }).weightPaths, ["query.weight"]);
});

test("names that occur twice are numbered in canonical order", () => {
  const pair = compose(linear(4, 4), linear(4, 4));
  const module = compose(named("linear_0", linear(4, 4)), pair, embed(4, 3));

  assertSame(pair.weightPaths, ["linear_0.weight", "linear_1.weight"]);
  assertSame(module.weightPaths, [
    "embed.weight", "linear_1.weight", "linear_2.weight", "linear_0.weight",
  ]);
});

test("the canonical order does not depend on how objects order their names", async () => {
  const module = compose(linear(2, 2), power(linear(2, 2), 2), linear(2, 2));
  const list = [1, 2, 3, 4].map((i) => full([2, 2], i));
  const tree = module.toTree(list);

  assertSame(module.weightPaths, ["linear_0.weight", "0.weight", "1.weight", "linear_1.weight"]);
  for (const [i, w] of module.toList(tree).entries()) {
    assertClose(await w.read(), [i + 1, i + 1, i + 1, i + 1], { rtol: 0, atol: 0 });
  }
});

test("initialize gives every weight norm one, the same for the same seed", async () => {
  const module = compose(linear(5, 4, { bias: true }), named("table", embed(4, 9)));
  const tree = module.initialize(makeRng(3));
  const again = module.initialize(makeRng(3));
  const other = module.initialize(makeRng(4));

  assertSame(treePaths(tree).map(([path]) => path), module.weightPaths);
  assertClose(await module.weightNorms(tree).read(), [1, 1, 0], { rtol: 1e-5, atol: 0 });
  for (const [i, w] of module.toList(tree).entries()) {
    const [same, different] = [module.toList(again)[i], module.toList(other)[i]];
    if (!same || !different) throw new Error("weights are missing");
    assertClose(await host(w), await host(same), { rtol: 0, atol: 0 });
    if (i < 2) assertSame((await w.read())[0] === (await different.read())[0], false);
  }
});

test("a weight's start does not depend on what else there is", async () => {
  const alone = linear(4, 4).initialize(makeRng(5));
  const together = compose(linear(4, 4), embed(4, 3)).initialize(makeRng(5));
  const [a, b] = [alone, together].map((tree) => (tree as { linear: { weight: Tree } }).linear);

  assertClose(await read(a), await read(b), { rtol: 0, atol: 0 });
});

test("trees that do not fit are refused, naming the path", ({ rng }) => {
  const module = compose(named("head", linear(2, 3)), named("body", embed(3, 4)));
  const w = draw(rng, [2, 3]);
  const table = draw(rng, [4, 3]);
  const x = zeros([1], { dtype: "i32" });
  const run = (tree: unknown) => () => module.forward(x, tree as Tree);
  const body = { weight: table };

  assertThrows(run({ body }), "TypeError", "forward: weight missing: head.");
  const extra = { body, head: { weight: w, gain: w } };
  assertThrows(run(extra), "TypeError", "unknown weight: head.gain. There are here: weight.");
  assertThrows(run({ body, head: { weight: table } }), "ShapeError",
    "forward: a weight has another shape: head.weight is [4, 3], should be [2, 3].");
  assertThrows(run({ body, head: w }), "TypeError",
    "forward: not a tree of weights: head is a tensor [2, 3].");
  assertThrows(run({ body, head: { weight: 1 } }), "TypeError", "not a tensor: head.weight.");
  assertThrows(run(undefined), "TypeError", "not a tree of weights: the root is undefined.");
  assertThrows(() => module.norm({ body }), "TypeError", "norm: weight missing: head.");
  assertThrows(() => module.dualize({ body }), "TypeError", "dualize: weight missing: head.");
  assertThrows(() => module.toTree([w]), "RangeError", "not one tensor for each weight: 1 for 2.");
});

test("modules that cannot fit are refused when composed, naming the path", ({ rng }) => {
  const up = named("mlp", compose(named("up", linear(8, 4)), relu()));
  const refuses = (body: () => unknown, text: string) => assertThrows(body, "ShapeError", text);

  refuses(() => compose(up, linear(5, 2)), "mlp.up takes width 4, is given width 5.");
  refuses(() => compose(embed(3, 4), linear(3, 3)), "embed takes tokens, is given width 3.");
  refuses(() => compose(linear(2, 2), tuple(relu(), relu())), "is given a list");
  refuses(() => linear(2, 2, { norm: spectral, label: "q" }).forward(draw(rng, [3, 3]), {
    q: { weight: draw(rng, [2, 2]) },
  }), "forward: the input does not fit: q takes [..., 2], is given [3, 3].");
  assertThrows(() => named("a.b", up), "RangeError", `named: not a name: "a.b".`);
  assertSame(linear(2, 3, { norm: rmsToRms }).entries[0]?.shape, [2, 3]);
});

async function read(tree: Tree | undefined): Promise<ArrayLike<number>> {
  const [weight] = tree === undefined ? [] : treeLeaves(tree);
  return await weight?.read() ?? [];
}

test.run();
