// npm run bench:peers -- [--cases LIST] [--peers LIST] [--rounds N] [--json]

import { readFileSync } from "node:fs";
import process from "node:process";
import { globals } from "webgpu";
import { type Device, openDevice } from "../../autograd/index.ts";
import { commitHere } from "../commit.ts";
import { BenchError } from "../harness.ts";
import { UsageError } from "../size.ts";
import { CASES, type Case } from "./cases.ts";
import { type Contestant, NotPossible, type Task, type Work } from "./contestant.ts";
import { type Passes, countDispatches } from "./dispatches.ts";
import { dualgrad } from "./dualgrad.ts";
import { exposeDevice } from "./expose.ts";
import { PEERS, install, startPeers } from "./libraries.ts";
import { helpText, parseOptions } from "./options.ts";
import { type CaseResult, type Circumstances, type Outcome, caseTable, heading, jsonLines,
  summaryTable } from "./report.ts";
import { type Entry, type Meters, prepare, timeInTurn } from "./rounds.ts";

const print = (line: string): void => console.log(line);
const note = (line: string): void => console.error(line);

function metersOf(device: Device): Meters {
  const { GPUComputePassEncoder: passes } = globals as {
    readonly GPUComputePassEncoder: { readonly prototype: Passes };
  };
  return {
    now: () => performance.now(),
    cpu: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    },
    dispatches: countDispatches(passes.prototype),
    wait: (work) => device.wait(work),
  };
}

function circumstances(device: Device, contestants: readonly Contestant[]): Circumstances {
  const { host, software } = device.info;
  const versions = Object.fromEntries(contestants.map(({ name, version }) => [name, version]));
  return { adapter: device.name, host, software, commit: commitHere(), versions };
}

/** What a run of all cases shares. */
interface Session {
  readonly contestants: readonly Contestant[];
  readonly meters: Meters;
  readonly rounds: number;
}

/** One case, from its inputs to the times of all who can do it. */
async function runCase({ name, make }: Case, session: Session): Promise<CaseResult> {
  const { contestants, meters, rounds } = session;
  const task = make();
  const works: Work[] = [];
  const entries = new Map<string, Entry>();
  const outcomes = new Map<string, Outcome>();
  try {
    for (const contestant of contestants) {
      const label = `${name}, ${contestant.name}`;
      const entered = await enter(label, contestant, { task, works, meters });
      if (!entered) continue;
      if ("work" in entered) entries.set(contestant.name, entered);
      else outcomes.set(contestant.name, entered);
    }
    const timings = await timeInTurn(entries, rounds, meters);
    for (const [entry, timing] of timings) outcomes.set(entry, { timing });
  } finally {
    for (const work of works) await work.free();
  }
  const inOrder = contestants.flatMap((contestant): [string, Outcome][] => {
    const outcome = outcomes.get(contestant.name);
    return outcome ? [[contestant.name, outcome]] : [];
  });
  return { name, kind: task.kind, outcomes: new Map(inOrder) };
}

interface Entering {
  readonly task: Task;
  /** Gets what must be freed. */
  readonly works: Work[];
  readonly meters: Meters;
}

/** Starts, checks and counts one contestant's work, or says why not; undefined for no entry. */
async function enter(
  name: string, contestant: Contestant, { task, works, meters }: Entering,
): Promise<Entry | Outcome | undefined> {
  try {
    const work = await contestant.start(task);
    if (!work) return undefined;
    works.push(work);
    return await prepare(name, task, work, meters);
  } catch (error) {
    if (error instanceof NotPossible) return { notPossible: error.message };
    note(`bench:peers: ${error instanceof BenchError ? "" : `${name}: `}${messageOf(error)}`);
    return { wrong: messageOf(error) };
  }
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n", 1)[0] ?? "";
}

/** @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  const names = CASES.map(({ name }) => name);
  const options = parseOptions(args, names, PEERS);
  if (!options) {
    print(helpText(names, PEERS));
    return 0;
  }
  const { json, rounds, peers, cases } = options;
  install();
  using device = await openDevice();
  exposeDevice(device.gpu);
  const contestants = [...dualgrad(device, ownVersion()), ...await startPeers(device.gpu, peers)];
  const session = { contestants, rounds, meters: metersOf(device) };
  const about = circumstances(device, contestants);
  const results: CaseResult[] = [];
  if (!json) heading(about).forEach(print);
  for (const item of CASES) {
    if (cases.length > 0 && !cases.some((text) => item.name.includes(text))) continue;
    const result = await runCase(item, session);
    (json ? jsonLines(result, about, new Date()) : caseTable(result)).forEach(print);
    results.push(result);
  }
  if (!json) summaryTable(results, contestants.map(({ name }) => name)).forEach(print);
  return results.some(({ outcomes }) => [...outcomes.values()].some(isWrong)) ? 1 : 0;
}

function isWrong(outcome: Outcome): boolean {
  return "wrong" in outcome;
}

/** The version of this package. */
function ownVersion(): string {
  return (JSON.parse(readFileSync("package.json", "utf8")) as { version: string }).version;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  note(`bench:peers: ${messageOf(error)}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
