import { type Shape, Tensor, matmul } from "../autograd/index.ts";
import { ShapeError, checkDtype, show } from "../engine/index.ts";
import { ema } from "./average.ts";
import { COUNT, FRACTION, NOT_NEGATIVE, checkOptions, functionOf } from "./check.ts";
import { single } from "./common.ts";
import { descend } from "./descend.ts";
import { replaceInto } from "./elementwise.ts";
import { isDue, symmetricPowers } from "./grams.ts";
import type { Optimizer } from "./optimizer.ts";
import { COMMON, type CommonOptions } from "./options.ts";
import type { Leaf, Slots, Stage } from "./pipeline.ts";

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
export function whiten(g: Tensor, moments: LayerMoments): Tensor {
  checkFit("whiten", "", g.shape, moments);
  return between(g, rootsOf([moments])[0] as LayerMoments); // one went in
}

/** The inverse roots of both moments of each layer. */
function rootsOf(list: readonly LayerMoments[]): LayerMoments[] {
  const both = list.flatMap(({ inputs, outputs }) => [inputs, outputs]);
  const roots = symmetricPowers(both.map((gram) => ({ gram, exponent: -0.5 })));
  return list.map((_, i) => {
    return { inputs: roots[2 * i] as Tensor, outputs: roots[2 * i + 1] as Tensor };
  });
}

/** Throws unless they are those of a layer with the weight; `what` names it. */
function checkFit(op: string, what: string, shape: Shape, { inputs, outputs }: LayerMoments): void {
  const [m = 0, n = 0] = shape;
  const fits = shape.length === 2 && show(outputs.shape) === show([m, m])
    && show(inputs.shape) === show([n, n]);
  if (fits) return;
  throw new ShapeError(
    `${op}: the moments do not fit: ${show(outputs.shape)} and ${show(inputs.shape)} for `
      + `${what}${show(shape)}. Give [out, out] and [in, in] for a matrix [out, in].`,
  );
}

function between(g: Tensor, { inputs, outputs }: LayerMoments): Tensor {
  return matmul(matmul(outputs, g), inputs);
}

/** Options of `iso`. */
export interface IsoOptions extends CommonOptions {
  /** Learning rate, >= 0. */
  readonly lr: number;
  /**
   * The second moments of a weight's layer, whenever they are decomposed, by its path. Inside
   * `compile` it is called at the recording alone: update the tensors that it gave in place.
   */
  readonly moments: (path: string) => LayerMoments;
  /**
   * Steps from one decomposition of the moments to the next, >= 1, after those at the powers of two
   * before; their roots are kept in between. Where the first is refused, weights rest until the
   * next. Default 1.
   */
  readonly every?: number;
  /** Decay of the average of gradients, in [0, 1). Default 0.9. */
  readonly momentum?: number;
  /** Share of the weight taken off per unit of learning rate, >= 0; decoupled. Default 0. */
  readonly weightDecay?: number;
}

/**
 * Isotropic descent: the average gradient whitened by the second moments of the layer's inputs and
 * output gradients, which the caller keeps. For trees of matrices: a step with other weights, or
 * with moments that do not fit, throws before anything is changed.
 *
 * @throws RangeError for an option out of range; TypeError for one unknown or missing
 * Source: the invariance that "isotropic" asks for; the published equations were not available
 */
export function iso(options: IsoOptions): Optimizer {
  checkOptions("iso", options, {
    lr: NOT_NEGATIVE, moments: functionOf("the path"), every: COUNT, momentum: FRACTION,
    weightDecay: NOT_NEGATIVE, ...COMMON,
  }, ["lr", "moments"]);
  const { moments, every = 1, momentum = 0.9, weightDecay = 0 } = options;
  return single("iso", options, {
    average: ema({ momentum }), dualize: whitening(moments, every),
    step: descend("iso", { weightDecay }),
  });
}

/** The stage of `iso` that whitens averages. */
export function whitening(moments: IsoOptions["moments"], every: number): Stage {
  const asked = new WeakSet<readonly Leaf[]>();
  let given: ReadonlyMap<string, LayerMoments> = new Map();
  const givenFor = (path: string) => given.get(path) as LayerMoments; // asked for in the check
  const check: Stage["check"] = (leaves, { step }) => {
    if (asked.has(leaves)) return; // a replay brings the leaves of its recording
    leaves.forEach(checkMatrix);
    asked.add(leaves);
    if (!isDue(step, every)) return;
    given = new Map(leaves.map((leaf) => [leaf.path, momentsOf(leaf, moments)]));
  };
  const fresh = (leaves: readonly Leaf[]) => rootsOf(leaves.map(({ path }) => givenFor(path)));
  if (every === 1) return { check, run: (leaves) => whitened(leaves, fresh(leaves)) };
  return {
    check,
    slots: ([m = 1, n = 1]) => ({ inputsRoot: [n, n], outputsRoot: [m, m] }),
    run: (leaves, { decide, refused }) => {
      const kept = leaves.map(({ state }) => keptIn(state));
      if (decide(({ step }) => isDue(step, every))) {
        fresh(leaves).forEach(({ inputs, outputs }, i) => {
          const old = kept[i] as LayerMoments; // one for each
          replaceInto(old.inputs, inputs, refused);
          replaceInto(old.outputs, outputs, refused);
        });
      }
      return whitened(leaves, kept);
    },
  };
}

function whitened(leaves: readonly Leaf[], roots: readonly LayerMoments[]): Leaf[] {
  return leaves.map((leaf, i) => {
    return { ...leaf, value: between(leaf.value, roots[i] as LayerMoments) };
  });
}

/** The roots among the state. */
function keptIn({ inputsRoot, outputsRoot }: Slots): LayerMoments {
  return { inputs: inputsRoot as Tensor, outputs: outputsRoot as Tensor }; // declared above
}

function checkMatrix({ path, weight: { shape } }: Leaf): void {
  if (shape.length === 2) return;
  throw new ShapeError(
    `iso: a parameter is not a matrix: ${path || "the root"} is ${show(shape)}, needs [out, in]. `
      + `Leave it out of the tree.`,
  );
}

/** What the caller gives for a weight, checked. */
function momentsOf({ path, weight }: Leaf, moments: (path: string) => unknown): LayerMoments {
  const { inputs, outputs } = (moments(path) ?? {}) as Partial<LayerMoments>;
  if (!(inputs instanceof Tensor && outputs instanceof Tensor)) {
    throw new TypeError(
      `iso: no moments for a parameter: ${path || "the root"}. `
        + `Return { inputs, outputs }, two tensors, for every path.`,
    );
  }
  for (const t of [inputs, outputs]) {
    t.storage("iso");
    checkDtype("iso", t.dtype, ["f32"]);
  }
  checkFit("iso", path && `${path} `, weight.shape, { inputs, outputs });
  return { inputs, outputs };
}
