// A whole training step, over and over: memory stays flat, and the same seed gives the same bits.

import * as assert from "uvu/assert";
import { type Rng, type Tensor, crossEntropy, dispose, keep, rng, scope, tensor, valueAndGrad } from
  "../../autograd/index.ts";
import { makeOptimizer } from "../../examples/support/make_optimizer.ts";
import { OPTIMIZERS, type Optimizer } from "../../examples/support/option_types.ts";
import { type Weights, gpt } from "../../nn/index.ts";
import { suite } from "../harness.ts";

const test = suite("training");

const VOCAB = 11;
const SHAPE = [2, 8] as const;
const model = gpt({ vocab: VOCAB, heads: 2, embed: 16, blocks: 1, rope: "standard" });

function lossOf(weights: Weights, inputs: Tensor, targets: Tensor): Tensor {
  return crossEntropy(model.forward(inputs, weights), targets);
}

function draw(from: Rng): Tensor {
  const ids = Int32Array.from({ length: SHAPE[0] * SHAPE[1] }, () => from.int(VOCAB));
  return tensor(ids, { shape: SHAPE });
}

/** Trains for some steps, tells `watch` after each, and gives the losses. */
async function train(name: Optimizer, steps: number, watch: () => void): Promise<number[]> {
  const from = rng(7);
  const weights = keep(model.initialize(from.split("weights")));
  using optimizer = makeOptimizer(name, model, 0.05, steps);
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const loss = scope(() => {
      const { value, grads } = valueAndGrad(lossOf)(weights, draw(from), draw(from));
      optimizer.step(weights, grads);
      return value;
    });
    losses.push(await loss.item());
    loss.dispose();
    watch();
  }
  dispose(weights);
  return losses;
}

for (const name of OPTIMIZERS) {
  test(`${name}: bytes in use and kept are flat from the third step to the hundredth`,
    async ({ device }) => {
      const seen: string[] = [];

      await train(name, 100, () => {
        const { tensors, live, pooled } = device.memory();
        seen.push(`${tensors} tensors, ${live} live, ${pooled} pooled`);
      });

      assert.is(seen.length, 100);
      assert.equal([...new Set(seen.slice(2))], [seen[2]]);
    }, { seconds: 90 });
}

test("the same seed gives the same losses to the last bit", async () => {
  const first = await train("modula", 10, () => {});
  const second = await train("modula", 10, () => {});

  assert.equal(second, first);
  assert.is(new Set(first).size, 10);
});

test.run();
