import nearFrame from "../../kernels/elementwise.near.wgsl" with { type: "text" };
import frame from "../../kernels/elementwise.wgsl" with { type: "text" };
import bf16Text from "../../kernels/half/bf16.wgsl" with { type: "text" };
import bitsText from "../../kernels/half/bits.wgsl" with { type: "text" };
import f16Text from "../../kernels/half/f16.wgsl" with { type: "text" };
import sealText from "../../kernels/seal.wgsl" with { type: "text" };
import type { KernelSource } from "../pipeline.ts";
import { unroll } from "../unroll.ts";
import { flatBlock, stridedBlock } from "./blocks.ts";
import { type LeafText, type Program, type Step, type Stored, HEADER_WORDS, computed,
  constantTypes, isIndexed, isPacked, isVector, startsFromProduct, valueOf } from "./program.ts";

const PACKED = { f16: f16Text, bf16: bf16Text, bits: bitsText } as const;

/**
 * The complete text of an elementwise kernel.
 *
 * @param near neighbouring blocks that a lane takes; if 0, it takes every `step`th one in a loop
 */
export function programSource(program: Program, near: number, step: number): KernelSource {
  const { steps, leaves, bound, kept, rank, out, store } = program;
  const strided = rank !== undefined;
  const words = HEADER_WORDS + program.constants + program.words;
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
    `struct Params { words: array<vec4<u32>, ${Math.ceil(words / 4)}> }`,
    `@group(0) @binding(${bound + 1 + kept.length}) var<uniform> p: Params;`,
    chainText(program),
    strided ? stridedBlock(program, rank) : flatBlock(program),
    near > 0 ? unroll(nearFrame, near, 1) : `const STEP = ${step}u;\n${frame}`,
  ];
  return {
    name: steps.map(({ body }) => body.name).join("+"),
    code: lines.join("\n"),
    bindings: "r".repeat(bound) + "w".repeat(1 + kept.length),
  };
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

/** `chain` and the functions that it calls; `zero_word` is declared elsewhere. */
export function chainText(program: Program): string {
  return [...bodyTexts(program.steps), chainFunction(program)].join("\n");
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
  if (startsFromProduct(program)) params.unshift("p0: f32");
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
