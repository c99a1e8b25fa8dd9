import { type LeafText, type Program, type Stored, type Walked, HEADER_WORDS, computed,
  chainName, constantTypes, isIndexed, isPacked, valueOf } from "./program.ts";

/** Words of the walk for the ways of it in vectors. */
const WALK_WORDS = { whole: 1, tiled: 2, single: 1, spread: 4, strided: 0 } as const;

function walkWords(walked: Walked): number {
  return typeof walked === "number" ? 1 + 2 * walked : WALK_WORDS[walked];
}

const LANES = ["x", "y", "z", "w"] as const;

/** The parameter word of that index. */
function word(i: number): string {
  return `p.words[${i >> 2}u].${LANES[i & 3]}`;
}

function constantLoads(program: Program): string[] {
  return constantTypes(program).map((type, k) => {
    const bits = word(HEADER_WORDS + k);
    return `let c${k} = ${type === "u32" ? bits : `bitcast<${type}>(${bits})`};`;
  });
}

/** A call of a chain's function, given each leaf's element and the index of the place. */
export function chainCall(
  program: Program, leaf: (k: number) => string, index: string, head?: string,
): string {
  const args = [
    ...(head === undefined ? [] : [head]),
    ...program.leaves.map((_, k) => leaf(k)),
    ...constantTypes(program).map((_, k) => `c${k}`),
  ];
  if (isIndexed(program)) args.unshift(index);
  return `${chainName(program)}(${args.join(", ")})`;
}

/** Four neighbouring elements; storage is padded to whole vectors. */
export function flatBlock(program: Program): string {
  const { lines, results } = flatSteps(program);
  const place = `i + ${word(HEADER_WORDS + program.constants)}`;
  const store = `x${program.bound}[${place}] = ${joinLanes(program.out, results)};`;
  return `fn element_block(i: u32) {\n${[...lines, store].join("\n")}\n}`;
}

/**
 * `source`, which gives a head four neighbouring elements. They are sealed, as all that goes on to
 * another operation.
 */
export function flatSource(program: Program): string {
  const { lines, results } = flatSteps(program);
  const last = `return ${joinLanes(program.out, results.map((y) => sealed(program, y)))};`;
  return `fn source(i: u32) -> vec4<${program.out}> {\n${[...lines, last].join("\n")}\n}`;
}

function sealed({ out }: Program, y: string): string {
  return out === "f32" ? `seal(${y})` : y;
}

/** Works four neighbouring elements out and stores what is kept; `results` are the last step's. */
function flatSteps(program: Program): { readonly lines: string[]; readonly results: string[] } {
  const { leaves, bound, kept } = program;
  let at = HEADER_WORDS + program.constants + 1;
  const loads = leaves.map((leaf, k) => {
    const load = vectorLoad(program, leaf, k, at);
    at += walkWords(leaf.walked);
    return load;
  });
  const single = leaves.map(({ walked }) => walked === "single" || walked === "spread");
  const calls = LANES.map((lane, j) => {
    const leaf = (k: number) => (single[k] ? `v${k}` : `v${k}.${lane}`);
    return `let r${j} = ${chainCall(program, leaf, `i * 4u + ${j}u`)};`;
  });
  const lanes = (field: string) => LANES.map((_, j) => `r${j}${field}`);
  const stores = kept.map((k, i) => {
    const values = joinLanes(valueOf(program, k), lanes(`.y${i + 1}`));
    return `x${bound + 1 + i}[i] = ${values};`;
  });
  return {
    lines: [...constantLoads(program), ...loads, ...calls, ...stores],
    results: lanes(kept.length === 0 ? "" : ".y0"),
  };
}

/** Loads what a block of four needs of an operand; its words of the walk start at `at`. */
function vectorLoad(program: Program, leaf: LeafText, k: number, at: number): string {
  const { type, walked } = leaf;
  const [offset, first, second, third] = [0, 1, 2, 3].map((j) => word(at + j));
  if (walked === "single") return elementLoad(program, leaf, `${offset}`, k);
  if (walked === "spread") {
    return elementLoad(program, leaf, `${offset} + i / ${first} % ${second} * ${third}`, k);
  }
  const place = typeof walked === "number" ? stepsFrom(walked, at + 1)
    : walked === "tiled" ? `i % ${first}` : "i";
  const load = `x${bindingOf(program, leaf)}[${place} + ${offset}]`;
  if (!isPacked(type)) return `let v${k} = ${load};`;
  return `let w${k} = ${load};
let v${k} = vec4<${computed(type)}>(${type}_load(w${k}.x), ${type}_load(w${k}.y));`;
}

/** The steps to vector `i` along so many axes, whose sizes and steps are words from `at` on. */
function stepsFrom(axes: number, at: number): string {
  let [rest, place] = ["i", ""];
  for (let axis = axes - 1; axis > 0; axis--) {
    const [size, step] = [word(at + 2 * axis), word(at + 2 * axis + 1)];
    place = `${rest} % ${size} * ${step} + ${place}`;
    rest = `${rest} / ${size}`;
  }
  return `${place}${rest} * ${word(at + 1)}`;
}

function bindingOf({ bound }: Program, { binding: own }: LeafText): number {
  return own < 0 ? bound - 1 - own : own;
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
  const inPlace = program.store === "atomic" && leaf.binding === -1;
  const from = (place: string) => {
    return inPlace ? `atomicLoad(&${name}[${place}])` : `${name}[${place}]`;
  };
  const { type } = leaf;
  if (!isPacked(type)) return `let v${k} = ${from(at)};`;
  return `let v${k} = ${type}_at(${from(`(${at}) >> 1u`)}, ${at});`;
}

/** Word of the stride of a walk along an axis; walk 0 is the target's, then come the leaves'. */
function strideWord({ constants }: Program, rank: number, walk: number, axis: number): string {
  return word(HEADER_WORDS + constants + rank + walk * (1 + rank) + 1 + axis);
}

/** Finds the places `o` of some walks from the index `rest`, by the axes from the last inwards. */
function walkLines(program: Program, rank: number, walks: readonly number[]): string[] {
  const base = HEADER_WORDS + program.constants;
  const lines = walks.map((w) => `var o${w} = ${word(base + rank + w * (1 + rank))};`);
  for (let axis = rank - 1; axis >= 0; axis--) {
    const size = word(base + axis);
    if (axis > 0) lines.push(`let q${axis} = rest / ${size};`);
    lines.push(`let d${axis} = rest${axis > 0 ? ` - q${axis} * ${size}` : ""};`);
    if (axis > 0) lines.push(`rest = q${axis};`);
    for (const w of walks) {
      lines.push(`o${w} += d${axis} * ${strideWord(program, rank, w, axis)};`);
    }
  }
  return lines;
}

/** `source`, which gives a head one element, or four neighbours that are found one by one. */
export function elementSource(program: Program, rank: number, four: boolean): string {
  const { leaves, bound, kept, out } = program;
  const lines = [
    ...constantLoads(program), "var rest = e;",
    ...walkLines(program, rank, leaves.map((_, k) => k + 1)),
    ...leaves.map((leaf, k) => elementLoad(program, leaf, `o${k + 1}`, k)),
    `let r = ${chainCall(program, (k) => `v${k}`, "e")};`,
    ...kept.map((_, i) => `x${bound + 1 + i}[e] = r.y${i + 1};`),
    `return ${sealed(program, kept.length === 0 ? "r" : "r.y0")};`,
  ];
  const element = (name: string) => `fn ${name}(e: u32) -> ${out} {\n${lines.join("\n")}\n}`;
  if (!four) return element("source");
  const each = [0, 1, 2, 3].map((j) => `element(4u * i + ${j}u)`).join(", ");
  return `${element("element")}
fn source(i: u32) -> vec4<${out}> { return vec4<${out}>(${each}); }`;
}

/** A run of neighbours along the last axis, found by walking the axes from the last inwards. */
export function stridedBlock(program: Program, rank: number): string {
  const { leaves, run, bound, kept } = program;
  const walk = walkLines(program, rank, [0, ...leaves.map((_, k) => k + 1)]);
  const pairs = program.store === "pairs"; // each element walks by itself; the last one twice
  const step = (w: number) => {
    return pairs ? `o${w}` : `o${w} + k * ${strideWord(program, rank, w, rank - 1)}`;
  };
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
