// Sizes as they are written, and which cases of a bench they choose.

import type { Bench, Size } from "./harness.ts";

/** A command line that cannot be followed; the message says what can. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** One case to be run. */
export interface Planned {
  readonly bench: Bench;
  readonly size: Size;
  /** Named by the user, so run it however long it takes. */
  readonly asked: boolean;
}

/** The numbers of a size. */
export function numbersOf(size: Size): readonly number[] {
  return typeof size === "number" ? [size] : size;
}

/** `256`, `256x1024`. */
export function showSize(size: Size): string {
  return numbersOf(size).join("x");
}

/**
 * Reads sizes such as `256,512` or `256x1024`.
 *
 * @throws UsageError for anything but whole numbers from 1 to 2^31
 */
export function parseSizes(text: string): Size[] {
  return text.split(",").map((word) => {
    const numbers = word.split("x").map((part) => (/^\d{1,10}$/.test(part) ? Number(part) : NaN));
    const [first = NaN, ...rest] = numbers;
    if (numbers.every((n) => n >= 1 && n <= 2 ** 31)) {
      return rest.length === 0 ? first : [first, ...rest];
    }
    throw new UsageError(
      `--size: not a size: "${word}". Give whole numbers, as in 256,512 or 256x1024.`,
    );
  });
}

/**
 * The cases to run: the usual sizes of every bench, or else the sizes asked for, with each bench
 * that takes so many numbers.
 *
 * @param asked empty for the usual sizes
 * @throws UsageError if no bench takes a size
 */
export function planCases(
  name: string, benches: readonly Bench[], asked: readonly Size[],
): Planned[] {
  if (asked.length === 0) {
    return benches.flatMap((bench) =>
      bench.sizes.map((size) => ({ bench, size, asked: false })));
  }
  for (const size of asked) {
    if (benches.some((bench) => takes(bench, size))) continue;
    throw new UsageError(
      `--size: ${name} takes no such size: ${showSize(size)}. Give one like ${forms(benches)}.`,
    );
  }
  return benches.flatMap((bench) =>
    asked.filter((size) => takes(bench, size)).map((size) => ({ bench, size, asked: true })));
}

function takes(bench: Bench, size: Size): boolean {
  return bench.sizes.some((own) => numbersOf(own).length === numbersOf(size).length);
}

/** One usual size for each count of numbers that some bench takes. */
function forms(benches: readonly Bench[]): string {
  const found = new Map<number, string>();
  for (const size of benches.flatMap((bench) => bench.sizes)) {
    const count = numbersOf(size).length;
    if (!found.has(count)) found.set(count, showSize(size));
  }
  const list = [...found].sort(([a], [b]) => a - b).map(([, text]) => text);
  return listed(list);
}

/** `a`, `a or b`, `a, b or c`. */
export function listed(words: readonly string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
