// Random programs whose values stay of moderate size and well known.

import { sizeOf } from "../reference.ts";
import type { TestRng } from "../rng.ts";
import type { Ball } from "./ball.ts";
import { type Expected, evaluate } from "./evaluate.ts";
import { regrouped, shuffled } from "./moves.ts";
import type { FuzzOp, Leaf, OpTable, Program, Step } from "./types.ts";

/** Around the powers of two that kernels are cut into. */
const SIZES = [0, 1, 2, 3, 7, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257];
/** Most elements of a value: of one call, and inside a program. */
const MOST = 20_000;
const MOST_INSIDE = 2_000;
/** Values beyond it, or known worse than that, make a program that shows nothing. */
const LARGE = 1e3;
const VAGUE = 1e-3;

function pickOf<T>(rng: TestRng, list: readonly T[]): T {
  return list[rng.int(list.length)] as T; // never empty here
}

/** A random shape of rank 0 to 5 with at most so many elements. */
export function drawShape(rng: TestRng, most: number): number[] {
  const rank = pickOf(rng, [0, 1, 1, 2, 2, 2, 3, 3, 4, 5]);
  const shape: number[] = [];
  for (let k = 0; k < rank; k++) {
    const left = most / Math.max(1, sizeOf(shape));
    const small = rng.int(2) === 0 ? 7 : Infinity;
    const fits = SIZES.filter((d) => d <= Math.min(left, small) && (d > 0 || rng.int(6) === 0));
    shape.push(fits.length > 0 ? pickOf(rng, fits) : 1);
  }
  return shuffled(rng, rank).map((k) => shape[k] ?? 1);
}

function drawLeaf(
  rng: TestRng, shape: readonly number[], [low, high]: readonly [number, number],
): Leaf {
  // On a grid, so that some values are equal.
  const grid = rng.int(2) === 0 ? 64 : 2 ** 20;
  return { shape, values: Array.from({ length: sizeOf(shape) }, () => {
    return Math.fround(Math.round((low + (high - low) * rng.uniform()) * grid) / grid);
  }) };
}

/** Grows a program; indices count steps from -1 down until all leaves are known. */
class Builder {
  readonly leaves: Leaf[] = [];
  readonly steps: { op: string; inputs: (readonly ["leaf" | "step", number])[];
    args: readonly unknown[] }[] = [];

  leaf(leaf: Leaf): readonly ["leaf", number] {
    return ["leaf", this.leaves.push(leaf) - 1];
  }

  step(
    op: string, inputs: (readonly ["leaf" | "step", number])[], args: readonly unknown[] = [],
  ): readonly ["step", number] {
    return ["step", this.steps.push({ op, inputs, args }) - 1];
  }

  program(): Program {
    const steps: Step[] = this.steps.map(({ op, inputs, args }) => ({
      op, args,
      inputs: inputs.map(([kind, i]) => (kind === "leaf" ? i : this.leaves.length + i)),
    }));
    return { leaves: this.leaves, steps };
  }
}

type Place = readonly ["leaf" | "step", number];

/** A value of that shape as the last of a few views, none of which moves data. */
function strided(
  build: Builder, rng: TestRng, shape: readonly number[], domain: readonly [number, number],
  depth: number,
): Place {
  const rank = shape.length;
  const inner = (from: readonly number[]) => strided(build, rng, from, domain, depth - 1);
  const kind = depth === 0 ? "leaf" : pickOf(rng, ["leaf", "permute", "slice", "expand", "group"]);
  if (kind === "permute" && rank > 1) {
    const axes = shuffled(rng, rank);
    const from = shape.map((_, k) => shape[axes.indexOf(k)] ?? 1);
    return build.step("permute", [inner(from)], [axes]);
  }
  if (kind === "slice" && rank > 0 && sizeOf(shape) < MOST / 8) {
    const ranges = shape.map((d) => pickOf(rng, [
      null, [1, d + 1, 1], [0, 2 * d, 2], [-1, -d - 1, -1], [2 * d, 0, -2],
    ] as const));
    const from = shape.map((d, k) => {
      const range = ranges[k];
      if (!range) return d;
      return Math.abs(range[2]) === 2 ? 2 * d + (range[2] < 0 ? 1 : 0) : d + Number(range[0] === 1);
    });
    return build.step("slice", [inner(from)], [ranges]);
  }
  if (kind === "expand" && rank > 0) {
    return build.step("expand", [inner(shape.map((d) => (rng.int(2) ? 1 : d)))], [shape]);
  }
  if (kind === "group" && rank > 0) {
    return build.step("reshape", [inner(regrouped(rng, shape))], [shape]);
  }
  return build.leaf(drawLeaf(rng, shape, domain));
}

/** Whether a program can tell right from wrong. */
function isTelling({ values, grads }: Expected): boolean {
  const clear = ({ value, error }: Ball): boolean => value.every((v, i) => {
    return Math.abs(v) <= LARGE && (error[i] ?? NaN) <= VAGUE * Math.max(1, Math.abs(v));
  });
  // A gradient may be undecided in places, where a value is near a jump of the slope.
  const known = ({ value, error }: Ball): boolean => {
    const vague = value.filter((v, i) => !((error[i] ?? NaN) <= VAGUE * Math.max(1, Math.abs(v))));
    return value.every((v) => Math.abs(v) <= LARGE * LARGE) && vague.length <= value.length / 4;
  };
  return values.every(clear) && grads.every(known);
}

/** A program with its results, if it is one and shows something. */
export function telling(program: Program, table: OpTable): Expected | undefined {
  try {
    const expected = evaluate(program, table);
    return isTelling(expected) ? expected : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined; // shapes that do not fit
    throw error;
  }
}

/** A generated program and what it should give. */
export interface Case {
  readonly program: Program;
  readonly expected: Expected;
}

/** One call of an op, of inputs in random layouts. */
export function drawCall(rng: TestRng, table: OpTable, op: FuzzOp): Case | undefined {
  const most = [60, 1_000, 3_000, MOST][rng.int(4)] ?? MOST;
  const shape = op.shape?.(rng) ?? drawShape(rng, most);
  const draw = op.draw ? op.draw(rng, shape) : { others: [] };
  if (!draw) return undefined;
  const build = new Builder();
  const inputs = [shape, ...draw.others ?? []].map((s) =>
    strided(build, rng, s, op.domain ?? [-2, 2], rng.int(4)));
  build.step(op.name, inputs, draw.args ?? []);
  const program = build.program();
  const expected = telling(program, table);
  return expected && { program, expected };
}

/** A program of `length` calls. */
export function drawProgram(rng: TestRng, table: OpTable, length: number): Case | undefined {
  const ops = Object.values(table);
  const domain = pickOf(rng, [[-2, 2], [-1, 1], [0.5, 2]] as const);
  const start = drawLeaf(rng, drawShape(rng, MOST_INSIDE), domain);
  let program: Program = { leaves: [start], steps: [] };
  let expected = telling(program, table);
  for (let attempt = 0; program.steps.length < length && attempt < 20 * length; attempt++) {
    const next = expected && extended(rng, program, expected, pickOf(rng, ops), domain);
    const found = next && telling(next, table);
    if (!found || found.shapes.some((s) => sizeOf(s) > MOST_INSIDE)) continue;
    [program, expected] = [next, found];
  }
  return program.steps.length === length && expected ? { program, expected } : undefined;
}

/** The program with one call more, mostly of its last value, and of others or new leaves. */
function extended(
  rng: TestRng, { leaves, steps }: Program, { shapes }: Expected, op: FuzzOp,
  domain: readonly [number, number],
): Program | undefined {
  const count = leaves.length + steps.length;
  const first = steps.length > 0 && rng.int(5) === 0 ? rng.int(count) : count - 1;
  const draw = op.draw ? op.draw(rng, shapes[first] ?? []) : { others: [] };
  if (!draw) return undefined;
  let more = leaves;
  const moved = (i: number, by: number) => (i < leaves.length ? i : i + by);
  const inputs = [first, ...(draw.others ?? []).map((shape) => {
    const same = shapes.flatMap((s, i) => (s.join() === shape.join() ? [i] : []));
    if (same.length > 0 && rng.int(3) > 0) return pickOf(rng, same);
    more = [...more, drawLeaf(rng, shape, domain)];
    return -more.length; // leaf number more.length - 1
  })];
  const by = more.length - leaves.length;
  const place = (i: number) => (i < 0 ? -i - 1 : moved(i, by));
  return {
    leaves: more,
    steps: [...steps.map((s) => ({ ...s, inputs: s.inputs.map((i) => moved(i, by)) })),
      { op: op.name, inputs: inputs.map(place), args: draw.args ?? [] }],
  };
}
