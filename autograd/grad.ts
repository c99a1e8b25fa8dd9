import { ShapeError, Tensor, dispose, ones, scope, show } from "../engine/index.ts";
import { backward } from "./backward.ts";
import { reshape } from "./ops/views.ts";
import { Tape } from "./tape.ts";
import { type MapTree, type Tree, treeLeaves, treeMap } from "./tree.ts";

/** Gradients in the shape of the parameters' tree. */
export type Grads<P> = MapTree<P, Tensor>;

/** A result together with its gradients. */
export interface ValueAndGrad<P> {
  readonly value: Tensor;
  readonly grads: Grads<P>;
}

/** Fresh handles to a tree's tensors, so that a value used twice has two gradients. */
function separate<P extends Tree>(tree: P): P {
  return treeMap((t) => reshape(t, t.shape), tree) as Tree as P;
}

/** Runs `f` with a tape that listens for what depends on `tree`; frees all but result and saved. */
function trace<P extends Tree, R extends Tree>(tree: P, f: (tree: P) => R): Traced<R> {
  return scope(() => {
    const inputs = separate(tree);
    const leaves = treeLeaves(inputs);
    const tape = new Tape(leaves);
    try {
      const result = tape.listen(() => f(inputs));
      // A handle of its own also where the result is one of the inputs.
      return { tape, leaves, result: treeMap((t) => t.alias(), result) as Tree as R };
    } catch (error) {
      tape.free();
      throw error;
    }
  });
}

interface Traced<R> {
  readonly tape: Tape;
  readonly leaves: Tensor[];
  readonly result: R;
}

/** Puts gradients, listed in the order of a tree's leaves, under its names. */
function asTree<P extends Tree>(tree: P, list: readonly Tensor[]): Grads<P> {
  let i = 0;
  return treeMap(() => list[i++] as Tensor, tree); // one gradient for each leaf
}

/**
 * A function that also gives the gradients of its result.
 *
 * @param f maps a tree of float tensors, and any further arguments, to a tensor of one element
 * @returns a function of the same arguments; `grads` has the names and shapes of the first one.
 *   It can be differentiated again.
 * @throws ShapeError if the result has more than one element
 * @example
 * const { value, grads } = valueAndGrad(
 *   (p: { weight: Tensor }) => sum(square(matmul(x, p.weight))),
 * )({ weight });
 */
export function valueAndGrad<P extends Tree, Rest extends unknown[]>(
  f: (params: P, ...rest: Rest) => Tensor,
): (params: P, ...rest: Rest) => ValueAndGrad<P> {
  return (params, ...rest) => {
    const { tape, leaves, result } = trace(params, (p) => checkScalar(f(p, ...rest)));
    return scope(() => {
      const seed = ones(result.shape, { device: result.device });
      const grads = backward(tape, [[result, seed]], leaves);
      dispose(leaves);
      return { value: result, grads: asTree(params, grads) };
    });
  };
}

function checkScalar(value: unknown): Tensor {
  if (value instanceof Tensor && value.size === 1) return value;
  const what = value instanceof Tensor ? show(value.shape) : typeof value;
  throw new ShapeError(
    `grad: the function must return one number: it returned ${what}. Take sum() or mean() of it.`,
  );
}

/**
 * The gradient of a function; see `valueAndGrad`.
 *
 * @example
 * const secondDerivative = grad((x: Tensor) => sum(grad(f)(x)));
 */
export function grad<P extends Tree, Rest extends unknown[]>(
  f: (params: P, ...rest: Rest) => Tensor,
): (params: P, ...rest: Rest) => Grads<P> {
  const both = valueAndGrad(f);
  return (params, ...rest) => {
    const { value, grads } = both(params, ...rest);
    value.dispose();
    return grads;
  };
}

/** A result and the function that takes gradients back through it. */
export interface Vjp<P, Y> {
  readonly value: Y;
  /**
   * Gradients of the inputs for a gradient of the result (same tree and shapes). Call it once:
   * it uses up what was saved.
   */
  readonly pullback: (dy: Grads<Y>) => Grads<P>;
  /** Frees what was saved, where `pullback` is not going to be called. */
  readonly free: () => void;
}

/**
 * Runs a function and keeps what is needed for its vector-Jacobian product.
 *
 * @param f maps a tree of float tensors to a tensor or a tree of tensors
 * @throws ShapeError from `pullback`, if a gradient does not have its result's shape
 */
export function vjp<P extends Tree, Y extends Tree>(f: (inputs: P) => Y, inputs: P): Vjp<P, Y> {
  const { tape, leaves, result } = trace(inputs, f);
  let used = false;
  return {
    value: result,
    pullback: (dy) => {
      if (used) throw new Error("vjp: the pullback was used already. Run vjp() again.");
      const seeds: (readonly [Tensor, Tensor])[] = [];
      treeMap((y, d) => void seeds.push(pair(y, d as Tensor)), result, dy as Tree); // by name
      used = true;
      const grads = scope(() => backward(tape, seeds, leaves));
      dispose(leaves);
      return asTree(inputs, grads);
    },
    free: () => {
      used = true;
      tape.free();
      dispose(leaves);
    },
  };
}

function pair(y: Tensor, dy: Tensor): readonly [Tensor, Tensor] {
  if (show(y.shape) === show(dy.shape)) return [y, dy];
  throw new ShapeError(
    `vjp: the gradient does not have the result's shape: ${show(dy.shape)} for `
      + `${show(y.shape)}. Give one gradient of the same shape for each result.`,
  );
}
