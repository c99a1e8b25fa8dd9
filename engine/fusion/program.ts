import type { wgslType } from "../dtype.ts";

/** Type of a value in WGSL. */
export type WgslType = ReturnType<typeof wgslType>;

/** Two elements to a word: `bits` are 16 bits moved as they are. */
export type Packed = "f16" | "bf16" | "bits";

/** How elements are stored: one to a word, or two. */
export type Stored = WgslType | Packed;

/**
 * How results are stored: one to a word; two to a word along the last axis; two to a word that each
 * walk there by themselves; or one at a time into words that others may write too.
 */
export type Store = "elements" | "words" | "pairs" | "atomic";

/**
 * How an operand's elements are found. In vectors of four: one beside the result's (`whole`), one
 * of a row that repeats (`tiled`), one by walking so many axes, or one element for all four
 * (`single`, or `spread` over a run of vectors). Or `strided`, one at a time.
 */
export type Walked = "whole" | "tiled" | "single" | "spread" | "strided" | number;

/** A function of scalars to be applied to every element. */
export interface Body {
  /** Names the kernel; unique among bodies. */
  readonly name: string;
  /**
   * WGSL that declares `op`, and may use `T` there for the element type. Functions that it calls,
   * and nothing else, come before it; those of one name are the same in all bodies.
   */
  readonly wgsl: string;
  /** Whether `op` takes the flat index of the result's element before its operands. */
  readonly indexed?: boolean;
}

/** What a body is given. */
export interface Argument {
  /** A constant (c), an operand's element (v), that of a head (h), or the result of a step (s). */
  readonly kind: "c" | "v" | "h" | "s";
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
  /** Index of its binding; where it is read in place, -1 for the target's, -2.. for kept ones'. */
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

/** Storage buffers that every adapter lets a kernel have. */
export const MAX_BINDINGS = 8;
/** Words before the constants: threads, size, 0 (for seals), and blocks of a lane. */
export const HEADER_WORDS = 4;

/** Whether operands found in that way are bound as vectors of four. */
export function isVector(walked: Walked | undefined): boolean {
  return walked === "whole" || walked === "tiled" || typeof walked === "number";
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

/** Whether two elements share a word. */
export function isPacked(type: Stored): type is Packed {
  return type === "f16" || type === "bf16" || type === "bits";
}

/** The type that stored elements are computed with. */
export function computed(type: Stored): WgslType {
  if (!isPacked(type)) return type;
  return type === "bits" ? "u32" : "f32";
}

/** Type of a step's result. */
export function valueOf({ steps }: Program, k: number): WgslType {
  return (steps[k] as Step).value; // the caller has it from the program
}

/** Whether a body asks for the index of its element. */
export function isIndexed({ steps }: Program): boolean {
  return steps.some(({ body }) => body.indexed);
}

/** Whether a step takes the element of a head. */
export function startsFromHead({ args }: Program): boolean {
  return args.some((list) => list.some(({ kind }) => kind === "h"));
}

/** Name of the function that a chain becomes: a kernel may have one before and one after it. */
export function chainName(program: Program): string {
  return startsFromHead(program) ? "chain_after" : "chain";
}

/** Types of the constants, in the order of their words. */
export function constantTypes({ steps, args }: Program): WgslType[] {
  const types: WgslType[] = [];
  steps.forEach(({ type }, k) => {
    for (const { kind, at } of args[k] ?? []) if (kind === "c") types[at] = type;
  });
  return types;
}
