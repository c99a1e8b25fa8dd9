import frame from "../kernels/elementwise.wgsl" with { type: "text" };
import type { wgslType } from "./dtype.ts";
import type { KernelSource } from "./pipeline.ts";

/** Type of a value in WGSL. */
export type WgslType = ReturnType<typeof wgslType>;

/** A function of scalars to be applied to every element. */
export interface Body {
  /** Names the kernel; unique among bodies. */
  readonly name: string;
  /** WGSL that declares `op`, and may use `T` for the element type. */
  readonly wgsl: string;
  /** Whether `op` takes the flat index of the result's element before its operands. */
  readonly indexed?: boolean;
}

/** One argument of the body, as the text refers to it. */
export type Argument =
  | { readonly constant: number }
  | {
    readonly type: WgslType;
    /** Index of its binding; the target's own where it is read in place. */
    readonly binding: number;
    /** Place of its offset and strides among the walked operands; 0 is the target. */
    readonly walk: number;
    /** One element, the same for all. */
    readonly single: boolean;
  };

/** What an elementwise kernel's text depends on; two equal programs share a pipeline. */
export interface Program {
  readonly body: Body;
  /** What `T` stands for. */
  readonly type: WgslType;
  readonly out: WgslType;
  /** Axes walked over; undefined when every operand is contiguous. */
  readonly rank: number | undefined;
  /** Neighbouring elements a thread computes. */
  readonly run: number;
  readonly args: readonly Argument[];
  /** Types of the read-only bindings; the target comes after them. */
  readonly bound: readonly { readonly type: WgslType; readonly single: boolean }[];
  readonly constants: number;
}

/** Words before the constants: the thread count and padding. */
export const HEADER_WORDS = 4;

const LANES = "xyzw";

/** The parameter word of that index. */
function word(i: number): string {
  return `p.words[${i >> 2}u].${LANES[i & 3]}`;
}

/** Number of parameter words of a program. */
export function wordCount({ rank, constants, args }: Program): number {
  const walked = 1 + args.filter((a) => "walk" in a).length;
  return HEADER_WORDS + constants + walked * (1 + (rank ?? 0)) + (rank ?? 0);
}

/** A short string that two programs share only if their texts are equal. */
export function programKey(program: Program): string {
  const { body, type, out, rank, run, args, bound } = program;
  const parts = args.map((a) =>
    "constant" in a ? "c" : `${a.type[0]}${a.binding}${a.single ? "s" : ""}`
  );
  return `${body.name}:${type}>${out}:${rank ?? "flat"}:${run}:${bound.length}${parts.join("")}`;
}

/** The complete text of an elementwise kernel. */
export function programSource(program: Program): KernelSource {
  const { body, type, bound, rank } = program;
  const target = bound.length;
  const words = Math.ceil(wordCount(program) / 4);
  const bodyText = body.wgsl
    .replace(/\bop\b/g, `op_${body.name}`)
    .replace(/\bT\b/g, type);
  const lines = [
    ...bound.map((b, i) => binding(i, "read", b.single || rank !== undefined, b.type)),
    binding(target, "read_write", rank !== undefined, program.out),
    `struct Params { words: array<vec4<u32>, ${words}> }`,
    `@group(0) @binding(${target + 1}) var<uniform> p: Params;`,
    bodyText,
    rank === undefined ? flatBlock(program) : stridedBlock(program, rank),
    frame,
  ];
  return {
    name: body.name,
    code: lines.join("\n"),
    bindings: "r".repeat(target) + "w",
  };
}

function binding(i: number, access: string, scalar: boolean, type: WgslType): string {
  const element = scalar ? type : `vec4<${type}>`;
  return `@group(0) @binding(${i}) var<storage, ${access}> x${i}: array<${element}>;`;
}

/** Four neighbouring elements of contiguous operands; storage is padded to whole vectors. */
function flatBlock(program: Program): string {
  const { args, out, bound } = program;
  const offset = (walk: number) => word(HEADER_WORDS + program.constants + walk);
  const loads = args.map((a, k) => {
    if ("constant" in a) return constantLoad(program, a.constant, k);
    const at = a.single ? offset(a.walk) : `i + ${offset(a.walk)}`;
    return `let v${k} = x${a.binding}[${at}];`;
  });
  const lanes = [...LANES].map((lane, j) => {
    const list = args.map((a, k) => ("constant" in a || a.single ? `v${k}` : `v${k}.${lane}`));
    if (program.body.indexed) list.unshift(`i * 4u + ${j}u`);
    return `op_${program.body.name}(${list.join(", ")})`;
  });
  const store = `x${bound.length}[i + ${offset(0)}] = vec4<${out}>(${lanes.join(", ")});`;
  return `fn element_block(i: u32) {\n${[...loads, store].join("\n")}\n}`;
}

/** A run of neighbours along the last axis, found by walking the axes from the last inwards. */
function stridedBlock(program: Program, rank: number): string {
  const { args, run, bound } = program;
  const walks = args.filter((a) => "walk" in a);
  const base = HEADER_WORDS + program.constants;
  const stride = (walk: number, axis: number) => word(base + rank + walk * (1 + rank) + 1 + axis);
  const offset = (walk: number) => word(base + rank + walk * (1 + rank));
  const all = [...new Set([0, ...walks.map((a) => a.walk)])]; // an operand may be there twice
  const lines = [`var rest = i * ${run}u;`, ...all.map((w) => `var o${w} = ${offset(w)};`)];
  for (let axis = rank - 1; axis >= 0; axis--) {
    const size = word(base + axis);
    lines.push(axis > 0 ? `let q${axis} = rest / ${size};` : "");
    lines.push(`let c${axis} = rest${axis > 0 ? ` - q${axis} * ${size}` : ""};`);
    if (axis > 0) lines.push(`rest = q${axis};`);
    for (const w of all) lines.push(`o${w} += c${axis} * ${stride(w, axis)};`);
  }
  const step = (w: number) => `o${w} + k * ${stride(w, rank - 1)}`;
  const loads = args.map((a, k) =>
    "constant" in a ? constantLoad(program, a.constant, k)
      : `let v${k} = x${a.binding}[${step(a.walk)}];`
  );
  const list = args.map((_, k) => `v${k}`);
  if (program.body.indexed) list.unshift(`i * ${run}u + k`);
  const call = `x${bound.length}[${step(0)}] = op_${program.body.name}(${list.join(", ")});`;
  lines.push(`for (var k = 0u; k < ${run}u; k++) {`, ...loads, call, "}");
  return `fn element_block(i: u32) {\n${lines.filter(Boolean).join("\n")}\n}`;
}

function constantLoad({ type }: Program, index: number, k: number): string {
  const bits = word(HEADER_WORDS + index);
  return `let v${k} = ${type === "u32" ? bits : `bitcast<${type}>(${bits})`};`;
}
