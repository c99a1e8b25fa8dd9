// Every kernel of the matrix product, asked for by name, over sizes around its tiles, layouts,
// batches, cut sums and extras.

import * as assert from "uvu/assert";
import { type Device, type Tensor, cast, evaluate, slice, tensor, transpose } from
  "../../autograd/index.ts";
import { type MatmulOptions, matmulFused } from "../../engine/index.ts";
import { candidates, choose } from "../../engine/matmul/choose.ts";
import { problemOf } from "../../engine/matmul/explain.ts";
import type { Traits } from "../../engine/matmul/problem.ts";
import { type Variant, blocks, coverOf, lanes, nameOf, refusal, skinny, tiled } from
  "../../engine/matmul/variant.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { type Array64, add64, broadcast64, map64, matmul64, random64, scale64, transpose64 } from
  "../reference.ts";
import { slice64 } from "../reference/parts.ts";
import type { TestRng } from "../rng.ts";
import { assertThrows } from "../throws.ts";

const test = suite("matrix product kernels");

/** k additions in order of terms of about 1: their root times the rounding of such a sum. */
const close = { rtol: 1e-5, atol: 3e-5 } as const;

/** One of each kind and way to share; without subgroups their kernels are left out. */
function variantsFor(device: Device): Variant[] {
  const share = device.features.has("subgroups") ? Math.min(8, device.matmuls.traits.subgroup) : 1;
  const all = [
    lanes([4, 2], [4, 4]), lanes([2, 2], [4, 4, 4]), lanes([4, 4], [8, 2], 1, 4),
    lanes([8, 4], [share, 1], share), lanes([8, 2], [32, 1], share, 2),
    lanes([8, 2], [8, 1], Math.min(4, share), 8),
    blocks([4, 8], [4, 4]), blocks([8, 4], [8, 1]),
    tiled([4, 4], [8, 8]), tiled([8, 8], [8, 8]),
  ];
  return [...new Map(all.map((variant) => [nameOf(variant), variant])).values()];
}

function random(rng: TestRng, ...shapes: readonly (readonly number[])[]): Array64[] {
  return shapes.map((shape) => random64(rng, shape, [-1, 1]));
}

/** Runs `work` for each kernel that can compute `[m, k] x [k, n]`. */
async function eachVariant(
  device: Device, [m, k, n]: readonly [number, number, number], symmetric: boolean,
  work: (variant: Variant) => Promise<void>,
): Promise<void> {
  const problem = problemOf({ m, n, k, symmetric });
  for (const variant of variantsFor(device)) {
    if (refusal(variant, problem, device.matmuls.traits) === "") await work(variant);
  }
}

async function check(
  variant: Variant, a: Tensor, b: Tensor, expected: Array64, options: MatmulOptions = {},
): Promise<void> {
  const product = matmulFused(a, b, { ...options, variant });
  try {
    assertClose({ shape: product.shape, data: await product.read() }, expected, close);
  } catch (error) {
    throw new Error(`${nameOf(variant)}: ${String(error)}`, { cause: error });
  } finally {
    product.dispose();
  }
}

const SIZES = [[20, 36, 44], [65, 17, 70]] as const;

test("sizes around the tiles", async ({ rng, device }) => {
  for (const [m, k, n] of SIZES) {
    const [a, b] = random(rng, [m, k], [k, n]) as [Array64, Array64]; // two shapes
    const expected = matmul64(a, b);
    await eachVariant(device, [m, k, n], false, (v) => check(v, tensor(a), tensor(b), expected));
  }
}, { seconds: 240 });

test("transposed operands, aligned", async ({ rng, device }) => {
  const [a, b] = random(rng, [36, 24], [24, 40]) as [Array64, Array64]; // two shapes
  const [left, right] = [transpose(tensor(transpose64(a))), transpose(tensor(transpose64(b)))];
  const expected = matmul64(a, b);
  await eachVariant(device, [36, 24, 40], false, async (variant) => {
    await check(variant, left, tensor(b), expected);
    await check(variant, tensor(a), right, expected);
    await check(variant, left, right, expected);
  });
}, { seconds: 240 });

test("batches, broadcast, with what is added, factors and an epilogue", async ({ rng, device }) => {
  const [a, b, d] = random(rng, [3, 36, 24], [24, 40], [1, 40]) as [Array64, Array64, Array64];
  const epilogue = { name: "test_half_square", wgsl: "fn op(x: T) -> T { return x * x * 0.5; }" };
  const sum = add64(scale64(matmul64(a, b), -2), scale64(broadcast64(d, [3, 36, 40]), 3));
  const expected = map64(sum, (x) => x * x * 0.5);
  const options = { alpha: -2, beta: 3, d: tensor(d), epilogue };
  await eachVariant(device, [36, 24, 40], false, (variant) => {
    return check(variant, tensor(a), tensor(b), expected, options);
  });
}, { seconds: 240 });

test("symmetric results, of a batch", async ({ rng, device }) => {
  for (const [n, k] of [[70, 20], [33, 7]] as const) {
    const [a] = random(rng, [2, n, k]) as [Array64];
    const x = tensor(a);
    const expected = matmul64(a, transpose64(a));
    await eachVariant(device, [n, k, n], true, (variant) => {
      return check(variant, x, transpose(x), expected, { symmetric: true });
    });
  }
}, { seconds: 240 });

test("few rows, many terms: lanes share a sum", async ({ rng }) => {
  for (const rows of [1, 2, 3]) {
    const [a, b] = random(rng, [rows, 300], [300, 70]) as [Array64, Array64]; // two shapes
    const expected = matmul64(a, b);
    const variant = skinny(rows, 16, 16);
    await check(variant, tensor(a), tensor(b), expected);
    await check(variant, tensor(a), transpose(tensor(transpose64(b))), expected);
  }
});

test("deep sums are cut, added in order, and finished once", async ({ rng, device }) => {
  const k = 5000;
  const [a, b, d] = random(rng, [2, 6, k], [k, 8], [6, 1]) as [Array64, Array64, Array64];
  const epilogue = { name: "test_plus_one", wgsl: "fn op(x: T) -> T { return x + 1.0; }" };
  const expected = map64(
    add64(scale64(matmul64(a, b), 0.5), broadcast64(d, [2, 6, 8])), (x) => x + 1,
  );
  const options = { alpha: 0.5, d: tensor(d), epilogue };
  for (const variant of [lanes([8, 2], [4, 1]), tiled([4, 4], [8, 8])]) {
    const before = device.counts.dispatches;
    const first = matmulFused(tensor(a), tensor(b), { ...options, variant });
    const again = matmulFused(tensor(a), tensor(b), { ...options, variant });
    evaluate([first, again]);

    assert.is(device.counts.dispatches, before + 4, "two passes each");
    const got = await first.read();
    assertClose(got, expected.data, { rtol: 1e-5, atol: 2e-4 }); // 5000 terms
    assert.equal([...got], [...await again.read()], "the same bits each time");
  }
});

test("deep sums: symmetric, and seen from the other side", async ({ rng }) => {
  const [a] = random(rng, [20, 3000]) as [Array64];
  const x = tensor(a);
  const gram = matmulFused(x, transpose(x), { symmetric: true, variant: lanes([4, 4], [4, 4]) });
  assertClose(await gram.read(), matmul64(a, transpose64(a)).data, { rtol: 1e-5, atol: 2e-4 });

  const few = slice64(transpose64(a), [[0, 3000], [0, 3]]);
  const tall = matmulFused(x, tensor(few), { variant: lanes([4, 4], [4, 1]) });
  assertClose(await tall.read(), matmul64(a, few).data, { rtol: 1e-5, atol: 2e-4 });
});

test("vectors are not used where operands are not aligned", async ({ rng }) => {
  const [a, b] = random(rng, [36, 25], [25, 41]) as [Array64, Array64]; // two shapes
  const inner = [[0, 36], [1, 25]] as const;
  const outer = [[1, 25], [1, 41]] as const;
  const left = slice(tensor(a), inner);
  const right = slice(tensor(b), outer);
  const expected = matmul64(slice64(a, inner), slice64(b, outer));

  await check(tiled([4, 4], [8, 8]), left, right, expected);
  assertThrows(() => matmulFused(left, right, { variant: blocks([4, 4], [4, 4]) }), RangeError,
    "matmul: blocks 4x4 of 4x4 cannot be used: operands are not aligned. Leave out `variant`.");
});

test("every choice and every candidate can compute its product", ({ device }) => {
  const kinds: Traits[] = (["gpu", "narrow", "wide"] as const).flatMap((kind) => {
    return [0, 4, 8, 32].map((subgroup) => {
      return { ...device.matmuls.traits, kind, subgroup, maxInvocations: 256 };
    });
  });
  const sides = [1, 2, 3, 5, 8, 16, 17, 33, 100, 512, 4096];
  for (const traits of kinds) {
    for (const m of sides) {
      for (const n of sides) {
        for (const k of [1, 30, 4096]) {
          for (const symmetric of m === n ? [true, false] : [false]) {
            checkChoices(problemOf({ m, n, k, symmetric }), traits);
          }
        }
      }
    }
  }
});

function checkChoices(problem: ReturnType<typeof problemOf>, traits: Traits): void {
  const list = candidates(problem, traits);
  assert.is(nameOf(list[0]?.variant as Variant), nameOf(choose(problem, traits).variant));
  for (const { variant, turned, parts, span } of list) {
    const { m, n, k } = problem;
    const seen = turned ? { ...problem, m: n, n: m, a: problem.b, b: problem.a } : problem;
    assert.is(refusal(variant, seen, traits), "", `${nameOf(variant)} for ${m} ${k} ${n}`);
    assert.ok(parts >= 1 && parts * span >= k && (parts - 1) * span < k, `${parts} of ${span}`);
    const [high, wide] = coverOf(variant);
    assert.ok(high >= 1 && wide >= 1);
  }
}

test("explain tells what was chosen, why, and what it costs", ({ device }) => {
  const text = device.explain("matmul", { m: 256, n: 256, k: 256, symmetric: true });

  assert.match(text, /^matmul \[256, 256\] x \[256, 256\] \(symmetric, f32\) on /);
  assert.match(text, /\nchosen \(heuristic\): (lanes|tiled) \d+x\d+ of .*: /);
  assert.match(text, /\n\* .*FLOP, \d+ % of what is computed is wanted, /);
  assert.match(text, /registers a thread, \d+ workgroups of \d+/);
  assertThrows(() => device.explain("matmul", { m: 0, n: 1, k: 1 }), RangeError,
    "explain: m is not a size: 0. Use 1 or more.");
  assertThrows(() => device.explain("sum" as "matmul", { m: 1, n: 1, k: 1 }), RangeError,
    'explain: no choice of kernels: sum. Use "matmul".');
});

test.needs("shader-f16", "halves are read by every kernel as they are", async ({ rng, device }) => {
  const exact = (x: Array64) => map64(x, (v) => Math.round(v * 16) / 16); // f16 holds sixteenths
  const [a, b] = random(rng, [36, 24], [24, 40]).map(exact) as [Array64, Array64]; // two shapes
  const [x, y] = [cast(tensor(a), "f16"), cast(tensor(b), "f16")];
  const expected = matmul64(a, b);
  await eachVariant(device, [36, 24, 40], false, async (variant) => {
    await check(variant, x, y, expected);
    await check(variant, tensor(a), y, expected);
  });
}, { seconds: 240 });

test.run();
