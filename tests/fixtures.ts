// `npm run test:fixtures`: runs every case of every fixture file on the device of this host and
// prints a table, the failures, what was skipped, and the closing line.
//
// FIXTURES=folder takes the files from there instead of the built-in copies of tests/fixtures.
// ONLY=text runs only the cases whose "file id" has that text.

import { openShared } from "./harness/open_shared.ts";
import { claim, env, finish, print, setExitCode } from "./host.ts";
import {
  countOutcomes, failureList, skipList, tableHead, tableRow,
} from "./fixture_runner/report.ts";
import type { FileResult } from "./fixture_runner/report.ts";
import { runFile } from "./fixture_runner/run_file.ts";
import { runners } from "./fixture_runner/runners.ts";
import { fixtureSources } from "./fixture_runner/sources.ts";

async function runAll(): Promise<FileResult[]> {
  const sources = await fixtureSources();
  const device = await openShared();
  const results: FileResult[] = [];
  try {
    for (const [place, { name, load }] of sources.entries()) {
      if (!await claim(place)) continue;
      if (place === 0) print(`fixtures on ${device.name}\n${tableHead()}`);
      const file = await load();
      const wanted = (id: string): boolean => `${name} ${id}`.includes(env("ONLY") ?? "");
      const result = await runFile(name, file, runners[file.kind], device, wanted);
      results.push(result);
      print(tableRow(result));
    }
  } finally {
    device.close();
  }
  return results;
}

async function main(): Promise<void> {
  setExitCode(1); // until the end is reached: a process that stops early has not passed
  try {
    const results = await runAll();
    for (const text of [failureList(results), skipList(results)]) if (text !== "") print(text);
    finish(countOutcomes(results));
  } catch (error) {
    print(error instanceof Error ? (error.stack ?? error.message) : String(error));
    finish({ passed: 0, failed: 1, skipped: 0 });
  }
}

await main();
