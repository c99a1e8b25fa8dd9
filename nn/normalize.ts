// The first generation of the theory: updates are rescaled to the norm they shall have instead of
// dualized, and weights are kept near the unit ball by decay. The same split as in `dualize`.

import { type Rng, type Tensor, div, gt, lt, matmul, mul, normal, permute, reshape, scope, sqrt,
  sumSquares, transpose, unsqueeze, where, zeros } from "../autograd/index.ts";
import { ShapeError, show } from "../engine/index.ts";
import { checkTensor } from "./checks.ts";
import type { Module, WeightEntry, Weights } from "./module.ts";
import { toList, toTree } from "./weights.ts";

/** A vector of persistent power iteration for every weight that has one, by its path. */
export type PowerVectors = Readonly<Record<string, Tensor>>;

/** What `normalize` gives. */
export interface Normalized {
  /** A tree like the updates. */
  readonly updates: Weights;
  /** The vectors after one more iteration: give them to the next call. */
  readonly vectors: PowerVectors;
}

/** Whether a weight is one of the first generation: its scale is in the forward pass. */
function isScaled({ acts }: WeightEntry): boolean {
  return acts?.factor !== undefined && acts.kind !== "table";
}

/** Random vectors for `normalize`: `[in]` for a linear layer, `[in, kh, kw]` for a convolution. */
export function powerVectors(module: Module, rng: Rng): PowerVectors {
  const scaled = module.entries.filter(isScaled);
  return Object.fromEntries(scaled.map(({ path, shape }) => {
    return [path, normal(rng.split(path), shape.slice(1))];
  }));
}

/**
 * Updates of the modular norm `target` in the directions of the given ones: every weight's is
 * divided by its norm and gets its share of the target, as in `dualize`. Rows of tables and taps of
 * scaled convolutions are divided one by one. Zero stays zero.
 *
 * @param updates a tree like the weights
 * @param target finite; RangeError for another
 * @param vectors for atoms of the first generation (`linear2024`, `conv2024`): the norm is then
 *   estimated by one power iteration, which never over-estimates. Default: measured
 * Source: the Modula package, 2024; math.md 2.2
 */
export function normalize(
  module: Module, updates: Weights, target = 1, { vectors = {} }: { vectors?: PowerVectors } = {},
): Normalized {
  if (!Number.isFinite(target)) {
    throw new RangeError(`normalize: the target is not finite: ${target}. Check the rate.`);
  }
  const list = toList(module.plan, "normalize", updates);
  const next: Record<string, Tensor> = {};
  const results = module.entries.map((entry, i) => {
    const x = list[i] as Tensor; // one for each entry
    const size = target * entry.share;
    if (size === 0) return zeros(x.shape, { device: x.device });
    if (entry.acts?.kind === "table") return entry.norm.dualize(x, { scale: size });
    const before = vectors[entry.path];
    if (!before) return scope(() => divided(x, entry.norm.norm(x), size));
    checkVector(entry, before);
    const { update, vector } = scope(() => byPower(x, size, before));
    next[entry.path] = vector;
    return update;
  });
  const kept = Object.entries(vectors).filter(([path]) => !(path in next));
  return {
    updates: toTree(module.plan, results), vectors: { ...Object.fromEntries(kept), ...next },
  };
}

function checkVector({ path, shape }: WeightEntry, vector: Tensor): void {
  checkTensor(`normalize: the vector of ${path}`, vector);
  if (show(vector.shape) === show(shape.slice(1))) return;
  throw new ShapeError(
    `normalize: a vector has another shape: that of ${path} is ${show(vector.shape)}, should be `
      + `${show(shape.slice(1))}. Make them with powerVectors().`,
  );
}

/** Below this GPUs may take numbers for zero. */
const SMALLEST_NORMAL = 2 ** -126;

/** `size x / norm`, 0 where the norm is 0. */
function divided(x: Tensor, norm: Tensor, size: number): Tensor {
  return scope(() => {
    const zero = lt(norm, SMALLEST_NORMAL); // NaN is not, and stays
    const factor = where(zero, 0, div(size, where(zero, 1, norm)));
    return mul(x, reshape(factor, [...norm.shape, ...x.shape.slice(norm.shape.length).fill(1)]));
  });
}

/** One power iteration for every matrix; the taps of a kernel are in front then. */
function byPower(x: Tensor, size: number, vector: Tensor) {
  const spatial = x.shape.length - 2;
  const axes = x.shape.map((_, i) => i);
  const taps = permute(x, [...axes.slice(2), 0, 1]);
  const u = permute(unsqueeze(vector, 0), [...axes.slice(2), 1, 0]);
  const moved = matmul(transpose(taps), unit(matmul(taps, u)));
  const norm = lengths(moved);
  const some = reshape(gt(norm, 0), [...norm.shape, 1, 1]);
  const last = permute(where(some, moved, u), [spatial + 1, spatial, ...axes.slice(0, spatial)]);
  return {
    update: permute(divided(taps, norm, size), [spatial, spatial + 1, ...axes.slice(0, spatial)]),
    vector: reshape(last, vector.shape),
  };
}

/** Norms of columns `[..., n, 1]` as `[...]`. */
function lengths(v: Tensor): Tensor {
  return reshape(sqrt(sumSquares(v, { axis: [-2, -1] })), v.shape.slice(0, -2));
}

function unit(v: Tensor): Tensor {
  return divided(v, lengths(v), 1);
}

/**
 * Weights pulled towards the unit ball: every one times `1 - strength share`, tables with rows of
 * norm one again.
 *
 * @param strength rate times weight decay
 * Source: the Modula package, 2024
 */
export function regularize(module: Module, weights: Weights, strength: number): Weights {
  const list = toList(module.plan, "regularize", weights);
  return toTree(module.plan, module.entries.map(({ norm, acts, share }, i) => {
    const x = list[i] as Tensor; // one for each entry
    return acts?.kind === "table" ? norm.project(x) : mul(x, 1 - strength * share);
  }));
}
