// Sizes and the cases they choose.

import * as assert from "uvu/assert";
import { type Work, bench } from "../../bench/harness.ts";
import { parseSizes, planCases, showSize } from "../../bench/size.ts";
import { suite } from "../harness.ts";

const test = suite("bench sizes", { device: false });
const never = (): Work => assert.unreachable() as never;
const benches = [
  bench("square", { sizes: [64, 128] }, never),
  bench("any", { sizes: [64, [32, 16]] }, never),
];

function planned(...asked: Parameters<typeof planCases>[2]): string[] {
  return planCases("both", benches, asked).map(({ bench: { name }, size, asked: named }) =>
    `${name} ${showSize(size)}${named ? "!" : ""}`);
}

test("sizes are lists of whole numbers, some with sides", () => {
  assert.equal(parseSizes("256"), [256]);
  assert.equal(parseSizes("256,24x128x64,1"), [256, [24, 128, 64], 1]);
});

test("anything else is refused with the word and what to write", () => {
  for (const word of ["", "0", "-4", "1.5", "2e3", "0x10", "4x", "axb", "4294967296"]) {
    assert.throws(() => parseSizes(`8,${word}`), `--size: not a size: "${word}". Give whole numb`);
  }
});

test("without sizes every bench has its own", () => {
  assert.equal(planned(), ["square 64", "square 128", "any 64", "any 32x16"]);
});

test("a size goes to every bench that takes so many numbers, usual or not", () => {
  assert.equal(planned(7, [3, 5]), ["square 7!", "any 7!", "any 3x5!"]);
});

test("a size that no bench takes is refused with sizes like those it takes", () => {
  assert.throws(() => planned(7, [2, 3, 4]),
    "--size: both takes no such size: 2x3x4. Give one like 64 or 32x16.");
});

test.run();
