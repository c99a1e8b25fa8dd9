// Runs one program of the test run as a child process and reads its closing line.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";

/** How many tests ended how. */
export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What became of a child: its totals, and why there are none or they cannot be trusted. */
export interface ChildResult {
  readonly totals: Totals;
  /** Set where the runtime cannot be had: nothing was run. */
  readonly unavailable?: string;
  /** Set where the child did not end as it should; counted as one failure more. */
  readonly broken?: string;
}

/** A child prints `UNAVAILABLE reason` and nothing else where its runtime cannot be had. */
export const UNAVAILABLE = "unavailable:";

const CLOSING_LINE = /^(\d+) passed, (\d+) failed, (\d+) skipped$/;
const EXIT_SECONDS = 10; // a finished child must end by itself within this time
const KILL_SECONDS = 5; // for a child to clean up after SIGTERM, its browser for one

/** The closing line of a run. */
export function closingLine({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/**
 * Runs a command, prints what it prints except its closing line, and ends it when it takes too
 * long or stays alive after the closing line.
 *
 * @param command program and arguments
 * @param seconds time limit, > 0
 * @param more environment variables
 */
export async function runChild(
  command: readonly string[], seconds: number, more: Readonly<Record<string, string>> = {},
): Promise<ChildResult> {
  const [program = "", ...args] = command;
  const env = { ...process.env, ...more };
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"], env });
  const limit = stopAfter(child, seconds, `stopped after ${seconds} s`);
  let totals: Totals | undefined;
  let unavailable: string | undefined;
  createInterface({ input: child.stdout }).on("line", (line) => {
    const match = CLOSING_LINE.exec(line);
    if (match) {
      totals = { passed: Number(match[1]), failed: Number(match[2]), skipped: Number(match[3]) };
      limit.change(EXIT_SECONDS, `did not exit within ${EXIT_SECONDS} s of its closing line`);
    } else if (line.startsWith(UNAVAILABLE)) unavailable = line.slice(UNAVAILABLE.length).trim();
    else console.log(line);
  });
  const ending = await endOf(child);
  limit.clear();
  return judge(totals, unavailable, limit.reason() ?? ending);
}

/** Stops a child when its time is over. The time can be set anew. */
function stopAfter(child: ChildProcess, seconds: number, why: string) {
  let reason: string | undefined;
  const stop = (because: string): void => {
    reason = because;
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), KILL_SECONDS * 1000).unref();
  };
  let timer = setTimeout(stop, seconds * 1000, why);
  return {
    clear: () => clearTimeout(timer),
    reason: () => reason,
    change(newSeconds: number, newWhy: string) {
      clearTimeout(timer);
      timer = setTimeout(stop, newSeconds * 1000, newWhy);
    },
  };
}

/** Waits for the end, passing on an interruption. @returns how it ended, if not well */
function endOf(child: ChildProcess): Promise<string | undefined> {
  const forward = (signal: NodeJS.Signals): void => {
    child.kill(signal);
    process.exitCode = 130; // as a shell reports an interrupted program
  };
  process.once("SIGINT", forward).once("SIGTERM", forward);
  return new Promise<string | undefined>((resolve) => {
    child.once("error", (error) => resolve(`could not be started: ${error.message}`));
    child.once("close", (code, signal) => {
      resolve(code === 0 ? undefined : `ended with ${signal ?? `exit code ${code}`}`);
    });
  }).finally(() => process.off("SIGINT", forward).off("SIGTERM", forward));
}

function judge(
  totals: Totals | undefined,
  unavailable: string | undefined,
  ending: string | undefined,
): ChildResult {
  if (unavailable !== undefined) {
    return { totals: { passed: 0, failed: 0, skipped: 1 }, unavailable };
  }
  const { passed, failed, skipped } = totals ?? { passed: 0, failed: 0, skipped: 0 };
  // Failed tests end with exit code 1; any other bad ending is one failure more.
  const expected = ending === undefined || (ending === "ended with exit code 1" && failed > 0);
  const broken = expected ? undefined : ending;
  const reason = broken ?? (totals ? undefined : "ended without its closing line");
  if (reason === undefined) return { totals: { passed, failed, skipped } };
  return { totals: { passed, failed: failed + 1, skipped }, broken: reason };
}
