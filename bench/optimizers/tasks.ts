// What the optimizers are compared on: handwritten digits, and a novel character by character.

import { type Rng, type Tensor, crossEntropy, tensor } from "../../autograd/index.ts";
import { fixedWindows, makeCorpus, sampleWindows } from "../../examples/support/corpus.ts";
import { shuffledBatches } from "../../examples/support/epochs.ts";
import { CLASSES, type DigitBatch, PIXELS, loadMnist, takeDigits } from
  "../../examples/support/mnist.ts";
import { loadNovel } from "../../examples/support/novel.ts";
import { type Module, gpt, mlp } from "../../nn/index.ts";

/** Inputs and labels on the device. */
export interface Batch {
  readonly inputs: Tensor;
  readonly labels: Tensor;
}

/** Something to learn. */
export interface Task {
  readonly name: TaskName;
  /** Sizes, for people. */
  readonly about: string;
  readonly module: Module;
  /** Batches without end, in the current scope. */
  readonly batches: (rng: Rng) => () => Batch;
  /** What is held out, in the current scope: always the same. */
  readonly heldOut: () => Batch;
}

/** The names of the tasks. */
export const TASKS = ["digits", "text"] as const;
/** One of `TASKS`. */
export type TaskName = (typeof TASKS)[number];

/** Mean negative log-likelihood, nats, of what a module makes of a batch. */
export function lossOf(logits: Tensor, { labels }: Batch): Tensor {
  return crossEntropy(logits, labels);
}

/**
 * A task by its name; reads its data.
 *
 * @throws DataError if the data are not there
 */
export function makeTask(name: TaskName): Task {
  return name === "digits" ? digitsTask() : textTask();
}

/** Pixels of a side after every 2 x 2 have become one, which keeps Gram matrices small. */
const SIDE = 14;
const DIGITS = { width: 32, depth: 3, batch: 64, heldOut: 2000 } as const;

function digitsTask(): Task {
  const { width, depth, batch, heldOut } = DIGITS;
  const data = loadMnist();
  return {
    name: "digits",
    about: `MNIST at ${SIDE} x ${SIDE} pixels, MLP ${SIDE * SIDE}-${width}-${width}-${CLASSES}, `
      + `batch ${batch}`,
    module: mlp({ input: SIDE * SIDE, width, output: CLASSES, depth }),
    batches: (rng) => {
      const places = shuffledBatches(data.train.count, batch, rng);
      return () => onDevice(takeDigits(data.train, places.next().value));
    },
    heldOut: () => onDevice(takeDigits(data.test, first(heldOut))),
  };
}

const first = (count: number): Int32Array => Int32Array.from({ length: count }, (_, i) => i);

function onDevice({ images, labels }: DigitBatch): Batch {
  const shape = [labels.length, SIDE * SIDE];
  return { inputs: tensor(halved(images), { shape }), labels: tensor(labels) };
}

/** Images `[.., 28, 28]` with the means of 2 x 2 pixels in their place. */
export function halved(images: Float32Array): Float32Array {
  const row = 2 * SIDE;
  return Float32Array.from({ length: images.length / 4 }, (_, i) => {
    const [image, y, x] = [Math.floor(i / SIDE ** 2), Math.floor(i / SIDE) % SIDE, i % SIDE];
    const at = image * PIXELS + 2 * y * row + 2 * x;
    const four = [at, at + 1, at + row, at + row + 1].map((place) => images[place] ?? NaN);
    return four.reduce((sum, pixel) => sum + pixel, 0) / 4;
  });
}

const TEXT = { width: 32, heads: 4, blocks: 1, seq: 32, batch: 8, heldOut: 64 } as const;

function textTask(): Task {
  const { width, heads, blocks, seq, batch, heldOut } = TEXT;
  const corpus = makeCorpus(loadNovel());
  const vocab = corpus.vocabulary.length;
  const ready = ({ inputs, targets, shape }: ReturnType<typeof fixedWindows>): Batch => {
    return { inputs: tensor(inputs, { shape }), labels: tensor(targets, { shape }) };
  };
  return {
    name: "text",
    about: `Moby Dick by characters, GPT of ${blocks} block of width ${width}, ${heads} heads, `
      + `context ${seq}, batch ${batch}`,
    module: gpt({ vocab, heads, embed: width, blocks, rope: "standard" }),
    batches: (rng) => () => ready(sampleWindows(corpus.train, rng, { batch, seq })),
    heldOut: () => ready(fixedWindows(corpus.heldOut, { batch: heldOut, seq })),
  };
}
