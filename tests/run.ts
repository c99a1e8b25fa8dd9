// The whole test run: the suite in Node, its portable part in Deno and in headless Chromium, the
// fixtures in all three, one runtime after another, and one closing line.
//
//   node build/run.js [--only node|deno|browser] [--fixtures] [--under COMMAND]
//
// --fixtures runs the fixtures alone. --under puts a command before Node's and Deno's, to run them
// on another adapter, and leaves the browser out.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import { parseArgs, promisify } from "node:util";
import { bundle, RUNTIMES } from "./run_bundle.ts";
import type { Runtime } from "./run_bundle.ts";
import { closingLine, runChild } from "./run_child.ts";
import type { ChildResult, Totals } from "./run_child.ts";

// Above what a machine of two cores takes, where most of it is one thread compiling kernels.
const SECONDS: Readonly<Record<Runtime, number>> = { node: 780, deno: 420, browser: 300 };
const PROBE_SECONDS = 60;

// Two for the two cores of a small machine; Chromium compiles in processes of its own.
const PROCESSES: Readonly<Record<Runtime, number>> = { node: 2, deno: 2, browser: 1 };

// Threads of SwiftShader wait for work in busy loops: with more of them than cores, small kernels
// take four times as long.
const ONE_THREAD = "[Processor]\nThreadCount=1\n";

const NONE: Totals = { passed: 0, failed: 0, skipped: 0 };

interface Plan {
  readonly runtimes: readonly Runtime[];
  readonly fixtures: boolean;
  readonly under: readonly string[];
}

function readPlan(): Plan {
  const { values: { only, fixtures, under } } = parseArgs({
    options: {
      only: { type: "string" },
      fixtures: { type: "boolean", default: false },
      under: { type: "string" },
    },
  });
  const known = under === undefined ? RUNTIMES : RUNTIMES.filter((name) => name !== "browser");
  const runtimes = only === undefined ? known : known.filter((name) => name === only);
  if (runtimes.length === 0) {
    throw new Error(`run: nothing to run: --only ${only}. Use ${known.join(", ")}.`);
  }
  return { runtimes, fixtures, under: under === undefined ? [] : [under] };
}

/** The command that runs a bundle in a runtime, or why there is none. */
function commandFor(
  runtime: Runtime,
  { under }: Plan,
): readonly string[] | { readonly unavailable: string } {
  if (runtime === "node") return [...under, process.execPath];
  if (runtime === "browser") return [process.execPath, "build/run_browser.node.js"];
  try {
    // The package's own way to its program; works where install scripts are not run, too.
    const require = createRequire(import.meta.url);
    const { runInstall } = require("deno/install_api.cjs") as { runInstall(): string };
    return [...under, runInstall(), "run", "--allow-all", "--no-config"];
  } catch (error) {
    return { unavailable: `no Deno here (${firstLine(error)})` };
  }
}

async function adapterName(runtime: Runtime, command: readonly string[]): Promise<string> {
  try {
    const [program = "", ...args] = [...command, await bundle("tests/run_probe.ts", runtime)];
    const { stdout } = await promisify(execFile)(program, args, { timeout: PROBE_SECONDS * 1000 });
    const name = /^adapter: (.*)$/m.exec(stdout)?.[1];
    return name ?? "adapter unknown";
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    const reason = /Error: openDevice: (.*)/.exec(stderr + stdout)?.[1];
    return reason ?? `no adapter: ${firstLine(error)}`;
  }
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n", 1)[0] ?? "";
}

/** Runs the plan's programs in one runtime, which all together have its time. */
async function runAll(
  runtime: Runtime,
  command: readonly string[],
  plan: Plan,
): Promise<ChildResult> {
  const suite = runtime === "node" ? "tests/all.ts" : "tests/core.ts";
  const entries = plan.fixtures ? ["tests/fixtures.ts"] : [suite, "tests/fixtures.ts"];
  const end = performance.now() + SECONDS[runtime] * 1000;
  let sum = NONE;
  const problems: string[] = [];
  for (const entry of entries) {
    try {
      const seconds = Math.max(1, Math.round((end - performance.now()) / 1000));
      const whole = [...command, await bundle(entry, runtime)];
      const result = await runShared(whole, seconds, PROCESSES[runtime]);
      sum = add(sum, result.totals);
      if (result.unavailable !== undefined) return result;
      if (result.broken !== undefined) problems.push(`${entry} ${result.broken}`);
    } catch (error) {
      sum = add(sum, { ...NONE, failed: 1 });
      problems.push(`${entry}: ${firstLine(error)}`);
    }
    if (process.exitCode !== undefined) break; // interrupted
  }
  return problems.length > 0 ? { totals: sum, broken: problems.join("; ") } : { totals: sum };
}

/** Runs one program in several processes, each of which takes what is next in its list of work. */
async function runShared(
  command: readonly string[],
  seconds: number,
  processes: number,
): Promise<ChildResult> {
  if (processes === 1) return runChild(command, seconds);
  const claims = mkdtempSync("build/claims-");
  writeFileSync(`${claims}/SwiftShader.ini`, ONE_THREAD);
  try {
    const children = Array.from({ length: processes }, () => {
      return runChild(command, seconds, { CLAIMS: claims });
    });
    const results = await Promise.all(children);
    const bad = results.find(({ broken, unavailable }) => broken ?? unavailable);
    return { ...bad, totals: results.map(({ totals }) => totals).reduce(add) };
  } finally {
    rmSync(claims, { recursive: true });
  }
}

function add(a: Totals, b: Totals): Totals {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  };
}

async function runIn(runtime: Runtime, plan: Plan): Promise<Totals> {
  console.log(`\n${runtime}`);
  const command = commandFor(runtime, plan);
  if ("unavailable" in command) {
    console.log(`${runtime}: skipped: ${command.unavailable}`);
    return { ...NONE, skipped: 1 };
  }
  if (runtime === "browser") await bundle("tests/run_browser.ts", "node");
  const name = await adapterName(runtime, command);
  const { totals, unavailable, broken } = await runAll(runtime, command, plan);
  console.log(unavailable !== undefined ? `${runtime}: skipped: ${unavailable}`
    : `${runtime} (${name}): ${closingLine(totals)}${broken ? ` (${broken})` : ""}`);
  return totals;
}

async function main(plan: Plan): Promise<void> {
  let sum = NONE;
  for (const runtime of plan.runtimes) {
    sum = add(sum, await runIn(runtime, plan));
    if (process.exitCode !== undefined) break; // interrupted
  }
  console.log(`\n${closingLine(sum)}`);
  if (sum.failed > 0) process.exitCode ??= 1;
}

try {
  await main(readPlan());
} catch (error) {
  console.error(firstLine(error));
  process.exitCode = 2;
}
