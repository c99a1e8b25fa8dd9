// f16 and bf16: every bit pattern, rounding, places in words that others share, and memory.

import * as assert from "uvu/assert";
import { type DType, add, arange, assign, cast, concat, embedding, evaluate, expand, full, grad,
  mul, neg, normal, ones, reshape, rng, slice, sum, tensor, transpose, uniform, where,
  zeros } from "../../autograd/index.ts";
import { type Tensor, contiguousCopy, copyInto, elementwiseInto } from "../../engine/index.ts";
import { suite } from "../harness.ts";
import { half64 } from "../reference/half.ts";

const test = suite("half precision");

const HALVES = ["f16", "bf16"] as const;
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

async function numbers(x: Tensor): Promise<number[]> {
  return [...await x.read()];
}

/** What a pattern of 16 bits stands for, from the definition of the format. */
function meaning(dtype: DType, bits: number): number {
  const [fraction, bias] = dtype === "f16" ? [10, 15] : [7, 127];
  const exponent = (bits & 0x7fff) >> fraction;
  const rest = (bits & ((1 << fraction) - 1)) / 2 ** fraction;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 2 * bias + 1) return rest === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? rest * 2 ** (1 - bias) : (1 + rest) * 2 ** (exponent - bias));
}

function same(got: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  for (let i = 0; i < expected.length; i++) {
    const [g, e] = [got[i], expected[i]];
    // The package may take a subnormal float32 for 0, but no f16 is one.
    const tiny = Math.abs(e ?? 0) < 2 ** -126 && g === 0;
    if (!Object.is(g, e) && !tiny) throw new Error(`${what}: ${i}: got ${g}, expected ${e}.`);
  }
}

for (const dtype of HALVES) {
  test(`every ${dtype} reads, widens and narrows as what it is`, async () => {
    const all = upTo(65536).map((bits) => meaning(dtype, bits));
    const x = tensor(all, { dtype });

    same(await numbers(x), all, "written and read");
    same(await numbers(cast(x, "f32")), all, "widened");
    same(await numbers(cast(cast(x, "f32"), dtype)), all, "and narrowed");
    same(await numbers(contiguousCopy(slice(x, [[-1, -65537, -1]]))), all.toReversed(), "moved");
  });

  test(`numbers halfway between two ${dtype} go to the even one, on device and host`, async () => {
    const at = dtype === "f16" ? 0x7c00 : 0x7f80; // infinity
    const steps = upTo(at).map((bits) => [meaning(dtype, bits), meaning(dtype, bits + 1)] as const);
    const mid = steps.map(([low, high]) => {
      const next = high === Infinity ? 2 * low - meaning(dtype, at - 2) : high; // if there were
      return Math.fround((low + next) / 2);
    });
    const above = mid.map((v) => Math.fround(v * (1 + 2 ** -20)));
    const near = [...mid, ...above].filter(Number.isFinite);
    const expected = near.map((v) => half64(dtype, v));

    same(await numbers(cast(tensor(near), dtype)), expected, "device");
    same(await numbers(tensor(near, { dtype })), expected, "host");
  });

  test(`${dtype}: too large becomes infinite, NaN stays, zeros keep their sign`, async () => {
    const x = [1e39, -3.4e38, 65519.99, 65520, -65520, NaN, Infinity, -Infinity, 0, -0];

    same(await numbers(cast(tensor(x), dtype)), x.map((v) => half64(dtype, Math.fround(v))), dtype);
  });

  test(`${dtype}: views of every length at every offset give their own elements`, async () => {
    const x = tensor(upTo(32), { dtype });
    for (let offset = 0; offset <= 5; offset++) {
      for (let length = 1; length <= 9; length++) {
        const view = slice(x, [[offset, offset + length]]);
        const expected = upTo(length).map((i) => i + offset);

        assert.equal(await numbers(view), expected, `${offset} ${length}`);
        assert.equal(await numbers(neg(view)), expected.map((v) => -v), `${offset} ${length}`);
      }
    }
  });

  test(`${dtype}: writing into a view leaves what lies around it`, async () => {
    for (let offset = 0; offset <= 3; offset++) {
      for (let length = 1; length <= 9; length++) {
        const x = tensor(upTo(20), { dtype });
        assign(slice(x, [[offset, offset + length]]), tensor(upTo(length).map((i) => 100 + i)));

        const expected = upTo(20);
        expected.splice(offset, length, ...upTo(length).map((i) => 100 + i));
        assert.equal(await numbers(x), expected, `${offset} ${length}`);
      }
    }
  });

  test(`${dtype}: in place through strides, neighbours in a word are left alone`, async () => {
    const x = tensor(upTo(2000), { dtype, shape: [2, 1000] });
    const odd = slice(x, [null, [1, 1000, 2]]);
    const body = { name: "test_plus", wgsl: "fn op(a: T, b: T) -> T { return a + b; }" };
    elementwiseInto(odd, { body, operands: [odd, -5000], type: dtype, out: dtype });
    copyInto(slice(x, [[1, 2], [0, 1000, 2]]), ones([1, 500]));

    const expected = upTo(2000).map((i) => {
      if (i % 2 === 1) return half64(dtype, half64(dtype, i) - 5000);
      return i < 1000 ? half64(dtype, i) : 1;
    });
    assert.equal(await numbers(x), expected);
  });

  test(`${dtype}: rows of odd length, broadcast and transposed, fill whole words`, async () => {
    const x = tensor([[1, 2, 3], [4, 5, 6], [7, 8, 9]], { dtype });

    assert.equal(await add(transpose(x), tensor([10, 20, 30], { dtype })).toArray(),
      [[11, 24, 37], [12, 25, 38], [13, 26, 39]]);
    assert.equal(await neg(expand(tensor([[1], [2]], { dtype }), [2, 5])).toArray(),
      [[-1, -1, -1, -1, -1], [-2, -2, -2, -2, -2]]);
    assert.equal(await concat([x, tensor([[0], [1], [2]], { dtype })], { axis: 1 }).toArray(),
      [[1, 2, 3, 0], [4, 5, 6, 1], [7, 8, 9, 2]]);
    assert.equal(await reshape(transpose(x), [9]).toArray(), [1, 4, 7, 2, 5, 8, 3, 6, 9]);
    assert.equal(await where(tensor([1, 0, 1], { dtype: "bool" }), x, 0).toArray(),
      [[1, 0, 3], [4, 0, 6], [7, 0, 9]]);
  });

  test(`${dtype}: scalars, empty tensors, filled ones`, async () => {
    assert.is(await tensor(2.5, { dtype }).item(), 2.5);
    assert.equal(await numbers(zeros([0, 3], { dtype })), []);
    assert.equal(await numbers(full([5], 1 / 3, { dtype })), Array(5).fill(half64(dtype, 1 / 3)));
    assert.instance(await ones([3], { dtype }).read(), Float32Array);
  });

  test(`${dtype}: an operation is one dispatch, with other floats too`, async ({ device }) => {
    const [x, y] = [tensor(upTo(7), { dtype }), tensor(upTo(7))];
    const before = device.counts.dispatches;
    const z = evaluate(mul(x, x));
    const mixed = evaluate(add(x, y));

    assert.is(device.counts.dispatches, before + 2);
    assert.equal([z.dtype, mixed.dtype], [dtype, "f32"]);
    assert.equal(await numbers(mixed), upTo(7).map((i) => 2 * i));
  });

  test(`${dtype}: takes half the bytes`, ({ device }) => {
    const before = device.memory().live;
    evaluate(zeros([1024, 1024], { dtype }));

    assert.is(device.memory().live - before, 2 * 1024 * 1024);
  });

  test(`${dtype}: random numbers are in their range, and those of every host`, async () => {
    const draws = await numbers(uniform(rng(7), [4000], { dtype }));
    const steps = dtype === "f16" ? 2 ** 11 : 2 ** 8;
    const wide = await numbers(uniform(rng(7), [4000]));

    assert.equal(draws, wide.map((u) => Math.floor(u * steps) / steps));
    const bell = await numbers(normal(rng(7), [4000]));
    assert.equal(await numbers(normal(rng(7), [4000], { dtype })),
      bell.map((v) => half64(dtype, v)));
    assert.equal(await numbers(arange(4, { start: 1, step: 0.25, dtype })), [1, 1.25, 1.5, 1.75]);
  });

  test(`${dtype}: rows of a table are looked up as words, of odd length too`, async () => {
    const ids = tensor(Int32Array.of(2, -3, 0, 2));
    for (const width of [1, 3, 4, 10]) {
      const table = tensor(upTo(3 * width), { dtype, shape: [3, width] });
      const expected = [2, 0, 0, 2].flatMap((row) => upTo(width).map((i) => row * width + i));
      const back = tensor(upTo(4 * width), { shape: [4, width] });
      const pullback = (t: Tensor) => sum(mul(embedding(t, ids), back));

      assert.equal(await numbers(embedding(table, ids)), expected, `${width}`);
      assert.equal(await numbers(embedding(slice(table, [[1, 3]]), tensor(Int32Array.of(1, 0)))),
        upTo(2 * width).map((i) => (i < width ? i + 2 * width : i)), `${width}`);
      const sums = upTo(3 * width).map((i) => {
        const row = Math.floor(i / width); // 0 is looked up at places 1 and 2, 2 at 0 and 3
        return row === 1 ? 0 : half64(dtype, 3 * width + 2 * (i % width));
      });
      assert.equal(await numbers(grad(pullback)(table)), sums, `${width}`);
    }
  });

  test(`${dtype}: a sum is formed in float32 and rounded once`, async () => {
    const x = full([4096], 1, { dtype });

    assert.is(await sum(x).item(), 4096); // one at a time bf16 would stop at 256, f16 at 2048
    assert.is(sum(x).dtype, dtype);
  });
}

test.run();
