import { storageBytes } from "../dtype.ts";
import type { Word } from "../live.ts";
import { PARAM_BYTES } from "../pipeline.ts";
import type { PooledBuffer } from "../pool.ts";
import { type Layout, at } from "../shape.ts";
import { type Chain, gather } from "./chain.ts";
import type { Fusion } from "./fusion.ts";
import { stepsToKeep } from "./keep.ts";
import type { Pending } from "./pending.ts";
import { MAX_BINDINGS, type Program, isIndexed, isPacked } from "./program.ts";
import { leafIn } from "./walk.ts";

/** A matrix product that waits: what dispatches it. */
export interface Product {
  /** Whether element [i, j] is also stored as [j, i]. */
  readonly symmetric: boolean;
  /** Storage buffers that its kernels bind. */
  readonly bindings: number;
  /** Parameter words of its kernels. */
  readonly words: number;
  /**
   * Plans the dispatches.
   *
   * @param leaves what the epilogue reads beside the product, seen in the product's shape
   * @returns what records them; undefined where the kernels cannot find the leaves' elements
   */
  readonly plan: (leaves: readonly Layout[]) => ((result: ProductResult) => void) | undefined;
}

/** What becomes of a product. */
export interface ProductResult {
  readonly target: PooledBuffer;
  /** What is done with every element before it is stored in the target. Default: nothing. */
  readonly epilogue?: Epilogue;
}

/** A chain of steps on every element of a product. */
export interface Epilogue {
  readonly program: Program;
  /** What the program binds after the product's own: its leaves, then the kept steps' results. */
  readonly buffers: readonly PooledBuffer[];
  readonly constants: readonly Word[];
}

/** A chain with what is needed to dispatch it as a product's epilogue. */
interface Plan {
  readonly chain: Chain;
  readonly kept: readonly Pending[];
  readonly program: Program;
  readonly record: (result: ProductResult) => void;
}

/**
 * Computes a result whose chain may begin with a product: along with that, as far as the product's
 * kernels can.
 *
 * @returns false if the chain begins with no product, any more: then it is still to be computed
 */
export function computeAfterProduct(fusion: Fusion, root: Pending, all: boolean): boolean {
  for (;;) {
    const chain = gather(root);
    const first = chain.steps.find(({ own }) => own);
    if (!first) return false;
    const plan = fitted(chain, first, all);
    if (plan) {
      dispatch(fusion, root, plan);
      return true;
    }
    const inner = chain.steps.filter((step) => step.first === first && step !== root).reverse();
    (inner.find((step) => fitted(gather(step), first, all)) ?? first).compute(all);
  }
}

/** The plan of a chain, unless the kernels of its product cannot do it. */
function fitted(chain: Chain, first: Pending, all: boolean): Plan | undefined {
  const { steps, leaves, constants } = chain;
  const product = first.own as Product; // it begins the chain
  const root = steps[steps.length - 1] as Pending; // a chain has its result
  const types = leaves.map(({ dtype, reader }) => reader.stored(dtype));
  const kept = stepsToKeep(chain, all);
  const layouts = leaves.flatMap((leaf) => leafIn(first.layout.shape, leaf) ?? []);
  const words = product.words + leaves.length * WORDS_OF_LEAF + constants.length;
  if (root.out !== "f32" || types.some(isPacked) || layouts.length < leaves.length
    || steps.some(({ over }) => over) // which is bound to be read, too
    || product.bindings + leaves.length + kept.length > MAX_BINDINGS
    || words > PARAM_BYTES / 4) return undefined;
  const program: Program = {
    steps, args: chain.args, bound: leaves.length, constants: constants.length,
    leaves: types.map((type, binding) => ({ type, walked: "strided", binding })),
    kept: kept.map((step) => step.place), out: "f32", store: "elements", rank: 0, run: 1, words: 0,
  };
  if (product.symmetric && !mirrors(layouts, program)) return undefined;
  const record = product.plan(layouts);
  return record && { chain, kept, program, record };
}

/** Parameter words of a leaf: its offset, its steps along three batch axes, rows and columns. */
export const WORDS_OF_LEAF = 8;

/** Whether an epilogue gives for [j, i] what it gives for [i, j]. */
function mirrors(layouts: readonly Layout[], program: Program): boolean {
  if (program.kept.length > 0 || isIndexed(program)) return false;
  return layouts.every(({ strides }) => {
    return at(strides, strides.length - 1) === 0 && at(strides, strides.length - 2) === 0;
  });
}

function dispatch(
  { device: { pool } }: Fusion, root: Pending, { chain, kept, program, record }: Plan,
): void {
  const target = pool.acquire(storageBytes(root.size, root.out));
  const outs = kept.map(({ size, out }) => pool.acquire(storageBytes(size, out)));
  const buffers = [...chain.leaves.map(({ storage: { buffer } }) => buffer), ...outs];
  const epilogue = { program, buffers, constants: chain.constants };
  record({ target, ...(root.own ? {} : { epilogue }) });
  kept.forEach((step, k) => step.settle(outs[k] as PooledBuffer)); // one for each
  root.settle(target);
}
