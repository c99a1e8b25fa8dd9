import * as assert from "uvu/assert";
import { atom, compose, exact, linear, maxAbs, named, relu, rmsToRms, scale, stacked, withMass }
  from "../../nn/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { singularValues64 } from "../reference.ts";
import { assertThrows, drawTree, host, innerProduct } from "./helpers.ts";

const test = suite("module geometry");

const make = () => compose(
  scale(2, linear(3, 4, { norm: maxAbs })), relu(), linear(4, 5, { bias: true }),
);

test("the sharp operator is the dual norm times dualize", async ({ rng }) => {
  const module = make();
  const grads = drawTree(rng, module);
  const options = { method: exact };
  const sharp = module.sharp(grads, options);
  const dual = await module.dualNorm(grads, options).item();

  assertClose(await module.norm(sharp, options).item(), dual, { rtol: 1e-5, atol: 0 });
  assertClose(await innerProduct(module, sharp, grads), dual ** 2, { rtol: 1e-5, atol: 0 });
});

test("norms by decomposition agree with the iterations", async ({ rng }) => {
  const module = make();
  const weights = drawTree(rng, module);
  const options = { method: exact };
  for (const of of ["norm", "dualNorm", "weightNorms", "weightDualNorms"] as const) {
    const [fast, slow] = await Promise.all([
      module[of](weights).read(), module[of](weights, options).read(),
    ]);

    assertClose(fast, Array.from(slow), { rtol: 1e-4, atol: 0 }); // what iterations may miss
  }
});

test("projectBall moves only the weights that are outside", async ({ rng }) => {
  const module = compose(named("b", linear(3, 3)), named("a", linear(3, 3)));
  const large = drawTree(rng, module);
  const small = module.dualize(drawTree(rng, module), 0.5);
  const weights = module.toTree([module.toList(large)[0]!, module.toList(small)[1]!]); // two
  const [first, second] = module.toList(module.projectBall(weights, { radius: 0.75 }));

  const values = singularValues64(await host(first!));
  assert.ok((values[0] ?? NaN) < 0.751, `${values[0]}`);
  assertClose(await host(second!), (await host(module.toList(small)[1]!)).data, {
    rtol: 1e-5, atol: 1e-5,
  });
});

test("frozen weights do not count, and get no sharp update", async ({ rng }) => {
  const module = compose(withMass(linear(2, 3), 0), linear(3, 2));
  const grads = drawTree(rng, module);
  const [, frozen] = module.toList(module.sharp(grads));

  assert.ok((await frozen!.read()).every((x) => x === 0));
});

test("a weight with more axes than its norm needs a stack", () => {
  const build = (norm: typeof rmsToRms) => atom({
    name: "experts", weights: { weight: { shape: [2, 3, 3], norm } }, forward: (x) => x,
    widths: (input) => input,
  });

  assertThrows(() => build(rmsToRms), "ShapeError", "experts.weight is [2, 3, 3]");
  assertThrows(() => build(rmsToRms), "ShapeError", "stacked()");
  assert.is(build(stacked(rmsToRms)).entries.length, 1);
});

test.run();
