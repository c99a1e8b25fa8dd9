import { chainCall } from "./blocks.ts";
import { type Program, constantTypes, valueOf } from "./program.ts";
import { WORDS_OF_LEAF } from "./product.ts";
import { chainText } from "./text.ts";

/**
 * The text of a chain of steps as a product's `epilogue`; see kernels/matmul/shared.wgsl.
 *
 * @param program its leaves and kept results have bindings of their own
 * @param first the first of these bindings
 */
export function epilogueText(program: Program, first: number): string {
  const { leaves, kept } = program;
  const types = constantTypes(program);
  const bindings = [
    ...leaves.map(({ type }) => ["read", type] as const),
    ...kept.map((k) => ["read_write", valueOf(program, k)] as const),
  ].map(([access, type], i) => {
    const at = first + i;
    return `@group(0) @binding(${at}) var<storage, ${access}> x${at}: array<${type}>;`;
  });
  const loads = leaves.map((_, k) => {
    const [batch, steps] = [0, 1].map((i) => `p.extra[${k * WORDS_OF_LEAF / 4 + i}]`);
    return `let v${k} = x${first + k}[`
      + `sum4(${batch} * base.at) + row * ${steps}.x + col * ${steps}.y];`;
  });
  const constants = types.map((type, k) => {
    const at = leaves.length * WORDS_OF_LEAF + k;
    const word = `p.extra[${at >> 2}][${at & 3}]`;
    return `let c${k} = bitcast<${type}>(${word});`;
  });
  const several = kept.length > 0;
  return [
    ...bindings, chainText(program),
    "fn epilogue(base: Base, row: u32, col: u32, at: u32, y: f32) -> f32 {",
    ...loads, ...constants,
    `let r = ${chainCall(program, (k) => `v${k}`, "at", "y")};`,
    ...kept.map((_, i) => `x${first + leaves.length + i}[at] = r.y${i + 1};`),
    `return r${several ? ".y0" : ""};`, "}",
  ].join("\n");
}
