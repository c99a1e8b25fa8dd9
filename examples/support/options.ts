// Reading a command line by its table of options.

import { parseArgs } from "node:util";
import { nearest } from "./nearest.ts";
import type {
  ChoiceOption,
  NumberOption,
  Optimizer,
  OptionSpec,
  OptionTable,
  OptionValues,
  Program,
} from "./option_types.ts";
import { UsageError } from "./option_types.ts";

type Value = string | number | boolean;

/**
 * Reads a command line: `--name value`, `--name=value`, and flags.
 *
 * @param program whose table says what there is
 * @param args without the program's own name, for example `process.argv.slice(2)`
 * @returns a value for every option of the table
 * @throws UsageError for an unknown option, a missing or wrong value, or a stray word
 * @example
 * const { lr, steps } = parseOptions(program, ["--lr", "0.1"]);
 */
export function parseOptions<Table extends OptionTable>(
  program: Program<Table>,
  args: readonly string[],
): OptionValues<Table> {
  const given = readArgs(program.options, args);
  const values: Record<string, Value> = {};
  for (const [name, spec] of Object.entries<OptionSpec>(program.options)) {
    const text = given.get(name);
    values[name] = text === undefined ? defaultOf(spec, values) : check(name, spec, text);
  }
  return values as OptionValues<Table>; // each value was made by its own row of the table
}

function readArgs(table: OptionTable, args: readonly string[]): Map<string, string> {
  const flags = Object.entries(table).map(([name, { type }]) => {
    return [name, { type: type === "flag" ? "boolean" as const : "string" as const }] as const;
  });
  // Not strict: we look at the tokens ourselves, to say more than the built-in messages do.
  const options = Object.fromEntries(flags);
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const given = new Map<string, string>();
  for (const token of tokens) {
    if (token.kind === "positional") {
      throw new UsageError(`options: unexpected word: "${token.value}". Options begin with --.`);
    }
    if (token.kind === "option") given.set(token.name, valueOf(table, token));
  }
  return given;
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function valueOf(table: OptionTable, { name, rawName, value, inlineValue }: OptionToken): string {
  const spec = Object.hasOwn(table, name) ? table[name] : undefined;
  if (spec === undefined || !rawName.startsWith("--")) {
    const best = nearest(name, Object.keys(table));
    throw new UsageError(`options: unknown option: ${rawName}. Did you mean --${best}?`);
  }
  if (spec.type === "flag") {
    if (value === undefined) return "";
    throw new UsageError(`--${name}: takes no value: "${value}". Write --${name} alone.`);
  }
  const isNextOption = !inlineValue && value?.startsWith("--");
  if (value === undefined || value === "" || isNextOption) {
    throw new UsageError(`--${name}: has no value. ${expected(spec)}`);
  }
  return value;
}

function defaultOf(spec: OptionSpec, values: Readonly<Record<string, Value>>): Value {
  if (spec.type === "flag") return false;
  if (typeof spec.default !== "object") return spec.default;
  // The table lists `optimizer` first, so it is known here.
  return spec.default[values["optimizer"] as Optimizer];
}

function check(name: string, spec: OptionSpec, text: string): Value {
  if (spec.type === "flag") return true;
  if (spec.type === "path" || spec.type === "text") return text;
  return spec.type === "choice" ? checkChoice(name, spec, text) : checkNumber(name, spec, text);
}

function checkChoice(name: string, spec: ChoiceOption, text: string): string {
  if (spec.choices.includes(text)) return text;
  throw new UsageError(`--${name}: unknown value: "${text}". ${expected(spec)}`);
}

// Number() alone would also take "", "0x10" and "Infinity".
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function checkNumber(name: string, spec: NumberOption, text: string): number {
  const wrong = (what: string): UsageError =>
    new UsageError(`--${name}: ${what}: "${text}". ${expected(spec)}`);
  if (!DECIMAL.test(text)) throw wrong("not a number");
  const value = Number(text);
  if (spec.type === "integer" && !Number.isInteger(value)) throw wrong("not a whole number");
  if (!(value >= spec.min && value <= spec.max)) throw wrong("out of range");
  const { multipleOf } = spec;
  if (multipleOf !== undefined && value % multipleOf !== 0) {
    throw wrong(`not a multiple of ${multipleOf}`);
  }
  return value;
}

function expected(spec: OptionSpec): string {
  if (spec.type === "choice") return `Choose ${orList(spec.choices)}.`;
  if (spec.type === "path") return `Give a ${spec.value === "DIR" ? "folder" : "file"}.`;
  if (spec.type === "text") return `Give ${spec.expects}.`;
  return spec.type === "flag" ? "" : `Give ${describeRange(spec)}.`;
}

/** `modula, muon, adam or sgd`. */
export function orList(words: readonly string[]): string {
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

/** `a whole number from 1 to 1000, a multiple of 4`. */
export function describeRange({ type, min, max, multipleOf }: NumberOption): string {
  const kind = type === "integer" ? "a whole number" : "a number";
  const multiple = multipleOf === undefined ? "" : `, a multiple of ${multipleOf}`;
  return `${kind} from ${min} to ${max}${multiple}`;
}
