// A text as numbers, one for each character, and the windows that a model is trained on.

import { DataError } from "./package_data.ts";

/** The part of a random generator that is needed. */
export interface RandomInts {
  /** A random whole number in [0, n). */
  int(n: number): number;
}

/** A text in numbers: the last part is held out, to see how well the rest was learned. */
export interface Corpus {
  /** The different characters, in the order of their code points; an id is a place in it. */
  readonly vocabulary: readonly string[];
  readonly train: Int32Array;
  readonly heldOut: Int32Array;
  /** @throws DataError if a character is not in the vocabulary */
  encode(text: string): Int32Array;
  /** @throws RangeError if an id is not in the vocabulary */
  decode(ids: Iterable<number>): string;
}

/** Windows of a text: `targets` is `inputs` one character later. */
export interface TextBatch {
  /** `inputs` and `targets` are [batch, seq], row-major. */
  readonly shape: readonly [batch: number, seq: number];
  readonly inputs: Int32Array;
  readonly targets: Int32Array;
}

/**
 * Turns a text into numbers.
 *
 * @param text at least two characters
 * @param heldOut share of the text at its end, in (0, 1)
 * @throws DataError if the text is too short
 */
export function makeCorpus(text: string, { heldOut = 0.1 } = {}): Corpus {
  const characters = [...text];
  if (characters.length < 2) {
    throw new DataError(`data: the text is empty: ${characters.length} characters. Give more.`);
  }
  const vocabulary = [...new Set(characters)].sort((a, b) => codeOf(a) - codeOf(b));
  const idOf = new Map(vocabulary.map((character, id) => [character, id]));
  const encode = (part: Iterable<string>): Int32Array =>
    Int32Array.from(part, (character) => {
      const id = idOf.get(character);
      if (id !== undefined) return id;
      throw new DataError(`data: not in the text: "${character}". Use characters it has.`);
    });
  const decode = (ids: Iterable<number>): string =>
    Array.from(ids, (id) => {
      const character = vocabulary[id];
      if (character !== undefined) return character;
      throw new RangeError(`decode: no such character: ${id} of ${vocabulary.length}. Check ids.`);
    }).join("");
  const ids = encode(characters);
  const cut = Math.ceil(ids.length * (1 - heldOut));
  return { vocabulary, train: ids.slice(0, cut), heldOut: ids.slice(cut), encode, decode };
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}

/** Size of a batch of windows. */
export interface WindowSize {
  readonly batch: number;
  readonly seq: number;
}

/**
 * Windows at random places.
 *
 * @param ids of a text
 * @param rng decides the places
 * @throws DataError if the text is shorter than one window and the character after it
 */
export function sampleWindows(ids: Int32Array, rng: RandomInts, size: WindowSize): TextBatch {
  const places = ids.length - size.seq;
  assertLongEnough(ids, size.seq + 1);
  return windowsAt(ids, size, () => rng.int(places));
}

/**
 * Windows at fixed places, evenly over the whole text and not overlapping: the same at each call,
 * so that losses can be compared.
 *
 * @throws DataError if the text is too short for so many windows
 */
export function fixedWindows(ids: Int32Array, size: WindowSize): TextBatch {
  assertLongEnough(ids, size.batch * size.seq + 1);
  const stride = Math.floor((ids.length - 1) / size.batch);
  return windowsAt(ids, size, (row) => row * stride);
}

function assertLongEnough(ids: Int32Array, needed: number): void {
  if (ids.length >= needed) return;
  throw new DataError(
    `data: the text is too short: ${ids.length} of ${needed} characters. Give a longer one.`,
  );
}

function windowsAt(
  ids: Int32Array,
  { batch, seq }: WindowSize,
  startOf: (row: number) => number,
): TextBatch {
  const inputs = new Int32Array(batch * seq);
  const targets = new Int32Array(batch * seq);
  for (let row = 0; row < batch; row++) {
    const start = startOf(row);
    inputs.set(ids.subarray(start, start + seq), row * seq);
    targets.set(ids.subarray(start + 1, start + seq + 1), row * seq);
  }
  return { shape: [batch, seq], inputs, targets };
}
