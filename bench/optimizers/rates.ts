// The tuned learning rates, in a file beside this one that `--tune` writes.

import { readFileSync, writeFileSync } from "node:fs";
import { FAMILY, type Member } from "./family.ts";
import { TASKS, type TaskName } from "./tasks.ts";

/** Rates by task and optimizer. */
export type Rates = Readonly<Record<TaskName, Readonly<Record<string, number>>>>;

/** Where they are, from the root of the package. */
const FILE = "bench/optimizers/rates.json";
/** Where the search begins for an optimizer that has none. */
const GUESS = 0.1;

/**
 * The rates of the file's text.
 *
 * @throws Error if it is something else
 */
export function parseRates(text: string): Rates {
  const wrong = (what: string) => {
    return new Error(`${FILE}: ${what}. Restore the file, or write it anew by --tune.`);
  };
  const rates = JSON.parse(text) as Partial<Rates>;
  for (const task of TASKS) {
    for (const [name, lr] of Object.entries(rates[task] ?? {})) {
      if (!(lr > 0 && lr < Infinity)) throw wrong(`not a rate: ${lr} of ${name} on ${task}`);
    }
    if (!rates[task]) throw wrong(`no rates for a task: ${task}`);
  }
  return rates as Rates; // every task is there
}

/** Reads the file; the program runs in the root of the package. */
export function loadRates(): Rates {
  return parseRates(readFileSync(FILE, "utf8"));
}

/** Writes the file. */
export function saveRates(rates: Rates): void {
  writeFileSync(FILE, ratesText(rates));
}

/** The text of the file: a line for each rate, in the order of the optimizers. */
export function ratesText(rates: Rates): string {
  const ordered = TASKS.map((task) => [task, Object.fromEntries(FAMILY.flatMap(({ name }) => {
    const lr = rates[task][name];
    return lr === undefined ? [] : [[name, lr]];
  }))] as const);
  return `${JSON.stringify(Object.fromEntries(ordered), null, 2)}\n`;
}

/** The rate of an optimizer, or where to begin to look for one. */
export function rateOf(rates: Rates, task: TaskName, { name }: Member): number {
  return rates[task][name] ?? GUESS;
}

/** The same rates but for one. */
export function withRate(rates: Rates, task: TaskName, { name }: Member, lr: number): Rates {
  return { ...rates, [task]: { ...rates[task], [name]: lr } };
}
