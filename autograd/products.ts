import { ShapeError, type Tensor, keep, scope, show, zeros } from "../engine/index.ts";
import { type Grads, type ValueAndGrad, valueAndGrad, vjp } from "./grad.ts";
import { type Tree, treeMap, treeMapWithPath } from "./tree.ts";

/** A result and its derivative along a direction. */
export interface Jvp<Y> {
  readonly value: Y;
  /** Same tree and shapes as the value. */
  readonly tangent: Grads<Y>;
}

/**
 * The derivative of a function along a direction: the Jacobian times a vector, computed as the
 * gradient of a gradient, at the cost of about three calls of the function.
 *
 * @param f maps a tree of tensors to a tensor or a tree of tensors
 * @param inputs where to take the derivative
 * @param tangents the direction: same tree and shapes as the inputs, f32
 * @returns value and derivative; both can be differentiated again
 * @throws ShapeError if a tangent does not have its input's shape; TypeError if the trees differ
 * @example
 * const { tangent } = jvp((x: Tensor) => sin(x), x, v); // cos(x) v
 */
export function jvp<P extends Tree, Y extends Tree>(
  f: (inputs: P) => Y, inputs: P, tangents: Grads<P>,
): Jvp<Y> {
  checkShapes("jvp", "tangent", inputs, tangents as Tree);
  return scope(() => {
    const { value, pullback } = vjp(f, inputs);
    // The pullback is linear, so any point will do to differentiate it at.
    const origin = treeMap((y) => zeros(y.shape, { device: y.device }), value) as Tree;
    const back = vjp((u) => pullback(u as Grads<Y>) as Tree, origin);
    return { value, tangent: back.pullback(tangents as Grads<Tree>) as Grads<Y> };
  });
}

/** A result, its gradients, and the derivative of those along a direction. */
export interface Hvp<P> extends ValueAndGrad<P> {
  /** The Hessian times the direction; same tree and shapes as the gradients. */
  readonly hvp: Grads<P>;
}

/**
 * The Hessian of a function times a vector, without the Hessian: the gradient of
 * `<grad f, direction>`.
 *
 * @param f maps a tree of tensors to a tensor of one element
 * @param at where to take the derivatives
 * @param direction same tree and shapes as `at`, f32
 * @returns value, gradients and product; all can be differentiated again
 * @throws ShapeError if the result has more than one element, or a direction another shape
 * Source: Pearlmutter 1994, "Fast exact multiplication by the Hessian"
 */
export function hvp<P extends Tree>(
  f: (params: P) => Tensor, at: P, direction: Grads<P>,
): Hvp<P> {
  checkShapes("hvp", "direction", at, direction as Tree);
  return scope(() => {
    let value: Tensor | undefined;
    try {
      const { value: grads, pullback } = vjp((p: P) => {
        const both = valueAndGrad(f)(p);
        value = keep(both.value); // beside what is differentiated
        return both.grads as Tree;
      }, at);
      const product = pullback(direction as Grads<Tree>);
      const result = (value as unknown as Tensor).alias(); // the function has been called
      return { value: result, grads: grads as Grads<P>, hvp: product };
    } finally {
      value?.dispose();
    }
  });
}

function checkShapes(op: string, what: string, inputs: Tree, others: Tree): void {
  treeMapWithPath((path, x, other) => {
    if (other && show(other.shape) === show(x.shape)) return;
    const place = path === "" ? "" : ` ${path}`;
    throw new ShapeError(
      `${op}: the ${what}${place} does not have its input's shape: `
        + `${show(other?.shape ?? [])} for ${show(x.shape)}. Make the shapes equal.`,
    );
  }, inputs, others);
}
