// Cases by number: the same seed and number give the same program everywhere.

import { openScope } from "../../autograd/index.ts";
import { mixSeed, testRng } from "../rng.ts";
import { type Case, drawCall, drawProgram } from "./generate.ts";
import { failureOf } from "./evaluate.ts";
import { codeOf, showFailure } from "./show.ts";
import { shrink } from "./shrink.ts";
import type { OpTable } from "./types.ts";

/** What kind of programs are drawn. */
export type Kind = "call" | "program";

/** Programs that show nothing are drawn again, so many times. */
const ATTEMPTS = 60;

/** The program of that number. Calls go through the ops of the table in turn. */
export function drawCase(table: OpTable, kind: Kind, seed: number, number: number): Case {
  const rng = testRng(mixSeed(seed, `${kind} ${number}`));
  const ops = Object.values(table);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const op = ops[number % ops.length];
    const found = kind === "program" || !op ? drawProgram(rng, table, 3 + rng.int(10))
      : drawCall(rng, table, op);
    if (found) return found;
  }
  const what = kind === "call" ? `of ${ops[number % ops.length]?.name}` : "";
  throw new Error(`fuzz: no program ${what} shows anything in ${ATTEMPTS} attempts. Mend its row.`);
}

/**
 * Runs a case; where it fails, makes it as small as it goes.
 *
 * @returns undefined if it passes, else what is wrong, the smallest program, and how to repeat it
 */
export async function runCase(
  table: OpTable, kind: Kind, seed: number, number: number,
): Promise<string | undefined> {
  using _work = openScope();
  const { program, expected } = drawCase(table, kind, seed, number);
  const failure = await failureOf(program, expected, table);
  if (!failure) return undefined;
  const { program: least, failure: last } = await shrink(program, table) ?? { program, failure };
  return `fuzz: ${kind} ${number} of seed ${seed}: ${showFailure(last)}\n`
    + `${codeOf(least, table)}\n(npm run fuzz -- --seed ${seed} --only ${kind}:${number})`;
}
