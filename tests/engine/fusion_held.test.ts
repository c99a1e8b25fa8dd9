// Reductions and row kernels that wait: what holds them, what they hold, what has them computed.

import * as assert from "uvu/assert";
import { type Tensor, add, assign, div, evaluate, exp, gelu, layerNorm, log, matmul, mean, mul,
  normal, openDevice, relu, rmsNorm, rng, scope, softmax, sqrt, square, sub, sum, sumSquares,
  tanh, tensor, transpose } from "../../autograd/index.ts";
import { DisposedError, ShapeError } from "../../engine/index.ts";
import { suite } from "../harness.ts";
import { assertThrows } from "../throws.ts";
import { withKernels } from "./families.ts";
import { bits, dispatches, randoms } from "./fused.ts";

const test = suite("waiting reductions and rows");

const LAST = { axis: -1 } as const;

type Several = (...inputs: Tensor[]) => readonly Tensor[];

/** The bits that a function of random tensors gives where nothing waits. */
async function plainly(
  f: Several, ...shapes: readonly (readonly number[])[]
): Promise<number[][]> {
  const device = await openDevice({ fusion: false });
  (device.info as { software: boolean }).software = false;
  const list = await Promise.all(scope(() => f(...randoms(device, shapes))).map(bits));
  device.close();
  return list;
}

test("what nobody needs is not computed, and holds nothing", async () => {
  await withKernels("gpu", async (device) => {
    const [x] = randoms(device, [[20, 30]]) as [Tensor];
    const { live: before } = device.memory();

    assert.is(dispatches(device, () => scope(() => {
      void relu(layerNorm(x));
      void log(sum(exp(x), LAST));
    })), 0);
    assert.is(device.memory().live, before);
  });
});

test("operands live until the result is computed", async () => {
  const f = (x: Tensor, y: Tensor) => [
    sqrt(sum(square(sub(x, y)), LAST)), mul(rmsNorm(x), 2), add(sum(y, { axis: 0 }), 1),
  ];
  const want = await plainly(f, [20, 30], [20, 30]);
  await withKernels("gpu", async (device) => {
    const [x, y] = randoms(device, [[20, 30], [20, 30]]) as [Tensor, Tensor];
    const results = scope(() => f(x, y));
    x.dispose();
    y.dispose();
    const noise = [1, 2].map((v) => tensor(new Float32Array(600).fill(v), { device }));

    assert.equal(await Promise.all(results.map(bits)), want);
    assert.is(noise.length, 2);
  });
});

test("a result and steps after it that are held are written along", async () => {
  const f = (x: Tensor) => {
    const total = sum(x, LAST);
    const normal = layerNorm(x);
    const [shifted, scaled] = [exp(total), exp(normal)];
    return [total, shifted, tanh(shifted), normal, scaled, gelu(scaled)];
  };
  const want = await plainly(f, [20, 30]);
  await withKernels("gpu", async (device) => {
    const [x] = randoms(device, [[20, 30]]) as [Tensor];
    let list: readonly Tensor[] = [];
    assert.is(dispatches(device, () => list = f(x)), 2);
    assert.is(dispatches(device, () => list), 0);

    assert.equal(await Promise.all(list.map(bits)), want);
  });
});

test("a step before a sum that is held is written along, also the last one", async () => {
  const f = (x: Tensor, y: Tensor) => {
    const held = exp(sub(x, y));
    return [held, sum(square(held), LAST)];
  };
  const last = (x: Tensor, y: Tensor) => {
    const held = exp(mul(x, y));
    return [held, sum(held, LAST)];
  };
  const [first, second] = [await plainly(f, [20, 32], [20, 32]),
    await plainly(last, [20, 33], [20, 33])];
  await withKernels("gpu", async (device) => {
    let list: readonly Tensor[] = [];
    for (const [g, width, want, count] of [[f, 32, first, 1], [last, 33, second, 1]] as const) {
      const [x, y] = randoms(device, [[20, width], [20, width]]) as [Tensor, Tensor];
      assert.is(dispatches(device, () => list = g(x, y)), count);
      assert.equal(await Promise.all(list.map(bits)), want);
    }
  });
});

test("a chain that others ask for too is computed once", async () => {
  await withKernels("gpu", async (device) => {
    const [x, y] = randoms(device, [[20, 30], [20, 30]]) as [Tensor, Tensor];
    assert.is(dispatches(device, () => {
      const product = exp(mul(x, y));
      return [sum(product, LAST), mean(product, { axis: 0 })];
    }), 2);
    assert.is(dispatches(device, () => {
      const scaled = mul(x, 2); // as cheap to work out again
      return [sum(scaled, LAST), mean(scaled, { axis: 0 })];
    }), 2);
    assert.is(dispatches(device, () => {
      const total = sum(exp(x));
      return [log(total), sqrt(total)];
    }), 2);
  });
});

test("a chain after a product goes with that", async () => {
  await withKernels("gpu", async (device) => {
    const [x, w] = randoms(device, [[20, 30], [30, 40]]) as [Tensor, Tensor];
    assert.is(dispatches(device, () => log(sum(exp(matmul(x, w)), LAST))), 2);
    assert.is(dispatches(device, () => relu(layerNorm(relu(matmul(x, w))))), 2);
    assert.is(dispatches(device, () => mul(softmax(x), layerNorm(x))), 2);
  });
});

test("a write over an operand comes after what waits for it", async () => {
  const kinds = [
    (x: Tensor, y: Tensor) => relu(add(layerNorm(x), y)),
    (x: Tensor, y: Tensor) => add(sum(mul(x, y), { axis: 0 }), 1),
    (x: Tensor) => sqrt(sumSquares(x, { axis: 0 })),
    (x: Tensor, y: Tensor) => mul(mean(x, { axis: 0 }), sum(y)),
  ];
  for (const f of kinds) {
    const want = await plainly((x, y) => [f(x, y)], [8, 8], [8, 8]);
    await withKernels("gpu", async (device) => {
      for (const place of [0, 1]) {
        const list = randoms(device, [[8, 8], [8, 8]]);
        const [x, y, target] = [...list, list[place]] as [Tensor, Tensor, Tensor];
        const result = scope(() => f(x, y));
        assign(target, mul(target, 2));

        assert.equal([await bits(result)], want);
      }
    });
  }
});

test("a tensor may be written over with what is made of it", async () => {
  const f = (x: Tensor, y: Tensor) => {
    assign(x, sub(x, mul(layerNorm(x), 0.5)));
    assign(y, div(y, sqrt(sum(square(y)))));
    assign(y, sub(y, expandedMean(y)));
    return [x, y];
  };
  const expandedMean = (y: Tensor) => mean(mul(y, 3), { axis: -1, keepDims: true });
  const want = await plainly(f, [8, 12], [8, 12]);
  await withKernels("gpu", async (device) => {
    const [x, y] = randoms(device, [[8, 12], [8, 12]]) as [Tensor, Tensor];
    f(x, y);
    assert.equal(await Promise.all([x, y].map(bits)), want);
  });
});

test("only a few wait with nothing to be made of them", async () => {
  await withKernels("gpu", async (device) => {
    const [x, w] = randoms(device, [[20, 30], [30, 10]]) as [Tensor, Tensor];
    device.flush();
    const before = device.counts.dispatches;
    const list = Array.from({ length: 3 }, () => [sum(x, LAST), matmul(x, w), rmsNorm(x)]).flat();

    assert.is(device.counts.dispatches - before, 5);
    evaluate(list);
    assert.is(device.counts.dispatches - before, 9);
  });
});

test("waiting does not take more memory than there was at the peak", async () => {
  for (const f of [
    (x: Tensor) => sum(mul(x, 2), LAST), (x: Tensor) => mul(sum(x, { axis: 0 }), 2),
    (x: Tensor) => relu(layerNorm(x)),
  ]) {
    const peaks = await Promise.all([true, false].map(async (fusion) => {
      const device = await openDevice({ fusion });
      (device.info as { software: boolean }).software = false;
      const list = Array.from({ length: 12 }, (_, i) => {
        const x = tensor(new Float32Array(256 * 128).fill(i), { device, shape: [256, 128] });
        const y = scope(() => f(x));
        x.dispose();
        return y;
      });
      await evaluate(list).at(-1)?.read();
      const { peak } = device.memory();
      device.close();
      return peak;
    }));

    assert.ok((peaks[0] ?? 0) <= (peaks[1] ?? 0), `${peaks.join(" > ")}: ${String(f)}`);
  }
});

test("errors are thrown at the call", async ({ device }) => {
  const other = await openDevice();
  const gone = normal(rng(1), [4, 4], { device });
  gone.dispose();
  const [x] = randoms(device, [[4, 4]]) as [Tensor];

  assertThrows(() => sum(x, { axis: 2 }), ShapeError, /^sum: no such axis/);
  assertThrows(() => sum(gone), DisposedError, /^sum: the tensor/);
  assertThrows(() => layerNorm(gone), DisposedError, /^layerNorm: the tensor/);
  const far = normal(rng(1), [4], { device: other });
  assert.throws(() => layerNorm(x, { weight: far }), /the tensors are on different devices/);
  assert.is(transpose(x).size, 16);
  other.close();
});

test.run();
