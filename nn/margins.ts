// Margins of a classifier, and how far an input may move before its class can change.

import { type Tensor, arange, eq, gather, max, reshape, scope, sub, unsqueeze, where } from
  "../autograd/index.ts";
import { ShapeError, checkDtype, show } from "../engine/index.ts";
import { type Certificate, type CertifyOptions, certify } from "./certify.ts";
import { checkTensor } from "./checks.ts";
import type { Module, Weights } from "./module.ts";

/**
 * By how much the label's logit exceeds every other: negative where the class is wrong.
 *
 * @param logits `[..., classes]` f32, two classes at least
 * @param labels `[...]` i32
 * @returns `[...]`; differentiable
 * @throws ShapeError, DtypeError if labels do not fit; IndexError at the read for one that is no
 *   class
 */
export function margins(logits: Tensor, labels: Tensor): Tensor {
  checkTensor("margins", logits);
  checkTensor("margins", labels);
  const classes = logits.shape.at(-1) ?? 0;
  if (classes < 2 || show(logits.shape.slice(0, -1)) !== show(labels.shape)) {
    throw new ShapeError(
      `margins: labels do not fit the logits: ${show(labels.shape)} for ${show(logits.shape)}. `
        + `Give [...] and [..., classes], two classes or more.`,
    );
  }
  checkDtype("margins", labels.dtype, ["i32"]);
  return scope(() => {
    const at = unsqueeze(labels, -1);
    const own = eq(at, arange(classes, { dtype: "i32", device: logits.device }));
    const others = max(where(own, -Infinity, logits), { axis: -1 });
    return sub(reshape(gather(logits, at, -1), labels.shape), others);
  });
}

/** Numbers in short. */
export interface Distribution {
  readonly min: number;
  readonly lowerQuartile: number;
  readonly median: number;
  readonly upperQuartile: number;
  readonly max: number;
  readonly mean: number;
}

/** The numbers between which quarters of a list lie, and its mean; NaN for an empty list. */
export function distributionOf(values: ArrayLike<number>): Distribution {
  const sorted = Float64Array.from(values).sort();
  const at = (part: number): number => {
    const place = part * (sorted.length - 1);
    const [low = NaN, high = NaN] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
    return low === high ? low : low + (high - low) * (place % 1);
  };
  const mean = sorted.reduce((sum, x) => sum + x, 0) / sorted.length;
  const [min, lowerQuartile, median, upperQuartile, largest] = [0, 0.25, 0.5, 0.75, 1].map(at) as
    [number, number, number, number, number]; // one for each
  return { min, lowerQuartile, median, upperQuartile, max: largest, mean };
}

/** Margins over a certificate: comparable between networks whatever the size of their weights. */
export interface NormalizedMargins {
  /** One for each example, as `margins` gives them. */
  readonly margins: Float64Array;
  /** Divided by the bound. */
  readonly normalized: Float64Array;
  /** Of the normalized. */
  readonly distribution: Distribution;
  readonly certificate: Certificate;
}

/**
 * The margins of examples divided by the certificate of the classifier: spectral margins.
 *
 * @param module gives logits `[..., classes]`
 * @param labels `[...]` i32
 * @param options as of `certify`
 * Source: math.md 5.2; Bartlett, Foster, Telgarsky 2017
 */
export async function normalizedMargins(
  module: Module, weights: Weights, x: Tensor, labels: Tensor, options: CertifyOptions = {},
): Promise<NormalizedMargins> {
  const found = scope(() => margins(module.forward(x, weights), labels)); // throws before the work
  const list = await found.read().then((values) => Float64Array.from(values)).finally(() => {
    found.dispose();
  });
  const certificate = await certify(module, weights, options);
  const normalized = list.map((margin) => margin / certificate.bound);
  return { margins: list, normalized, distribution: distributionOf(normalized), certificate };
}

/** Balls around inputs in which a classifier says the same. */
export interface CertifiedRadii {
  /** One for each example; 0 where the class is wrong already. */
  readonly radii: Float64Array;
  /** Says which norm the radii are in (`inputNorm`), and under which conditions they hold. */
  readonly certificate: Certificate;
}

/**
 * How far each input may move, in the certificate's norm, before its class can change. Logits of K
 * classes move by `bound r` in RMS at most, so by `sqrt(K) bound r` in l2, and a difference of two
 * by `sqrt(2)` times that: the radius is `margin / (sqrt(2 K) bound)`.
 * With `inputNorm: "l2"` this is margin over sqrt(2) times the l2 to l2 constant.
 *
 * It rests on logits in float32: margins within their rounding are not certain.
 *
 * @param module gives logits `[..., classes]`; one example's must not depend on the others
 * @param labels `[...]` i32
 * @param options as of `certify`
 * Source: Tsuzuku, Sato, Sugiyama 2018, Lipschitz-margin training
 * @example
 * const { radii } = await certifiedRadius(model, weights, images, labels, { inputNorm: "l2" });
 */
export async function certifiedRadius(
  module: Module, weights: Weights, x: Tensor, labels: Tensor, options: CertifyOptions = {},
): Promise<CertifiedRadii> {
  const classes = scope(() => module.forward(x, weights).shape.at(-1) ?? 1);
  const { normalized, certificate } = await normalizedMargins(module, weights, x, labels, options);
  const radii = normalized.map((margin) => Math.max(0, margin) / Math.sqrt(2 * classes));
  return { radii, certificate };
}
