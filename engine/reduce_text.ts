import plainText from "../kernels/epilogue.wgsl" with { type: "text" };
import matrixText from "../kernels/matrix.wgsl" with { type: "text" };
import columns from "../kernels/reduce/columns.wgsl" with { type: "text" };
import finished from "../kernels/reduce/finished.wgsl" with { type: "text" };
import first from "../kernels/reduce/first.wgsl" with { type: "text" };
import firstVec4 from "../kernels/reduce/first.vec4.wgsl" with { type: "text" };
import four from "../kernels/reduce/four.wgsl" with { type: "text" };
import inputText from "../kernels/reduce/input.wgsl" with { type: "text" };
import last from "../kernels/reduce/last.wgsl" with { type: "text" };
import next from "../kernels/reduce/next.wgsl" with { type: "text" };
import orderF32 from "../kernels/reduce/order.f32.wgsl" with { type: "text" };
import orderI32 from "../kernels/reduce/order.i32.wgsl" with { type: "text" };
import orderU32 from "../kernels/reduce/order.u32.wgsl" with { type: "text" };
import paramsText from "../kernels/reduce/params.wgsl" with { type: "text" };
import partial from "../kernels/reduce/partial.wgsl" with { type: "text" };
import rows from "../kernels/reduce/rows.wgsl" with { type: "text" };
import single from "../kernels/reduce/single.wgsl" with { type: "text" };
import { type DType, wgslType } from "./dtype.ts";
import { epilogueBindings, epilogueName, extraAlias } from "./fusion/epilogue.ts";
import type { Epilogue } from "./fusion/head.ts";
import { type Program, HEADER_WORDS, programKey } from "./fusion/program.ts";
import type { Prologue } from "./fusion/prologue.ts";
import type { KernelSource } from "./pipeline.ts";
import type { Reduction } from "./reduce.ts";
import type { Pass } from "./reduce_passes.ts";
import { unroll } from "./unroll.ts";

const ORDER = { f32: orderF32, i32: orderI32, u32: orderU32 } as const;

/** Threads of a workgroup of the column kernels, and of the row kernel for short rows. */
export const GROUP = 64;
/** Loads that a thread of the column kernel has under way. */
const RUN = 4;

/** What the text of a pass depends on. */
export interface PassText {
  readonly kind: Reduction;
  /** Of what is folded, and of the result. */
  readonly type: DType;
  readonly out: DType;
  readonly pass: Pass;
  readonly begins: boolean;
  readonly ends: boolean;
  /** The chain that gives the elements of the first pass, if they are not loaded. */
  readonly before: Prologue | undefined;
  /** The chain after the last pass. */
  readonly after: Epilogue | undefined;
}

/** What the kernel of a pass is kept by. */
export function passKey(text: PassText): string {
  const { kind, type, out, pass: { lanes, vec4 = "" }, begins, ends, before, after } = text;
  const chains = [before, after].map((own) => (own ? programKey(own.program) : "")).join(" ");
  return `${kind.name}:${type}>${out}:${lanes}:${vec4}:${begins}:${ends} ${chains}`;
}

/** The complete text of a pass. */
export function passSource(text: PassText): KernelSource {
  const { kind, before, after } = text;
  const given = before?.program;
  const [reads, kept] = given ? [given.bound, given.kept.length] : [1, 0];
  const own = [
    passText(text),
    before?.writer.source(before.program, text.pass.vec4 !== undefined) ?? inputText,
    `@group(0) @binding(${reads}) var<storage, read_write> y: array<Y>;`,
    after?.writer.epilogue(after.program, reads + 1 + kept) ?? plainText, matrixText,
  ].join("\n");
  const bindings = `${"r".repeat(reads)}w${"w".repeat(kept)}${epilogueBindings(after?.program)}`;
  const steps = given?.steps.map(({ body }) => `${body.name}+`).join("") ?? "";
  const programs = [before, after].flatMap((chain) => chain?.program ?? []);
  return {
    name: `${steps}${kind.name}${epilogueName(after?.program)}`,
    code: [
      own, `@group(0) @binding(${bindings.length}) var<uniform> p: Params;`,
      (before ?? after)?.writer.chain(programs, own) ?? "",
    ].join("\n"),
    bindings,
  };
}

/** What a pass does, but for what it binds and the chains. */
function passText({ kind, type, out, pass, begins, ends, before, after }: PassText): string {
  const { lanes, vec4 } = pass;
  const T = wgslType(type);
  const sizes = lanes === 0 ? { WG: GROUP, RUN }
    : { LANES: lanes, ROWS: Math.max(1, GROUP / lanes), SHARE: Math.min(lanes, 16) };
  const load = vec4 === "along" ? firstVec4 : begins ? first : next;
  const access = vec4 === "across" ? [four] : lanes > 0 ? [load] : [load, single];
  return [
    `alias T = ${T};`, `alias R = ${wgslType(out)};`, wordsAlias(before?.program),
    extraAlias(after?.program),
    ...Object.entries({ ...sizes, ACROSS: acrossOf(pass) }).map(([name, value]) => {
      return `const ${name} = ${value}u;`;
    }),
    paramsText, ORDER[T], kind.wgsl, ...access, ends ? after ? finished : last : partial,
    lanes > 0 ? rows : unroll(columns, 1, RUN),
  ].join("\n");
}

/** Columns that a thread folds together. */
export function acrossOf({ vec4 }: Pass): number {
  return vec4 === "across" ? 4 : 1;
}

/** Vectors of parameters of a chain before the first pass. */
export function vectorsOf(words: number): number {
  return Math.max(1, Math.ceil(words / 4));
}

function wordsAlias(before: Program | undefined): string {
  const words = before ? HEADER_WORDS + before.constants + before.words : 0;
  return `alias Words = array<vec4<u32>, ${vectorsOf(words)}>;`;
}
