import plain from "../../kernels/epilogue.wgsl" with { type: "text" };
import blocksText from "../../kernels/matmul/blocks.wgsl" with { type: "text" };
import lanesText from "../../kernels/matmul/lanes.wgsl" with { type: "text" };
import loadA from "../../kernels/matmul/load.a.wgsl" with { type: "text" };
import loadA4 from "../../kernels/matmul/load.a.vec4.wgsl" with { type: "text" };
import loadB from "../../kernels/matmul/load.b.wgsl" with { type: "text" };
import loadB4 from "../../kernels/matmul/load.b.vec4.wgsl" with { type: "text" };
import partsText from "../../kernels/matmul/parts.wgsl" with { type: "text" };
import shared from "../../kernels/matmul/shared.wgsl" with { type: "text" };
import skinnyText from "../../kernels/matmul/skinny.wgsl" with { type: "text" };
import storeText from "../../kernels/matmul/store.wgsl" with { type: "text" };
import storeText4 from "../../kernels/matmul/store.vec4.wgsl" with { type: "text" };
import tiledText from "../../kernels/matmul/tiled.wgsl" with { type: "text" };
import { epilogueBindings, epilogueName, extraAlias } from "../fusion/epilogue.ts";
import type { Epilogue } from "../fusion/head.ts";
import type { KernelSource } from "../pipeline.ts";
import { sharingMarks, unrollMarks } from "../unroll.ts";
import type { Problem, Traits } from "./problem.ts";

/**
 * The kernels: `lanes` register tiles of any strides, `blocks` register tiles by vectors of four,
 * `tiled` tiles in workgroup memory, `skinny` few rows with lanes that share a sum, `parts` the
 * second pass over sums that were cut.
 */
export type Kind = "lanes" | "blocks" | "tiled" | "skinny" | "parts";

/** One kernel with its sizes. */
export interface Variant {
  readonly kind: Kind;
  /** Rows and columns of C a thread computes. */
  readonly tile: readonly [number, number];
  /** Threads of a workgroup along columns, along rows (`skinny`: along a sum), over matrices. */
  readonly group: readonly [number, number, number];
  /** Lanes that load rows of A for each other; 1 for none. */
  readonly lanes: number;
  /** Terms of a sum added a turn of the loop. */
  readonly depth: number;
}

/** A kernel with register tiles of any strides. */
export function lanes(
  tile: Variant["tile"], group: readonly [number, number, number?], share = 1, depth = 1,
): Variant {
  return { kind: "lanes", tile, group: [group[0], group[1], group[2] ?? 1], lanes: share, depth };
}

/** A kernel with register tiles, read by vectors of four. */
export function blocks(tile: Variant["tile"], group: readonly [number, number]): Variant {
  return { kind: "blocks", tile, group: [...group, 1], lanes: 1, depth: 4 };
}

/** A kernel with tiles in workgroup memory. */
export function tiled(tile: Variant["tile"], group: readonly [number, number]): Variant {
  return { kind: "tiled", tile, group: [...group, 1], lanes: 1, depth: 16 };
}

/** A kernel for few rows: `across` columns a workgroup, the sum of each shared by `share` lanes. */
export function skinny(rows: number, across: number, share: number): Variant {
  return { kind: "skinny", tile: [rows, 1], group: [across, share, 1], lanes: 1, depth: share };
}

/** The second pass over sums that were cut. */
export const PARTS: Variant = {
  kind: "parts", tile: [1, 1], group: [64, 1, 1], lanes: 1, depth: 1,
};

/** What tells variants apart, as in `blocks 16x8 of 4x1 shared 4`. */
export function nameOf({ kind, tile, group, lanes: share, depth }: Variant): string {
  const deep = group[2] > 1 ? `x${group[2]}` : "";
  const extras = `${share > 1 ? ` shared ${share}` : ""}${kind === "lanes" ? ` by ${depth}` : ""}`;
  return `${kind} ${tile.join("x")} of ${group[0]}x${group[1]}${deep}${extras}`;
}

/** Rows and columns of C a workgroup computes. */
export function coverOf({ kind, tile, group }: Variant): readonly [high: number, wide: number] {
  return [tile[0] * (kind === "skinny" ? 1 : group[1]), tile[1] * group[0]];
}

/** Bytes of workgroup memory. */
export function workgroupBytes(variant: Variant): number {
  const [high, wide] = coverOf(variant);
  if (variant.kind === "tiled") return (high + wide) * 16 * 4;
  return variant.kind === "skinny" ? variant.tile[0] * threadsOf(variant) * 4 : 0;
}

/** Threads of a workgroup. */
export function threadsOf({ group }: Variant): number {
  return group[0] * group[1] * group[2];
}

/** Workgroups over all of C, for one part of the sums. */
export function groupsOf(variant: Variant, { m, n, batch, symmetric }: Problem): number {
  const [high, wide] = coverOf(variant);
  const across = Math.ceil(n / wide);
  const tiles = symmetric ? wide / high * across * (across + 1) / 2 : across * Math.ceil(m / high);
  return tiles * Math.ceil(batch / variant.group[2]);
}

/** Why a variant cannot compute a product on a device; "" if it can. */
export function refusal(variant: Variant, p: Problem, traits: Traits): string {
  const [high, wide] = coverOf(variant);
  if (threadsOf(variant) > traits.maxInvocations) return "the workgroup is too large";
  if (workgroupBytes(variant) > traits.maxWorkgroupBytes) return "too much workgroup memory";
  if (variant.lanes > 1 && variant.lanes > traits.subgroup) return "subgroups are too small";
  if (p.symmetric && wide % high !== 0) return "tiles are higher than wide";
  if (variant.kind === "skinny" && p.m > variant.tile[0]) return "there are more rows";
  if (variant.kind !== "blocks") return "";
  return p.a.vec4 && p.b.vec4 && p.k % 4 === 0 ? "" : "operands are not aligned";
}

/** What the text of a kernel depends on besides its variant. */
export interface Switches {
  readonly symmetric: boolean;
  readonly addend: boolean;
  /** Whether sums are stored as they are, for a second pass. */
  readonly partial: boolean;
  /** Whether a part of a sum may end within one turn of the loop. */
  readonly tail: boolean;
  readonly aDown: boolean;
  readonly bDown: boolean;
  /** Whether operands are read, and C stored, by vectors of four. */
  readonly a4: boolean;
  readonly b4: boolean;
  readonly c4: boolean;
  /** Whether sums are stored in a loop: less to compile, for processors. */
  readonly rolled: boolean;
}

const TEXTS: Readonly<Record<Kind, string>> = {
  lanes: lanesText, blocks: blocksText, tiled: tiledText, skinny: skinnyText, parts: partsText,
};

/** Storage buffers of a kernel without an epilogue. */
export const BOUND = 4;

/** The complete text of a variant. */
export function sourceOf(
  variant: Variant, switches: Switches, types: readonly string[], epilogue?: Epilogue,
): KernelSource {
  const { kind } = variant;
  const program = epilogue?.program;
  const bindings = epilogueBindings(program);
  const tile = kind === "tiled";
  const texts = [
    prelude(variant, switches, types),
    extraAlias(program),
    `@group(0) @binding(${BOUND + bindings.length}) var<uniform> p: Params;`,
    ...(epilogue ? afterText(epilogue) : [plain]), shared,
    switches.c4 ? storeText4 : storeText,
    ...(tile ? [switches.a4 ? loadA4 : loadA, switches.b4 ? loadB4 : loadB] : []),
    unrollMarks(TEXTS[kind], marksOf(variant, switches)),
  ];
  return {
    name: `matmul.${nameOf(variant)}${epilogueName(program)}`, code: texts.join("\n"),
    bindings: `rrrw${bindings}`,
  };
}

function afterText({ program, writer }: Epilogue): string[] {
  return [writer.epilogue(program, BOUND), writer.chain([program])];
}

function prelude(variant: Variant, s: Switches, types: readonly string[]): string {
  const { tile, group, lanes: share, depth } = variant;
  const [high, wide] = coverOf(variant);
  const sizes = {
    TM: tile[0], TN: tile[1], WX: group[0], WY: group[1], WZ: group[2], WK: group[1],
    LANES: share, DEPTH: depth, HIGH: high, WIDE: wide, RATIO: Math.max(1, wide / high | 0),
  };
  const flags = {
    SYMMETRIC: s.symmetric, HAS_D: s.addend, PARTIAL: s.partial,
    A_DOWN: s.aDown, B_DOWN: s.bDown,
  };
  const [a, b] = [s.a4, s.b4].map((vec4, i) => (vec4 ? `vec4<${types[i]}>` : types[i]));
  return [
    share > 1 ? "enable subgroups;" : "", types.includes("f16") ? "enable f16;" : "",
    `alias InA = ${a};`, `alias InB = ${b};`,
    ...Object.entries(sizes).map(([name, value]) => `const ${name} = ${value}u;`),
    ...Object.entries(flags).map(([name, value]) => `const ${name} = ${value};`),
  ].join("\n");
}

function marksOf(variant: Variant, s: Switches): Record<string, number> {
  const { kind, tile, lanes: share, depth } = variant;
  const flags = {
    ...sharingMarks(share), $r: Number(s.rolled), $u: Number(!s.rolled),
    $t: Number(s.tail), $n: Number(!s.tail),
    $d: Number(s.aDown), $a: Number(!s.aDown), $e: Number(s.bDown), $b: Number(!s.bDown),
  };
  if (kind === "lanes") return { ...flags, $i: tile[0] / share, $l: share, $j: tile[1], $q: depth };
  if (kind === "skinny") return { $i: tile[0] };
  return { ...flags, $i: tile[0] / 4, $l: 4, $j: tile[1] / 4 };
}
