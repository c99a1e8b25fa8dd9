import * as assert from "uvu/assert";
import { matmul, tensor, transpose } from "../../autograd/index.ts";
import { maxLogits, qkClip } from "../../optim/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { random64 } from "../reference.ts";
import type { Array64 } from "../reference.ts";

const test = suite("QK-clip");

const [BATCH, SEQ, HEADS, WIDTH] = [2, 5, 2, 3];

// The largest logit of every head, by loops.
function logits64(q: Array64, k: Array64, causal: boolean): number[] {
  const at = (x: Array64, b: number, i: number, c: number): number => {
    return x.data[(b * SEQ + i) * HEADS * WIDTH + c] ?? NaN;
  };
  const largest = Array<number>(HEADS).fill(-Infinity);
  for (let b = 0; b < BATCH; b++) for (let i = 0; i < SEQ; i++) for (let j = 0; j < SEQ; j++) {
    if (causal && j > i) continue;
    for (let h = 0; h < HEADS; h++) {
      let sum = 0;
      for (let c = h * WIDTH; c < (h + 1) * WIDTH; c++) sum += at(q, b, i, c) * at(k, b, j, c);
      largest[h] = Math.max(largest[h] ?? NaN, sum / Math.sqrt(WIDTH));
    }
  }
  return largest;
}

test("the largest logit of each head, causal or not", async ({ rng }) => {
  const shape = [BATCH, SEQ, HEADS * WIDTH];
  const [q, k] = [random64(rng, shape), random64(rng, shape)];
  for (const causal of [false, true]) {
    const got = maxLogits(tensor(q), tensor(k), { heads: HEADS, causal });

    assertClose(await got.read(), logits64(q, k, causal), { rtol: 1e-5, atol: 1e-6 });
  }
});

test("after clipping no logit is above tau, and heads below it stay", async ({ rng }) => {
  const x = tensor(random64(rng, [1, SEQ, 4]));
  const [query, key] = [tensor(random64(rng, [6, 4])), tensor(random64(rng, [6, 4]))];
  const measure = () => {
    return maxLogits(matmul(x, transpose(query)), matmul(x, transpose(key)), { heads: HEADS });
  };
  const before = [...await measure().read()];
  const tau = (Math.min(...before) + Math.max(...before)) / 2;
  qkClip(query, key, measure(), { tau, alpha: 0.25 });

  const expected = before.map((s) => Math.min(s, tau));
  assertClose(await measure().read(), expected, { rtol: 1e-5, atol: 1e-6 });
});

test("alpha is the share of the queries", async () => {
  const [query, key] = [tensor([[8], [1]]), tensor([[8], [1]])];
  const factors = qkClip(query, key, tensor([16, 1]), { tau: 1, alpha: 0.25 });

  assertClose(await factors.read(), [1 / 16, 1], { rtol: 1e-6, atol: 0 });
  assertClose(await query.read(), [4, 1], { rtol: 1e-6, atol: 0 });
  assertClose(await key.read(), [1, 1], { rtol: 1e-6, atol: 0 });
});

test("heads that do not fit and bad options are refused", () => {
  const [w, q] = [tensor([[1], [2], [3]]), tensor([[1, 2, 3]])];
  assert.throws(
    () => qkClip(w, w, tensor([1, 2])),
    /^qkClip: the heads do not fit the weights: \[3, 1\] and \[3, 1\] with 2 heads\. Check the /,
  );
  assert.throws(() => maxLogits(q, q, { heads: 2 }), /^maxLogits: queries and keys do not fit: /);
  assert.throws(() => maxLogits(q, q, { heads: 0 }), /^maxLogits: heads is out of range: 0\. /);
  assert.throws(
    () => qkClip(w, w, tensor([1]), { tau: 0 }),
    /^qkClip: tau is out of range: 0\. Use a finite number > 0\.$/,
  );
  assert.throws(() => qkClip(w, w, tensor([1]), { alpha: 2 }), /^qkClip: alpha is out of range: 2/);
});

test.run();
