// A training step whose products, reductions and row kernels wait: gradients, replays.

import * as assert from "uvu/assert";
import { type Device, type Tensor, add, assign, compile, crossEntropy, evaluate, gelu, layerNorm,
  matmul, mean, mul, openDevice, rmsNorm, scope, square, sub, sum, tanh, tensor, valueAndGrad } from
  "../../autograd/index.ts";
import { elementwise, live } from "../../engine/index.ts";
import { suite } from "../harness.ts";
import { withKernels } from "./families.ts";
import { bits, randoms } from "./fused.ts";

const test = suite("training with waiting kernels");

/** Weights of a small network with a normalization and a penalty. */
type Weights = Readonly<Record<"w" | "gain" | "v", Tensor>>;

function lossOf({ w, gain, v }: Weights, x: Tensor, labels: Tensor): Tensor {
  const inner = tanh(add(matmul(x, w), gain));
  const hidden = gelu(layerNorm(inner, { weight: gain, bias: gain }));
  const error = mean(square(sub(hidden, 0.1)));
  const penalty = mul(add(error, sum(square(v))), 0.1);
  return add(crossEntropy(matmul(rmsNorm(hidden), v), labels), penalty);
}

function classes(device: Device): Tensor {
  return tensor(Int32Array.from({ length: 12 }, (_, i) => i % 5), { dtype: "i32", device });
}

const SHAPES = [[12, 20], [20, 32], [32], [32, 5]] as const;

test("gradients have the same bits, in fewer dispatches", async () => {
  const [fused, plain] = await Promise.all([true, false].map(async (fusion) => {
    const device = await openDevice({ fusion });
    (device.info as { software: boolean }).software = false;
    const [x, w, gain, v] = randoms(device, SHAPES) as [Tensor, Tensor, Tensor, Tensor];
    const labels = classes(device);
    const before = device.counts.dispatches;
    const { value, grads } = valueAndGrad(lossOf)({ w, gain, v }, x, labels);
    const list = await Promise.all([value, grads.w, grads.gain, grads.v].map(bits));
    const count = device.counts.dispatches - before;
    device.close();
    return { list, count };
  }));

  assert.equal(fused?.list, plain?.list);
  assert.ok((fused?.count ?? NaN) < 0.6 * (plain?.count ?? NaN), `${fused?.count} ${plain?.count}`);
});

test("a compiled step does what it does uncompiled", async () => {
  await withKernels("gpu", async (device) => {
    const [x, ...start] = randoms(device, SHAPES) as [Tensor, Tensor, Tensor, Tensor];
    const labels = classes(device);
    const losses = await Promise.all([false, true].map(async (compiled) => {
      const [w, gain, v] = start.map((t) => evaluate(add(t, 0))) as [Tensor, Tensor, Tensor];
      const step = (input: Tensor) => {
        const { value, grads } = valueAndGrad(lossOf)({ w, gain, v }, input, labels);
        assign(w, sub(w, mul(grads.w, 0.1)));
        assign(gain, sub(gain, mul(grads.gain, 0.1)));
        assign(v, sub(v, mul(grads.v, 0.1)));
        return value;
      };
      const replayed = compiled ? compile(step) : undefined;
      const list: number[] = [];
      for (let i = 0; i < 5; i++) list.push(await scope(() => (replayed ?? step)(x)).item());
      replayed?.dispose();
      return list;
    }));

    assert.equal(losses[1], losses[0]);
    assert.ok((losses[0]?.[4] ?? NaN) < (losses[0]?.[0] ?? NaN));
  });
});

test("numbers that change from replay to replay do so before and after a sum", async () => {
  await withKernels("gpu", async (device) => {
    const x = tensor([1, 2, 3, 4], { device });
    const body = { name: "testTimes", wgsl: "fn op(x: T, y: T) -> T { return x * y; }" };
    let count = 0;
    const step = compile((input: Tensor) => {
      const times = (t: Tensor) => {
        const operands = [t, live(() => ++count)];
        return elementwise(device, { body, operands, type: "f32", out: "f32" });
      };
      return times(sum(times(input)));
    });
    for (const factor of [2, 12, 30]) assert.is(await step(x).item(), 10 * factor);
    step.dispose();
  });
});

test.run();
