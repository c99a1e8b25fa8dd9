// What became of the cases, as text.

import type { Totals } from "../host.ts";

/** What became of one case. */
export type Outcome =
  | { readonly status: "passed" }
  | { readonly status: "failed"; readonly why: string }
  | { readonly status: "skipped"; readonly what: string };

/** What became of one file. */
export interface FileResult {
  readonly name: string;
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly seconds: number;
}

/**
 * How many cases ended how.
 */
export function countOutcomes(results: readonly FileResult[]): Totals {
  const totals = { passed: 0, failed: 0, skipped: 0 };
  for (const { outcomes } of results) {
    for (const { status } of outcomes.values()) totals[status]++;
  }
  return totals;
}

function row(cells: readonly (string | number)[]): string {
  const [first = "", ...others] = cells.map(String);
  return first.padEnd(16) + others.map((cell) => cell.padStart(9)).join("");
}

/**
 * The head of the table.
 */
export function tableHead(): string {
  return row(["file", "passed", "failed", "skipped", "seconds"]);
}

/**
 * The line of a file in the table.
 */
export function tableRow(result: FileResult): string {
  const { passed, failed, skipped } = countOutcomes([result]);
  return row([result.name, passed, failed, skipped, result.seconds.toFixed(1)]);
}

/**
 * Every failure with its worst error, one a line; empty if there is none.
 */
export function failureList(results: readonly FileResult[]): string {
  const lines = results.flatMap(({ name, outcomes }) =>
    [...outcomes].flatMap(([id, outcome]) =>
      outcome.status === "failed" ? [`  ${name} ${id}: ${outcome.why}`] : [],
    ),
  );
  return lines.length === 0 ? "" : ["failed:", ...lines].join("\n");
}

// Lines of at most 100 columns, broken between names.
function wrap(head: string, names: readonly string[]): string {
  const lines = [head];
  for (const name of names) {
    const line = lines.pop() ?? "";
    if (line.length + name.length + 2 <= 100) lines.push(`${line} ${name}`);
    else lines.push(line, `    ${name}`);
  }
  return lines.join("\n");
}

function tally(outcomes: ReadonlyMap<string, Outcome>): string[] {
  const counts = new Map<string, number>();
  for (const outcome of outcomes.values()) {
    if (outcome.status !== "skipped") continue;
    counts.set(outcome.what, (counts.get(outcome.what) ?? 0) + 1);
  }
  const names = [...counts].map(([what, count]) => (count === 1 ? what : `${what} x${count}`));
  return names.map((name, k) => (k + 1 < names.length ? `${name},` : name));
}

/**
 * The names of what was skipped because it is not there yet, file by file.
 */
export function skipList(results: readonly FileResult[]): string {
  return results
    .map(({ name, outcomes }) => [name, tally(outcomes)] as const)
    .filter(([, names]) => names.length > 0)
    .map(([name, names]) => wrap(`skipped in ${name}, not there yet:`, names))
    .join("\n");
}
