// Makes a program that fails smaller as long as it fails.

import { sizeOf } from "../reference.ts";
import { type Expected, type Failure, failureOf } from "./evaluate.ts";
import { telling } from "./generate.ts";
import type { Leaf, OpTable, Program, Step } from "./types.ts";

/** A program that fails. */
export interface Failing {
  readonly program: Program;
  readonly failure: Failure;
}

/** Runs at most; a program of 12 calls needs a few hundred. */
const RUNS = 1500;

/**
 * The smallest program found that still fails: calls are left out or replaced by their values,
 * then sizes go down, then values become plain.
 *
 * @param program one that fails
 */
export async function shrink(program: Program, table: OpTable): Promise<Failing | undefined> {
  let best = await runs(program, table);
  if (!best) return undefined;
  const kind = kindOf(best.failure);
  for (let left = RUNS, smaller = true; smaller && left > 0;) {
    smaller = false;
    for (const candidate of candidates(best.program, table)) {
      if (weight(candidate) >= weight(best.program)) continue;
      if (left-- <= 0) break;
      const found = await runs(candidate, table);
      if (!found || kindOf(found.failure) !== kind) continue;
      best = found;
      smaller = true;
      break;
    }
  }
  return best;
}

/** A wrong number, or an error apart from its numbers: a smaller program must fail likewise. */
function kindOf({ what, index }: Failure): string {
  return index === undefined ? what.replaceAll(/[-\d[\], ]+/g, "") : "number";
}

/** Calls count most, then elements, then digits. */
function weight({ leaves, steps }: Program): number {
  const elements = leaves.reduce((sum, { values }) => sum + values.length, 0);
  const digits = JSON.stringify(leaves).length;
  return 1e9 * steps.length + 1e3 * elements + Math.min(digits, 1e6) / 1e3 + 1e2 * leaves.length;
}

async function runs(program: Program, table: OpTable): Promise<Failing | undefined> {
  const expected = telling(program, table);
  if (!expected) return undefined;
  const failure = await failureOf(program, expected, table);
  return failure && { program, failure };
}

/** Smaller programs, the boldest first. */
function* candidates(program: Program, table: OpTable): Generator<Program> {
  const expected = telling(program, table);
  if (!expected) return;
  for (let k = 0; k < program.steps.length; k++) yield endedAt(program, k);
  for (let k = program.steps.length - 1; k >= 0; k--) {
    yield tidy(asLeaf(program, expected, k));
    for (const input of program.steps[k]?.inputs ?? []) yield tidy(without(program, k, input));
  }
  yield* smallerShapes(program);
  yield* plainerValues(program);
}

function endedAt({ leaves, steps }: Program, last: number): Program {
  return tidy({ leaves, steps: steps.slice(0, last) });
}

/** Step k replaced by a leaf that has its value. */
function asLeaf({ leaves, steps }: Program, { values }: Expected, k: number): Program {
  const old = values[leaves.length + k];
  const at = leaves.length;
  const leaf = { shape: old?.shape ?? [], values: Array.from(old?.value ?? [], Math.fround) };
  const place = (i: number) => (i < at ? i : i === at + k ? at : i + 1);
  return { leaves: [...leaves, leaf], steps: renamed(steps, place) };
}

/** Whatever used step k uses another value in its place. */
function without({ leaves, steps }: Program, k: number, other: number): Program {
  return { leaves, steps: renamed(steps, (i) => (i === leaves.length + k ? other : i)) };
}

function renamed(steps: readonly Step[], place: (i: number) => number): Step[] {
  return steps.map((step) => ({ ...step, inputs: step.inputs.map(place) }));
}

/** The program without steps and leaves that the result does not need. */
function tidy({ leaves, steps }: Program): Program {
  const needed = new Set<number>([leaves.length + steps.length - 1]);
  for (let k = steps.length - 1; k >= 0; k--) {
    if (needed.has(leaves.length + k)) for (const i of steps[k]?.inputs ?? []) needed.add(i);
  }
  const kept = [...needed].sort((a, b) => a - b);
  const stay = (offset: number) => (_: unknown, i: number) => needed.has(offset + i);
  return {
    leaves: leaves.filter(stay(0)),
    steps: renamed(steps.filter(stay(leaves.length)), (i) => kept.indexOf(i)),
  };
}

function resized({ shape, values }: Leaf, to: readonly number[]): Leaf {
  // Values repeat from the front; their order does not matter to most failures.
  const length = sizeOf(to);
  return { shape: to, values: Array.from({ length }, (_, i) => values[i] ?? shape.length) };
}

function* smallerShapes({ leaves, steps }: Program): Generator<Program> {
  const sizes = [...new Set(leaves.flatMap(({ shape }) => shape))].sort((a, b) => b - a);
  const smaller = (d: number) => [1, 2, 3, d >> 1, d - 1].filter((n) => n > 0 && n < d);
  // One size wherever it stands, also in arguments.
  for (const d of sizes) {
    for (const to of new Set(smaller(d))) {
      const put = (x: unknown): unknown => {
        if (x === d) return to;
        return Array.isArray(x) ? x.map(put) : x;
      };
      const small = leaves.map((leaf) => resized(leaf, put(leaf.shape) as number[]));
      yield { leaves: small, steps };
      yield { leaves: small, steps: steps.map((s) => ({ ...s, args: s.args.map(put) })) };
    }
  }
  for (const [k, leaf] of leaves.entries()) {
    for (const [axis, d] of leaf.shape.entries()) {
      for (const to of smaller(d)) {
        yield { leaves: leaves.with(k, resized(leaf, leaf.shape.with(axis, to))), steps };
      }
      yield { leaves: leaves.with(k, resized(leaf, leaf.shape.toSpliced(axis, 1))), steps };
    }
  }
}

function* plainerValues({ leaves, steps }: Program): Generator<Program> {
  const plainer: readonly ((x: number, i: number) => number)[] = [
    () => 1, (_, i) => i + 1, (x) => Math.round(x), (x) => Math.round(8 * x) / 8,
  ];
  for (const [k, { shape, values }] of leaves.entries()) {
    for (const f of plainer) {
      const next = values.map(f);
      const shorter = JSON.stringify(next).length < JSON.stringify(values).length;
      if (shorter) yield { leaves: leaves.with(k, { shape, values: next }), steps };
    }
  }
}
