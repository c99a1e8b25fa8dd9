// Which word was meant.

// Letters to insert, drop or replace. Source: Levenshtein 1966, by one row of the usual table.
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (const [i, a] of [...from].entries()) {
    const next = [i + 1];
    for (const [j, b] of [...to].entries()) {
      const [drop = 0, replace = 0, insert = 0] = [row[j + 1], row[j], next[j]];
      next.push(Math.min(drop + 1, insert + 1, replace + (a === b ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/**
 * The word that is most like another.
 *
 * @param word as it was typed
 * @param words valid ones, at least one
 * @returns the one that `word` abbreviates, or else the one fewest edits away; first wins a tie
 * @throws RangeError if there are no words
 */
export function nearest(word: string, words: readonly string[]): string {
  const distance = (to: string): number => (to.startsWith(word) ? 0 : editDistance(word, to));
  let best = words[0];
  if (best === undefined) throw new RangeError("nearest: no words to choose from. Pass some.");
  for (const candidate of words) if (distance(candidate) < distance(best)) best = candidate;
  return best;
}
