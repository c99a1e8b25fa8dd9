// Atoms of one vector: what is added to features, and what multiplies them.

import { type Tensor, add, mul, reshape } from "../autograd/index.ts";
import { ShapeError, resolveAxis, show } from "../engine/index.ts";
import { type AtomOptions, atom, weightOf } from "./atoms.ts";
import { asTensor } from "./bonds.ts";
import { channelRule } from "./convolutions.ts";
import type { Module, WeightAction, WidthRule } from "./module.ts";
import { linf, rms } from "./norms/named.ts";
import type { Norm } from "./norms/norm.ts";
import { BILINEAR, FLAT, type Sharpness } from "./sharpness.ts";
import type { Start } from "./start.ts";

/** Options of `bias` and `gain`. */
export interface VectorOptions extends AtomOptions {
  /** Which axis has the features; 1 for the channels of images. Default -1: the last. */
  readonly axis?: number;
}

/**
 * A vector added to the features.
 *
 * @param dim number of features
 * @param options norm: default `rms`; starts at zero
 * @throws RangeError, ShapeError for options that do not fit, naming the weight
 */
export function bias(dim: number, options: VectorOptions = {}): Module {
  return vector("bias", dim, options, { op: add, kind: "shift", sharpness: FLAT }, rms, "zeros");
}

/**
 * A factor for each feature, a diagonal matrix: the norm is the largest absolute value, which is
 * the one from RMS to RMS of that matrix.
 *
 * @param dim number of features
 * @param options norm: default `linf`; starts at ones
 * @throws as `bias`
 */
export function gain(dim: number, options: VectorOptions = {}): Module {
  const parts: VectorParts = { op: mul, kind: "diagonal", sharpness: BILINEAR };
  return vector("gain", dim, options, parts, linf, "ones");
}

/** What the two do. */
interface VectorParts {
  readonly op: typeof add;
  readonly kind: WeightAction["kind"];
  readonly sharpness: Sharpness;
}

function vector(
  name: string, dim: number, options: VectorOptions, { op, kind, sharpness }: VectorParts,
  norm: Norm, first: Start,
): Module {
  const { label, axis = -1, start = first } = options;
  const own = weightOf(`${label ?? name}.weight`, [dim], norm, { ...options, start });
  const lastAxis: WidthRule = (input, misfit) => {
    return input === undefined || input === dim ? dim : misfit(`width ${dim}`);
  };
  return atom({
    name,
    label,
    weights: { weight: { ...own, acts: { kind } } },
    sharpness,
    forward: (x, { weight }, path) => {
      const t = asTensor(x, path);
      const at = resolveAxis(path, axis, t.shape);
      if (t.shape[at] !== dim) throw misfit(t, at, dim, path);
      const after = t.shape.slice(at + 1).map(() => 1);
      return op(t, reshape(weight as Tensor, [dim, ...after])); // the weight is declared above
    },
    widths: axis === -1 ? lastAxis : axis === 1 ? channelRule(dim, dim) : (input) => input,
  });
}

function misfit(x: Tensor, axis: number, dim: number, path: string): ShapeError {
  return new ShapeError(
    `forward: the input does not fit: ${path} takes ${dim} features along axis ${axis}, is given `
      + `${show(x.shape)}. Check dim and axis.`,
  );
}
