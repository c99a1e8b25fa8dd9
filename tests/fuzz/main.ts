// npm run fuzz -- [--cases N] [--seed S] [--only call:N | program:N]
//
// Runs random calls and random programs, half of each, and prints every failure as the smallest
// program that still fails. The same seed runs the same cases.

import process from "node:process";
import { parseArgs } from "node:util";
import { openDevice } from "../../autograd/index.ts";
import { type Kind, runCase } from "./run.ts";
import { table } from "./table.ts";

const EVERY_SECONDS = 10;

interface Plan {
  readonly cases: readonly (readonly [Kind, number])[];
  readonly seed: number;
}

function wholeNumber(name: string, text: string): number {
  const n = Number(text);
  if (Number.isSafeInteger(n) && n >= 0) return n;
  throw new RangeError(`fuzz: --${name} is not a whole number: ${text}. Give one of 0 or more.`);
}

function readPlan(): Plan {
  const { values: { cases, seed, only } } = parseArgs({
    options: {
      cases: { type: "string", default: "1000" },
      seed: { type: "string", default: "1" },
      only: { type: "string" },
    },
  });
  const [kind = "", place = ""] = only?.split(":") ?? [];
  if (only !== undefined && kind !== "call" && kind !== "program") {
    throw new RangeError(`fuzz: no such case: --only ${only}. Give call:NUMBER or program:NUMBER.`);
  }
  const list = only === undefined
    ? Array.from({ length: wholeNumber("cases", cases) }, (_, i) =>
      [i % 2 === 0 ? "call" : "program", i >> 1] as const)
    : [[kind as Kind, wholeNumber("only", place)] as const];
  return { cases: list, seed: wholeNumber("seed", seed) };
}

/** What is wrong with a case, also where it could not be drawn. */
async function problemOf(kind: Kind, seed: number, number: number): Promise<string | undefined> {
  try {
    return await runCase(table, kind, seed, number);
  } catch (error) {
    return `fuzz: ${kind} ${number} of seed ${seed}: ${String(error)}`;
  }
}

async function main({ cases, seed }: Plan): Promise<number> {
  const device = await openDevice();
  console.log(`fuzz: ${cases.length} cases of ${Object.keys(table).length} ops, seed ${seed}, `
    + `on ${device.name}`);
  let failed = 0;
  let told = performance.now();
  for (const [done, [kind, number]] of cases.entries()) {
    const problem = await problemOf(kind, seed, number);
    if (problem !== undefined) {
      failed++;
      console.log(`\n${problem}\n`);
    }
    if (performance.now() - told < EVERY_SECONDS * 1000) continue;
    told = performance.now();
    console.log(`  ${done + 1} of ${cases.length}, ${failed} failed`);
  }
  device.close();
  console.log(`${cases.length - failed} passed, ${failed} failed`);
  return failed;
}

try {
  process.exitCode = await main(readPlan()) > 0 ? 1 : 0;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
