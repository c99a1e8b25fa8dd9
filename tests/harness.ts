// `suite` over uvu: a time limit, a seeded rng, a scope and a leak check for every test, and one
// closing line for the process. How the tests are run is in harness/.

import type { Need } from "./harness/needs.ts";
import { register } from "./harness/queue.ts";
import type { SuiteOptions, TestBody, TestOptions } from "./harness/types.ts";

export type { Need } from "./harness/needs.ts";
export type { SuiteOptions, TestBody, TestContext, TestOptions } from "./harness/types.ts";
export type { TestRng } from "./rng.ts";

/** Registers tests; made by `suite`. */
export interface Suite {
  /** Adds a test. The name says the behaviour. */
  (name: string, body: TestBody, options?: TestOptions): void;
  /** Adds a test that is reported as skipped where one of its needs is not there. */
  needs(
    needs: Need | readonly Need[],
    name: string,
    body: TestBody,
    options?: TestOptions,
  ): void;
  /** Hands the suite over to be run. A suite that never calls this fails. */
  run(): void;
}

/**
 * Opens a suite of tests, usually one a file.
 *
 * Every test gets `{ rng, seed, device }`, runs in a scope of its own on the process's one shared
 * device, must give back all GPU memory, and must end in time. `SEED=123` in the environment
 * replays a run, `SEED=random` draws a new one, `ONLY=text` runs only the tests whose name has
 * that text, `SECONDS=60` sets the time limit, and `SLOW=1` from how many seconds on a test is named
 * as slow.
 *
 * @param name unique in the process
 * @param options `device: false` for a suite that needs no GPU; `seconds` for its time limit
 * @throws Error if all suites of the process have been run already
 * @example
 * const test = suite("matmul");
 * test("odd sizes match the float64 reference", async ({ rng }) => { ... });
 * test.needs("shader-f16", "half precision", async () => { ... });
 * test.run();
 */
export function suite(name: string, options: SuiteOptions = {}): Suite {
  const collected = register(name, options);
  const add: Suite["needs"] = (needs, test, body, testOptions = {}) => {
    const list = typeof needs === "string" || "met" in needs ? [needs] : needs;
    collected.tests.push({ name: test, needs: list, body, options: testOptions });
  };
  const test = (testName: string, body: TestBody, testOptions?: TestOptions): void => {
    add([], testName, body, testOptions);
  };
  return Object.assign(test, {
    needs: add,
    run: () => {
      collected.ready = true;
    },
  });
}
