import frame from "../kernels/elementwise.wgsl" with { type: "text" };
import bf16Text from "../kernels/half/bf16.wgsl" with { type: "text" };
import bitsText from "../kernels/half/bits.wgsl" with { type: "text" };
import f16Text from "../kernels/half/f16.wgsl" with { type: "text" };
import sealText from "../kernels/seal.wgsl" with { type: "text" };
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

/**
 * How an operand's elements are found. In vectors of four: one beside the result's (`whole`), one of
 * a row that repeats (`tiled`), or one element for all four (`single`, or `spread` over a run of
 * vectors). Or `strided`, one at a time.
 */
export type Walked = "whole" | "tiled" | "single" | "spread" | "strided";

/** A function of scalars to be applied to every element. */
export interface Body {
  /** Names the kernel; unique among bodies. */
  readonly name: string;
  /**
   * WGSL that declares `op`, and may use `T` there for the element type. Functions that it calls
   * come before it; those of one name are the same in all bodies.
   */
  readonly wgsl: string;
  /** Whether `op` takes the flat index of the result's element before its operands. */
  readonly indexed?: boolean;
}

/** What a body is given. */
export interface Argument {
  /** A constant (c), an operand's element (v), or the result of a step before (s). */
  readonly kind: "c" | "v" | "s";
  readonly at: number;
  /** Whether it is converted to `T`. */
  readonly convert: boolean;
}

/** One body in a chain. */
export interface Step {
  readonly body: Body;
  /** What `T` stands for. */
  readonly type: WgslType;
  /** Type of its result. */
  readonly value: WgslType;
}

/** An operand that a chain reads from memory. */
export interface LeafText {
  readonly type: Stored;
  readonly walked: Walked;
  /** Index of its binding; -1 for the target's own, where it is read in place. */
  readonly binding: number;
}

/** What an elementwise kernel's text depends on; two equal programs share a pipeline. */
export interface Program {
  /** In order; the last one's result is the target's. */
  readonly steps: readonly Step[];
  /** Per step, what its body is given. */
  readonly args: readonly (readonly Argument[])[];
  readonly leaves: readonly LeafText[];
  /** Read-only bindings; the target comes after them, and then the results of the kept steps. */
  readonly bound: number;
  readonly kept: readonly number[];
  readonly out: Stored;
  readonly store: Store;
  /** Axes walked over; undefined where vectors of four are taken. */
  readonly rank: number | undefined;
  /** Neighbouring elements of a block. */
  readonly run: number;
  readonly constants: number;
  /** Parameter words of the walk. */
  readonly words: number;
}

/** Words before the constants: threads, size, 0 (for seals), and blocks of a lane. */
export const HEADER_WORDS = 4;
/** Words of the walk for each way of it in vectors. */
const WALK_WORDS = { whole: 1, tiled: 2, single: 1, spread: 4, strided: 0 } as const;

const LANES = ["x", "y", "z", "w"] as const;

/** The parameter word of that index. */
function word(i: number): string {
  return `p.words[${i >> 2}u].${LANES[i & 3]}`;
}

/** Whether operands found in that way are bound as vectors of four. */
export function isVector(walked: Walked | undefined): boolean {
  return walked === "whole" || walked === "tiled";
}

/** A short string that two programs share only if their texts are equal. */
export function programKey(program: Program): string {
  const { steps, args, leaves, kept, out, store, rank = "flat", run } = program;
  let key = `${rank}${run}${store}>${out}`;
  for (const k of kept) key += `&${k}`;
  for (const { type, walked, binding } of leaves) key += `|${type}${walked}${binding}`;
  steps.forEach(({ body, type, value }, k) => {
    key += `;${body.name}:${type}>${value}`;
    for (const { kind, at, convert } of args[k] ?? []) key += `,${convert ? "=" : ""}${kind}${at}`;
  });
  return key;
}

/** The complete text of an elementwise kernel. */
export function programSource(program: Program): KernelSource {
  const { steps, leaves, bound, kept, rank, out, store, constants, words } = program;
  const strided = rank !== undefined;
  const reads = Array.from({ length: bound }, (_, i) => {
    return leaves.find(({ binding: own }) => own === i) as LeafText; // each has one
  });
  const lines = [
    ...packedTexts(program),
    ...reads.map(({ type, walked }, i) => binding(i, "read", isVector(walked), type)),
    binding(bound, "read_write", !strided, out, store === "atomic"),
    ...kept.map((k, i) => {
      return binding(bound + 1 + i, "read_write", !strided, valueOf(program, k));
    }),
    `struct Params { words: array<vec4<u32>, ${Math.ceil((HEADER_WORDS + constants + words) / 4)}> }`,
    `@group(0) @binding(${bound + 1 + kept.length}) var<uniform> p: Params;`,
    ...bodyTexts(steps),
    chainFunction(program),
    strided ? stridedBlock(program, rank) : flatBlock(program),
    frame,
  ];
  return {
    name: steps.map(({ body }) => body.name).join("+"),
    code: lines.join("\n"),
    bindings: "r".repeat(bound) + "w".repeat(1 + kept.length),
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

/** Type of a step's result. */
function valueOf({ steps }: Program, k: number): WgslType {
  return (steps[k] as Step).value; // the caller has it from the program
}

/** How the packed types that a program uses are read and written. */
function packedTexts({ leaves, out }: Program): string[] {
  const types = new Set([...leaves.map(({ type }) => type), out]);
  return [...types].filter(isPacked).map((type) => PACKED[type]);
}

function binding(
  i: number, access: string, vector: boolean, type: Stored, atomic = false,
): string {
  const four = isPacked(type) ? "vec2<u32>" : `vec4<${type}>`;
  const single = isPacked(type) ? "u32" : type;
  const element = atomic ? "atomic<u32>" : vector ? four : single;
  return `@group(0) @binding(${i}) var<storage, ${access}> x${i}: array<${element}>;`;
}

function opName({ body, type }: Step): string {
  return `op_${body.name}_${type}`;
}

/** The functions that the steps call, each once. */
function bodyTexts(steps: readonly Step[]): string[] {
  const texts = new Map<string, string>();
  for (const step of steps) {
    for (const text of step.body.wgsl.split(/^(?=fn )/m)) {
      const [, name] = /^fn (\w+)/.exec(text) ?? [];
      if (name === "op") {
        const own = text.replace(/\bop\b/, opName(step)).replace(/\bT\b/g, step.type);
        texts.set(opName(step), own);
      } else if (name !== undefined) {
        texts.set(name, text);
      }
    }
  }
  return [...texts.values()];
}

/** `chain`: from the elements and constants of one place to the results there. */
function chainFunction(program: Program): string {
  const { steps, args: given, leaves, kept } = program;
  const last = steps.length - 1;
  const types = constantTypes(program);
  const params = [
    ...leaves.map(({ type }, k) => `v${k}: ${computed(type)}`),
    ...types.map((type, k) => `c${k}: ${type}`),
  ];
  if (isIndexed(program)) params.unshift("e: u32");
  let sealed = false;
  const lines = steps.map((step, k) => {
    const args = (given[k] ?? []).map(({ kind, at, convert }) => {
      const value = `${kind}${at}`;
      return convert ? `${step.type}(${value})` : value;
    });
    if (step.body.indexed) args.unshift("e");
    const call = `${opName(step)}(${args.join(", ")})`;
    if (k === last || step.value !== "f32") return `let s${k} = ${call};`;
    sealed = true;
    return `let s${k} = seal(${call});`;
  });
  const results = [last, ...kept].map((k) => `s${k}`);
  const fields = [last, ...kept].map((k, i) => `y${i}: ${valueOf(program, k)}`);
  const [single, one] = [kept.length === 0, valueOf(program, last)];
  return [
    sealed ? sealText : "",
    single ? "" : `struct Results { ${fields.join(", ")} }`,
    `fn chain(${params.join(", ")}) -> ${single ? one : "Results"} {`,
    ...lines,
    single ? `return s${last};` : `return Results(${results.join(", ")});`,
    "}",
  ].filter(Boolean).join("\n");
}

function isIndexed({ steps }: Program): boolean {
  return steps.some(({ body }) => body.indexed);
}

/** Types of the constants, in the order of their words. */
function constantTypes({ steps, args }: Program): WgslType[] {
  const types: WgslType[] = [];
  steps.forEach(({ type }, k) => {
    for (const { kind, at } of args[k] ?? []) if (kind === "c") types[at] = type;
  });
  return types;
}

function constantLoads(program: Program): string[] {
  return constantTypes(program).map((type, k) => {
    const bits = word(HEADER_WORDS + k);
    return `let c${k} = ${type === "u32" ? bits : `bitcast<${type}>(${bits})`};`;
  });
}

/** A call of `chain`, given each leaf's element and the index of the place. */
function chainCall(program: Program, leaf: (k: number) => string, index: string): string {
  const args = [
    ...program.leaves.map((_, k) => leaf(k)),
    ...constantTypes(program).map((_, k) => `c${k}`),
  ];
  if (isIndexed(program)) args.unshift(index);
  return `chain(${args.join(", ")})`;
}

/** Four neighbouring elements; storage is padded to whole vectors. */
function flatBlock(program: Program): string {
  const { leaves, bound, kept, out } = program;
  let at = HEADER_WORDS + program.constants + 1;
  const loads = leaves.map((leaf, k) => {
    const load = vectorLoad(program, leaf, k, at);
    at += WALK_WORDS[leaf.walked];
    return load;
  });
  const single = leaves.map(({ walked }) => walked === "single" || walked === "spread");
  const calls = LANES.map((lane, j) => {
    const leaf = (k: number) => (single[k] ? `v${k}` : `v${k}.${lane}`);
    return `let r${j} = ${chainCall(program, leaf, `i * 4u + ${j}u`)};`;
  });
  const lanes = (field: string) => LANES.map((_, j) => `r${j}${field}`);
  const place = `i + ${word(HEADER_WORDS + program.constants)}`;
  const stores = kept.map((k, i) => {
    const values = joinLanes(valueOf(program, k), lanes(`.y${i + 1}`));
    return `x${bound + 1 + i}[i] = ${values};`;
  });
  const first = joinLanes(out, lanes(kept.length === 0 ? "" : ".y0"));
  stores.unshift(`x${bound}[${place}] = ${first};`);
  const lines = [...constantLoads(program), ...loads, ...calls, ...stores];
  return `fn element_block(i: u32) {\n${lines.join("\n")}\n}`;
}

/** Loads what a block of four needs of an operand; its words of the walk start at `at`. */
function vectorLoad(program: Program, leaf: LeafText, k: number, at: number): string {
  const { type, walked } = leaf;
  const [offset, first, second, third] = [0, 1, 2, 3].map((j) => word(at + j));
  if (walked === "single") return elementLoad(program, leaf, `${offset}`, k);
  if (walked === "spread") {
    return elementLoad(program, leaf, `${offset} + i / ${first} % ${second} * ${third}`, k);
  }
  const place = walked === "tiled" ? `i % ${first}` : "i";
  const load = `x${bindingOf(program, leaf)}[${place} + ${offset}]`;
  if (!isPacked(type)) return `let v${k} = ${load};`;
  return `let w${k} = ${load};
let v${k} = vec4<${computed(type)}>(${type}_load(w${k}.x), ${type}_load(w${k}.y));`;
}

function bindingOf({ bound }: Program, { binding: own }: LeafText): number {
  return own < 0 ? bound : own;
}

function joinLanes(out: Stored, lanes: readonly string[]): string {
  if (!isPacked(out)) return `vec4<${out}>(${lanes.join(", ")})`;
  const half = (pair: readonly string[]) => {
    return `${out}_store(vec2<${computed(out)}>(${pair.join(", ")}))`;
  };
  return `vec2<u32>(${half(lanes.slice(0, 2))}, ${half(lanes.slice(2))})`;
}

/** One element at a place that may lie anywhere. */
function elementLoad(program: Program, leaf: LeafText, at: string, k: number): string {
  const name = `x${bindingOf(program, leaf)}`;
  const inPlace = program.store === "atomic" && leaf.binding < 0;
  const from = (place: string) => (inPlace ? `atomicLoad(&${name}[${place}])` : `${name}[${place}]`);
  const { type } = leaf;
  return `let v${k} = ${isPacked(type) ? `${type}_at(${from(`(${at}) >> 1u`)}, ${at})` : from(at)};`;
}

/** A run of neighbours along the last axis, found by walking the axes from the last inwards. */
function stridedBlock(program: Program, rank: number): string {
  const { leaves, run, bound, kept } = program;
  const base = HEADER_WORDS + program.constants;
  const stride = (walk: number, axis: number) => word(base + rank + walk * (1 + rank) + 1 + axis);
  const offset = (walk: number) => word(base + rank + walk * (1 + rank));
  const all = [0, ...leaves.map((_, k) => k + 1)];
  const walk = all.map((w) => `var o${w} = ${offset(w)};`);
  for (let axis = rank - 1; axis >= 0; axis--) {
    const size = word(base + axis);
    walk.push(axis > 0 ? `let q${axis} = rest / ${size};` : "");
    walk.push(`let d${axis} = rest${axis > 0 ? ` - q${axis} * ${size}` : ""};`);
    if (axis > 0) walk.push(`rest = q${axis};`);
    for (const w of all) walk.push(`o${w} += d${axis} * ${stride(w, axis)};`);
  }
  const pairs = program.store === "pairs"; // each element walks by itself; the last one twice
  const step = (w: number) => (pairs ? `o${w}` : `o${w} + k * ${stride(w, rank - 1)}`);
  const loads = leaves.map((leaf, k) => elementLoad(program, leaf, step(k + 1), k));
  const index = pairs ? `min(i * 2u + k, ${word(1)} - 1u)` : `i * ${run}u + k`;
  const field = (k: number) => (kept.length === 0 ? "" : `.y${k}`);
  const lines = [
    ...(isPacked(program.out) ? [`var low = ${computed(program.out)}(0);`] : []),
    ...constantLoads(program),
    ...(pairs ? [] : [`var rest = i * ${run}u;`, ...walk]),
    `for (var k = 0u; k < ${run}u; k++) {`,
    `let e = ${index};`, ...(pairs ? ["var rest = e;", ...walk] : []), ...loads,
    `let r = ${chainCall(program, (k) => `v${k}`, "e")};`, `let y = r${field(0)};`,
    ...kept.map((_, i) => `x${bound + 1 + i}[e] = r${field(i + 1)};`),
    elementStore(program, step(0)), "}",
  ];
  return `fn element_block(i: u32) {\n${lines.filter(Boolean).join("\n")}\n}`;
}

/** Stores the result `y` of a strided block, or keeps it as `low` until its word is full. */
function elementStore({ out, store, bound }: Program, at: string): string {
  const target = `x${bound}`;
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
