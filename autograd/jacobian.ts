import { type Shape, Tensor, arange, scope, zeros } from "../engine/index.ts";
import { type Grads, grad, vjp } from "./grad.ts";
import { cast, eq } from "./ops/arithmetic.ts";
import { concat } from "./ops/parts.ts";
import { reshape } from "./ops/views.ts";
import { type MapTree, type Tree, treeFromPaths, treeMap, treePaths } from "./tree.ts";

/**
 * All derivatives of a function's result, for small sizes: a row for each element of the result,
 * each by a gradient of its own that is freed before the next.
 *
 * @param f maps a tree of tensors to a tensor
 * @returns a function of the same argument that gives, for each tensor of the tree, a tensor of the
 *   result's shape followed by that tensor's: `[...result, ...input]`. It can be differentiated
 * @throws TypeError if the result is not one tensor
 * @example
 * const j = jacobian((x: Tensor) => matmul(a, x))(x); // [m] by [n]: a itself, [m, n]
 */
export function jacobian<P extends Tree>(f: (inputs: P) => Tensor): (inputs: P) => Grads<P> {
  return (inputs) => scope(() => {
    const { value, free } = vjp(f, inputs);
    free();
    if (!(value instanceof Tensor)) {
      throw new TypeError(`jacobian: the function must return a tensor: it returned a tree. `
        + `Take the Jacobian of one part at a time.`);
    }
    const places = arange(value.size, { dtype: "i32", device: value.device });
    const rows = Array.from({ length: value.size }, (_, i) => scope(() => {
      const dy = reshape(cast(eq(places, i), "f32"), value.shape);
      const again = vjp(f, inputs);
      return treeMap((g) => reshape(g, [1, g.size]), again.pullback(dy) as Tree) as Tree;
    }));
    return joined(rows, inputs, value.shape) as Grads<P>;
  });
}

/** Rows, each a tree of gradients, put together for each leaf. */
function joined(rows: readonly Tree[], inputs: Tree, shape: Shape): Tree {
  return treeMap((x, ...parts) => {
    const whole = [...shape, ...x.shape];
    if (parts.length === 0) return zeros(whole, { device: x.device });
    return reshape(concat(parts), whole);
  }, inputs, ...rows) as Tree;
}

/**
 * All second derivatives of a function that gives one number, for small sizes: the Jacobian of its
 * gradient.
 *
 * @param f maps a tree of tensors to a tensor of one element
 * @returns a function of the same argument. For a tensor `x` it gives `[...x, ...x]`; for a tree,
 *   under each name a tree again: `h.a.b` is `[...a, ...b]`
 * @throws ShapeError if the result has more than one element
 */
export function hessian<P extends Tree>(
  f: (params: P) => Tensor,
): (params: P) => MapTree<P, Grads<P>> {
  const gradient = grad(f);
  return (params) => scope(() => {
    const paths = treePaths(params);
    const rows = paths.map(([path]) => {
      const part = (p: P) => leafAt(gradient(p) as Tree, path);
      return [path, jacobian(part)(params)] as const;
    });
    return treeFromPaths(rows) as MapTree<P, Grads<P>>;
  });
}

function leafAt(tree: Tree, path: string): Tensor {
  return new Map(treePaths(tree)).get(path) as Tensor; // gradients have the parameters' names
}
