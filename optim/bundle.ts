// Small weights side by side in one tensor: stages that treat every element alike run once for all
// of them, and not once for each.

import { type Packing, gather, isPackable, packingOf, partsOf, spread } from
  "../engine/index.ts";
import type { Leaf, Moment, Stage } from "./pipeline.ts";
import type { Store } from "./state.ts";

/** Elements of a weight up to which it is worth the copying: for one stage, and for several. */
const [LARGEST_ONCE, LARGEST] = [2 ** 10, 2 ** 13] as const;
/** Weights that are worth it at least. */
const FEWEST = 4;

/**
 * Runs neighbouring stages that are `flat`, small weights together.
 *
 * @param store keeps the state; that of weights which go together comes to lie side by side
 */
export function runFlat(
  stages: readonly Stage[], leaves: readonly Leaf[], moment: Moment, store: Store,
): readonly Leaf[] {
  const bundles = bundlesOf(leaves, stages.length > 1 ? LARGEST : LARGEST_ONCE, store);
  if (bundles.length === 0) return runAll(stages, leaves, moment);
  const inside = new Set(bundles.flat());
  const alone = leaves.filter((leaf) => !inside.has(leaf));
  const joined = bundles.map((parts) => join(parts, stages, store));
  const done = runAll(stages, [...alone, ...joined.map(({ whole }) => whole)], moment);
  const results = new Map(alone.map((leaf, i) => [leaf.path, done[i] ?? leaf]));
  joined.forEach((bundle, i) => {
    const whole = done[alone.length + i] ?? bundle.whole;
    for (const leaf of parted(bundle, whole, stages)) results.set(leaf.path, leaf);
  });
  return leaves.map((leaf) => results.get(leaf.path) ?? leaf);
}

/** Stages in runs of those that are flat and those that are not, in order. */
export function neighbours(stages: readonly Stage[]): (readonly Stage[])[] {
  const runs: Stage[][] = [];
  for (const stage of stages) {
    const last = runs.at(-1);
    if (last && (last[0]?.flat === undefined) === (stage.flat === undefined)) last.push(stage);
    else runs.push([stage]);
  }
  return runs;
}

/** Runs stages one after the other. */
export function runAll(
  stages: readonly Stage[], leaves: readonly Leaf[], moment: Moment,
): readonly Leaf[] {
  return stages.reduce((now, stage) => stage.run(now, moment), leaves);
}

/** Weights that go together: small, and with the same factors. */
function bundlesOf(
  leaves: readonly Leaf[], largest: number, store: Store,
): (readonly Leaf[])[] {
  const groups = new Map<string, Leaf[]>();
  const storages = new Set<unknown>();
  for (const leaf of leaves) {
    const { weight, gain, lrFactor } = leaf;
    const storage = weight.storage("optimizer");
    // views of one storage cannot be written in one dispatch
    if (!fits(leaf, largest) || !store.isWide(leaf.path) || storages.has(storage)) continue;
    storages.add(storage);
    const key = `${gain} ${lrFactor}`;
    const group = groups.get(key);
    if (group) group.push(leaf);
    else groups.set(key, [leaf]);
  }
  return [...groups.values()].filter(({ length }) => length >= FEWEST);
}

function fits({ weight, value }: Leaf, largest: number): boolean {
  return weight.size <= largest && isPackable(weight) && isPackable(value);
}

/** Weights as one. */
interface Bundle {
  readonly parts: readonly Leaf[];
  readonly packing: Packing;
  readonly whole: Leaf;
}

function join(parts: readonly Leaf[], stages: readonly Stage[], store: Store): Bundle {
  const [first] = parts as readonly [Leaf, ...Leaf[]]; // at least `FEWEST`
  const packing = packingOf(parts.map(({ weight }) => weight.shape));
  const paths = parts.map(({ path }) => path);
  const kept = stages.flatMap(({ slots }) => {
    return Object.keys(slots?.(first.weight.shape, first.path) ?? {});
  });
  const value = gather(parts.map((leaf) => leaf.value), packing);
  const usesWeights = stages.some(({ flat }) => flat !== "values");
  const weight = usesWeights ? gather(parts.map((leaf) => leaf.weight), packing) : value;
  const state = store.join(paths, kept, packing);
  return { parts, packing, whole: { ...first, weight, grad: value, value, state } };
}

/** The weights by themselves again, as the stages left them. */
function parted(
  { parts, packing, whole: before }: Bundle, whole: Leaf, stages: readonly Stage[],
): Leaf[] {
  if (stages.some(({ flat }) => flat === "moves")) {
    spread(before.weight, parts.map(({ weight }) => weight), packing);
  }
  const { value, gain } = whole;
  const values = partsOf(value, parts.map(({ weight }) => weight.shape), packing);
  return parts.map((leaf, i) => ({ ...leaf, gain, value: values[i] ?? leaf.value }));
}
