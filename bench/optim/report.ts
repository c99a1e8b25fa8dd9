// The bench of optimizers as a table for people, or as lines of JSON.

import { type Circumstances, type Print } from "../report.ts";
import { digits } from "../table.ts";
import type { OptimResult } from "./measure.ts";

/** One column of the table. */
interface Column {
  readonly title: string;
  readonly width: number;
  readonly show: (result: OptimResult) => string;
}

const COLUMNS: readonly Column[] = [
  { title: "weights", width: 7, show: ({ measured }) => digits(measured.weights) },
  { title: "grads", width: 5, show: ({ measured }) => digits(measured.gradients) },
  { title: "state", width: 5, show: ({ measured }) => digits(measured.state) },
  { title: "formula", width: 7, show: ({ expected }) => digits(expected.state) },
  { title: "peak", width: 5, show: ({ peak }) => digits(peak) },
  { title: "update ms", width: 9, show: ({ update }) => digits(update.median) },
  { title: "x Adam", width: 6, show: ({ updateRatio }) => updateRatio.toFixed(2) },
  { title: "step ms", width: 7, show: ({ step }) => digits(step.median) },
  { title: "x Adam", width: 6, show: ({ stepRatio }) => stepRatio.toFixed(2) },
  { title: "disp.", width: 6, show: ({ dispatches }) => digits(dispatches) },
];

/** The lines above the rows. */
export function optimHeading(about: Circumstances, model: string, names: readonly string[]) {
  const { adapter, host, software, commit } = about;
  const name = Math.max(...names.map((text) => text.length));
  const line = [
    "optimizer".padEnd(name), ...COLUMNS.map(({ title, width }) => title.padStart(width)),
    "state by formula",
  ];
  return [
    `${adapter} (${software ? "software adapter" : "GPU"}), ${host}`
      + `${commit ? `, commit ${commit}` : ""}`,
    ...(software ? ["A software adapter: its numbers say nothing about a GPU."] : []),
    model,
    "Bytes a parameter: weights, gradients and state between steps by the device's count, the",
    "state by the formula (matrices m x n), and the most at a time of an update.",
    "",
    line.join("  "),
  ];
}

/** The row of a result, in columns as wide as the heading's. */
export function optimRow(result: OptimResult, names: readonly string[]): string {
  const name = Math.max(...names.map((text) => text.length));
  const cells = COLUMNS.map(({ show, width }) => show(result).padStart(width));
  return [result.name.padEnd(name), ...cells, result.formula].join("  ");
}

/** What a line of JSON says of a result. */
export function optimJson(result: OptimResult, about: Circumstances, size: string, date: Date) {
  const { name, formula, expected, measured, peak, update, step } = result;
  return {
    name, size, adapter: about.adapter, host: about.host, software: about.software,
    weight_bytes: measured.weights, gradient_bytes: measured.gradients,
    state_bytes: measured.state, peak_bytes: peak, formula, formula_bytes: expected.state,
    update_ms: update.median, update_spread: update.spread, update_ratio: result.updateRatio,
    step_ms: step.median, step_spread: step.spread, step_ratio: result.stepRatio,
    dispatches: result.dispatches, commit: about.commit, date: date.toISOString(),
  };
}

/** Prints results as they come. */
export interface OptimReport {
  result(result: OptimResult): void;
  note(line: string): void;
}

/** Where results go: a table, or with `json` lines of JSON with remarks on the other stream. */
export function optimReport(
  about: Circumstances, size: string, model: string, names: readonly string[],
  { json, print, note }: { readonly json: boolean; readonly print: Print; readonly note: Print },
): OptimReport {
  if (json) {
    return {
      result: (r) => print(JSON.stringify(optimJson(r, about, size, new Date()))), note,
    };
  }
  for (const line of optimHeading(about, model, names)) print(line);
  return { result: (r) => print(optimRow(r, names)), note: print };
}
