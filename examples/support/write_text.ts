// Text written by a character model, one character at a time.

import { type Rng, type Tensor, scope, slice, softmax, tensor } from "../../autograd/index.ts";
import type { Corpus } from "./corpus.ts";

/** What to write. */
export interface TextRequest {
  /** What the text begins with; its characters must be in the vocabulary. */
  readonly prompt: string;
  /** Characters to write. */
  readonly length: number;
  /** Characters the model sees at once. */
  readonly seq: number;
  /** Below 1 the likelier characters are favoured; > 0. */
  readonly temperature: number;
}

/**
 * Draws characters from a model's predictions.
 *
 * @param logitsOf maps tokens `[1, n]` i32 to logits `[1, n, vocab]`
 * @returns the characters after the prompt
 */
export async function writeText(
  logitsOf: (tokens: Tensor) => Tensor, corpus: Corpus, random: Rng, request: TextRequest,
): Promise<string> {
  const { prompt, length, seq, temperature } = request;
  const ids = [...corpus.encode(prompt)];
  const start = ids.length;
  while (ids.length < start + length) {
    const seen = ids.slice(-seq);
    const chances = scope(() => {
      const logits = logitsOf(tensor(seen, { shape: [1, seen.length], dtype: "i32" }));
      const last = slice(logits, [null, [seen.length - 1, seen.length]]);
      return softmax(last, { scale: 1 / temperature });
    });
    ids.push(draw(await chances.read(), random.next()));
    chances.dispose();
  }
  return corpus.decode(ids.slice(start));
}

/** The index at which the running sum of chances passes `u`. */
function draw(chances: ArrayLike<number>, u: number): number {
  let sum = 0;
  for (let i = 0; i < chances.length; i++) {
    sum += chances[i] ?? 0;
    if (u < sum) return i;
  }
  return chances.length - 1; // rounding left the sum below u
}
