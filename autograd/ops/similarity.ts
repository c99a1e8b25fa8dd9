import { ShapeError, type Tensor, show } from "../../engine/index.ts";
import { checkTensor, composed, inFloat32 } from "../define.ts";
import { add, div, eq, maximum, mul, sub, where } from "./arithmetic.ts";
import { type LossOptions, checkAlike, lossOf, reduceLoss } from "./losses.ts";
import { sum } from "./reduce.ts";
import { norm } from "./statistics.ts";
import { relu } from "./unary.ts";

/** Options of `cosineSimilarity`. */
export interface CosineOptions {
  /** The axis vectors lie along. Default: the last. */
  readonly axis?: number;
  /** Least length that is divided by. Default 1e-8. */
  readonly eps?: number;
}

/**
 * Cosine of the angle between vectors.
 *
 * @param a vectors along an axis, f32
 * @param b a shape that broadcasts with `a`'s
 * @returns the broadcast shape without the axis; 0 for a vector of zeros
 * @throws ShapeError if the shapes do not broadcast or the axis does not exist; DtypeError
 */
export function cosineSimilarity(a: Tensor, b: Tensor, options: CosineOptions = {}): Tensor {
  return composed("cosineSimilarity", () => {
    const { axis = -1, eps = 1e-8 } = options;
    const unit = (x: Tensor) => div(x, maximum(norm(x, { axis, keepDims: true }), eps));
    return inFloat32([a, b], (x, y) => sum(mul(unit(x), unit(y)), { axis }));
  });
}

/**
 * 1 - cosine for pairs that belong together, and how far the cosine exceeds a margin for others.
 *
 * @param a `[..., dim]` f32
 * @param b same shape
 * @param labels `[...]` i32, 1 for pairs that belong together
 * @param options.margin default 0
 * @returns a scalar, or `[...]` for reduction `none`
 * @throws ShapeError if the shapes differ; RangeError for a reduction there is not; DtypeError
 */
export function cosineEmbeddingLoss(
  a: Tensor, b: Tensor, labels: Tensor, options: LossOptions & { readonly margin?: number } = {},
): Tensor {
  return composed("cosineEmbeddingLoss", () => {
    checkAlike("cosineEmbeddingLoss", ["a", "b"], a, b);
    const cosine = cosineSimilarity(a, b);
    if (show(cosine.shape) !== show(checkTensor("cosineEmbeddingLoss", labels).shape)) {
      throw new ShapeError(
        `cosineEmbeddingLoss: labels do not fit the vectors: ${show(labels.shape)} and `
          + `${show(a.shape)}. Give one label for each pair.`,
      );
    }
    return inFloat32([cosine], (c) => {
      const others = relu(sub(c, options.margin ?? 0));
      return reduceLoss("cosineEmbeddingLoss", where(eq(labels, 1), sub(1, c), others), options);
    });
  });
}

/** Options of `tripletMarginLoss`. */
export interface TripletOptions extends LossOptions {
  /** Default 1. */
  readonly margin?: number;
  /** Order of the norm distances are measured by. Default 2. */
  readonly p?: number;
}

/**
 * How far a sample of another kind is from being `margin` further off than one of the same.
 *
 * @param anchor `[..., dim]` f32
 * @param positive same shape, of the anchor's kind
 * @param negative same shape, of another
 * @returns a scalar, or `[...]` for reduction `none`
 * @throws as `mseLoss`
 */
export function tripletMarginLoss(
  anchor: Tensor, positive: Tensor, negative: Tensor, options: TripletOptions = {},
): Tensor {
  return composed("tripletMarginLoss", () => {
    const { margin = 1, p = 2 } = options;
    const names = ["anchor", "positive", "negative"];
    const inputs = [anchor, positive, negative];
    return lossOf("tripletMarginLoss", names, inputs, options, (x, near, far) => {
      const distance = (other: Tensor) => norm(sub(x, other), { p, axis: -1 });
      return relu(add(sub(distance(near), distance(far)), margin));
    });
  });
}
