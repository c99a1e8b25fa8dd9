// The kernels that work on whole rows, and their gradients, at the sizes where they change, by the
// kernels for software adapters and by those for GPUs.

import * as assert from "uvu/assert";
import { type Device, type Tensor, crossEntropy, layerNorm, logSoftmax, rmsNorm, rope, slice,
  softmax, sum, tensor, vjp, zeros } from "../../autograd/index.ts";
import { DtypeError, ShapeError } from "../../engine/index.ts";
import { assertClose } from "../close.ts";
import { withKernels } from "../engine/families.ts";
import { suite } from "../harness.ts";
import { build64, crossEntropy64, layerNorm64, logSoftmax64, map64, mean64, mul64, random64,
  reduce64, rmsNorm64, rope64, softmax64, sub64, sum64 } from "../reference.ts";
import type { Array64 } from "../reference.ts";
import { oneHot64 } from "../reference/parts.ts";
import type { TestRng } from "../rng.ts";
import { assertThrows } from "../throws.ts";

const test = suite("row kernels");

/**
 * Rows around 64, where a thread takes a row; widths around 32, a group's lanes, and 1024, with
 * multiples of 4, for loads in vectors, and of 16, for four of these at once.
 */
const SIZES = [
  [1, 1], [3, 31], [2, 33], [63, 40], [64, 65], [65, 3], [9, 48], [2, 1023], [3, 1024], [70, 1100],
];

/** Exponentials within 67 units in the last place at most (8e-6), and sums over a row. */
const close = { rtol: 1e-5, atol: 1e-6 } as const;

const LAST = { axis: -1, keepDims: true } as const;

function times(x: Array64, y: Array64): Array64 {
  return mul64(x, y);
}

/** An op on rows with its gradient in closed form. */
interface Row {
  readonly op: (x: Tensor) => Tensor;
  readonly ref: (x: Array64) => Array64;
  /** From `x`, the result and its gradient. */
  readonly grad: (x: Array64, y: Array64, dy: Array64) => Array64;
}

/** s (dy - y mean(y dy)) with s the factor of the normalization. */
function normGrad(factor: Array64, y: Array64, dy: Array64): Array64 {
  return times(factor, sub64(dy, times(y, mean64(times(y, dy), LAST))));
}

function factorOf(x: Array64, eps: number, centred: boolean): Array64 {
  return reduce64(x, LAST, (line) => {
    const mean = centred ? line.reduce((a, b) => a + b, 0) / line.length : 0;
    return 1 / Math.sqrt(line.reduce((a, b) => a + (b - mean) ** 2, 0) / line.length + eps);
  });
}

function centred(x: Array64): Array64 {
  return sub64(x, mean64(x, LAST));
}

const ROWS: Readonly<Record<string, Row>> = {
  softmax: {
    op: softmax, ref: softmax64,
    grad: (_, y, dy) => times(y, sub64(dy, sum64(times(y, dy), LAST))),
  },
  logSoftmax: {
    op: logSoftmax, ref: logSoftmax64,
    grad: (_, y, dy) => sub64(dy, times(map64(y, Math.exp), sum64(dy, LAST))),
  },
  rmsNorm: {
    op: rmsNorm, ref: rmsNorm64, grad: (x, y, dy) => normGrad(factorOf(x, 1e-6, false), y, dy),
  },
  layerNorm: {
    op: layerNorm, ref: layerNorm64,
    grad: (x, y, dy) => normGrad(factorOf(x, 1e-5, true), y, centred(dy)),
  },
};

async function check(rng: TestRng, device: Device, { op, ref, grad }: Row): Promise<void> {
  for (const shape of SIZES) {
    const [x, dy] = [random64(rng, shape, [-3, 3]), random64(rng, shape, [-1, 1])];
    const { value, pullback } = vjp(op, tensor(x, { device }));
    const dx = pullback(tensor(dy, { device }));

    const y = ref(x);
    assertClose(await value.read(), y.data, close);
    assertClose({ shape, data: await dx.read() }, grad(x, y, dy), { rtol: 1e-4, atol: 1e-5 });
  }
}

for (const family of ["software", "gpu"] as const) {
  for (const [name, row] of Object.entries(ROWS)) {
    test(`${family} kernels: ${name} and its gradient`, async ({ rng }) => {
      await withKernels(family, (device) => check(rng, device, row));
    });
  }

  test(`${family} kernels: cross-entropy and its gradient`, async ({ rng }) => {
    await withKernels(family, async (device) => {
      for (const [rows = 1, classes = 1] of SIZES) {
        const x = random64(rng, [rows, classes], [-3, 3]);
        const labels = build64([rows], () => rng.int(classes));
        const dy = random64(rng, [rows], [-1, 1]);
        const ids = tensor(Int32Array.from(labels.data), { device });
        const lossOf = (t: Tensor) => crossEntropy(t, ids, { reduction: "none" });
        const { value, pullback } = vjp(lossOf, tensor(x, { device }));
        const dx = pullback(tensor(dy, { device }));

        const gap = sub64(softmax64(x), oneHot64(labels, classes));
        assertClose(await value.read(), crossEntropy64(x, labels.data).data, close);
        const expected = times(gap, { shape: [rows, 1], data: dy.data });
        const got = { shape: x.shape, data: await dx.read() };
        assertClose(got, expected, { rtol: 1e-4, atol: 1e-6 });
      }
    });
  });

  test(`${family} kernels: a causal softmax hides what comes later`, async ({ rng }) => {
    await withKernels(family, async (device) => {
      for (const [queries, keys] of [[3, 3], [40, 70], [70, 70], [50, 80]] as const) {
        const x = random64(rng, [2, queries, keys], [-3, 3]);
        const hidden = (i: number) => i % keys > Math.floor(i / keys) % queries + keys - queries;
        const masked = build64(x.shape, (i) => (hidden(i) ? -Infinity : x.data[i] ?? NaN));
        const noisy = build64(x.shape, (i) => (hidden(i) ? NaN : x.data[i] ?? NaN));
        const y = softmax(tensor(noisy, { device }), { causal: true });

        assertClose(await y.read(), softmax64(masked).data, close);
      }
    });
  });
}

test("a value that is no number, or infinite, tells wherever it is in a row", async () => {
  const n = 16;
  const places = Array.from({ length: n }, (_, k) => k);
  const rowsWith = (value: number): Array64 => build64([n, n], (i) => {
    return i % n === Math.floor(i / n) ? value : 1;
  });
  const all = async (y: Tensor) => Array.from(await y.read());

  for (const value of [NaN, Infinity]) {
    for (const op of [softmax, logSoftmax]) {
      assert.ok((await all(op(tensor(rowsWith(value))))).every(Number.isNaN), `${value}`);
    }
  }
  const y = await all(softmax(tensor(rowsWith(-Infinity))));
  assertClose(y, places.flatMap((r) => places.map((k) => (k === r ? 0 : 1 / 15))), close);
  assert.ok((await all(softmax(tensor(build64([n, n], () => -Infinity))))).every(Number.isNaN));
});

test("more than 65535 rows are worked on", async () => {
  const n = 65535 * 64 + 7;
  const y = softmax(zeros([n, 1]));

  assert.is(await sum(y).item(), n);
});

test("rows that are a view at an odd offset are worked on without a copy", async ({ device }) => {
  const x = build64([4, 5], (i) => Math.sin(i));
  const rows = slice(tensor(x), [[1, 3]]);
  const before = device.counts.dispatches;
  const y = softmax(rows);

  assert.is(device.counts.dispatches, before + 1);
  assertClose(await y.read(), softmax64(x).data.slice(5, 15), close);
});

test("a rotary embedding is exact at its fastest pair however far, and close at the others",
  async ({ rng }) => {
    const x = random64(rng, [2000, 8], [-1, 1]);
    const y = await rope(tensor(x)).read();

    const expected = rope64(x).data;
    const fastest = (data: ArrayLike<number>) => Array.from(data).filter((_, i) => i % 4 === 0);
    assertClose(fastest(y), fastest(expected), { rtol: 0, atol: 1e-6 });
    // An angle of up to 200 turns on a power of the base, which is off by a few 1e-7 of itself.
    assertClose(y, expected, { rtol: 0, atol: 2e-4 });
  });

test("a rotary embedding is the same for every matrix of a batch", async ({ rng }) => {
  for (const shape of [[20, 16, 32], [3, 2, 5, 4]]) { // 16 matrices a thread and 4; one
    const x = random64(rng, shape, [-1, 1]);
    assertClose(await rope(tensor(x)).read(), rope64(x).data, { rtol: 0, atol: 1e-5 });
  }
});

test("a softmax wants an axis that is there, and causal scores the last", () => {
  assertThrows(() => softmax(zeros([2, 3]), { axis: 2 }), ShapeError,
    /^softmax: no such axis: 2 of/);
  assertThrows(() => logSoftmax(zeros([2]), { axis: -2 }), ShapeError,
    /^logSoftmax: no such axis: -2/);
  assertThrows(() => softmax(zeros([2, 3]), { axis: 0, causal: true }), ShapeError,
    "softmax: a causal softmax runs along the last axis: axis 0 of [2, 3]. Transpose the scores.");
});

test("causal scores want as many keys as queries or more", () => {
  for (const shape of [[3, 2], [4], []]) {
    assertThrows(() => softmax(zeros(shape), { causal: true }), ShapeError,
      `softmax: causal scores need as many keys as queries or more: [${shape.join(", ")}]. `
        + "Give [..., queries, keys].");
  }
});

test("a cross-entropy wants a label for every row, and a known reduction", () => {
  const labels = (n: number) => zeros([n], { dtype: "i32" });

  assertThrows(() => crossEntropy(zeros([2, 3]), labels(3)), ShapeError,
    "crossEntropy: labels do not fit the logits: [2, 3] and [3]. "
      + "Give one label for each row of logits.");
  assertThrows(() => crossEntropy(zeros([]), labels(1)), ShapeError,
    /: labels do not fit the logits/);
  assertThrows(() => crossEntropy(zeros([2, 3]), zeros([2])), DtypeError, /^crossEntropy: .*: f32/);
  const reduction = "most" as "mean";
  assertThrows(() => crossEntropy(zeros([2, 3]), labels(2), { reduction }), RangeError,
    'crossEntropy: unknown reduction: most. Use "mean", "sum" or "none".');
});

test("a rotary embedding wants pairs, a sequence and a positive base", () => {
  for (const shape of [[4], [2, 3], []]) {
    assertThrows(() => rope(zeros(shape)), ShapeError,
      `rope: the last axis does not fall into pairs: [${shape.join(", ")}]. `
        + "Give [..., seq, 2 half].");
  }
  for (const base of [0, -1, NaN]) {
    assertThrows(() => rope(zeros([2, 4]), { base }), RangeError,
      `rope: base is not positive: ${base}. Use 10000.`);
  }
});

test.run();
