// The comparison as a table in Markdown, row by row.

import { formatNumber } from "../../examples/support/format.ts";
import { median } from "../statistics.ts";
import type { Member } from "./family.ts";
import type { Task, TaskName } from "./tasks.ts";
import type { Outcome } from "./train.ts";

/** An optimizer on a task: its rate, and an outcome for each seed. */
export interface Entry {
  readonly task: TaskName;
  readonly lr: number;
  readonly outcomes: readonly Outcome[];
}

/** The lines above the rows. */
export function tableHead(tasks: readonly Task[]): string[] {
  const titles = [
    "optimizer", ...tasks.flatMap(({ name }) => [`${name}: rate`, "loss", "ms/step"]),
    "bytes/parameter", "state", "",
  ];
  const rules = titles.map((_, i) => (i === 0 || i > titles.length - 3 ? "---" : "--:"));
  return [row(titles), row(rules)];
}

/** The row of an optimizer, one entry for each task. */
export function tableRow({ name, state, note = "" }: Member, entries: readonly Entry[]): string {
  const cells = entries.flatMap(({ lr, outcomes }) => [
    formatNumber(lr, 2), lossText(outcomes.map(({ loss }) => loss)),
    formatNumber(1000 * median(outcomes.map(({ secondsPerStep }) => secondsPerStep)), 2),
  ]);
  const bytes = entries.at(-1)?.outcomes.map(({ bytesPerParameter }) => bytesPerParameter) ?? [];
  return row([`\`${name}\``, ...cells, formatNumber(median(bytes), 3), state.text, note]);
}

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** Mean and standard deviation over seeds. */
export function lossText(losses: readonly number[]): string {
  const mean = losses.reduce((sum, x) => sum + x, 0) / losses.length;
  if (!Number.isFinite(mean)) return "diverged";
  if (losses.length < 2) return mean.toFixed(3);
  const squares = losses.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return `${mean.toFixed(3)} ± ${Math.sqrt(squares / (losses.length - 1)).toFixed(3)}`;
}
