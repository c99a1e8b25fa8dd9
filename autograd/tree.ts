import { Tensor } from "../engine/index.ts";

/** Tensors under names, nested as deep as one likes: parameters, gradients, optimizer state. */
export type Tree<Leaf = Tensor> = Leaf | { readonly [name: string]: Tree<Leaf> };

/** Whether a tree is a single leaf. */
function isLeaf<Leaf>(tree: Tree<Leaf>): tree is Leaf {
  return tree instanceof Tensor || typeof tree !== "object" || tree === null;
}

/** The child of that name in a tree known to have the same names. */
function childOf<Leaf>(tree: Tree<Leaf> | undefined, name: string, path: string): Tree<Leaf> {
  if (tree !== undefined && !isLeaf(tree)) {
    const child = (tree as { readonly [name: string]: Tree<Leaf> })[name];
    if (child !== undefined) return child;
  }
  throw new TypeError(
    `tree: the trees do not have the same names: ${path} is missing in one. `
      + `Build both from the same module.`,
  );
}

/**
 * Applies a function to every leaf of a tree, and to the leaves of the same names in others.
 *
 * @param f receives the leaves, and the path of names joined by dots
 * @returns a tree of the results with the names of the first
 * @throws TypeError if a name of the first tree is missing in another
 */
export function treeMapWithPath<T extends Tree, R>(
  f: (path: string, leaf: Tensor, ...others: Tensor[]) => R, tree: T, ...others: Tree[]
): MapTree<T, R> {
  return walk("", tree, others) as MapTree<T, R>;

  function walk(path: string, at: Tree, rest: readonly Tree[]): unknown {
    if (isLeaf(at)) return f(path, at, ...rest.map((other) => leafOf(other, path)));
    return Object.fromEntries(Object.entries(at).map(([name, child]) => {
      const inner = path === "" ? name : `${path}.${name}`;
      return [name, walk(inner, child, rest.map((other) => childOf(other, name, inner)))];
    }));
  }
}

/** The tree type in which every tensor is replaced by `R`. */
export type MapTree<T, R> = T extends Tensor ? R
  : T extends object ? { readonly [K in keyof T]: MapTree<T[K], R> }
  : R;

function leafOf(tree: Tree, path: string): Tensor {
  if (tree instanceof Tensor) return tree;
  throw new TypeError(
    `tree: the trees do not have the same names: ${path || "the root"} is a tensor in one only. `
      + `Build both from the same module.`,
  );
}

/** Applies a function to every leaf; see `treeMapWithPath`. */
export function treeMap<T extends Tree, R>(
  f: (leaf: Tensor, ...others: Tensor[]) => R, tree: T, ...others: Tree[]
): MapTree<T, R> {
  return treeMapWithPath((_, leaf, ...rest) => f(leaf, ...rest), tree, ...others);
}

/** Every leaf with its path of names joined by dots, in the order of the names. */
export function treePaths(tree: Tree): [string, Tensor][] {
  const paths: [string, Tensor][] = [];
  treeMapWithPath((path, leaf) => void paths.push([path, leaf]), tree);
  return paths;
}

/** Every leaf, in the order of the names. */
export function treeLeaves(tree: Tree): Tensor[] {
  return treePaths(tree).map(([, leaf]) => leaf);
}

function nested(path: string): TypeError {
  return new TypeError(
    `tree: a name is taken twice, or both a leaf and a level: ${path}. Rename one.`,
  );
}

/** A tree from leaves and their paths of names joined by dots: the inverse of `treePaths`. */
export function treeFromPaths<Leaf>(entries: Iterable<readonly [string, Leaf]>): Tree<Leaf> {
  const root: Record<string, unknown> = {};
  const leaves = new Set<unknown>();
  for (const [path, leaf] of entries) {
    if (path === "") return leaf;
    const names = path.split(".");
    const last = names.pop() as string; // a split has at least one part
    let at = root;
    if (path.split(".").includes("__proto__")) {
      throw new TypeError(`tree: not a name for a leaf: ${path}. Leave __proto__ out of it.`);
    }
    for (const name of names) {
      if (!Object.hasOwn(at, name)) at[name] = {};
      at = at[name] as Record<string, unknown>;
      if (leaves.has(at)) throw nested(path);
    }
    if (Object.hasOwn(at, last)) throw nested(path);
    at[last] = leaf;
    leaves.add(leaf);
  }
  return root as Tree<Leaf>;
}
