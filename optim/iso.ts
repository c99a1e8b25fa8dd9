import { type Tensor, matmul } from "../autograd/index.ts";
import { ShapeError, show } from "../engine/index.ts";
import { ema } from "./average.ts";
import { FRACTION, FUNCTION, NOT_NEGATIVE, checkOptions } from "./check.ts";
import { single } from "./common.ts";
import { descend } from "./descend.ts";
import { symmetricPower } from "./grams.ts";
import type { Optimizer } from "./optimizer.ts";
import { COMMON, type CommonOptions } from "./options.ts";
import { eachLeaf } from "./pipeline.ts";

/** Second moments of what goes through a layer with the weight `[out, in]`. */
export interface LayerMoments {
  /** Mean of `x x^T` over inputs, `[in, in]`. */
  readonly inputs: Tensor;
  /** Mean of `d d^T` over gradients by outputs, `[out, out]`. */
  readonly outputs: Tensor;
}

/**
 * A gradient whitened from both sides, `outputs^(-1/2) g inputs^(-1/2)`. Its singular values are
 * those of no coordinates: an invertible linear map of the layer's inputs or outputs changes none.
 *
 * @param g `[out, in]` f32
 * @returns `[out, in]`; directions in which a second moment is zero get nothing
 * @throws ShapeError if the moments do not fit
 */
export function whiten(g: Tensor, { inputs, outputs }: LayerMoments): Tensor {
  const [m = 0, n = 0] = g.shape;
  const fits = g.shape.length === 2 && show(outputs.shape) === show([m, m])
    && show(inputs.shape) === show([n, n]);
  if (!fits) {
    throw new ShapeError(
      `whiten: the moments do not fit: ${show(outputs.shape)} and ${show(inputs.shape)} for `
        + `${show(g.shape)}. Give [out, out] and [in, in] for a matrix [out, in].`,
    );
  }
  return matmul(matmul(symmetricPower(outputs, -0.5), g), symmetricPower(inputs, -0.5));
}

/** Options of `iso`. */
export interface IsoOptions extends CommonOptions {
  /** Learning rate, >= 0. */
  readonly lr: number;
  /** The second moments of a weight's layer, at every step, by its path. */
  readonly moments: (path: string) => LayerMoments;
  /** Decay of the average of gradients, in [0, 1). Default 0.9. */
  readonly momentum?: number;
  /** Share of the weight taken off per unit of learning rate, >= 0; decoupled. Default 0. */
  readonly weightDecay?: number;
}

/**
 * Isotropic descent: the average gradient whitened by the second moments of the layer's inputs and
 * output gradients, which the caller keeps. For trees of matrices.
 *
 * @throws RangeError for an option out of range; TypeError for one unknown or missing
 * Source: the invariance that "isotropic" asks for; the published equations were not available
 */
export function iso(options: IsoOptions): Optimizer {
  checkOptions("iso", options, {
    lr: NOT_NEGATIVE, moments: FUNCTION, momentum: FRACTION, weightDecay: NOT_NEGATIVE, ...COMMON,
  }, ["lr", "moments"]);
  const { moments, momentum = 0.9, weightDecay = 0 } = options;
  return single("iso", options, {
    average: ema({ momentum }),
    dualize: { run: eachLeaf(({ value, path }) => whiten(value, moments(path))) },
    step: descend("iso", { weightDecay }),
  });
}
