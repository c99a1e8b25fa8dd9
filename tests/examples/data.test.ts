// The data sets, and how batches are taken from them.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { fixedWindows, makeCorpus, sampleWindows } from "../../examples/support/corpus.ts";
import { batchesInOrder, shuffledBatches } from "../../examples/support/epochs.ts";
import { loadMnist, makeDigits, takeDigits } from "../../examples/support/mnist.ts";
import { loadNovel, readText } from "../../examples/support/novel.ts";
import { DataError, loadPackage } from "../../examples/support/package_data.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";

const test = suite("examples: data", { device: false });

function inFolder(use: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "dualgrad-data-"));
  try {
    use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function refuses(act: () => unknown, message: RegExp | string): void {
  assert.throws(act, (error: unknown) => {
    assert.instance(error, DataError);
    assert.match((error as Error).message, message);
    return true;
  });
}

test("the novel has all its chapters and none of the front matter", () => {
  const novel = loadNovel();

  assert.match(novel.slice(0, 60), /^CHAPTER 1\. Loomings\.\n\nCall me Ishmael\. /);
  assert.is(novel.match(/^CHAPTER \d+\. /gm)?.length, 135);
  assert.match(novel, /\n\nEPILOGUE\n\n/);
  assert.not.match(novel, "Late Consumptive Usher");
  assert.ok(novel.length > 1_190_000 && novel.length < 1_200_000, `${novel.length} characters`);
});

test("text goes to ids and back, and its last tenth is held out", () => {
  const text = "b€a🐋".repeat(25);
  const { vocabulary, train, heldOut, encode, decode } = makeCorpus(text);

  assert.equal(vocabulary, ["a", "b", "€", "🐋"]);
  assert.equal([...encode("ab🐋")], [0, 1, 3]);
  assert.equal([train.length, heldOut.length], [90, 10]);
  assert.is(decode(train) + decode(heldOut), text);
  refuses(() => encode("z"), 'not in the text: "z"');
  assert.throws(() => decode([4]), RangeError);
});

test("random windows come from the text, targets one character later", ({ rng }) => {
  const ids = Int32Array.from({ length: 20 }, (_, i) => i);
  const { shape, inputs, targets } = sampleWindows(ids, rng, { batch: 200, seq: 6 });
  const starts = new Set(Array.from({ length: 200 }, (_, row) => inputs[row * 6]));

  assert.equal(shape, [200, 6]);
  assert.equal(targets, inputs.map((id) => id + 1));
  assert.is(Math.min(...inputs), 0);
  assert.is(Math.max(...targets), 19);
  assert.is(starts.size, 14); // every start that leaves room for the window and one more
});

test("fixed windows are the same each time, spread out, and do not overlap", () => {
  const ids = Int32Array.from({ length: 101 }, (_, i) => i);
  const { inputs, targets } = fixedWindows(ids, { batch: 4, seq: 25 });

  assert.equal([...inputs], [...ids.slice(0, 100)]);
  assert.equal([...targets], [...ids.slice(1)]);
  refuses(() => fixedWindows(ids, { batch: 5, seq: 25 }), "too short: 101 of 126 characters");
  refuses(() => sampleWindows(ids, { int: () => 0 }, { batch: 1, seq: 101 }), "too short");
});

test("empty and missing texts are refused by name", () => {
  inFolder((folder) => {
    const empty = join(folder, "empty.txt");
    writeFileSync(empty, " \n");

    refuses(() => readText(empty), `the file is empty: "${empty}"`);
    refuses(() => readText(join(folder, "none")), /cannot be read: ".*none" \(ENOENT\)/);
  });
  refuses(() => makeCorpus(""), "empty");
});

test("a package that is not there is refused with the remedy", () => {
  refuses(() => loadPackage("no-such-data-set"), /"no-such-data-set"\. Run: npm install\./);
});

test("MNIST is whole, and its images have mean 0 and variance 1", () => {
  const { train, test: held } = loadMnist();
  const counts = new Array<number>(10).fill(0);
  for (const label of train.labels) counts[label] = (counts[label] ?? 0) + 1;
  const { images } = takeDigits(train, Int32Array.from({ length: 6000 }, (_, i) => i * 9));
  const mean = images.reduce((sum, x) => sum + x, 0) / images.length;
  const variance = images.reduce((sum, x) => sum + x * x, 0) / images.length;

  assert.equal([train.count, held.count], [60_000, 10_000]);
  assert.equal([...train.labels.slice(0, 5)], [5, 0, 4, 1, 9]);
  // Source: the known counts of the digits 0 to 9 in the training set
  assert.equal(counts, [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
  // A tenth of the images stands for all. Odd places and even ones: they differ by 6 % in variance.
  assertClose([mean, variance], [0, 1], { rtol: 0.02, atol: 0.02 });
});

test("the constants that normalise MNIST are those of its training set", () => {
  const { pixels } = loadMnist().train;
  let [sum, squares] = [0, 0];
  for (const x of pixels) [sum, squares] = [sum + x, squares + x * x];
  const mean = sum / pixels.length;
  const deviation = Math.sqrt(squares / pixels.length - mean * mean);
  const two = makeDigits(Uint8Array.from({ length: 784 }, (_, i) => i % 256), new Uint8Array(1));
  const { images } = takeDigits(two, Int32Array.of(0));

  // Constants with six decimals, in f32.
  const expected = [0, 100, 255].map((x) => (x - mean) / deviation);
  assertClose([images[0] ?? NaN, images[100] ?? NaN, images[255] ?? NaN], expected, {
    rtol: 2e-5,
    atol: 0,
  });
});

test("digits that are missing, unmatched or out of range are refused", () => {
  const pixels = new Uint8Array(2 * 784);

  refuses(() => makeDigits(pixels, Uint8Array.of(3, 10)), "label out of range: 10 at 1");
  refuses(() => makeDigits(pixels, Uint8Array.of(3)), "counts differ: 2 images, 1 labels");
  refuses(() => makeDigits(new Uint8Array(0), new Uint8Array(0)), "no images");
  assert.throws(() => takeDigits(makeDigits(pixels, Uint8Array.of(1, 2)), Int32Array.of(2)),
    RangeError);
});

test("files of MNIST that are missing or cut short are refused by name", () => {
  inFolder((folder) => {
    refuses(() => loadMnist(folder), /cannot be read: ".*train-images-idx3-ubyte" \(ENOENT\)/);
    const header = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28];
    const file = join(folder, "train-images-idx3-ubyte");
    for (const bytes of [[], [1, 2, 3], header]) {
      writeFileSync(file, Uint8Array.from(bytes));
      refuses(() => loadMnist(folder), "not a complete data file");
    }
  });
});

test("each shuffled epoch has every example once, and its own order", ({ rng }) => {
  const batches = shuffledBatches(12, 4, rng);
  const epoch = (): number[] => [0, 1, 2].flatMap(() => [...batches.next().value]);
  const [one, two] = [epoch(), epoch()];

  for (const order of [one, two]) {
    assert.equal([...order].sort((a, b) => a - b), Array.from({ length: 12 }, (_, i) => i));
  }
  assert.not.equal(one, two); // equal once in 12! = 5e8 seeds
});

test("what does not fill a batch waits for another epoch; in order it comes last", ({ rng }) => {
  const batches = shuffledBatches(5, 2, rng);
  for (let i = 0; i < 7; i++) assert.is(batches.next().value.length, 2);

  assert.equal([...batchesInOrder(5, 2)].map((batch) => [...batch]), [[0, 1], [2, 3], [4]]);
  assert.throws(() => shuffledBatches(5, 6, rng).next(), RangeError);
});

test.run();
