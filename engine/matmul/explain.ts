import type { Device } from "../device.ts";
import type { DType } from "../dtype.ts";
import { type Choice, candidates } from "./choose.ts";
import { costOf } from "./cost.ts";
import type { Problem } from "./problem.ts";
import { nameOf } from "./variant.ts";

/** A product `[batch, m, k] x [batch, k, n]` of contiguous operands or their transposes. */
export interface ProductSizes {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Number of matrices. Default 1. */
  readonly batch?: number;
  /** Whether `a` is the transpose of a contiguous `[k, m]`. Default false. */
  readonly transposeA?: boolean;
  /** Whether `b` is the transpose of a contiguous `[n, k]`. Default false. */
  readonly transposeB?: boolean;
  /** Whether the result is known to be symmetric. Default false. */
  readonly symmetric?: boolean;
  /** Of the operands. Default f32. */
  readonly dtype?: DType;
}

/** The problem that products of some sizes pose. */
export function problemOf(sizes: ProductSizes): Problem {
  const { m, n, k, batch = 1, transposeA = false, transposeB = false } = sizes;
  for (const [name, value] of Object.entries({ m, n, k, batch })) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new RangeError(`explain: ${name} is not a size: ${String(value)}. Use 1 or more.`);
  }
  const { symmetric = false, dtype = "f32" } = sizes;
  const way = (down: boolean, lines: number) => {
    return { down, dtype, vec4: (down ? k : lines) % 4 === 0 };
  };
  return { m, n, k, batch, symmetric, a: way(!transposeA, m), b: way(transposeB, n) };
}

/** Text on the choice for a product; see `Device.explain`. */
export function explainMatmul(device: Device, sizes: ProductSizes): string {
  const problem = problemOf(sizes);
  const { matmuls, tuner } = device;
  const chosen = matmuls.choice(problem);
  const name = nameOf(chosen.variant);
  const list = candidates(problem, matmuls.traits);
  if (!list.some(({ variant }) => nameOf(variant) === name)) list.unshift(chosen);
  const note = tuner?.note(problem) ?? "";
  const rule = tuner ? "measure" : "heuristic";
  return [
    `matmul ${titleOf(problem)} on ${device.name}`,
    `chosen (${rule}): ${name}${partsOf(chosen)}: ${chosen.why}`,
    ...(note === "" ? [] : [`not measured: ${note}`]),
    "candidates:",
    ...list.map((choice) => {
      return `${nameOf(choice.variant) === name ? "*" : " "} ${line(choice, problem)}`;
    }),
  ].join("\n");
}

function titleOf({ m, n, k, batch, symmetric, a, b }: Problem): string {
  const flags = [
    batch > 1 ? `${batch} matrices` : "", a.down ? "" : "a transposed",
    b.down ? "b transposed" : "", symmetric ? "symmetric" : "", a.dtype,
  ].filter(Boolean).join(", ");
  return `[${m}, ${k}] x [${k}, ${n}] (${flags})`;
}

/** Into how many parts sums are cut, where they are. */
function partsOf({ parts }: Choice): string {
  return parts > 1 ? ` in ${parts} parts` : "";
}

/** One kernel and its cost note. */
function line(choice: Choice, problem: Problem): string {
  const cost = costOf(choice, problem);
  const { turned } = choice;
  return [
    `${nameOf(choice.variant)}${partsOf(choice)}${turned ? ", transposed" : ""}:`,
    `${amount(cost.flop)}FLOP, ${Math.round(100 * cost.fill)} % of what is computed is wanted,`,
    `${amount(cost.bytes)}B loaded and stored, ${cost.workgroupBytes} B of workgroup memory,`,
    `${cost.registers} registers a thread,`,
    `${cost.workgroups} workgroups of ${cost.threads}`,
  ].join(" ");
}

/** Three digits and the prefix of a unit: `268 M`. */
function amount(x: number): string {
  const step = Math.max(0, Math.min(4, Math.floor(Math.log10(Math.max(1, x)) / 3)));
  return `${Number((x / 1000 ** step).toPrecision(3))} ${["", "k", "M", "G", "T"][step] ?? ""}`;
}
