// The command line.

import { parseArgs } from "node:util";
import { UsageError } from "../size.ts";

/** What the command line asks for. */
export interface Options {
  /** Texts of names; a case runs if its name has one of them. All if empty. */
  readonly cases: readonly string[];
  /** Names of libraries to compare with. All if empty. */
  readonly peers: readonly string[];
  /** One line of JSON for each case and library in place of the tables. */
  readonly json: boolean;
  /** How often each library is timed in turn. */
  readonly rounds: number;
}

const ROUNDS = 7;

const OPTIONS = {
  cases: { type: "string" }, peers: { type: "string" }, rounds: { type: "string" },
  json: { type: "boolean" }, help: { type: "boolean" },
} as const;

/** The text that `--help` prints. */
export function helpText(cases: readonly string[], peers: readonly string[]): string {
  return [
    "Times this package and others in turn on this machine's adapter, and checks all results.",
    "",
    "Usage: npm run bench:peers -- [options]",
    "",
    "  --cases LIST  only cases with one of these texts in their name: matmul,softmax",
    `  --peers LIST  only these others: ${peers.join(", ")}`,
    `  --rounds N    how often each is timed in turn (default ${ROUNDS})`,
    "  --json        one JSON object per line for each case and library, and nothing else",
    "  --help        this text",
    "",
    `Cases: ${cases.join("; ")}`,
  ].join("\n");
}

/**
 * Reads the command line.
 *
 * @param args without the program's own name
 * @param cases names of all cases
 * @param peers names of all other libraries
 * @returns undefined if it asks for help
 * @throws UsageError naming the choices
 */
export function parseOptions(
  args: readonly string[], cases: readonly string[], peers: readonly string[],
): Options | undefined {
  // Not strict: the built-in messages do not name the choices.
  const { tokens } = parseArgs({ args: [...args], options: OPTIONS, strict: false, tokens: true });
  let options: Options = { cases: [], peers: [], json: false, rounds: ROUNDS };
  for (const token of tokens) {
    if (token.kind === "positional") throw new UsageError(`not an option: ${token.value}. ${USE}`);
    if (token.kind !== "option") continue;
    const { rawName, value } = token;
    if (rawName === "--help") return undefined;
    else if (rawName === "--json") options = { ...options, json: alone(rawName, value) };
    else if (rawName === "--cases") options = { ...options, cases: casesOf(value, cases) };
    else if (rawName === "--peers") options = { ...options, peers: peersOf(value, peers) };
    else if (rawName === "--rounds") options = { ...options, rounds: countOf(value) };
    else throw new UsageError(`unknown option: ${rawName}. ${USE}`);
  }
  return options;
}

const USE = "Use --cases, --peers, --rounds, --json or --help.";

function alone(name: string, value: string | undefined): true {
  if (value === undefined) return true;
  throw new UsageError(`${name}: takes no value: "${value}". Write ${name} alone.`);
}

/** Texts divided by commas. */
function listOf(option: string, value: string | undefined, choices: string): string[] {
  if (!value || value.startsWith("-")) throw new UsageError(`${option}: has no value. ${choices}`);
  return value.split(",").map((text) => text.trim());
}

/** Texts, each of which is part of a name. */
function casesOf(value: string | undefined, names: readonly string[]): string[] {
  const choices = `Choose from ${names.join(", ")}.`;
  const texts = listOf("--cases", value, choices);
  const stray = texts.find((text) => text === "" || !names.some((name) => name.includes(text)));
  if (stray === undefined) return texts;
  throw new UsageError(`--cases: nothing has "${stray}" in its name. ${choices}`);
}

/** Whole names. */
function peersOf(value: string | undefined, names: readonly string[]): string[] {
  const choices = `Choose from ${names.join(", ")}.`;
  const list = listOf("--peers", value, choices);
  const stray = list.find((name) => !names.includes(name));
  if (stray === undefined) return list;
  throw new UsageError(`--peers: there is no "${stray}". ${choices}`);
}

function countOf(value = ""): number {
  const count = Number(value);
  if (Number.isInteger(count) && count > 0) return count;
  throw new UsageError(`--rounds: not a number of rounds: "${value}". Give a whole one from 1.`);
}
