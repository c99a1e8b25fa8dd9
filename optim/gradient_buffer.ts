// A place where gradients are added up, apart from those that backpropagation makes.

import { ShapeError, type Tensor, type Tree, keep, scope, treeFromPaths, zeros } from
  "../autograd/index.ts";
import { copyInto, show } from "../engine/index.ts";
import { checkOptions, checkRange, oneOf } from "./check.ts";
import { blendInto } from "./elementwise.ts";
import { leavesOf } from "./leaves.ts";
import type { FloatType } from "./precision.ts";

/** Options of `GradientBuffer`. */
export interface GradientBufferOptions {
  /**
   * How the sums are kept. `bf16` takes half the memory of f32 and has its range; `f16` loses what
   * is below 6e-8 and overflows at 65504. Default "f32".
   */
  readonly dtype?: FloatType;
}

/**
 * Sums of gradients, one tensor for each weight. Several batches add up to one step, and with
 * `scion(module, { light: true })` the sums are the momentum, too. They belong to no scope: free
 * them with `dispose`.
 *
 * @example
 * const buffer = new GradientBuffer(weights);
 * for (const batch of batches) scope(() => buffer.add(grad(lossOf)(weights, batch), 1 / 4));
 * optimizer.step(weights, buffer.tree);
 * buffer.clear();
 */
export class GradientBuffer implements Disposable {
  readonly #sums: ReadonlyMap<string, Tensor>;

  /**
   * @param like tree of float tensors whose names and shapes the sums have: the weights
   * @throws RangeError for an option out of range; TypeError, DtypeError, DisposedError
   */
  constructor(like: Tree, options: GradientBufferOptions = {}) {
    checkOptions("GradientBuffer", options, { dtype: oneOf(["f32", "f16", "bf16"]) });
    const { dtype = "f32" } = options;
    const leaves = leavesOf("GradientBuffer", "parameter", like);
    this.#sums = new Map([...leaves].map(([path, { shape, device }]) => {
      return [path, keep(zeros(shape, { dtype, device }))];
    }));
  }

  /** The sums so far. They stay the buffer's, and change with it. */
  get tree(): Tree {
    return treeFromPaths(this.#sums);
  }

  /**
   * Adds gradients, or a multiple of them.
   *
   * @param grads tree of float tensors of the same names and shapes
   * @param factor finite. Default 1
   * @throws TypeError for trees that differ; ShapeError, DtypeError, DisposedError; RangeError
   */
  add(grads: Tree, factor = 1): void {
    const text = "a finite number";
    checkRange("GradientBuffer.add", "factor", factor, { text, holds: Number.isFinite });
    for (const [sum, g] of this.#fitting("add", grads)) blendInto(sum, g, 1, factor);
  }

  /**
   * Takes over sums that were saved, rounded to the buffer's dtype.
   *
   * @param sums what `tree` gave
   * @throws TypeError for trees that differ; ShapeError, DtypeError, DisposedError
   */
  load(sums: Tree): void {
    for (const [sum, saved] of this.#fitting("load", sums)) copyInto(sum, saved);
  }

  /** Sets all sums to zero, whatever they were. */
  clear(): void {
    scope(() => {
      for (const sum of this.#sums.values()) copyInto(sum, zeros([], { device: sum.device }));
    });
  }

  #fitting(what: string, tree: Tree): (readonly [sum: Tensor, other: Tensor])[] {
    const op = `GradientBuffer.${what}`;
    const found = leavesOf(op, "gradient", tree);
    for (const path of [...found.keys(), ...this.#sums.keys()]) {
      if (found.has(path) && this.#sums.has(path)) continue;
      throw new TypeError(
        `${op}: not the names that the buffer was made for: ${path || "the root"}. `
          + `Give gradients by the same tree.`,
      );
    }
    return [...this.#sums].map(([path, sum]) => {
      const other = found.get(path) as Tensor; // checked above
      sum.storage(op);
      if (show(other.shape) === show(sum.shape)) return [sum, other];
      throw new ShapeError(
        `${op}: a gradient does not have its parameter's shape: ${path || "the root"} is `
          + `${show(sum.shape)}, its gradient ${show(other.shape)}. `
          + `Give gradients by the same tree.`,
      );
    });
  }

  /** Frees the sums. Doing it twice is fine. */
  dispose(): void {
    for (const sum of this.#sums.values()) sum.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
