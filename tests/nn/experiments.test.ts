// What the theory promises of whole trainings. Source: math.md 5

import * as assert from "uvu/assert";
import { type Tensor, add, mseLoss, rng as makeRng, scale, sub, valueAndGrad } from
  "../../autograd/index.ts";
import { CONVERGED, type Weights, abs, certify, compose, embedRms, linear, mlp, relu, residual,
  stableRank } from "../../nn/index.ts";
import { scg } from "../../optim/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { device, draw, drawTree, withSpectrum } from "./helpers.ts";

const test = suite("experiments");

test("constrained Scion keeps the certificate within the product of the radii", async ({ rng }) => {
  const module = mlp({ output: 3, input: 6, width: 8, depth: 3 });
  const weights = module.initialize(makeRng(1));
  const [x, y] = [draw(rng, [32, 6]), draw(rng, [32, 3])];
  const radius = 1.5;
  using optimizer = scg(module, { lr: 0.3, radii: { "": radius }, polar: CONVERGED });
  const bounds: number[] = [];
  for (let t = 0; t < 8; t++) {
    const { grads } = valueAndGrad((w: Weights) => mseLoss(module.forward(x, w), y))(weights);
    optimizer.step(weights, grads);
    bounds.push((await certify(module, weights)).bound);
  }

  const most = radius ** 3 * 1.002; // what the iteration may miss
  assert.ok(bounds.every((bound) => bound <= most), bounds.join());
  assert.ok(Math.max(...bounds) > 1.5, bounds.join()); // and they do grow beyond the unit balls
});

test("an update of modular norm eta moves no output by more, within the unit balls", async (
  { rng },
) => {
  const module = compose(
    linear(3, 5), relu(), residual(compose(linear(5, 5), abs(), linear(5, 5)), 2), linear(5, 4),
  );
  const inputs = embedRms.dualize(draw(rng, [16, 4])); // rows of RMS one
  for (const eta of [0.05, 0.2]) {
    const inside = module.toList(module.project(drawTree(rng, module)));
    const weights = inside.map((w) => scale(w, 1 - eta));
    const update = module.toList(module.dualize(drawTree(rng, module), eta, CONVERGED));
    const later = weights.map((w, i) => add(w, update[i] as Tensor)); // one for each
    const [before, after] = [weights, later].map((list) => {
      return module.forward(inputs, module.toTree(list));
    }) as [Tensor, Tensor];
    const most = await embedRms.norm(sub(after, before)).item();

    assert.ok(most > 0 && most <= eta * 1.002, `${most} for ${eta}`); // the iteration's
  }
});

test("dualized updates have the stable rank of the gradient's rank", async ({ rng }) => {
  const module = linear(6, 9);
  for (const rank of [1, 3, 6]) {
    const sizes = Array.from({ length: rank }, (_, i) => 1 / (i + 1));
    const grads = module.toTree([device(withSpectrum(rng, 6, 9, sizes))]);
    const [update] = module.toList(module.dualize(grads, 1, CONVERGED));

    assertClose(await stableRank(update!).item(), rank, { rtol: 2e-3, atol: 0 }); // it is there
  }
});

test.run();
