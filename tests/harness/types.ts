// What the parts of the harness hand to each other.

import type { Device } from "../../engine/index.ts";
import type { TestRng } from "../rng.ts";
import type { Need } from "./needs.ts";

/** What a test is given. */
export interface TestContext {
  /** A stream of its own, fixed by the seed and the test's name. */
  readonly rng: TestRng;
  /** A seed in [0, 2^32) for other generators, fixed in the same way. */
  readonly seed: number;
  /** The shared device; reading it throws in a suite with `device: false`. */
  readonly device: Device;
}

/** The test itself. It fails by throwing. */
export type TestBody = (context: TestContext) => void | Promise<void>;

/** Options of one test. */
export interface TestOptions {
  /** Time limit in seconds, > 0. */
  readonly seconds?: number;
}

/** Options of a suite, and defaults for its tests. */
export interface SuiteOptions extends TestOptions {
  /** False for tests that need no GPU: no device is opened for them. */
  readonly device?: boolean;
}

/** A test as it was declared. */
export interface Declared {
  readonly name: string;
  readonly needs: readonly Need[];
  readonly body: TestBody;
  readonly options: TestOptions;
}

/** A suite as it was declared. */
export interface Collected {
  readonly name: string;
  readonly options: SuiteOptions;
  readonly tests: Declared[];
  /** Set by `run()`. */
  ready: boolean;
}
