// The command line.

import { parseArgs } from "node:util";
import type { Size } from "./harness.ts";
import { UsageError, listed, parseSizes } from "./size.ts";

/** What the command line asks for. */
export interface Options {
  /** One of the known names. */
  readonly name: string;
  /** One line of JSON for each case in place of the table. */
  readonly json: boolean;
  /** Run only the benches whose name `isAsked` by it; empty for all. */
  readonly only: string;
  /** Sizes to run in place of the usual ones; empty if not given. */
  readonly sizes: readonly Size[];
}

const OPTIONS = {
  json: { type: "boolean" }, size: { type: "string" }, only: { type: "string" },
  help: { type: "boolean" },
} as const;

/** The text that `--help` prints, for benches of these names. */
export function helpText(names: readonly string[]): string {
  return [
    "Times kernels of the package on this machine's adapter, beside the best rates it reaches.",
    "",
    "Usage: npm run bench -- NAME [options]",
    "",
    `  NAME         ${listed(names)}`,
    "  --size LIST  these sizes in place of the usual ones: 256,512 or 256x1024",
    "  --only LIST  only the lines whose name has one of these texts: ops --only softmax,norm",
    "  --json       one JSON object per line for each case, and nothing else",
    "  --help       this text",
  ].join("\n");
}

/** Whether a name has one of the texts of a list such as `softmax,norm`. */
export function isAsked(name: string, only: string): boolean {
  return only.split(",").some((text) => name.includes(text));
}

/**
 * Reads the command line.
 *
 * @param args without the program's own name
 * @param names of the benches there are
 * @returns undefined if it asks for help
 * @throws UsageError naming the choices
 */
export function parseOptions(
  args: readonly string[], names: readonly string[],
): Options | undefined {
  // Not strict: the built-in messages do not name the choices.
  const { tokens } = parseArgs({ args: [...args], options: OPTIONS, strict: false, tokens: true });
  const words: string[] = [];
  let [json, help, only] = [false, false, ""];
  let sizes: Size[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    if (token.rawName === "--size") sizes = [...sizes, ...parseSizes(valueOf(token))];
    else if (token.rawName === "--only") only = valueOf(token, "text of a name, as in --only sort");
    else if (token.rawName === "--json") json = isGiven(token);
    else if (token.rawName === "--help") help = isGiven(token);
    else throw unknown(token.rawName);
  }
  return help ? undefined : { name: checkName(words, names), json, only, sizes };
}

function unknown(name: string): UsageError {
  return new UsageError(`unknown option: ${name}. Use --json, --size, --only or --help.`);
}

interface OptionToken {
  readonly rawName: string;
  readonly value?: string | undefined;
}

function valueOf(
  { rawName, value = "" }: OptionToken, what = "whole numbers, as in 256,512 or 256x1024",
): string {
  if (value !== "" && !value.startsWith("-")) return value;
  throw new UsageError(`${rawName}: has no value. Give ${what}.`);
}

function isGiven({ rawName, value }: OptionToken): boolean {
  if (value === undefined) return true;
  throw new UsageError(`${rawName}: takes no value: "${value}". Write ${rawName} alone.`);
}

function checkName([name, second]: readonly string[], names: readonly string[]): string {
  const choices = `Choose ${listed(names)}.`;
  if (name === undefined) throw new UsageError(`no bench is named. ${choices}`);
  if (!names.includes(name)) throw new UsageError(`no such bench: "${name}". ${choices}`);
  if (second === undefined) return name;
  throw new UsageError(`more than one bench is named: "${second}". Name one at a time.`);
}
