import { type Strides, epilogueWords } from "../fusion/epilogue.ts";
import type { Epilogue } from "../fusion/head.ts";
import { programKey } from "../fusion/program.ts";
import { MAX_GROUPS, foldGrid } from "../grid.ts";
import type { Word } from "../live.ts";
import type { KernelSource } from "../pipeline.ts";
import { f32Bits } from "../recorder.ts";
import type { Choice } from "./choose.ts";
import { type Problem, turned } from "./problem.ts";
import { PARTS, type Switches, type Variant, coverOf, groupsOf, nameOf, sourceOf } from
  "./variant.ts";

/** A product to be computed. */
export interface Job {
  readonly problem: Problem;
  /** Sizes of three axes of the batch. */
  readonly batch: readonly number[];
  readonly a: Strides;
  readonly b: Strides;
  /** What is added. */
  readonly d: Strides | undefined;
  readonly alpha: number;
  readonly beta: number;
  readonly epilogue: Epilogue | undefined;
  /** What the epilogue reads. */
  readonly leaves: readonly Strides[];
  /** Whether a processor computes. */
  readonly software: boolean;
}

/** What stands in a binding; `parts` is scratch memory for the parts of sums. */
export type Role = "a" | "b" | "d" | "c" | "parts";

/** One dispatch of a product. */
export interface Launch {
  readonly key: string;
  readonly source: () => KernelSource;
  readonly roles: readonly [Role, Role, Role, Role];
  /** Whether the epilogue is part of it: its buffers are then bound after those of the roles. */
  readonly finishes: boolean;
  readonly params: readonly Word[];
  readonly grid: readonly [number, number, number];
}

/** Words of the parameters before those of an epilogue. */
export const WORDS = 40;

const NOWHERE: Strides = { row: 0, col: 0, batch: [0, 0, 0, 0] };

/** The dispatches that compute a job by a choice, in order. */
export function launches(job: Job, choice: Choice): Launch[] {
  const seen = choice.turned ? turnedJob(job) : job;
  const { variant, parts } = choice;
  if (parts === 1) return passes(seen, choice, variant, false);
  const { m, n, k, batch, a: { dtype: _, ...way } } = seen.problem;
  const sums = { ...way, dtype: "f32" } as const;
  const second: Job = {
    ...seen, problem: { m, n, k, batch, symmetric: seen.problem.symmetric, a: sums, b: sums },
    a: NOWHERE, b: NOWHERE,
  };
  return [
    ...passes({ ...seen, d: undefined, epilogue: undefined, leaves: [] }, choice, variant, true),
    ...passes(second, choice, PARTS, false),
  ];
}

/** Elements of scratch memory that a choice takes. */
export function scratchOf({ m, n, batch }: Problem, { parts }: Choice): number {
  return parts > 1 ? parts * batch * m * n : 0;
}

function turnedJob(job: Job): Job {
  const turn = ({ row, col, batch }: Strides): Strides => ({ row: col, col: row, batch });
  return {
    ...job, problem: turned(job.problem), a: turn(job.b), b: turn(job.a), d: job.d && turn(job.d),
    leaves: job.leaves.map(turn),
  };
}

function passes(job: Job, choice: Choice, variant: Variant, partial: boolean): Launch[] {
  const { problem: { m, n, k, symmetric, batch, a, b }, d, epilogue, software } = job;
  const second = variant === PARTS;
  const own = variant.kind === "tiled" || variant.kind === "blocks";
  const span = second ? k : choice.span;
  const switches: Switches = {
    symmetric, addend: d !== undefined, partial,
    tail: Math.min(span, k) % variant.depth !== 0 || k % variant.depth !== 0,
    // Where a kernel does not care, products of all layouts share it.
    aDown: own && a.down, bDown: (own || variant.kind === "skinny") && b.down,
    a4: own && a.vec4, b4: own && b.vec4,
    c4: own && !software && !symmetric && !choice.turned && n % 4 === 0,
    rolled: software && !second,
  };
  const types = [a.dtype, b.dtype];
  const after = epilogue ? programKey(epilogue.program) : "";
  const key = `matmul ${nameOf(variant)} ${bitsOf(switches)} ${a.dtype} ${b.dtype} ${after}`;
  const source = () => sourceOf(variant, switches, types, epilogue);
  const addend: Role = d ? "d" : second ? "parts" : "b";
  const target = partial ? "parts" : "c";
  const roles: Launch["roles"] = second ? ["parts", "parts", addend, "c"]
    : [...choice.turned ? ["b", "a"] as const : ["a", "b"] as const, addend, target];
  const words = wordsOf(job, choice, variant, partial);
  const grids = second ? [{ at: [0, 0, 0], grid: foldGrid(Math.ceil(batch * m * n / 64)) } as const]
    : gridsOf(variant, job.problem, partial ? choice.parts : 1);
  const finishes = epilogue !== undefined;
  return grids.map(({ at, grid }) => ({ key, source, roles, finishes, params: words(at), grid }));
}

/** A number that tells switches apart. */
function bitsOf(switches: Switches): number {
  let bits = 0;
  for (const name in switches) bits = 2 * bits + Number(switches[name as keyof Switches]);
  return bits;
}

/** The parameter block, given the first workgroup of a dispatch. */
function wordsOf(
  job: Job, choice: Choice, variant: Variant, partial: boolean,
): (at: readonly number[]) => Word[] {
  const { problem: { m, n, k, batch }, a, b, d = NOWHERE, alpha, beta, epilogue, leaves } = job;
  const [row, col] = choice.turned ? [1, m] : [n, 1];
  const second = variant === PARTS;
  const parts = partial ? choice.parts : 1;
  const vectors = variant.kind === "blocks" || variant.kind === "tiled";
  const columns = variant.tile[1] / (vectors ? 4 : 1);
  const extra = epilogueWords(leaves, epilogue?.constants ?? []);
  return ([column = 0, down = 0, first = 0]) => [
    m, n, k, second ? k : choice.span, f32Bits(alpha), f32Bits(beta),
    a.row, a.col, b.row, b.col, d.row, d.col, first, ...job.batch, ...a.batch, ...b.batch,
    ...d.batch, column, down, batch * parts, parts, row, col, batch * m * n,
    second ? choice.parts : 1, columns, variant.tile[0], 0, 0, ...extra,
  ];
}

/** Grids that cover a product, cut where one would be too long. */
function gridsOf(
  variant: Variant, p: Problem, parts: number,
): { readonly at: readonly number[]; readonly grid: Launch["grid"] }[] {
  const [high, wide] = coverOf(variant);
  const deep = variant.group[2];
  const matrices = pieces(Math.ceil(p.batch * parts / deep)).map(([at, count]) => {
    return [at * deep, count] as const;
  });
  if (p.symmetric) {
    const [x, y] = foldGrid(groupsOf(variant, { ...p, batch: 1 }));
    return matrices.map(([at, count]) => ({ at: [0, 0, at], grid: [x, y, count] }));
  }
  const across = pieces(Math.ceil(p.n / wide));
  const down = pieces(Math.ceil(p.m / high));
  return across.flatMap(([x, columns]) => down.flatMap(([y, rows]) => {
    return matrices.map(([z, count]) => ({ at: [x, y, z], grid: [columns, rows, count] as const }));
  }));
}

/** Start and length of parts that each fit along one dimension of a grid. */
function pieces(count: number): readonly (readonly [start: number, length: number])[] {
  if (count <= MAX_GROUPS) return [[0, count]];
  return Array.from({ length: Math.ceil(count / MAX_GROUPS) }, (_, i) => {
    return [i * MAX_GROUPS, Math.min(MAX_GROUPS, count - i * MAX_GROUPS)] as const;
  });
}
