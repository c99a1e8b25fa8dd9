// Trains every optimizer at its tuned learning rate and prints a table, or tunes the rates:
//
//   npm run optimizers -- [--only NAMES] [--task digits|text|both] [--tune] [--help]

import process from "node:process";
import { type Device, openDevice } from "../../autograd/index.ts";
import { formatNumber } from "../../examples/support/format.ts";
import { type OptionTable, type OptionValues, UsageError } from
  "../../examples/support/option_types.ts";
import { runProgram } from "../../examples/support/program.ts";
import { FAMILY, type Member } from "./family.ts";
import { loadRates, rateOf, saveRates, withRate } from "./rates.ts";
import { type Entry, tableHead, tableRow } from "./table.ts";
import { TASKS, type Task, makeTask } from "./tasks.ts";
import { type Outcome, train } from "./train.ts";
import { searchRate } from "./tune.ts";

const OPTIONS = {
  only: {
    type: "text", value: "NAMES", expects: "names, as in adam,muon", default: "",
    help: "these optimizers, as in adam,muon (default: all)",
  },
  task: { type: "choice", choices: [...TASKS, "both"], default: "both", help: "what to learn" },
  seeds: { type: "integer", min: 1, max: 100, default: 3, help: "trainings of each, seeds 1 to N" },
  steps: { type: "integer", min: 2, max: 1e6, default: 100, help: "training steps" },
  tune: {
    type: "flag", help: "look for the best learning rates, by seed 1, and write them to rates.json",
  },
  help: { type: "flag", help: "print this text" },
} as const satisfies OptionTable;
type Options = OptionValues<typeof OPTIONS>;

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const note = (line: string): void => void process.stderr.write(`${line}\n`);

/** @throws UsageError for a name that is none */
function chosen(only: string): readonly Member[] {
  if (only === "") return FAMILY;
  return only.split(",").map((name) => {
    const found = FAMILY.find((member) => member.name === name);
    if (found) return found;
    const names = FAMILY.map((member) => member.name).join(", ");
    throw new UsageError(`--only: no such optimizer: "${name}". There are ${names}.`);
  });
}

async function main({ only, task, seeds, steps, tune }: Options): Promise<number> {
  const members = chosen(only);
  const tasks = TASKS.filter((name) => task === "both" || task === name).map(makeTask);
  using device = await openDevice();
  for (const { name, about } of tasks) print(`${name}: ${about}, ${steps} steps.`);
  print(`Adapter: ${device.name}.\n`);
  if (tune) await tuneAll(device, members, tasks, steps);
  else await compare(device, members, tasks, { steps, seeds });
  return 0;
}

async function compare(
  device: Device, members: readonly Member[], tasks: readonly Task[],
  { steps, seeds }: { readonly steps: number; readonly seeds: number },
): Promise<void> {
  const rates = loadRates();
  for (const line of tableHead(tasks)) print(line);
  for (const member of members) {
    const entries: Entry[] = [];
    for (const task of tasks) {
      const lr = rateOf(rates, task.name, member);
      const outcomes: Outcome[] = [];
      for (let seed = 1; seed <= seeds; seed++) {
        outcomes.push(await train(device, { task, member, lr, seed, steps }));
      }
      entries.push({ task: task.name, lr, outcomes });
    }
    print(tableRow(member, entries));
  }
}

async function tuneAll(
  device: Device, members: readonly Member[], tasks: readonly Task[], steps: number,
): Promise<void> {
  let rates = loadRates();
  for (const task of tasks) {
    for (const member of members) {
      const guess = rateOf(rates, task.name, member);
      const [best] = await searchRate(guess, async (lr) => {
        const { loss } = await train(device, { task, member, lr, seed: 1, steps });
        note(`  ${task.name} ${member.name} ${formatNumber(lr)}: ${formatNumber(loss)}`);
        return loss;
      });
      print(`${task.name} ${member.name}: ${formatNumber(best.lr)} (${formatNumber(best.loss)})`);
      rates = withRate(rates, task.name, member, best.lr);
      saveRates(rates);
    }
  }
}

await runProgram({
  command: "npm run optimizers --",
  summary: "Compares every optimizer at its tuned learning rate on digits and on a text.",
  options: OPTIONS,
}, main);
