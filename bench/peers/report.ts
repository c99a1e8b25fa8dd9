// Results as tables for people and as lines of JSON.

import { digits } from "../table.ts";
import type { Task } from "./contestant.ts";
import type { Timing } from "./rounds.ts";

/** What came of one library at one case: a time, or why there is none. */
export type Outcome =
  | { readonly timing: Timing }
  | { readonly notPossible: string }
  | { readonly wrong: string };

/** All outcomes of a case, by library. */
export interface CaseResult {
  readonly name: string;
  readonly kind: Task["kind"];
  readonly outcomes: ReadonlyMap<string, Outcome>;
}

/** What all results of a run have in common. */
export interface Circumstances {
  readonly adapter: string;
  readonly host: string;
  readonly software: boolean;
  /** Of the sources; undefined where there is no git. */
  readonly commit: string | undefined;
  /** Of each library, by its name. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Our own names: plain use, and with `compile` around training steps. */
export const [OURS, COMPILED] = ["dualgrad", "dualgrad compiled"];

/** Which of our ways the others are compared with: the compiled one where there is one. */
export function baseOf({ outcomes }: CaseResult): { name: string; timing: Timing | undefined } {
  for (const name of [COMPILED, OURS]) {
    const outcome = outcomes.get(name);
    if (outcome && "timing" in outcome) return { name, timing: outcome.timing };
  }
  return { name: OURS, timing: undefined };
}

/** A line of JSON for each library; times in milliseconds, null where there is none. */
export function jsonLines(result: CaseResult, about: Circumstances, date: Date): string[] {
  const { name: base, timing: ours } = baseOf(result);
  const { versions, ...common } = about;
  return [...result.outcomes].map(([peer, outcome]) => JSON.stringify({
    case: result.name, peer, ...common, version: versions[peer], base,
    ...timesOf(outcome, ours), date: date.toISOString(),
  }));
}

function timesOf(outcome: Outcome, ours: Timing | undefined): Record<string, unknown> {
  if (!("timing" in outcome)) {
    const why = "wrong" in outcome ? outcome.wrong : outcome.notPossible;
    return { median_ms: null, ratio: null, correct: "wrong" in outcome ? false : null, why };
  }
  const { median, quartiles: [q1, q3], cpu, first, dispatches, rounds, runs } = outcome.timing;
  return {
    median_ms: round(median), ratio: ours ? round(median / ours.median) : null, correct: true,
    q1_ms: round(q1), q3_ms: round(q3), ours_ms: ours ? round(ours.median) : null,
    cpu_ms: round(cpu), cpu_ratio: ours ? round(cpu / ours.cpu) : null,
    first_ms: round(first), dispatches, rounds, runs,
  };
}

/** Six digits: more than a time is good for. */
function round(x: number): number {
  return Number(x.toPrecision(6));
}

/** Titles and widths of the columns after the library's name. */
const COLUMNS = [
  ["median ms", 9], ["quartiles", 15], ["ratio", 6], ["cpu ms", 8], ["ratio", 6], ["disp.", 5],
  ["runs", 7], ["first ms", 8],
] as const;
const NAME = 18;

/** The lines above all tables. */
export function heading({ adapter, host, software, commit, versions }: Circumstances): string[] {
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${adapter} (${software ? "software adapter" : "GPU"}), ${host}`
      + `${commit ? `, commit ${commit}` : ""}`,
    ...(software ? ["A software adapter: its numbers say nothing about a GPU."] : []),
    names.join(", "),
    "Wall time of one run, until all of it is computed. Ratio: that time over ours; cpu: time of",
    "the process's threads. Training steps are compared with ours compiled, where there is one.",
  ];
}

/** One case's table: a line for each library. */
export function caseTable(result: CaseResult): string[] {
  const { timing: ours } = baseOf(result);
  const titles = COLUMNS.map(([title, width]) => title.padStart(width));
  const lines = [...result.outcomes].map(([name, outcome]) => {
    const rest = "notPossible" in outcome ? [`  not possible: ${outcome.notPossible}`]
      : "wrong" in outcome ? [`  wrong: ${outcome.wrong}`] : cells(outcome.timing, ours);
    return `  ${name.padEnd(NAME)}${rest.join("")}`;
  });
  const top = [result.name.padEnd(NAME + 2), ...titles.map((title) => `  ${title}`)];
  return ["", top.join(""), ...lines];
}

function cells(timing: Timing, ours: Timing | undefined): string[] {
  const { median, quartiles: [q1, q3], cpu, first, dispatches, rounds, runs } = timing;
  const values = [
    digits(median), `${digits(q1)}..${digits(q3)}`, ours ? ratio(median / ours.median) : "-",
    digits(cpu), ours ? ratio(cpu / ours.cpu) : "-", String(dispatches), `${rounds}x${runs}`,
    digits(Math.round(first)),
  ];
  return values.map((value, i) => `  ${value.padStart(COLUMNS[i]?.[1] ?? 0)}`);
}

function ratio(x: number): string {
  return x < 10 ? x.toFixed(2) : digits(x);
}

/** The ratios of all cases, libraries side by side: one table in Markdown. */
export function summaryTable(results: readonly CaseResult[], names: readonly string[]): string[] {
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const peers = names.filter((name) => name !== OURS && name !== COMPILED);
  const lines = results.map((result) => {
    const { timing: ours } = baseOf(result);
    const ratios = peers.map((peer) => {
      const outcome = result.outcomes.get(peer);
      if (!outcome || "notPossible" in outcome) return "-";
      if ("wrong" in outcome) return "wrong";
      return ours ? ratio(outcome.timing.median / ours.median) : "?";
    });
    return row([result.name, ours ? `${digits(ours.median)} ms` : "wrong", ...ratios]);
  });
  return [
    "", "Their time over ours:", "", row(["case", "ours", ...peers]),
    row(["---", ...["", ...peers].map(() => "--:")]), ...lines,
  ];
}
