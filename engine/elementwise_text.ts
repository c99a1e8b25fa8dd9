import frame from "../kernels/elementwise.wgsl" with { type: "text" };
import bf16Text from "../kernels/half/bf16.wgsl" with { type: "text" };
import bitsText from "../kernels/half/bits.wgsl" with { type: "text" };
import f16Text from "../kernels/half/f16.wgsl" with { type: "text" };
import type { wgslType } from "./dtype.ts";
import type { KernelSource } from "./pipeline.ts";

/** Type of a value in WGSL. */
export type WgslType = ReturnType<typeof wgslType>;

const PACKED = { f16: f16Text, bf16: bf16Text, bits: bitsText } as const;

/** How elements are stored: one to a word, or two; `bits` are 16 bits moved as they are. */
export type Stored = WgslType | keyof typeof PACKED;

/**
 * How results are stored: one to a word; two to a word along the last axis; two to a word that each
 * walk there by themselves; or one at a time into words that others may write too.
 */
export type Store = "elements" | "words" | "pairs" | "atomic";

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
    readonly type: Stored;
    /** Whether it is converted to `T`. */
    readonly convert: boolean;
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
  readonly out: Stored;
  readonly store: Store;
  /** Axes walked over; undefined when every operand is contiguous. */
  readonly rank: number | undefined;
  /** Neighbouring elements a thread computes. */
  readonly run: number;
  readonly args: readonly Argument[];
  /** Types of the read-only bindings; the target comes after them. */
  readonly bound: readonly { readonly type: Stored; readonly single: boolean }[];
  readonly constants: number;
}

/** Words before the constants: the thread count, the size, and padding. */
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
  const { body, type, out, store, rank, run, args, bound } = program;
  const parts = args.map((a) =>
    "constant" in a ? "c" : `${a.type}${a.convert ? "c" : ""}${a.binding}${a.single ? "s" : ""}`
  );
  const frame = `${rank ?? "flat"}:${run}${store}:${bound.length}`;
  return `${body.name}:${type}>${out}:${frame}:${parts}`;
}

/** The complete text of an elementwise kernel. */
export function programSource(program: Program): KernelSource {
  const { body, type, bound, rank, out, store } = program;
  const target = bound.length;
  const words = Math.ceil(wordCount(program) / 4);
  const bodyText = body.wgsl
    .replace(/\bop\b/g, `op_${body.name}`)
    .replace(/\bT\b/g, type);
  const lines = [
    ...packedTexts(program),
    ...bound.map((b, i) => binding(i, "read", b.single || rank !== undefined, b.type)),
    binding(target, "read_write", rank !== undefined, out, store === "atomic"),
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

function isPacked(type: Stored): type is keyof typeof PACKED {
  return type in PACKED;
}

/** The type that stored elements are computed with. */
function computed(type: Stored): WgslType {
  if (!isPacked(type)) return type;
  return type === "bits" ? "u32" : "f32";
}

/** How the packed types that a program uses are read and written. */
function packedTexts({ args, out }: Program): string[] {
  const types = [...args.flatMap((a) => ("constant" in a ? [] : [a.type])), out];
  return [...new Set(types)].filter(isPacked).map((type) => PACKED[type]);
}

function binding(
  i: number, access: string, scalar: boolean, type: Stored, atomic = false,
): string {
  const vector = isPacked(type) ? "vec2<u32>" : `vec4<${type}>`;
  const single = isPacked(type) ? "u32" : type;
  const element = atomic ? "atomic<u32>" : scalar ? single : vector;
  return `@group(0) @binding(${i}) var<storage, ${access}> x${i}: array<${element}>;`;
}

/** Four neighbouring elements of contiguous operands; storage is padded to whole vectors. */
function flatBlock(program: Program): string {
  const { args, bound } = program;
  const offset = (walk: number) => word(HEADER_WORDS + program.constants + walk);
  const loads = args.map((a, k) => {
    if ("constant" in a) return constantLoad(program, a.constant, k);
    const { type, binding: from } = a;
    if (a.single) return elementLoad(program, a, offset(a.walk), k);
    const load = `x${from}[i + ${offset(a.walk)}]`;
    if (!isPacked(type)) return `let v${k} = ${load};`;
    return `let w${k} = ${load};
let v${k} = vec4<${computed(type)}>(${type}_load(w${k}.x), ${type}_load(w${k}.y));`;
  });
  const lanes = [...LANES].map((lane, j) => {
    const list = args.map((a, k) => {
      if ("constant" in a || a.single) return `v${k}`;
      return a.convert ? `${program.type}(v${k}.${lane})` : `v${k}.${lane}`;
    });
    if (program.body.indexed) list.unshift(`i * 4u + ${j}u`);
    return `op_${program.body.name}(${list.join(", ")})`;
  });
  const store = `x${bound.length}[i + ${offset(0)}] = ${joinLanes(program.out, lanes)};`;
  return `fn element_block(i: u32) {\n${[...loads, store].join("\n")}\n}`;
}

function joinLanes(out: Stored, lanes: readonly string[]): string {
  if (!isPacked(out)) return `vec4<${out}>(${lanes.join(", ")})`;
  const half = (pair: readonly string[]) => {
    return `${out}_store(vec2<${computed(out)}>(${pair.join(", ")}))`;
  };
  return `vec2<u32>(${half(lanes.slice(0, 2))}, ${half(lanes.slice(2))})`;
}

/** One element at a place that may lie anywhere. */
function elementLoad(
  { type, store, bound }: Program, a: Exclude<Argument, { constant: number }>, at: string,
  k: number,
): string {
  const inPlace = store === "atomic" && a.binding === bound.length;
  const from = (place: string) => {
    return inPlace ? `atomicLoad(&x${a.binding}[${place}])` : `x${a.binding}[${place}]`;
  };
  const value = isPacked(a.type) ? `${a.type}_at(${from(`(${at}) >> 1u`)}, ${at})` : from(at);
  return `let v${k} = ${a.convert ? `${type}(${value})` : value};`;
}

/** A run of neighbours along the last axis, found by walking the axes from the last inwards. */
function stridedBlock(program: Program, rank: number): string {
  const { args, run } = program;
  const walks = args.filter((a) => "walk" in a);
  const base = HEADER_WORDS + program.constants;
  const stride = (walk: number, axis: number) => word(base + rank + walk * (1 + rank) + 1 + axis);
  const offset = (walk: number) => word(base + rank + walk * (1 + rank));
  const all = [...new Set([0, ...walks.map((a) => a.walk)])]; // an operand may be there twice
  const walk = all.map((w) => `var o${w} = ${offset(w)};`);
  for (let axis = rank - 1; axis >= 0; axis--) {
    const size = word(base + axis);
    walk.push(axis > 0 ? `let q${axis} = rest / ${size};` : "");
    walk.push(`let c${axis} = rest${axis > 0 ? ` - q${axis} * ${size}` : ""};`);
    if (axis > 0) walk.push(`rest = q${axis};`);
    for (const w of all) walk.push(`o${w} += c${axis} * ${stride(w, axis)};`);
  }
  const pairs = program.store === "pairs"; // each element walks by itself; the last one twice
  const step = (w: number) => (pairs ? `o${w}` : `o${w} + k * ${stride(w, rank - 1)}`);
  const loads = args.map((a, k) =>
    "constant" in a ? constantLoad(program, a.constant, k)
      : elementLoad(program, a, step(a.walk), k)
  );
  const list = args.map((_, k) => `v${k}`);
  if (program.body.indexed) list.unshift("e");
  const index = pairs ? `min(i * 2u + k, ${word(1)} - 1u)` : `i * ${run}u + k`;
  const lines = [
    ...(isPacked(program.out) ? [`var low = ${computed(program.out)}(0);`] : []),
    ...(pairs ? [] : [`var rest = i * ${run}u;`, ...walk]),
    `for (var k = 0u; k < ${run}u; k++) {`,
    `let e = ${index};`, ...(pairs ? ["var rest = e;", ...walk] : []), ...loads,
    `let y = op_${program.body.name}(${list.join(", ")});`, elementStore(program, step(0)), "}",
  ];
  return `fn element_block(i: u32) {\n${lines.filter(Boolean).join("\n")}\n}`;
}

/** Stores the result `y` of a strided block, or keeps it as `low` until its word is full. */
function elementStore({ out, store, bound }: Program, at: string): string {
  const target = `x${bound.length}`;
  if (!isPacked(out)) return `${target}[${at}] = y;`;
  const pair = (x: string, y: string) => `${out}_store(vec2<${computed(out)}>(${x}, ${y}))`;
  if (store !== "atomic") {
    return `if ((k & 1u) == 0u) { low = y; } else { ${target}[(${at}) >> 1u] = ${
      pair("low", "y")}; }`;
  }
  // Nobody else writes this half of the word, so the two steps need not be one.
  return `let place = ${at};
let shift = (place & 1u) * 16u;
atomicAnd(&${target}[place >> 1u], 0xffff0000u >> shift);
atomicOr(&${target}[place >> 1u], ${pair("y", "low")} << shift);`;
}

function constantLoad({ type }: Program, index: number, k: number): string {
  const bits = word(HEADER_WORDS + index);
  return `let v${k} = ${type === "u32" ? bits : `bitcast<${type}>(${bits})`};`;
}
