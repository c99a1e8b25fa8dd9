import nearFrame from "../../kernels/elementwise.near.wgsl" with { type: "text" };
import frame from "../../kernels/elementwise.wgsl" with { type: "text" };
import bf16Text from "../../kernels/half/bf16.wgsl" with { type: "text" };
import bitsText from "../../kernels/half/bits.wgsl" with { type: "text" };
import f16Text from "../../kernels/half/f16.wgsl" with { type: "text" };
import sealText from "../../kernels/seal.wgsl" with { type: "text" };
import type { KernelSource } from "../pipeline.ts";
import { unroll } from "../unroll.ts";
import { elementSource, flatBlock, flatSource, stridedBlock } from "./blocks.ts";
import { type LeafText, type Program, type Step, type Stored, HEADER_WORDS, computed,
  chainName, constantTypes, isIndexed, isPacked, isVector, startsFromHead, valueOf } from
  "./program.ts";

const PACKED = { f16: f16Text, bf16: bf16Text, bits: bitsText } as const;

/** How blocks of elements are dealt out to lanes. */
export interface Deal {
  /** Lanes of a workgroup. */
  readonly group: number;
  /** Neighbouring blocks that a lane takes; if 0, it takes every `step`th one in a loop. */
  readonly near: number;
  readonly step: number;
}

/** The complete text of an elementwise kernel. */
export function programSource(program: Program, { group, near, step }: Deal): KernelSource {
  const { steps, bound, kept, rank, out, store } = program;
  const strided = rank !== undefined;
  const words = HEADER_WORDS + program.constants + program.words;
  const lines = [
    ...packedTexts(program), ...bindingTexts(program),
    binding(bound, "read_write", !strided, out, store === "atomic"),
    `struct Params { words: array<vec4<u32>, ${Math.ceil(words / 4)}> }`,
    `@group(0) @binding(${bound + 1 + kept.length}) var<uniform> p: Params;`,
    chainText([program]),
    strided ? stridedBlock(program, rank) : flatBlock(program),
    `const GROUP = ${group}u;`,
    near > 0 ? unroll(nearFrame, near, 1) : `const STEP = ${step}u;\n${frame}`,
  ];
  return {
    name: steps.map(({ body }) => body.name).join("+"),
    code: lines.join("\n"),
    bindings: "r".repeat(bound) + "w".repeat(1 + kept.length),
  };
}

/**
 * The bindings of a chain that gives a head its elements, and `source`, which does. They are those
 * of an elementwise kernel, with the head's own target in the place of the chain's.
 *
 * @param four whether elements are asked for by four neighbours
 */
export function sourceText(program: Program, four: boolean): string {
  const { rank } = program;
  const source = rank === undefined ? flatSource(program) : elementSource(program, rank, four);
  return [...packedTexts(program), ...bindingTexts(program), source].join("\n");
}

/** The bindings of what a program reads, and of the steps that it keeps. */
function bindingTexts(program: Program): string[] {
  const { leaves, bound, kept, rank } = program;
  const reads = Array.from({ length: bound }, (_, i) => {
    const { type, walked } = leaves.find(({ binding: own }) => own === i) as LeafText; // one each
    return binding(i, "read", isVector(walked), type);
  });
  return [...reads, ...kept.map((k, i) => {
    return binding(bound + 1 + i, "read_write", rank === undefined, valueOf(program, k));
  })];
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

/**
 * The functions of chains and those that they call; `zero_word` is declared elsewhere.
 *
 * @param beside text in which some of the functions may be declared already
 */
export function chainText(programs: readonly Program[], beside = ""): string {
  const bodies = bodyTexts(programs.flatMap(({ steps }) => steps));
  const missing = [...bodies].filter(([name]) => !beside.includes(`fn ${name}(`));
  const chains = programs.map(chainFunction).join("\n");
  const seal = /\bseal\(/.test(chains + beside) ? [sealText] : [];
  return [...seal, ...missing.map(([, text]) => text), chains].join("\n");
}

/** The functions that the steps call by name, each once. */
function bodyTexts(steps: readonly Step[]): Map<string, string> {
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
  return texts;
}

/** From the elements and constants of one place to the results there. */
function chainFunction(program: Program): string {
  const { steps, args: given, leaves, kept } = program;
  const last = steps.length - 1;
  const types = constantTypes(program);
  const params = [
    ...leaves.map(({ type }, k) => `v${k}: ${computed(type)}`),
    ...types.map((type, k) => `c${k}: ${type}`),
  ];
  if (startsFromHead(program)) params.unshift("h0: f32");
  if (isIndexed(program)) params.unshift("e: u32");
  const lines = steps.map((step, k) => {
    const args = (given[k] ?? []).map(({ kind, at, convert }) => {
      const value = `${kind}${at}`;
      return convert ? `${step.type}(${value})` : value;
    });
    if (step.body.indexed) args.unshift("e");
    const call = `${opName(step)}(${args.join(", ")})`;
    if (k === last || step.value !== "f32") return `let s${k} = ${call};`;
    return `let s${k} = seal(${call});`;
  });
  const results = [last, ...kept].map((k) => `s${k}`);
  const fields = [last, ...kept].map((k, i) => `y${i}: ${valueOf(program, k)}`);
  const [single, one, name] = [kept.length === 0, valueOf(program, last), chainName(program)];
  const all = `Of_${name}`;
  return [
    single ? "" : `struct ${all} { ${fields.join(", ")} }`,
    `fn ${name}(${params.join(", ")}) -> ${single ? one : all} {`,
    ...lines,
    single ? `return s${last};` : `return ${all}(${results.join(", ")});`,
    "}",
  ].filter(Boolean).join("\n");
}
