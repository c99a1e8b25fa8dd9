import type { Word } from "../live.ts";
import { type Layout, at } from "../shape.ts";
import { chainCall } from "./blocks.ts";
import { type Program, constantTypes, valueOf } from "./program.ts";

/** Parameter words of a leaf: its offset, its steps along three batch axes, rows and columns. */
export const WORDS_OF_LEAF = 8;

/** Where the elements of a matrix, or of a batch of them, lie. */
export interface Strides {
  readonly row: number;
  readonly col: number;
  /** Offset of the first matrix, then steps along three axes of the batch. */
  readonly batch: readonly number[];
}

/** The strides of a layout of two axes. */
export function stridesOfMatrix({ strides, offset }: Layout): Strides {
  return { row: at(strides, 0), col: at(strides, 1), batch: [offset, 0, 0, 0] };
}

/** Parameter words of an epilogue, which `p.extra` holds. */
export function epilogueWords(leaves: readonly Strides[], constants: readonly Word[]): Word[] {
  const words = leaves.flatMap(({ batch, row, col }) => {
    const own = [...batch, row, col];
    return [...own, ...Array<number>(WORDS_OF_LEAF - own.length).fill(0)].map((w) => w >>> 0);
  });
  return [...words, ...constants];
}

/** WGSL of the type of `p.extra`. */
export function extraAlias(program: Program | undefined): string {
  const { bound = 0, constants = 0 } = program ?? {};
  const words = bound * WORDS_OF_LEAF + constants;
  return `alias Extra = array<vec4<u32>, ${Math.max(1, Math.ceil(words / 4))}>;`;
}

/** Letters of the bindings of an epilogue, as of a kernel. */
export function epilogueBindings(program: Program | undefined): string {
  return program ? "r".repeat(program.bound) + "w".repeat(program.kept.length) : "";
}

/** What an epilogue adds to the name of a kernel. */
export function epilogueName(program: Program | undefined): string {
  return program?.steps.slice(1).map(({ body }) => `+${body.name}`).join("") ?? "";
}

/**
 * The text of a chain of steps as the `epilogue` of a head; see kernels/epilogue.wgsl. The text of
 * `chain_after` comes beside it.
 *
 * @param program its leaves and kept results have bindings of their own
 * @param first the first of these bindings
 */
export function epilogueText(program: Program, first: number): string {
  const { leaves, kept } = program;
  const bindings = [
    ...leaves.map(({ type }) => ["read", type] as const),
    ...kept.map((k) => ["read_write", valueOf(program, k)] as const),
  ].map(([access, type], i) => {
    const own = first + i;
    return `@group(0) @binding(${own}) var<storage, ${access}> x${own}: array<${type}>;`;
  });
  const loads = leaves.map((_, k) => {
    const [batch, steps] = [0, 1].map((i) => `p.extra[${k * WORDS_OF_LEAF / 4 + i}]`);
    return `let v${k} = x${first + k}[`
      + `sum4(${batch} * place) + row * ${steps}.x + col * ${steps}.y];`;
  });
  const constants = constantTypes(program).map((type, k) => {
    const own = leaves.length * WORDS_OF_LEAF + k;
    return `let c${k} = bitcast<${type}>(p.extra[${own >> 2}][${own & 3}]);`;
  });
  return [
    ...bindings,
    "fn epilogue(place: vec4<u32>, row: u32, col: u32, at: u32, y: f32) -> f32 {",
    ...loads, ...constants,
    `let r = ${chainCall(program, (k) => `v${k}`, "at", "y")};`,
    ...kept.map((_, i) => `x${first + leaves.length + i}[at] = r.y${i + 1};`),
    `return r${kept.length > 0 ? ".y0" : ""};`, "}",
  ].join("\n");
}
