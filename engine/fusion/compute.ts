import { type DeviceKind, kindOf } from "../device_kind.ts";
import { foldGrid } from "../grid.ts";
import { isScalar } from "../live.ts";
import type { PooledBuffer } from "../pool.ts";
import { type Layout, type Shape, isContiguous, sameLayout, sameShape } from "../shape.ts";
import { gather } from "./chain.ts";
import type { Fusion } from "./fusion.ts";
import { computeAfterHead, settleAll } from "./head.ts";
import { type Pending, computeAll } from "./pending.ts";
import { type ChainPlan, planAll } from "./plan.ts";
import { programKey } from "./program.ts";
import { programSource } from "./text.ts";

const WORKGROUP = 64;
/** Lanes that llvmpipe runs together. */
const WIDE = 8;
/** Blocks from which on, and characters of bodies up to which, four of a lane are written out. */
const [MANY, LONGEST] = [4096, 1000];
/** Lanes of a broad workgroup on SwiftShader, and the blocks from which on there are enough. */
const [BROAD, BUSY] = [256, 65536];

/**
 * Computes a result that waits, and with it those before it that others hold.
 *
 * @param all whether these are all computed now; else what is cheap to work out again waits on
 */
export function computeChain(fusion: Fusion, root: Pending, all: boolean): void {
  if (root.first && computeAfterHead(fusion, root, all)) return;
  const plan = planAll(fusion, root, { all, target: root.over?.buffer });
  const buffer = root.takeBuffer();
  dispatch(fusion, root, plan, buffer);
  root.settle(buffer);
}

/** Computes a result over elements of its storage, which may be among what it is computed from. */
export function computeInto(fusion: Fusion, root: Pending): void {
  try {
    const spared = computeBefore(fusion, root);
    const { buffer } = root.storage;
    dispatch(fusion, root, planAll(fusion, root, { all: spared, target: buffer }), buffer);
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

function dispatch(
  { device }: Fusion, root: Pending, plan: ChainPlan, target: PooledBuffer,
): void {
  const { kept, walk, bound, program, constants } = plan;
  const outs = kept.map((step) => step.takeBuffer());
  const kind = kindOf(device);
  const near = nearOf(kind, plan);
  const turns = near || turnsOf(walk.threads, kind);
  const step = kind === "gpu" ? WORKGROUP : WIDE;
  const group = near > 1 && walk.threads >= BUSY ? BROAD : WORKGROUP;
  device.recorder.record({
    kernel: device.kernels.get(`${programKey(program)}@${group}/${near}/${step}`, () => {
      return programSource(program, { group, near, step });
    }),
    buffers: [...bound, target, ...outs],
    params: [walk.threads, root.size, 0, turns, ...constants, ...walk.words],
    grid: foldGrid(Math.ceil(walk.threads / (group * turns))),
  });
  settleAll(kept, outs);
}

/** Neighbouring blocks that a lane takes without a loop, or 0; four take longer to compile. */
function nearOf(kind: DeviceKind, { padded, walk, program }: ChainPlan): number {
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
