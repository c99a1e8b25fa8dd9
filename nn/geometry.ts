// The geometry of a whole module from its weights' norms and shares: norm, dual norm, dualize and
// project, with all matrices of one shape worked on together.

import { type Tensor, concat, max, mul, reshape, scope, sum, tensor, zeros } from
  "../autograd/index.ts";
import type { Module, WeightEntry, Weights } from "./module.ts";
import type { BallOptions, DualizeOptions, MeasureOptions, Norm } from "./norms/norm.ts";
import { CONVERGED, type PolarSet } from "./polar_coefficients.ts";
import { toList, toTree } from "./weights.ts";

/** A weight with the tensor it is given and its place in canonical order. */
interface Member {
  readonly entry: WeightEntry;
  readonly x: Tensor;
  readonly index: number;
}

function members(module: Module, op: string, tree: Weights): Member[] {
  const list = toList(module.plan, op, tree);
  return module.entries.map((entry, index) => ({ entry, x: list[index] as Tensor, index }));
}

function groupBy<Key>(list: readonly Member[], key: (m: Member) => Key): Member[][] {
  const groups = new Map<Key, Member[]>();
  for (const m of list) {
    const k = key(m);
    const group = groups.get(k);
    if (group) group.push(m);
    else groups.set(k, [m]);
  }
  return [...groups.values()];
}

/** See `Module.dualize`. */
export function dualize(
  module: Module, grads: Weights, target: number, options: Omit<DualizeOptions, "scale">,
): Weights {
  if (!Number.isFinite(target)) {
    throw new RangeError(`dualize: the target is not a finite number: ${target}. Check the rate.`);
  }
  const list = members(module, "dualize", grads);
  const scaleOf = ({ entry }: Member) => target * entry.share;
  return toTree(module.plan, mapDual(list, scaleOf, options));
}

/** See `Module.project`. */
export function project(module: Module, weights: Weights, options: Partial<PolarSet>): Weights {
  const list = members(module, "project", weights);
  return toTree(module.plan, mapDual(list, () => 1, { ...CONVERGED, ...options }));
}

/** `scale * D(x)` for each, the matrices of one norm handed over together; zeros for scale 0. */
function mapDual(
  list: readonly Member[], scaleOf: (m: Member) => number, options: Partial<PolarSet>,
): Tensor[] {
  const results = list.map(({ x }) => x);
  for (const m of list.filter((m) => scaleOf(m) === 0)) {
    results[m.index] = zeros(m.x.shape, { device: m.x.device });
  }
  const moving = list.filter((m) => scaleOf(m) !== 0);
  for (const group of groupBy(moving, ({ entry }) => entry.norm)) {
    const { norm } = (group[0] as Member).entry; // a group is never empty
    const scales = group.map(scaleOf);
    norm.dualizeAll(group.map(({ x }) => x), { ...options, scales }).forEach((y, i) => {
      results[(group[i] as Member).index] = y; // one result for each
    });
  }
  return results;
}

/** See `Module.sharp`. */
export function sharp(
  module: Module, grads: Weights, options: Omit<DualizeOptions, "scale">,
): Weights {
  return scope(() => {
    const size = dualNorm(module, grads, options);
    const duals = toList(module.plan, "sharp", dualize(module, grads, 1, options));
    return toTree(module.plan, duals.map((dual) => mul(dual, size)));
  });
}

/** See `Module.projectBall`. */
export function projectBall(module: Module, weights: Weights, options: BallOptions): Weights {
  const list = members(module, "projectBall", weights);
  return toTree(module.plan, list.map(({ entry, x }) => entry.norm.projectBall(x, options)));
}

/** See `Module.norm`. */
export function modularNorm(module: Module, weights: Weights, how: MeasureOptions): Tensor {
  const list = members(module, "norm", weights).filter(({ entry }) => entry.share > 0);
  return fold(list, (norm, xs) => norm.normAll(xs, how), ({ share }) => 1 / share, max);
}

/** See `Module.dualNorm`. */
export function dualNorm(module: Module, grads: Weights, how: MeasureOptions): Tensor {
  const list = members(module, "dualNorm", grads).filter(({ entry }) => entry.share > 0);
  return fold(list, (norm, xs) => norm.dualNormAll(xs, how), ({ share }) => share, sum);
}

/** Max or sum of measures times factors; 0 of nothing. */
function fold(
  list: readonly Member[], measure: Measure, factorOf: (entry: WeightEntry) => number,
  by: (x: Tensor) => Tensor,
): Tensor {
  if (list.length === 0) return zeros([]);
  return scope(() => {
    const { device } = (list[0] as Member).x; // not empty
    const factors = tensor(list.map(({ entry }) => factorOf(entry)), { device });
    return by(mul(measureAll(list, measure), factors));
  });
}

/** See `Module.weightNorms`. */
export function weightNorms(module: Module, weights: Weights, how: MeasureOptions): Tensor {
  return measureAll(members(module, "weightNorms", weights), (norm, xs) => norm.normAll(xs, how));
}

/** See `Module.weightDualNorms`. */
export function weightDualNorms(module: Module, grads: Weights, how: MeasureOptions): Tensor {
  const list = members(module, "weightDualNorms", grads);
  return measureAll(list, (norm, xs) => norm.dualNormAll(xs, how));
}

/** A number for each tensor of a list. */
type Measure = (norm: Norm, list: readonly Tensor[]) => Tensor[];

/** One number for each, `[count]` in the list's order. */
function measureAll(list: readonly Member[], measure: Measure): Tensor {
  if (list.length === 0) return zeros([0]);
  return scope(() => {
    const found = new Map<Member, Tensor>();
    for (const group of groupBy(list, ({ entry }) => entry.norm)) {
      const { norm } = (group[0] as Member).entry; // a group is never empty
      const sizes = measure(norm, group.map(({ x }) => x));
      group.forEach((m, i) => found.set(m, reshape(sizes[i] as Tensor, [1])));
    }
    return concat(list.map((m) => found.get(m) as Tensor)); // every one is in a group
  });
}
