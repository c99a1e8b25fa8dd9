// Runs the cases of one file, each in a scope of its own.

import { openScope } from "../../engine/index.ts";
import type { Device } from "../../engine/index.ts";
import { openCheck } from "./check.ts";
import { Missing } from "./missing.ts";
import type { FileResult, Outcome } from "./report.ts";
import type { CaseRunner, FixtureCase, FixtureFile } from "./types.ts";

async function judge(fixture: FixtureCase, runner: CaseRunner): Promise<Outcome> {
  const check = openCheck(fixture.tol);
  try {
    await runner(fixture, check);
  } catch (error) {
    if (error instanceof Missing) return { status: "skipped", what: error.what };
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { status: "failed", why };
  }
  if (check.failures.length > 0) return { status: "failed", why: check.failures.join("; ") };
  if (check.compared > 0) return { status: "passed" };
  return { status: "failed", why: "nothing was compared" };
}

async function runCase(fixture: FixtureCase, runner: CaseRunner, device: Device): Promise<Outcome> {
  const before = device.memory().tensors;
  const scope = openScope();
  const outcome = await judge(fixture, runner);
  scope.close();
  const leaked = device.memory().tensors - before;
  if (leaked === 0 || outcome.status === "failed") return outcome;
  return { status: "failed", why: `the case leaks ${leaked} tensors` };
}

/**
 * Runs all cases of a file.
 *
 * @param name of the file, for the report
 * @param file read from it
 * @param runner for its kind; undefined when the kind is unknown: then all cases are skipped
 * @param device the one in use, for its count of tensors
 * @param wanted picks the cases to run by their id
 */
export async function runFile(
  name: string,
  file: FixtureFile,
  runner: CaseRunner | undefined,
  device: Device,
  wanted: (id: string) => boolean,
): Promise<FileResult> {
  const start = performance.now();
  const outcomes = new Map<string, Outcome>();
  for (const fixture of file.cases) {
    if (!wanted(fixture.id)) continue;
    const outcome: Outcome = runner === undefined
      ? { status: "skipped", what: `kind ${file.kind}` }
      : await runCase(fixture, runner, device);
    outcomes.set(fixture.id, outcome);
  }
  return { name, outcomes, seconds: (performance.now() - start) / 1000 };
}
