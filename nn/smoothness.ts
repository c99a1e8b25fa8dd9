// How fast the gradient of a loss changes, measured with Hessian-vector products.

import { type Grads, type Rng, type Tensor, add, concat, dispose, hvp, lt, mul, normal, reciprocal,
  reshape, rng as makeRng, scope, sqrt, sumSquares, treeLeaves, treeMap, treeMapWithPath, where }
  from "../autograd/index.ts";
import type { Module, Weights } from "./module.ts";
import { CONVERGED } from "./polar_coefficients.ts";

/** How to look. */
export interface SharpnessEstimateOptions {
  /** Measure in the modular norm of this module. Default: in the Euclidean norm of all weights. */
  readonly module?: Module;
  /** Hessian-vector products, >= 1. Default 20. */
  readonly iterations?: number;
  /** Where the search starts. Default: always the same. */
  readonly rng?: Rng;
}

/** What was found. */
export interface SharpnessEstimate {
  /** The largest of `history`: a lower bound of the sharpness, but for rounding. */
  readonly value: number;
  /** After each product; it does not fall, but for rounding. */
  readonly history: readonly number[];
}

/**
 * The sharpness of a loss at some weights: the norm of its Hessian H, `max |H v|^dual / |v|`, by
 * power iteration `v <- D(H v)`. In the Euclidean norm it is the largest absolute eigenvalue; in a
 * modular norm what a step of modular norm one moves the gradient in the dual norm.
 *
 * What it finds is reached by a direction, so it is a lower bound; a start at right angles to the
 * top direction, or an early stop, leaves it below the sharpness.
 *
 * @param loss of the weights, one element, twice differentiable
 * @throws RangeError for no iterations; as `hvp`
 * @example
 * const { value } = await sharpnessEstimate((w) => mseLoss(model.forward(x, w), y), weights);
 */
export async function sharpnessEstimate(
  loss: (weights: Weights) => Tensor, weights: Weights, options: SharpnessEstimateOptions = {},
): Promise<SharpnessEstimate> {
  const { module, iterations = 20, rng = makeRng(0) } = options;
  if (!Number.isInteger(iterations) || iterations < 1) {
    throw new RangeError(
      `sharpnessEstimate: not a number of iterations: ${iterations}. Use a whole number from 1 on.`,
    );
  }
  const geometry = module ? modular(module) : euclidean;
  let direction = scope(() => {
    const draw = (path: string, { shape }: Tensor) => normal(rng.split(path), shape);
    return geometry(treeMapWithPath(draw, weights) as Weights).unit;
  });
  const sizes: Tensor[] = [];
  try {
    for (let k = 0; k < iterations; k++) {
      const before = direction;
      const { unit, size } = scope(() => {
        return geometry(hvp(loss, weights, before as Grads<Weights>).hvp as Weights);
      });
      sizes.push(size);
      dispose(before);
      direction = unit;
    }
  } finally {
    dispose(direction);
  }
  const all = scope(() => concat(sizes.map((size) => reshape(size, [1]))));
  const history = Array.from(await all.read());
  dispose([all, ...sizes]);
  return { value: Math.max(...history), history };
}

/** The dual norm of a gradient, and its direction `D(g)` of norm one. */
type Geometry = (grads: Weights) => { readonly size: Tensor; readonly unit: Weights };

/** Below this GPUs may take numbers for zero. */
const SMALLEST_NORMAL = 2 ** -126;

const euclidean: Geometry = (grads) => {
  const squares = treeLeaves(grads).map((g) => sumSquares(g));
  const size = sqrt(squares.reduce((a, b) => add(a, b)));
  const zero = lt(size, SMALLEST_NORMAL); // NaN is not, and stays
  const inverse = where(zero, 0, reciprocal(where(zero, 1, size)));
  return { size, unit: treeMap((g) => mul(g, inverse), grads) as Weights };
};

function modular(module: Module): Geometry {
  return (grads) => ({
    size: module.dualNorm(grads), unit: module.dualize(grads, 1, CONVERGED),
  });
}
