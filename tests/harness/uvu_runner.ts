// Runs one suite by uvu's own runner and brings back the counts, which uvu only prints.

/** A test ready to run. */
export interface NamedBody {
  readonly name: string;
  readonly body: () => Promise<void>;
}

/** What became of a suite. `report` describes its failures. */
export interface SuiteResult {
  readonly passed: number;
  readonly failed: number;
  readonly report: string;
}

type UvuRun = () => Promise<[errors: string | true, passed: number, skips: number, total: number]>;

interface UvuGlobals {
  UVU_DEFER?: number;
  UVU_QUEUE?: UvuRun[][];
}

/**
 * Runs tests one after another.
 *
 * @param suiteName for uvu's line
 * @param tests in this order
 * @param skips how many more were declared and are not run
 */
export async function runWithUvu(
  suiteName: string,
  tests: readonly NamedBody[],
  skips: number,
): Promise<SuiteResult> {
  // uvu reads both globals once, when it is loaded: with them set it only queues what is to run.
  // So it is loaded here and not at the top, where a bundler would move it before these lines.
  const globals = globalThis as UvuGlobals;
  globals.UVU_DEFER = 1;
  globals.UVU_QUEUE = [[]];
  const uvu = await import("uvu");
  const test = uvu.suite(suiteName);
  for (const { name, body } of tests) test(name, body);
  for (let i = 0; i < skips; i++) test.skip();
  test.run();
  const run = globals.UVU_QUEUE[0]?.pop();
  if (run === undefined) throw new Error("harness: uvu did not queue the suite.");
  const [errors, passed, , total] = await run();
  return { passed, failed: total - passed, report: errors === true ? "" : errors };
}
