// Products that wait: what holds them, what they hold, and what has them computed.

import * as assert from "uvu/assert";
import { type Device, type Tensor, add, assign, compile, evaluate, matmul, mul, normal, openDevice,
  relu, rng, scope, sub, tanh, tensor, transpose } from "../../autograd/index.ts";
import { elementwise, live, matmulFused } from "../../engine/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { type Array64, matmul64 } from "../reference.ts";
import { withKernels } from "./families.ts";
import { randoms } from "./fused.ts";

const test = suite("waiting products");

/** Dispatches that a function records; what is made on the way stays held. */
function dispatches(device: Device, work: () => unknown): number {
  device.flush();
  const before = device.counts.dispatches;
  evaluate(work());
  return device.counts.dispatches - before;
}

async function data(y: Tensor): Promise<Float64Array> {
  return Float64Array.from(await y.read());
}

async function values(y: Tensor): Promise<Array64> {
  return { shape: y.shape, data: await data(y) };
}

test("a product whose result nobody needs is not computed, and holds nothing", async () => {
  await withKernels("gpu", async (device) => {
    const [x, w] = randoms(device, [[20, 30], [30, 10]]) as [Tensor, Tensor];
    const { live: before } = device.memory();

    assert.is(dispatches(device, () => scope(() => void relu(matmul(x, w)))), 0);
    assert.is(device.memory().live, before);
  });
});

test("operands live until the product is computed", async () => {
  await withKernels("gpu", async (device) => {
    const [x, w] = randoms(device, [[20, 30], [30, 10]]) as [Tensor, Tensor];
    const expected = matmul64(await values(x), await values(w));
    const y = add(matmul(x, w), 1);
    x.dispose();
    w.dispose();
    const noise = [tensor(new Float32Array(600).fill(7), { device })]; // not in its memory

    assertClose(await y.read(), expected.data.map((v) => v + 1), { rtol: 1e-5, atol: 3e-5 });
    assert.is(noise.length, 1);
  });
});

test("a product and a step that are held are written along", async () => {
  await withKernels("gpu", async (device) => {
    const [x, w, b] = randoms(device, [[20, 30], [30, 10], [10]]) as [Tensor, Tensor, Tensor];
    const held: Tensor[] = [];
    assert.is(dispatches(device, () => {
      held.push(matmul(x, w));
      held.push(add(held[0] as Tensor, b));
      held.push(tanh(held[1] as Tensor));
      return held[2];
    }), 1);

    assert.is(dispatches(device, () => held[0]), 0);
    const [p, s, z, bias] = await Promise.all([...held, b].map(data)) as Float64Array[] as
      [Float64Array, Float64Array, Float64Array, Float64Array];
    const want = matmul64(await values(x), await values(w));
    assertClose(p, want.data, { rtol: 1e-5, atol: 3e-5 });
    assert.equal([...s], [...p].map((v, i) => Math.fround(v + (bias[i % 10] ?? NaN))));
    assertClose(z, s.map(Math.tanh), { rtol: 1e-6, atol: 1e-6 });
  });
});

test("a product that several use is computed once", async () => {
  await withKernels("gpu", async (device) => {
    const [x, w] = randoms(device, [[20, 30], [30, 10]]) as [Tensor, Tensor];
    let results: Tensor[] = [];
    assert.is(dispatches(device, () => results = scope(() => {
      const product = matmul(x, w);
      return [relu(product), mul(product, -2)];
    })), 2);
    const [y, z] = results as [Tensor, Tensor];
    const want = matmul64(await values(x), await values(w));
    assertClose(await y.read(), want.data.map((v) => Math.max(v, 0)), { rtol: 1e-5, atol: 3e-5 });
    assertClose(await z.read(), want.data.map((v) => -2 * v), { rtol: 1e-5, atol: 6e-5 });
  });
});

test("of two products in a chain one is computed first", async () => {
  await withKernels("gpu", async (device) => {
    const [x, w, v] = randoms(device, [[20, 30], [30, 10], [30, 10]]) as [Tensor, Tensor, Tensor];
    const results: Tensor[] = [];
    assert.is(dispatches(device, () => results.push(scope(() => {
      return mul(tanh(matmul(x, w)), add(matmul(x, v), 1));
    })) && results), 2);
    const [y] = results as [Tensor];
    const [p, q] = [matmul64(await values(x), await values(w)),
      matmul64(await values(x), await values(v))];
    const want = p.data.map((u, i) => Math.tanh(u) * ((q.data[i] ?? NaN) + 1));
    assertClose(await y.read(), want, { rtol: 1e-5, atol: 3e-5 });
  });
});

test("a write over an operand comes after the product", async () => {
  await withKernels("gpu", async (device) => {
    const [x, w, d] = randoms(device, [[8, 8], [8, 8], [8, 8]]) as [Tensor, Tensor, Tensor];
    for (const target of [x, w, d]) {
      const want = matmul64(await values(x), await values(w));
      const addend = await values(d);
      const y = scope(() => relu(matmulFused(x, w, { d })));
      assign(target, mul(target, 2));

      const sums = want.data.map((v, i) => Math.max(0, v + (addend.data[i] ?? NaN)));
      assertClose(await y.read(), sums, { rtol: 1e-5, atol: 3e-4 });
    }
  });
});

test("a write over an operand of the steps after it comes after them", async () => {
  await withKernels("gpu", async (device) => {
    const [x, w, d] = randoms(device, [[8, 8], [8, 8], [8, 8]]) as [Tensor, Tensor, Tensor];
    const want = matmul64(await values(x), await values(w));
    const old = await values(d);
    const y = scope(() => add(matmul(x, w), d));
    assign(d, mul(d, 2));

    const sums = want.data.map((v, i) => v + (old.data[i] ?? NaN));
    assertClose(await y.read(), sums, { rtol: 1e-5, atol: 3e-5 });
  });
});

test("a product written over one of its operands is computed first", async () => {
  await withKernels("gpu", async (device) => {
    const [x, w] = randoms(device, [[8, 8], [8, 8]]) as [Tensor, Tensor];
    const old = await values(x);
    const want = matmul64(old, await values(w));
    assign(x, scope(() => sub(x, mul(matmul(x, w), 0.5))));

    const expected = old.data.map((v, i) => v - 0.5 * (want.data[i] ?? NaN));
    assertClose(await x.read(), expected, { rtol: 1e-5, atol: 3e-5 });
  });
});

test("only a few products wait with nothing to be made of them", async () => {
  await withKernels("gpu", async (device) => {
    const [x, w] = randoms(device, [[20, 30], [30, 10]]) as [Tensor, Tensor];
    device.flush();
    const before = device.counts.dispatches;
    const list = Array.from({ length: 10 }, () => matmul(x, w));

    assert.is(device.counts.dispatches - before, 6);
    evaluate(list);
    assert.is(device.counts.dispatches - before, 10);
  });
});

test("waiting does not take more memory than there was at the peak", async () => {
  const peaks = await Promise.all([true, false].map(async (fusion) => {
    const device = await openDevice({ fusion });
    (device.info as { software: boolean }).software = false;
    const w = normal(rng(1), [128, 16], { device });
    const rows = Array.from({ length: 12 }, (_, i) => {
      const x = tensor(new Float32Array(256 * 128).fill(i), { device, shape: [256, 128] });
      const y = scope(() => relu(matmul(x, w)));
      x.dispose();
      return y;
    });
    await evaluate(rows).at(-1)?.read();
    const { peak } = device.memory();
    device.close();
    return peak;
  }));

  assert.ok((peaks[0] ?? 0) <= (peaks[1] ?? 0), `${peaks.join(" > ")}`);
});

test("nothing waits on a processor where the result is small", async () => {
  await withKernels("software", async (device) => {
    const [x, w] = randoms(device, [[20, 30], [30, 10]]) as [Tensor, Tensor];
    device.flush();
    const before = device.counts.dispatches;
    const y = matmul(x, w);

    assert.is(device.counts.dispatches - before, 1);
    y.dispose();
  });
});

test("numbers that change from replay to replay do so after a product", async () => {
  await withKernels("gpu", async (device) => {
    const [x, w] = randoms(device, [[8, 8], [8, 8]]) as [Tensor, Tensor];
    const body = { name: "testTimes", wgsl: "fn op(x: T, y: T) -> T { return x * y; }" };
    let count = 0;
    const step = compile((input: Tensor) => {
      const factor = live(() => ++count);
      const operands = [matmul(input, w), factor];
      return elementwise(device, { body, operands, type: "f32", out: "f32" });
    });
    const want = matmul64(await values(x), await values(w));
    for (const factor of [1, 2, 3]) {
      const y = step(x);
      assertClose(await y.read(), want.data.map((v) => v * factor), { rtol: 1e-5, atol: 1e-4 });
    }
    step.dispose();
  });
});

test("errors are thrown at the call", async ({ device }) => {
  const other = await openDevice();
  const [x, y] = [randoms(device, [[4, 4]])[0], randoms(other, [[4, 4]])[0]] as [Tensor, Tensor];

  assert.throws(() => matmul(x, y),
    /^matmul: the tensors are on different devices\. Make all of them on one\./);
  const [wide] = randoms(device, [[4, 5]]) as [Tensor];
  assert.throws(() => matmul(x, transpose(wide)), /^matmul: inner/);
  other.close();
});

test.run();
