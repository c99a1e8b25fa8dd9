// In which order the examples of a data set are seen.

import type { RandomInts } from "./corpus.ts";

/**
 * Batches without end: each epoch goes once through the data in a new random order. What does not
 * fill a batch at the end of an epoch is left out, so that all batches have one shape.
 *
 * @param count of the examples
 * @param batch size, 1 to `count`
 * @param rng decides the order
 * @returns [batch] indices in [0, count) each time
 * @throws RangeError if the batch is larger than the data set
 */
export function* shuffledBatches(
  count: number,
  batch: number,
  rng: RandomInts,
): Generator<Int32Array, never> {
  if (!(batch >= 1 && batch <= count)) {
    throw new RangeError(`shuffledBatches: batch ${batch} of ${count}. Take 1 to ${count}.`);
  }
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (;;) {
    shuffle(order, rng);
    for (let at = 0; at + batch <= count; at += batch) yield order.slice(at, at + batch);
  }
}

/**
 * Batches that go once through a data set, in order; the last may be smaller.
 *
 * @param batch size, >= 1
 */
export function* batchesInOrder(count: number, batch: number): Generator<Int32Array> {
  for (let at = 0; at < count; at += batch) {
    yield Int32Array.from({ length: Math.min(batch, count - at) }, (_, i) => at + i);
  }
}

// Source: Fisher-Yates, Knuth, The Art of Computer Programming 2, algorithm 3.4.2 P
function shuffle(order: Int32Array, rng: RandomInts): void {
  for (let last = order.length - 1; last > 0; last--) {
    const other = rng.int(last + 1);
    const [a = 0, b = 0] = [order[last], order[other]];
    order[last] = b;
    order[other] = a;
  }
}
