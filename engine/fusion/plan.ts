import { isHalf } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import { type Word, isScalar } from "../live.ts";
import { PARAM_BYTES } from "../pipeline.ts";
import type { PooledBuffer } from "../pool.ts";
import { MAX_RANK, show } from "../shape.ts";
import { type Chain, gather } from "./chain.ts";
import { stepsToKeep } from "./keep.ts";
import type { Fusion } from "./fusion.ts";
import { type Pending, computeAll } from "./pending.ts";
import { type LeafText, type Program, HEADER_WORDS, MAX_BINDINGS, isVector } from "./program.ts";
import { type Walk, elementWalk, planWalk } from "./walk.ts";

/** A chain over elements in memory, with what is needed to dispatch it. */
export interface ChainPlan {
  /** Steps before the last whose results are written, too. */
  readonly kept: readonly Pending[];
  readonly walk: Walk;
  /** Whether 16 elements may be written where the last few are: see `sizeClass`. */
  readonly padded: boolean;
  /** What is only read. */
  readonly bound: readonly PooledBuffer[];
  readonly program: Program;
  readonly constants: readonly Word[];
}

/** What a chain is planned for. */
export interface Purpose {
  /** Whether all that others hold is computed along; else what is cheap to work out again waits. */
  readonly all: boolean;
  /** What the result is written over, if it has no buffer of its own. */
  readonly target?: PooledBuffer | undefined;
  /** How many neighbours a head loads together, which the result is for, if it is for one. */
  readonly loads?: 1 | 4;
}

/**
 * Plans a chain; where it is too large, or its shapes do not go together, parts of it come first.
 */
export function planAll(fusion: Fusion, root: Pending, purpose: Purpose): ChainPlan {
  const { all } = purpose;
  for (;;) {
    const chain = gather(root);
    const late = lateReaders(fusion, chain);
    if (late.length > 0) {
      computeAll(late);
      continue;
    }
    const plan = planChain(chain, purpose);
    if (plan) return plan;
    const inner = chain.steps.slice(0, -1).reverse();
    const [last] = inner;
    if (!last) throw rankError(root);
    (inner.find((step) => planChain(gather(step), { all })) ?? last).compute(all);
  }
}

/** What is not in a chain and reads old elements that its steps are written over. */
function lateReaders(fusion: Fusion, { steps }: Chain): readonly Pending[] {
  return steps.flatMap(({ over }) => {
    if (!over) return [];
    const reads = ({ inputs }: Pending) => inputs.some((x) => !isScalar(x) && x.storage === over);
    return fusion.readersOf(over.buffer).filter((r) => reads(r) && !steps.includes(r));
  });
}

/** The plan of a chain, unless one kernel cannot do it. */
function planChain(
  chain: Chain, { all, target, loads }: Purpose,
): ChainPlan | undefined {
  const { steps, leaves, constants } = chain;
  const root = steps[steps.length - 1] as Pending; // a chain has its result
  const half = isHalf(root.out);
  const walk = (loads === 1 ? elementWalk : planWalk)(
    { layout: root.layout, half, partly: target !== undefined }, leaves,
  );
  const words = HEADER_WORDS + constants.length + (walk?.words.length ?? 0);
  if (!walk || words > PARAM_BYTES / 4) return undefined;
  const kept = stepsToKeep(chain, all, loads !== undefined);
  if (kept.length > 0 && half && walk.rank !== undefined) return undefined;
  const written = [target, ...kept.map(({ over }) => over?.buffer)];
  const { bound, texts } = bindLeaves(chain, walk, written);
  if (bound.length + 1 + kept.length > MAX_BINDINGS) return undefined;
  const program = {
    steps, args: chain.args, leaves: texts, bound: bound.length, constants: constants.length,
    kept: kept.map((step) => step.place), out: root.stored(root.out), store: walk.store,
    rank: walk.rank, run: walk.run, words: walk.words.length,
  };
  const whole = root.layout.offset % 16 === 0 && root.size % 16 === 0;
  const padded = walk.rank === undefined && (whole || written.every((buffer) => !buffer));
  return { kept, walk, padded, bound, program, constants };
}

/**
 * A buffer has one binding for all that read it alike.
 *
 * @param written the target and what kept steps are written over, which may be read, too
 */
function bindLeaves(
  { leaves }: Chain, walk: Walk, written: readonly (PooledBuffer | undefined)[],
) {
  const bound: PooledBuffer[] = [];
  const texts: LeafText[] = [];
  leaves.forEach(({ storage: { buffer }, dtype, reader }, k) => {
    const walked = walk.walked[k] ?? "strided";
    const type = reader.stored(dtype);
    const like = leaves.findIndex((other, j) => {
      return j < k && other.storage.buffer === buffer && texts[j]?.type === type
        && isVector(texts[j]?.walked) === isVector(walked);
    });
    const place = written.indexOf(buffer);
    const binding = place >= 0 ? -1 - place : texts[like]?.binding ?? bound.push(buffer) - 1;
    texts.push({ type, walked, binding });
  });
  return { bound, texts };
}

function rankError({ body, layout: { shape } }: Pending): ShapeError {
  return new ShapeError(
    `${body.name}: too many axes that cannot be merged: ${show(shape)} (limit ${MAX_RANK}). `
      + `Make the operands contiguous or merge axes with reshape.`,
  );
}
