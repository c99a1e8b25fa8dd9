// Chains after kernels of whole rows, by the kernels for GPUs and by those for processors: the bits
// of the operations one by one, in one dispatch.

import { type Tensor, add, dropout, exp, geluTanh, layerNorm, log, logSoftmax,
  logsumexp, mul, relu, reshape, rmsNorm, rng as keyed, scope, softmax, sub, tensor, transpose,
  vjp } from "../../autograd/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { layerNorm64, random64, softmax64, zip64 } from "../reference.ts";
import { withKernels } from "./families.ts";
import { assertJoined } from "./fused.ts";

const test = suite("fusion of row kernels");

/** Rows and widths: of one lane and of several, in packs of four and not. */
const SIZES = [[3, 31], [70, 36], [2, 1023], [3, 1024], [64, 3]] as const;

const RESULTS: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  softmax: (x) => softmax(x, { scale: 0.5 }), logSoftmax: (x) => logSoftmax(x),
  layerNorm: (x) => layerNorm(x), rmsNorm: (x) => rmsNorm(x),
};

for (const [name, op] of Object.entries(RESULTS)) {
  test(`${name}: gain, bias, activation and residual`, async () => {
    await withKernels("gpu", async (device) => {
      for (const [rows, width] of SIZES) {
        const f = (x: Tensor, gain: Tensor, bias: Tensor, each: Tensor) => {
          return add(geluTanh(add(mul(op(x), gain), bias)), mul(each, 0.5));
        };
        await assertJoined(device, 1, f, [rows, width], [width], [rows, 1], [rows, width]);
      }
    });
  }, { seconds: 240 });

  test(`${name}: what is added to the gradient`, async () => {
    await withKernels("gpu", async (device) => {
      const f = (x: Tensor, dy: Tensor, other: Tensor) => {
        return sub(vjp((p: { x: Tensor }) => op(p.x), { x }).pullback(dy).x, other);
      };
      const saved = /oftmax/.test(name) ? 2 : 1; // the result
      for (const shape of [[5, 31], [6, 64]]) {
        await assertJoined(device, saved, f, shape, shape, shape);
      }
    });
  }, { seconds: 240 });
}

test("logsumexp: one number a row", async () => {
  await withKernels("gpu", async (device) => {
    for (const [rows, width] of SIZES) {
      const f = (x: Tensor, each: Tensor) => {
        return log(exp(sub(mul(logsumexp(x, { axis: -1 }), 2), each)));
      };
      await assertJoined(device, 1, f, [rows, width], [rows]);
    }
  });
}, { seconds: 240 });

test("values against float64", async ({ rng }) => {
  await withKernels("gpu", async (device) => {
    const [a, b] = [random64(rng, [20, 48], [-1, 1]), random64(rng, [20, 48], [-1, 1])];
    const [x, y] = [tensor(a, { device }), tensor(b, { device })];
    const normal = scope(() => relu(add(mul(layerNorm(x), 2), y)));
    const chances = scope(() => mul(softmax(x), y));

    const want = zip64(layerNorm64(a), b, (p, q) => Math.max(0, 2 * p + q));
    assertClose(await normal.read(), want.data, { rtol: 1e-5, atol: 1e-5 });
    assertClose(await chances.read(), zip64(softmax64(a), b, (p, q) => p * q).data,
      { rtol: 1e-5, atol: 1e-7 });
  });
});

test("other shapes, causal scores and random numbers", async () => {
  await withKernels("gpu", async (device) => {
    const cut = (x: Tensor, y: Tensor) => {
      return mul(dropout(softmax(x, { causal: true }), { rate: 0.3, rng: keyed(4) }), y);
    };
    await assertJoined(device, 1, cut, [2, 3, 8, 8], [2, 3, 8, 1]);
    const flat = (x: Tensor, y: Tensor) => add(reshape(rmsNorm(x), [12, 4, 4]), y);
    await assertJoined(device, 1, flat, [4, 3, 16], [12, 4, 4]);
    await assertJoined(device, 1, (x, one) => mul(rmsNorm(x), one), [4, 16], []);
    await assertJoined(device, 1, (x, y) => mul(rmsNorm(x), transpose(y)), [4, 16], [16, 4]);
    await assertJoined(device, 2, (x) => mul(rmsNorm(transpose(x)), 2), [16, 4]);
  });
}, { seconds: 240 });

test("an operand that no two strides show is read after it", async () => {
  await withKernels("gpu", async (device) => {
    const places = (x: Tensor, y: Tensor) => add(relu(layerNorm(x)), y);
    await assertJoined(device, 2, places, [3, 5, 8], [5, 8]);
    await assertJoined(device, 1, places, [1, 5, 8], [5, 8]);
  });
});

test("on a processor rows of a million elements wait, smaller ones do not", async () => {
  await withKernels("software", async (device) => {
    const f = (x: Tensor, gain: Tensor, bias: Tensor) => {
      return geluTanh(add(mul(layerNorm(x), gain), bias));
    };
    await assertJoined(device, 1, f, [1024, 1024], [1024], [1024]);
    await assertJoined(device, 1, f, [349_526, 3], [3], [3]);
    await assertJoined(device, 2, f, [64, 64], [64], [64]);
  });
}, { seconds: 240 });

test.run();
