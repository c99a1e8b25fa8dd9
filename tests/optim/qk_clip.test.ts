import * as assert from "uvu/assert";
import { matmul, tensor, transpose } from "../../autograd/index.ts";
import { maxLogits, qkClip } from "../../optim/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { random64 } from "../reference.ts";
import type { Array64 } from "../reference.ts";

const test = suite("QK-clip");

const [BATCH, SEQ, HEADS, WIDTH] = [2, 5, 2, 3];

// The largest logit of every head, by loops; groups of neighbouring heads share keys.
function logits64(q: Array64, k: Array64, causal: boolean): number[] {
  const [heads, keyHeads] = [q, k].map(({ shape }) => (shape[2] ?? 0) / WIDTH) as [number, number];
  const at = (x: Array64, b: number, i: number, c: number): number => {
    return x.data[(b * SEQ + i) * (x.shape[2] ?? 0) + c] ?? NaN;
  };
  const largest = Array<number>(heads).fill(-Infinity);
  for (let b = 0; b < BATCH; b++) for (let i = 0; i < SEQ; i++) for (let j = 0; j < SEQ; j++) {
    if (causal && j > i) continue;
    for (let h = 0; h < heads; h++) {
      const shared = Math.floor((h * keyHeads) / heads);
      let sum = 0;
      for (let c = 0; c < WIDTH; c++) {
        sum += at(q, b, i, h * WIDTH + c) * at(k, b, j, shared * WIDTH + c);
      }
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

test("the largest logit of each head where groups of heads share keys", async ({ rng }) => {
  for (const [heads, keyHeads] of [[4, 2], [6, 2], [3, 1]] as const) {
    const q = random64(rng, [BATCH, SEQ, heads * WIDTH]);
    const k = random64(rng, [BATCH, SEQ, keyHeads * WIDTH]);
    for (const causal of [false, true]) {
      const got = maxLogits(tensor(q), tensor(k), { heads, keyHeads, causal });

      assertClose(await got.read(), logits64(q, k, causal), { rtol: 1e-5, atol: 1e-6 });
    }
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

test("shared keys are scaled for the head clipped most, queries by what is left", async () => {
  const [query, key] = [tensor([[8], [8], [8], [8]]), tensor([[8], [8]])];
  const logits = tensor([16, 4, 1, 0.5]);
  const factors = qkClip(query, key, logits, { tau: 1, alpha: 0.25, keyHeads: 2 });

  assertClose(await factors.read(), [1 / 16, 1 / 4, 1, 1], { rtol: 1e-6, atol: 0 });
  assertClose(await key.read(), [1, 8], { rtol: 1e-6, atol: 0 }); // by (1/16)^(3/4), and as it is
  assertClose(await query.read(), [4, 16, 8, 8], { rtol: 1e-6, atol: 0 });
});

test("with shared keys, too, no logit is above tau, and heads below it stay", async ({ rng }) => {
  const x = tensor(random64(rng, [1, SEQ, 4]));
  const [query, key] = [tensor(random64(rng, [12, 4])), tensor(random64(rng, [6, 4]))];
  const measure = () => {
    const [q, k] = [matmul(x, transpose(query)), matmul(x, transpose(key))];
    return maxLogits(q, k, { heads: 4, keyHeads: 2 });
  };
  const before = [...await measure().read()];
  const sorted = [...before].sort((a, b) => a - b);
  const tau = ((sorted[1] ?? NaN) + (sorted[2] ?? NaN)) / 2;
  qkClip(query, key, measure(), { tau, alpha: 0.25, keyHeads: 2 });

  const expected = before.map((s) => (s > tau ? tau : s));
  assertClose(await measure().read(), expected, { rtol: 1e-5, atol: 1e-6 });
});

test("a head whose largest logit is not finite stays as it is", async () => {
  const bad = [Infinity, NaN, -Infinity, 4];
  const [query, key] = [tensor([[1], [2], [3], [4]]), tensor([[5], [6], [7], [8]])];
  const factors = qkClip(query, key, tensor(bad), { tau: 1 });

  assertClose(await factors.read(), [1, 1, 1, 1 / 4], { rtol: 1e-6, atol: 0 });
  assertClose(await query.read(), [1, 2, 3, 2], { rtol: 1e-6, atol: 0 });
  assertClose(await key.read(), [5, 6, 7, 4], { rtol: 1e-6, atol: 0 });
});

test("heads that do not fit and bad options are refused", () => {
  const [w, q] = [tensor([[1], [2], [3]]), tensor([[1, 2, 3]])];
  assert.throws(
    () => qkClip(w, w, tensor([1, 2])),
    new RegExp("^qkClip: the heads do not fit the weights: \\[3, 1\\] and \\[3, 1\\] with 2 heads, "
      + "2 of keys\\. Check heads and keyHeads\\.$"),
  );
  const shared = tensor([[1], [2]]); // one key for two heads each
  const wide = tensor([[1], [2], [3], [4]]);
  const four = tensor([1, 2, 3, 4]);
  assert.throws(() => qkClip(wide, shared, tensor([1, 2])), /with 2 heads, 2 of keys\. Check /);
  assert.throws(() => qkClip(wide, shared, four), /^qkClip: the heads do not fit the weights: /);
  assert.throws(() => qkClip(wide, w, four, { keyHeads: 3 }), /with 4 heads, 3 of keys\. /);
  assert.throws(() => qkClip(wide, wide, four, { keyHeads: 0 }), /^qkClip: keyHeads is out of ra/);
  assert.throws(() => maxLogits(q, q, { heads: 2 }), /^maxLogits: queries and keys do not fit: /);
  assert.throws(
    () => maxLogits(q, q, { heads: 3, keyHeads: 1 }),
    /^maxLogits: queries and keys do not fit: \[1, 3\] and \[1, 3\] with 3 heads, 1 of keys\. /,
  );
  assert.throws(() => maxLogits(q, q, { heads: 0 }), /^maxLogits: heads is out of range: 0\. /);
  assert.throws(
    () => qkClip(w, w, tensor([1]), { tau: 0 }),
    /^qkClip: tau is out of range: 0\. Use a finite number > 0\.$/,
  );
  assert.throws(() => qkClip(w, w, tensor([1]), { alpha: 2 }), /^qkClip: alpha is out of range: 2/);
});

test.run();
