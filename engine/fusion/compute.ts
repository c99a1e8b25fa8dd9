import { type DeviceKind, kindOf } from "../device_kind.ts";
import { isHalf, storageBytes } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import { foldGrid } from "../grid.ts";
import { isScalar } from "../live.ts";
import { PARAM_BYTES } from "../pipeline.ts";
import type { PooledBuffer } from "../pool.ts";
import { type Layout, type Shape, MAX_RANK, isContiguous, sameLayout, sameShape, show } from
  "../shape.ts";
import { type Chain, gather } from "./chain.ts";
import type { Fusion } from "./fusion.ts";
import { stepsToKeep } from "./keep.ts";
import { type Pending, computeAll } from "./pending.ts";
import { computeAfterProduct } from "./product.ts";
import { type LeafText, type Program, HEADER_WORDS, MAX_BINDINGS, isVector, programKey } from
  "./program.ts";
import { programSource } from "./text.ts";
import { type Walk, planWalk } from "./walk.ts";

const MAX_WORDS = PARAM_BYTES / 4;
const WORKGROUP = 64;
/** Lanes that llvmpipe runs together. */
const WIDE = 8;
/** Blocks from which on, and characters of bodies up to which, four of a lane are written out. */
const [MANY, LONGEST] = [8192, 1000];

/** A chain with what is needed to dispatch it. */
interface Plan {
  readonly chain: Chain;
  /** Steps before the last whose results are written, too. */
  readonly kept: readonly Pending[];
  readonly walk: Walk;
  /** Whether 16 elements may be written where the last few are: see `sizeClass`. */
  readonly padded: boolean;
  /** What is only read. */
  readonly bound: readonly PooledBuffer[];
  readonly program: Program;
}

/**
 * Computes a result that waits, and with it those before it that others hold.
 *
 * @param all whether these are all computed now; else what is cheap to work out again waits on
 */
export function computeChain(fusion: Fusion, root: Pending, all: boolean): void {
  if (root.first && computeAfterProduct(fusion, root, all)) return;
  const own = root.over?.buffer;
  const plan = planChain(fusion, root, all, own);
  const buffer = own ?? fusion.device.pool.acquire(storageBytes(root.size, root.out));
  dispatch(fusion, root, plan, buffer);
  root.settle(buffer);
}

/** Computes a result over elements of its storage, which may be among what it is computed from. */
export function computeInto(fusion: Fusion, root: Pending): void {
  try {
    const spared = computeBefore(fusion, root);
    const { buffer } = root.storage;
    dispatch(fusion, root, planChain(fusion, root, spared, buffer), buffer);
  } finally {
    root.drop();
  }
}

/**
 * Computes what must be done before a result is written over elements of its storage: what reads
 * them, but for steps of this chain that read each element in place.
 *
 * @returns whether there are such: what others hold of them must be computed with the chain
 */
export function computeBefore(fusion: Fusion, root: Pending): boolean {
  const { buffer } = root.storage;
  root.first?.compute();
  const own = root.inputs.filter((x) => !isScalar(x) && x.storage === root.storage);
  const inPlace = ({ inputs, layout: { shape } }: Pending) => inputs.every((x) => {
    return isScalar(x) || x.storage !== root.storage
      || samePlaces(x.layout, shape, root.layout);
  });
  while (buffer.readers > own.length) {
    const { steps } = gather(root); // fewer, once one of them has been computed
    const others = fusion.readersOf(buffer).filter((r) => !(steps.includes(r) && inPlace(r)));
    if (others.length === 0) return true;
    computeAll(others);
  }
  return false;
}

/** Whether a layout, read by a step of that shape, and the target show the same places in order. */
function samePlaces(x: Layout, shape: Shape, target: Layout): boolean {
  if (sameLayout(x, target)) return sameShape(shape, target.shape);
  return x.offset === target.offset && isContiguous(x) && isContiguous(target)
    && sameShape(x.shape, shape);
}

/**
 * Plans a chain; where it is too large, or its shapes do not go together, parts of it come first.
 *
 * @param target what the result is written over, if it has no buffer of its own
 */
function planChain(
  fusion: Fusion, root: Pending, all: boolean, target?: PooledBuffer,
): Plan {
  for (;;) {
    const chain = gather(root);
    const late = lateReaders(fusion, chain);
    if (late.length > 0) {
      computeAll(late);
      continue;
    }
    const plan = fitted(chain, all, target);
    if (plan) return plan;
    const inner = chain.steps.slice(0, -1).reverse();
    const [last] = inner;
    if (!last) throw rankError(root);
    (inner.find((step) => fitted(gather(step), all)) ?? last).compute(all);
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
function fitted(chain: Chain, all: boolean, target?: PooledBuffer): Plan | undefined {
  const { steps, leaves, constants } = chain;
  const root = steps[steps.length - 1] as Pending; // a chain has its result
  const half = isHalf(root.out);
  const walk = planWalk({ layout: root.layout, half, partly: target !== undefined }, leaves);
  if (!walk || HEADER_WORDS + constants.length + walk.words.length > MAX_WORDS) return undefined;
  const kept = stepsToKeep(chain, all);
  if (kept.length > 0 && half && walk.rank !== undefined) return undefined;
  const written = [target, ...kept.map(({ over }) => over?.buffer)];
  const bound: PooledBuffer[] = [];
  const texts: LeafText[] = [];
  leaves.forEach(({ storage: { buffer }, dtype, reader }, k) => {
    const walked = walk.walked[k] ?? "strided";
    const type = reader.stored(dtype);
    // A buffer has one binding for all that read it alike.
    const like = leaves.findIndex((other, j) => {
      return j < k && other.storage.buffer === buffer && texts[j]?.type === type
        && isVector(texts[j]?.walked) === isVector(walked);
    });
    const place = written.indexOf(buffer);
    const binding = place >= 0 ? -1 - place : texts[like]?.binding ?? bound.push(buffer) - 1;
    texts.push({ type, walked, binding });
  });
  if (bound.length + 1 + kept.length > MAX_BINDINGS) return undefined;
  const program = {
    steps, args: chain.args, leaves: texts, bound: bound.length, constants: constants.length,
    kept: kept.map((step) => step.place), out: root.stored(root.out), store: walk.store,
    rank: walk.rank, run: walk.run, words: walk.words.length,
  };
  const whole = root.layout.offset % 16 === 0 && root.size % 16 === 0;
  const padded = walk.rank === undefined && (whole || written.every((buffer) => !buffer));
  return { chain, kept, walk, padded, bound, program };
}

function dispatch({ device }: Fusion, root: Pending, plan: Plan, target: PooledBuffer): void {
  const { chain, kept, walk, bound, program } = plan;
  const outs = kept.map(({ size, out, over }) => {
    return over?.buffer ?? device.pool.acquire(storageBytes(size, out));
  });
  const kind = kindOf(device);
  const near = nearOf(kind, plan);
  const turns = near || turnsOf(walk.threads, kind);
  const step = kind === "gpu" ? WORKGROUP : WIDE;
  device.recorder.record({
    kernel: device.kernels.get(`${programKey(program)}@${near}/${step}`, () => {
      return programSource(program, near, step);
    }),
    buffers: [...bound, target, ...outs],
    params: [walk.threads, root.size, 0, turns, ...chain.constants, ...walk.words],
    grid: foldGrid(Math.ceil(walk.threads / (WORKGROUP * turns))),
  });
  kept.forEach((step, k) => step.settle(outs[k] as PooledBuffer)); // one for each
}

/** Neighbouring blocks that a lane takes without a loop, or 0; four take longer to compile. */
function nearOf(kind: DeviceKind, { padded, walk, program }: Plan): number {
  if (kind !== "narrow") return 0;
  if (!padded || walk.threads < MANY) return 1;
  const length = program.steps.reduce((sum, { body }) => sum + body.wgsl.length, 0);
  return length <= LONGEST ? 4 : 1;
}

/**
 * Blocks a lane takes in a loop: several, where there are groups enough to fill the device all the
 * same. On software adapters a group costs more than a block.
 */
function turnsOf(threads: number, kind: DeviceKind): number {
  const [most, groups] = kind === "gpu" ? [4, 1024] : [16, 32];
  return Math.min(most, Math.max(1, Math.floor(threads / (WORKGROUP * groups))));
}

function rankError({ body, layout: { shape } }: Pending): ShapeError {
  return new ShapeError(
    `${body.name}: too many axes that cannot be merged: ${show(shape)} (limit ${MAX_RANK}). `
      + `Make the operands contiguous or merge axes with reshape.`,
  );
}
