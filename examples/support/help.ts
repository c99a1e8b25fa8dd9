// The text that --help prints.

import { formatNumber } from "./format.ts";
import { describeRange, orList } from "./options.ts";
import type { OptionSpec, OptionTable, Program } from "./option_types.ts";
import { wrap } from "./text.ts";

const LINE = 80;

/**
 * The help text of a program, from its table of options.
 *
 * @returns lines of at most 80 columns, without a line break at the end
 */
export function helpText(program: Program<OptionTable>): string {
  const rows = Object.entries(program.options).map(([name, spec]) => {
    return [`  --${name}${placeholder(spec)}`, describe(spec)] as const;
  });
  const column = Math.max(...rows.map(([left]) => left.length)) + 3;
  const lines = rows.flatMap(([left, right]) => {
    const parts = wrap(right, LINE - column);
    return parts.map((part, i) => (i === 0 ? left : "").padEnd(column) + part);
  });
  return [...wrap(program.summary, LINE), "", `Usage: ${program.command} [options]`, "", ...lines]
    .join("\n");
}

function placeholder(spec: OptionSpec): string {
  if (spec.type === "flag") return "";
  if (spec.type === "path" || spec.type === "text") return ` ${spec.value}`;
  return spec.type === "choice" ? " NAME" : " N";
}

function describe(spec: OptionSpec): string {
  if (spec.type === "flag") return spec.help;
  if (spec.type === "path" || spec.type === "text") {
    return spec.default === "" ? spec.help : `${spec.help} (default ${spec.default})`;
  }
  if (spec.type === "choice") {
    return `${spec.help}: ${orList(spec.choices)} (default ${spec.default})`;
  }
  return `${spec.help}, ${describeRange(spec)} (default ${describeDefault(spec.default)})`;
}

function describeDefault(value: number | Readonly<Record<string, number>>): string {
  if (typeof value === "number") return formatNumber(value);
  return Object.entries(value).map(([name, x]) => `${formatNumber(x)} for ${name}`).join(", ");
}
