import type { Choice } from "./choose.ts";
import { type Problem, turned } from "./problem.ts";
import { coverOf, groupsOf, threadsOf, workgroupBytes } from "./variant.ts";

/** What computing a product by a choice costs. */
export interface Cost {
  /** Floating-point operations that the result takes. */
  readonly flop: number;
  /** Share of what is computed that is wanted, in (0, 1]. */
  readonly fill: number;
  /** Bytes that threads or workgroups load and store, before any cache. */
  readonly bytes: number;
  /** Bytes of workgroup memory a workgroup. */
  readonly workgroupBytes: number;
  /** 32-bit registers a thread, but for addresses. */
  readonly registers: number;
  readonly workgroups: number;
  /** Threads of a workgroup. */
  readonly threads: number;
}

/** The cost note of a choice. */
export function costOf(choice: Choice, problem: Problem): Cost {
  const { variant, parts } = choice;
  const p = choice.turned ? turned(problem) : problem;
  const { m, n, k, batch, symmetric } = p;
  const { kind, tile, lanes, depth, group } = variant;
  const [high, wide] = coverOf(variant);
  const groups = groupsOf(variant, p);
  const wanted = batch * (symmetric ? n * (n + 1) / 2 : m * n);
  const loaded = kind === "blocks" ? 4 : kind === "lanes" ? depth : 1;
  const loads = 4 * groups * group[2] * k * (high + wide);
  return {
    flop: 2 * wanted * k,
    fill: wanted / (groups * group[2] * high * wide),
    bytes: loads + 4 * batch * m * n * (parts > 1 ? 2 * parts + 1 : 1),
    workgroupBytes: workgroupBytes(variant),
    registers: tile[0] * tile[1] + loaded * (tile[0] / lanes + tile[1]),
    workgroups: groups * parts, threads: threadsOf(variant),
  };
}
