// The package's modules as the fixtures see them: weights in a flat list, inner module first.

import { rng, treeFromPaths, treeLeaves, treePaths } from "../../autograd/index.ts";
import type { Tensor, Tree } from "../../autograd/index.ts";
import { buildExpr } from "./modula_expr.ts";
import type { FixtureValue } from "./types.ts";

/** A module with its weights as a flat list. */
export interface Built {
  readonly mass: number;
  readonly sensitivity: number;
  /** Share of the target norm that every atom receives. */
  readonly shares: readonly number[];
  forward(x: Tensor, weights: readonly Tensor[]): Tensor;
  norm(weights: readonly Tensor[]): Promise<number>;
  dualNorm(grads: readonly Tensor[]): Promise<number>;
  atomNorms(weights: readonly Tensor[]): Promise<number[]>;
  dualize(grads: readonly Tensor[], target: number, method: "exact" | "modula6"): Tensor[];
  project(weights: readonly Tensor[]): Tensor[];
}

// The members of the package's modules that are used here.
interface ModuleValue {
  readonly mass: number;
  readonly sensitivity: number;
  initialize(rng: unknown): Tree;
  forward(x: Tensor, weights: Tree): Tensor;
  norm(weights: Tree): Tensor;
  dualNorm(grads: Tree): Tensor;
  dualize(grads: Tree, options: object): Tree;
  project(weights: Tree, options: object): Tree;
  atomNorms(weights: Tree): Record<string, Tensor>;
  shares(): Record<string, number>;
}

/**
 * Builds a module of the package from its expression.
 *
 * @throws Missing if the package does not have a part of it
 */
export function buildModule(expr: FixtureValue | undefined): Built {
  const module = buildExpr(expr) as ModuleValue;
  const names = treePaths(module.initialize(rng(0))).map(([path]) => path);
  const tree = (list: readonly Tensor[]): Tree => {
    if (list.length !== names.length) {
      throw new Error(`fixture: ${list.length} weights for a module of ${names.length}.`);
    }
    return treeFromPaths(names.map((name, i) => [name, list[i]] as const)) as Tree;
  };
  return {
    mass: module.mass,
    sensitivity: module.sensitivity,
    shares: Object.values(module.shares()),
    forward: (x, weights) => module.forward(x, tree(weights)),
    norm: (weights) => module.norm(tree(weights)).item(),
    dualNorm: (grads) => module.dualNorm(tree(grads)).item(),
    atomNorms: (weights) =>
      Promise.all(Object.values(module.atomNorms(tree(weights))).map((norm) => norm.item())),
    dualize: (grads, target, method) => treeLeaves(module.dualize(tree(grads), { target, method })),
    project: (weights) => treeLeaves(module.project(tree(weights), { method: "exact" })),
  };
}
