// Philox against its published vectors, the same bits on host and device, and distributions.

import * as assert from "uvu/assert";
import { normal, philox, randomBits, rng, uniform } from "../../engine/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";

const test = suite("random numbers");

// Random123 1.14, tests/kat_vectors, "philox4x32 10".
const VECTORS = [
  { counter: [0, 0, 0, 0], key: [0, 0],
    out: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
  { counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], key: [0xffffffff, 0xffffffff],
    out: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd] },
  { counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], key: [0xa4093822, 0x299f31d0],
    out: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1] },
] as const;

test("philox4x32-10 gives the published vectors on the host", () => {
  for (const { counter, key, out } of VECTORS) assert.equal(philox(counter, key), [...out]);
});

test("the device draws the words that the host computes", async () => {
  const from = rng(2 ** 40 + 7);
  const [low, high, stream] = rng(2 ** 40 + 7).take() as [number, number, number, number];

  const words = await randomBits(from, [37]).read();

  const word = (i: number) => philox([i >> 2, 0, stream, 0], [low, high])[i & 3];
  const expected = Array.from({ length: 40 }, (_, i) => word(i));
  assert.equal([...words], expected.slice(0, 37));
});

test("uniform numbers are the upper 24 bits, the same on every host", async () => {
  const words = await randomBits(rng(5), [1000]).read();
  const numbers = await uniform(rng(5), [1000]).read();

  assert.equal([...numbers], [...words].map((w) => (w >>> 8) / 2 ** 24));
});

test("normal numbers are Box and Muller's of the words", async () => {
  const words = await randomBits(rng(6), [400]).read();
  const numbers = await normal(rng(6), [400]).read();

  const expected = [...words].map((_, i) => {
    const [a = 0, b = 0] = words.slice(i & ~1, (i & ~1) + 2);
    const radius = Math.sqrt(-2 * Math.log(((a >>> 8) + 1) / 2 ** 24));
    const angle = 2 * Math.PI * (b >>> 8) / 2 ** 24;
    return radius * (i & 1 ? Math.sin(angle) : Math.cos(angle));
  });
  // sqrt(-2 log u) amplifies rounding of the logarithm near u = 1, where it is small
  assertClose(numbers, expected, { rtol: 2e-5, atol: 2e-4 });
});

test("normal numbers have the moments of the distribution", async () => {
  const x = [...await normal(rng(11), [100_000]).read()];

  const mean = x.reduce((s, v) => s + v, 0) / x.length;
  const variance = x.reduce((s, v) => s + v * v, 0) / x.length;
  const fourth = x.reduce((s, v) => s + v ** 4, 0) / x.length;
  // five standard deviations of each estimate: 1, sqrt(2), sqrt(96) over sqrt(n)
  assert.ok(Math.abs(mean) < 5 / 316, `mean ${mean}`);
  assert.ok(Math.abs(variance - 1) < 5 * 1.4143 / 316, `variance ${variance}`);
  assert.ok(Math.abs(fourth - 3) < 5 * 9.798 / 316, `fourth moment ${fourth}`);
});

test("each tensor has a stream of its own, and so has each split", async () => {
  const from = rng(1);
  const draws = [
    await uniform(from, [8]).read(), await uniform(from, [8]).read(),
    await uniform(from.split("a"), [8]).read(), await uniform(from.split("b"), [8]).read(),
  ].map(String);

  assert.is(new Set(draws).size, 4);
  assert.is(String(await uniform(rng(1).split("a"), [8]).read()), draws[2]);
});

test("a saved state goes on where it was", async () => {
  const from = rng(3);
  for (let i = 0; i < 7; i++) from.next();
  const { state } = from;
  const rest = [from.next(), from.int(1000), ...await uniform(from, [3]).read()];

  const again = rng(999);
  again.state = structuredClone(state);

  assert.equal([again.next(), again.int(1000), ...await uniform(again, [3]).read()], rest);
});

test("whole numbers are in range and equally likely", () => {
  const from = rng(4);
  const counts = new Array<number>(7).fill(0);
  for (let i = 0; i < 7000; i++) counts[from.int(7)]!++; // int(7) is below 7
  // five standard deviations of a count: sqrt(7000 / 7 * 6 / 7)
  for (const count of counts) assert.ok(Math.abs(count - 1000) < 5 * 29.3, String(counts));
  assert.throws(() => from.int(0), /^rng.int: not a whole number from 1 to 2\^32: 0/);
});

test("a seed that is not a whole number is refused", () => {
  for (const seed of [-1, 1.5, NaN, 2 ** 53]) {
    assert.throws(() => rng(seed), /^rng: the seed is not a whole number from 0 to 2\^53 - 1: /);
  }
});

test.run();
