import { type Shape, type Tree, ShapeError, Tensor, checkUntracked, treePaths } from
  "../autograd/index.ts";
import { checkDtype, show } from "../engine/index.ts";
import { isModule, showValue } from "./check.ts";

/** A weight and its gradient. */
export interface Pair {
  /** Names joined by dots. */
  readonly path: string;
  readonly weight: Tensor;
  readonly grad: Tensor;
}

/**
 * The weights of a tree with their gradients.
 *
 * @param op for errors
 * @returns in the order of the names
 * @throws TypeError if the trees differ, or hold one tensor twice; ShapeError, DtypeError,
 *   DisposedError; Error if a gradient is being computed with a weight
 */
export function pairs(op: string, params: Tree, grads: Tree): Pair[] {
  const weights = leavesOf(op, "parameter", params);
  const found = leavesOf(op, "gradient", grads);
  for (const path of found.keys()) {
    if (!weights.has(path)) throw namesDiffer(op, path, "parameter");
  }
  checkOnce(op, weights);
  return [...weights].map(([path, weight]) => {
    const grad = found.get(path);
    if (!grad) throw namesDiffer(op, path, "gradient");
    checkShapes(op, path, weight, grad);
    checkUntracked(op, weight);
    return { path, weight, grad };
  });
}

/**
 * The float tensors of a tree by path.
 *
 * @param what each is, for errors
 * @throws TypeError, DtypeError, DisposedError
 */
export function leavesOf(op: string, what: string, tree: Tree): Map<string, Tensor> {
  const leaves = tensorsOf(op, what, tree);
  for (const [path, t] of leaves) {
    const place = `${op}: ${what} ${path || "the root"}`;
    t.storage(place);
    checkDtype(place, t.dtype, ["f32"]);
  }
  return leaves;
}

/**
 * The tensors of a tree by path, whatever they hold.
 *
 * @param what each is, for errors
 * @throws TypeError for what is no tree of tensors
 */
export function tensorsOf(op: string, what: string, tree: Tree): Map<string, Tensor> {
  if (typeof tree !== "object" || tree === null || isModule(tree) || tree instanceof Promise) {
    const remedy = isModule(tree) ? "Give its weights" : "Give tensors by their names";
    throw new TypeError(`${op}: not a tree of ${what}s: ${showValue(tree)}. ${remedy}.`);
  }
  const leaves = new Map(treePaths(tree));
  for (const [path, t] of leaves) {
    if (t instanceof Tensor) continue;
    throw new TypeError(
      `${op}: a ${what} is not a tensor: ${path || "the root"} is ${showValue(t)}. `
        + `${t === null || t === undefined ? `Give the ${what} of that name` : "Use tensor()"}.`,
    );
  }
  return leaves;
}

/**
 * Gradients as an optimizer's option makes them.
 *
 * @throws TypeError if that is no tree
 */
export function reducedBy(
  op: string, reduce: ((grads: Tree) => Tree) | undefined, grads: Tree,
): Tree {
  if (!reduce) return grads;
  const reduced = reduce(grads);
  if (typeof reduced === "object" && reduced !== null && !(reduced instanceof Promise)) {
    return reduced;
  }
  throw new TypeError(
    `${op}: reduce gives no gradients: ${showValue(reduced)}. `
      + `Return a tree like the one it is given, at once.`,
  );
}

/** @throws TypeError for no weights */
export function checkSome(op: string, list: readonly unknown[]): void {
  if (list.length > 0) return;
  throw new TypeError(`${op}: no parameters: the tree is empty. Give the module's weights.`);
}

function namesDiffer(op: string, path: string, missing: string): TypeError {
  return new TypeError(
    `${op}: parameters and gradients do not have the same names: no ${missing} for `
      + `${path || "the root"}. Take the gradients by this tree.`,
  );
}

function checkShapes(op: string, path: string, weight: Tensor, grad: Tensor): void {
  if (show(weight.shape) === show(grad.shape)) return;
  throw new ShapeError(
    `${op}: a gradient does not have its parameter's shape: ${path || "the root"} is `
      + `${show(weight.shape)}, its gradient ${show(grad.shape)}. Take the gradients by this tree.`,
  );
}

/**
 * Checks that all the parameters that there must be are there, in their shapes.
 *
 * @throws TypeError for one that is missing; ShapeError
 */
export function checkComplete(
  op: string, list: readonly Pair[],
  wanted: readonly { readonly path: string; readonly shape?: Shape }[],
): void {
  const found = new Map(list.map(({ path, weight }) => [path, weight.shape]));
  for (const { path, shape } of wanted) {
    const own = found.get(path);
    if (own === undefined) {
      throw new TypeError(
        `${op}: a parameter is missing: ${path || "the root"}. Step the module's whole tree.`,
      );
    }
    if (shape === undefined || show(own) === show(shape)) continue;
    throw new ShapeError(
      `${op}: a parameter has another shape than in the module: ${path || "the root"} is `
        + `${show(own)}, should be ${show(shape)}. Check which module the tree was made for.`,
    );
  }
}

/** A tensor under two names would be moved twice. */
function checkOnce(op: string, weights: ReadonlyMap<string, Tensor>): void {
  const names = new Map<Tensor, string>();
  for (const [path, t] of weights) {
    const other = names.get(t);
    if (other !== undefined) {
      throw new TypeError(
        `${op}: one tensor under two names: ${other} and ${path}. Give a shared weight one name.`,
      );
    }
    names.set(t, path);
  }
}
