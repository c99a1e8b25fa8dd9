// The frame of a command-line program: options, help, errors in one line, exit code.

import process from "node:process";
import { helpText } from "./help.ts";
import { parseOptions } from "./options.ts";
import type { OptionTable, OptionValues, Program } from "./option_types.ts";
import { UsageError } from "./option_types.ts";

/** The part of `process` that a program uses. */
export interface Host {
  readonly argv: readonly string[];
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  exitCode?: number | string | null | undefined;
}

/**
 * Reads the options and runs a program. Never throws: an error becomes a line on standard error
 * and exit code 1, a `UsageError` exit code 2. Ends by itself, when nothing is left to do.
 *
 * @param program its command, summary and options
 * @param main gives the exit code
 * @example
 * await runProgram({ command: "npm start --", summary: "Trains.", options }, async ({ steps }) => {
 *   return 0;
 * });
 */
export async function runProgram<Table extends OptionTable>(
  program: Program<Table>,
  main: (options: OptionValues<Table>) => Promise<number>,
  host: Host = process,
): Promise<void> {
  const args = host.argv.slice(2);
  if (host === process) endQuietlyWithReader();
  try {
    if (args.includes("--help") || args.includes("-h")) {
      host.stdout.write(`${helpText(program)}\n`);
      return;
    }
    host.exitCode = await main(parseOptions(program, args));
  } catch (error) {
    const hint = error instanceof UsageError ? ` See ${program.command} --help.` : "";
    host.stderr.write(`${describe(error)}${hint}\n`);
    host.exitCode = error instanceof UsageError ? 2 : 1;
  }
}

// Our errors say in one line what is wrong and what to do. A slip in the code needs its stack.
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isSlip = error instanceof TypeError || error instanceof ReferenceError;
  return isSlip ? (error.stack ?? error.message) : error.message;
}

// `npm start -- --json | head -1` closes our output early, which is no error.
function endQuietlyWithReader(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    process.exit(error.code === "EPIPE" ? 0 : 1);
  });
}
