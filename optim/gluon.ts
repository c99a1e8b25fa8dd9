import { type Tensor, add, mul, reshape, scale } from "../autograd/index.ts";
import { JORDAN, type PolarSet } from "../nn/index.ts";
import { ema } from "./average.ts";
import { NORM_RANGES, type NormOptions, byNorms } from "./by_norms.ts";
import { FRACTION, NOT_NEGATIVE, POLAR, POSITIVE, checkOptions, checkRange, objectAs } from
  "./check.ts";
import { dualizeBy, perNorm } from "./dualize.ts";
import { type Geometry, type PerPath, checkPaths, entriesOf, pick } from "./geometry.ts";
import type { Optimizer } from "./optimizer.ts";
import type { Stage } from "./pipeline.ts";
import { quotient } from "./whole.ts";

/** How smooth the loss is in one layer: `|D^2| <= l0 + l1 |gradient|`, in its norm. */
export interface LayerSmoothness {
  /** >= 0; one of the two is above 0. */
  readonly l0: number;
  readonly l1: number;
}

/** Options of `gluon`. */
export interface GluonOptions extends NormOptions {
  /** Factor of the steps, >= 0. Default 1. */
  readonly lr?: number;
  /** Decay of the average of gradients, in [0, 1). Default 0.9. */
  readonly momentum?: number;
  /** Smoothness by path, "" for all. */
  readonly smoothness: PerPath<LayerSmoothness>;
  /** How matrices are orthogonalized. Default `JORDAN`, five steps. */
  readonly polar?: PolarSet;
}

/**
 * Layer-wise steps `W -= lr t D(m)` whose radius follows the dual norm of the layer's average
 * gradient: `t = dual / (l0 + l1 dual)`. With l1 0 it is steepest descent of sharpness l0,
 * with l0 0 a step of one size. For given radii see `uscg`.
 *
 * @throws RangeError for an option out of range; TypeError for one unknown or missing, or a weight
 *   without smoothness
 * Source: Riabinin et al. 2025, "Gluon: making Muon & Scion great again"
 */
export function gluon(module: Geometry, options: GluonOptions): Optimizer {
  checkOptions("gluon", options, {
    ...NORM_RANGES, lr: NOT_NEGATIVE, momentum: FRACTION, polar: POLAR,
    smoothness: objectAs('{ "": { l0: 1, l1: 1 } }'),
  }, ["smoothness"]);
  const { lr = 1, momentum = 0.9, smoothness, polar = JORDAN } = options;
  const of = checkSmoothness([...entriesOf("gluon", module).keys()], smoothness);
  return byNorms("gluon", module, { ...options, lr }, (entryOf) => {
    const normOf = (path: string) => entryOf(path).norm;
    const duals = dualizeBy((path) => ({ norm: normOf(path), radius: 1 }), polar);
    const run: Stage["run"] = (leaves, moment) => {
      const sizes = perNorm(leaves, normOf, (norm, list) => norm.dualNormAll(list));
      const radii = leaves.map(({ path }, i) => {
        const { l0, l1 } = of(path);
        const dual = sizes[i] as Tensor; // one for each
        const radius = quotient(dual, add(scale(dual, l1), l0), 0);
        return reshape(radius, [...radius.shape, ...Array<number>(normOf(path).rank).fill(1)]);
      });
      return duals.run(leaves, moment).map((leaf, i) => {
        return { ...leaf, value: mul(leaf.value, radii[i] ?? 1) };
      });
    };
    return { average: ema({ momentum }), dualize: { ...duals, run } };
  });
}

function checkSmoothness(
  paths: readonly string[], table: PerPath<LayerSmoothness>,
): (path: string) => LayerSmoothness {
  checkPaths("gluon", "smoothness", table, paths);
  const of = (path: string): LayerSmoothness => {
    const found = pick(table, path);
    if (found) return found;
    throw new TypeError(`gluon: no smoothness for a parameter: ${path}. Add it, or "" for all.`);
  };
  for (const path of paths) {
    const { l0, l1 } = of(path);
    for (const [name, value] of [["l0", l0], ["l1", l1]] as const) {
      checkRange("gluon", `${name} of ${path}`, value, NOT_NEGATIVE);
    }
    checkRange("gluon", `l0 + l1 of ${path}`, l0 + l1, POSITIVE);
  }
  return of;
}
