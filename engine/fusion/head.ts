import type { Word } from "../live.ts";
import { PARAM_BYTES } from "../pipeline.ts";
import type { PooledBuffer } from "../pool.ts";
import { type Layout, type Shape, at } from "../shape.ts";
import { type Chain, gather } from "./chain.ts";
import { WORDS_OF_LEAF, epilogueText } from "./epilogue.ts";
import type { Fusion } from "./fusion.ts";
import { stepsToKeep } from "./keep.ts";
import type { Pending } from "./pending.ts";
import { type PlannedPrologue, type Prologue, prologueOf } from "./prologue.ts";
import { MAX_BINDINGS, type Program, isIndexed, isPacked } from "./program.ts";
import { chainText, sourceText } from "./text.ts";
import { leafIn } from "./walk.ts";

/**
 * A kernel that waits, and what dispatches it: a matrix product, a reduction, a kernel of whole
 * rows. A chain may begin with it, and is then computed before its elements are stored.
 */
export interface Head {
  /** Of its result, as its kernel sees that: `[..., rows, columns]`. */
  readonly shape: Shape;
  /** Whether element [i, j] is also stored as [j, i]. */
  readonly symmetric?: boolean;
  /** Storage buffers that its kernels bind. */
  readonly bindings: number;
  /** Parameter words of its kernels. */
  readonly words: number;
  /**
   * How it loads the elements of its only input, each of them once, where a chain can be computed
   * in their place: so many neighbours together. Default: it cannot.
   */
  readonly loads?: 1 | 4;
  /**
   * Plans the dispatches.
   *
   * @param leaves what the epilogue reads beside the result, seen in `shape`
   * @returns what records them; undefined where the kernels cannot find the leaves' elements
   */
  readonly plan: (leaves: readonly Layout[]) => ((result: HeadResult) => void) | undefined;
}

/**
 * Writes the text of chains. Heads are handed it with a chain, so that a program without a device
 * to wait on does not carry it.
 */
export interface ChainWriter {
  readonly epilogue: typeof epilogueText;
  readonly source: typeof sourceText;
  readonly chain: typeof chainText;
}

export const WRITER: ChainWriter = { epilogue: epilogueText, source: sourceText, chain: chainText };

/** What becomes of a head. */
export interface HeadResult {
  readonly target: PooledBuffer;
  /** What is done with every element before it is stored in the target. Default: nothing. */
  readonly epilogue?: Epilogue | undefined;
  /** What gives the elements of its input. Default: they are loaded. */
  readonly prologue?: Prologue | undefined;
}

/** A chain of steps on every element of a result. */
export interface Epilogue {
  readonly program: Program;
  /** What the program binds after the head's own: its leaves, then the kept steps' results. */
  readonly buffers: readonly PooledBuffer[];
  readonly constants: readonly Word[];
  readonly writer: ChainWriter;
}

/** A chain with what is needed to dispatch it as the epilogue of a head. */
interface Plan {
  readonly chain: Chain;
  readonly kept: readonly Pending[];
  readonly program: Program;
  readonly record: (result: HeadResult) => void;
}

/**
 * Computes a result whose chain may begin with a head: along with that, as far as its kernels can.
 *
 * @returns false if the chain begins with no head, any more: then it is still to be computed
 */
export function computeAfterHead(fusion: Fusion, root: Pending, all: boolean): boolean {
  for (;;) {
    const { first } = root;
    if (!first) return false;
    const prologue = prologueOf(fusion, first, all);
    const chain = gather(root);
    if (!chain.steps.includes(first)) return false;
    const plan = fitted(chain, first, all, prologue);
    if (plan) {
      dispatch(root, plan, prologue);
      return true;
    }
    const inner = chain.steps.filter((step) => step.first === first && step !== root).reverse();
    const longest = inner.find((step) => fitted(gather(step), first, all, prologue));
    (longest ?? first).compute(all);
  }
}

/** The plan of a chain, unless the kernels of its head cannot do it. */
function fitted(
  chain: Chain, first: Pending, all: boolean, prologue: PlannedPrologue | undefined,
): Plan | undefined {
  const { steps, leaves, constants } = chain;
  const head = first.head as Head; // it begins the chain
  const root = steps[steps.length - 1] as Pending; // a chain has its result
  const types = leaves.map(({ dtype, reader }) => reader.stored(dtype));
  const kept = stepsToKeep(chain, all);
  const layouts = leaves.flatMap((leaf) => leafIn(head.shape, leaf) ?? []);
  const words = head.words + (prologue?.words.length ?? 0) + leaves.length * WORDS_OF_LEAF
    + constants.length;
  const bindings = head.bindings + (prologue?.bindings ?? 0) + leaves.length + kept.length;
  const isFloat = root.out === "f32" && first.out === "f32";
  if (root !== first && (!isFloat || types.some(isPacked) || layouts.length < leaves.length
    || steps.some(({ over }) => over) // which is bound to be read, too
    || bindings > MAX_BINDINGS || words > PARAM_BYTES / 4)) return undefined;
  const program: Program = {
    steps, args: chain.args, bound: leaves.length, constants: constants.length,
    leaves: types.map((type, binding) => ({ type, walked: "strided", binding })),
    kept: kept.map((step) => step.place), out: "f32", store: "elements", rank: 0, run: 1, words: 0,
  };
  if (head.symmetric && !mirrors(layouts, program)) return undefined;
  const record = head.plan(layouts);
  return record && { chain, kept, program, record };
}

/** Whether an epilogue gives for [j, i] what it gives for [i, j]. */
function mirrors(layouts: readonly Layout[], program: Program): boolean {
  if (program.kept.length > 0 || isIndexed(program)) return false;
  return layouts.every(({ strides }) => {
    return at(strides, strides.length - 1) === 0 && at(strides, strides.length - 2) === 0;
  });
}

function dispatch(
  root: Pending, { chain, kept, program, record }: Plan,
  planned: PlannedPrologue | undefined,
): void {
  const target = root.takeBuffer();
  const outs = kept.map((step) => step.takeBuffer());
  const buffers = [...chain.leaves.map(({ storage: { buffer } }) => buffer), ...outs];
  const epilogue = root.head ? undefined
    : { program, buffers, constants: chain.constants, writer: WRITER };
  const before = planned?.kept.map((step) => step.takeBuffer()) ?? [];
  record({ target, epilogue, prologue: planned && { ...planned, outs: before, writer: WRITER } });
  settleAll(planned?.kept ?? [], before);
  settleAll(kept, outs);
  root.settle(target);
}

/** Gives results the buffers that they were written to, one for each. */
export function settleAll(steps: readonly Pending[], buffers: readonly PooledBuffer[]): void {
  steps.forEach((step, k) => step.settle(buffers[k] as PooledBuffer));
}
