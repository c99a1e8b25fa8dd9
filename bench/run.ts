// npm run bench -- NAME [--json] [--size LIST] [--only LIST]

import process from "node:process";
import { DeviceLostError, openDevice } from "../autograd/index.ts";
import { BENCHES } from "./benches.ts";
import { commitHere } from "./commit.ts";
import { type Bench, BenchError } from "./harness.ts";
import { EFFORT } from "./measure.ts";
import { benchOptimizers } from "./optim.bench.ts";
import { type Options, helpText, isAsked, parseOptions } from "./options.ts";
import { type Report, circumstances, jsonReport } from "./report.ts";
import { type Roofline, copyBench, productBench, referenceSize } from "./roofline.ts";
import { type LeftOut, type Result, type Session, runCase } from "./run_case.ts";
import { type Planned, UsageError, planCases, showSize } from "./size.ts";
import { tableReport } from "./table.ts";
import { timerFor } from "./timer.ts";

/** Milliseconds that a run of the references takes at least, where the adapter can hold it. */
const REFERENCE_MS = { copy: 4, product: 30 } as const;

const print = (line: string): void => console.log(line);
const note = (line: string): void => console.error(line);

function reportFor(session: Session, { json }: Options, plan: readonly Planned[]): Report {
  const about = circumstances(session.device, commitHere());
  if (json) return jsonReport(about, print, note);
  return tableReport(about, {
    timer: session.timer.kind,
    names: [copyBench.name, productBench.name, ...plan.map(({ bench }) => bench.name)],
    sizes: ["67108864", ...plan.map(({ size }) => showSize(size))], // the largest copy
    matrices: plan.some(({ bench }) => BENCHES.sign?.includes(bench)),
    kernels: plan.some(({ bench }) => BENCHES.matmul?.includes(bench)),
    ops: plan.some(({ bench }) => BENCHES.host?.includes(bench)),
  }, print);
}

async function measureRoofline(session: Session, report: Report): Promise<Roofline> {
  const measured = async (bench: Bench, ms: number): Promise<Result> => {
    const size = await referenceSize(session.device, bench, ms);
    // What is asked for is not left out.
    const result = await runCase(session, { bench, size, asked: true }) as Result;
    report.result(result);
    return result;
  };
  const copy = await measured(copyBench, REFERENCE_MS.copy);
  const product = await measured(productBench, REFERENCE_MS.product);
  return { gbps: copy.gbps, gflops: product.gflops };
}

/** @returns whether every case was right */
async function runAll(
  session: Session, plan: readonly Planned[], report: Report,
): Promise<boolean> {
  let right = true;
  const leftOut: LeftOut[] = [];
  for (const planned of plan) {
    try {
      const outcome = await runCase(session, planned);
      if (isLeftOut(outcome)) leftOut.push(outcome);
      else report.result(outcome);
    } catch (error) {
      if (error instanceof DeviceLostError) throw error;
      right = false;
      const about = `${planned.bench.name} ${showSize(planned.size)}: `;
      note(`bench: ${error instanceof BenchError ? "" : about}${messageOf(error)}`);
    }
  }
  if (leftOut.length > 0) report.leftOut(leftOut);
  return right;
}

function isLeftOut(outcome: Result | LeftOut): outcome is LeftOut {
  return "secondsPerRun" in outcome;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The bench that compares whole updates, in a table of its own. */
const OPTIMIZERS = "optim";

async function optimizers(options: Options): Promise<number> {
  using device = await openDevice();
  const about = circumstances(device, commitHere());
  const request = { ...options, timer: timerFor(device), about, print, note };
  return await benchOptimizers(device, request) ? 0 : 1;
}

/** @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  const names = [...Object.keys(BENCHES), OPTIMIZERS];
  const options = parseOptions(args, names);
  if (!options) {
    print(helpText(names));
    return 0;
  }
  if (options.name === OPTIMIZERS) return await optimizers(options);
  const benches = (BENCHES[options.name] ?? []).filter(({ name }) => isAsked(name, options.only));
  if (benches.length === 0) {
    throw new UsageError(`--only: ${options.name} has no line with "${options.only}" in its name.`);
  }
  const plan = planCases(options.name, benches, options.sizes);
  using device = await openDevice();
  const session: Session = { device, timer: timerFor(device), effort: EFFORT };
  const report = reportFor(session, options, plan);
  const roofline = await measureRoofline(session, report);
  return await runAll({ ...session, roofline }, plan, report) ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  note(`bench: ${messageOf(error)}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
