// Modules without weights. Each states its map and its sensitivity.

import { type Tensor, abs as absOp, add, geluTanh, layerNorm as layerNormOp, mean as meanOp,
  mul as mulOp, relu as reluOp, reshape, rmsNorm, sub } from "../autograd/index.ts";
import { ShapeError, Tensor as TensorClass, show } from "../engine/index.ts";
import { Module, type Value, type Width, type WidthRule } from "./module.ts";

/** What a bond is made of. */
export interface BondParts {
  readonly name: string;
  readonly forward: (x: Value, name: string) => Value;
  /** Bound on the output change per input change, > 0. Default 1. */
  readonly sensitivity?: number;
  /** Whether it is differentiable everywhere. Default true. */
  readonly smooth?: boolean;
  /** Width of the output. Default: that of the input. */
  readonly widths?: WidthRule;
  /** How many bonds it stands for, where one call does the work of several. Default 1. */
  readonly bonds?: number;
}

/**
 * A module without weights.
 *
 * @throws RangeError if the sensitivity is not positive
 */
export function bond(parts: BondParts): Module {
  const { name, forward, sensitivity = 1, smooth = true, widths = (input) => input } = parts;
  if (!(sensitivity > 0 && sensitivity < Infinity)) {
    throw new RangeError(`${name}: the sensitivity is not positive: ${sensitivity}. Use > 0.`);
  }
  return new Module({
    kind: "bond", name, mass: 0, sensitivity, smooth, atoms: 0, bonds: parts.bonds ?? 1, widths,
    map: (x) => forward(x, name),
  });
}

/**
 * The value as a tensor.
 *
 * @throws TypeError if it is a list, naming the module
 */
export function asTensor(x: Value, name: string): Tensor {
  if (x instanceof TensorClass) return x;
  throw new TypeError(`${name}: takes one tensor, is given a list. Check what comes before it.`);
}

/**
 * The value as a list of tensors.
 *
 * @throws TypeError if it is not a list of that many
 */
export function asList(x: Value, name: string, count?: number): Tensor[] {
  const list = x instanceof TensorClass ? [] : x.map((item) => asTensor(item, name));
  if (list.length > 0 && (count === undefined || list.length === count)) return list;
  const what = x instanceof TensorClass ? "one tensor" : `a list of ${x.length}`;
  throw new TypeError(
    `${name}: takes a list${count ? ` of ${count}` : ""}, is given ${what}. Put a tuple before it.`,
  );
}

/** A bond that maps one tensor, or every tensor of a list. */
function pointwise(
  name: string, f: (x: Tensor) => Tensor, rest: Partial<BondParts> = {},
): Module {
  const forward = (x: Value): Value => (x instanceof TensorClass ? f(x) : x.map(forward));
  return bond({ name, forward, ...rest });
}

/** A bond on one tensor. */
function single(
  name: string, f: (x: Tensor) => Tensor, rest: Partial<BondParts> = {},
): Module {
  return bond({ name, forward: (x) => f(asTensor(x, name)), ...rest });
}

/** The input, unchanged. */
export function identity(): Module {
  return bond({ name: "identity", forward: (x) => x });
}

/** The sum of a list; the norm of a list is the sum of norms, so its sensitivity is one. */
export function addBond(): Module {
  const forward = (x: Value, name: string) => asList(x, name).reduce((a, b) => add(a, b));
  return bond({ name: "add", forward, widths: oneWidth });
}

/** The one width of a list whose known widths must agree. */
function oneWidth(input: Width, misfit: (takes: string) => never): Width {
  if (input === undefined || typeof input === "number") return input;
  const known = [...new Set(input.filter((w) => typeof w === "number"))];
  return known.length > 1 ? misfit("a list of one width") : known[0];
}

/**
 * The input, or everything in a list, times a number; sensitivity `abs(factor)`.
 *
 * @throws RangeError if `factor` is zero or not finite
 */
export function mul(factor: number): Module {
  if (factor === 0 || !Number.isFinite(factor)) {
    throw new RangeError(`scale: the factor is zero or not finite: ${factor}. Use another number.`);
  }
  const times = (x: Tensor) => (factor === 1 ? x : mulOp(x, factor));
  return pointwise(`mul(${factor})`, times, { sensitivity: Math.abs(factor) });
}

/** Absolute value. */
export function abs(): Module {
  return single("abs", absOp, { smooth: false });
}

/** max(x, 0). */
export function relu(): Module {
  return single("relu", reluOp, { smooth: false });
}

/**
 * Largest slope of the GELU in its tanh form, to the digits of the reference: 1.128993.
 *
 * Source: the Modula package, GeLU
 */
const GELU_SLOPE = 1.1289;

/** GELU (tanh form) over 1.1289, so that its slope is at most one. */
export function gelu(): Module {
  // The reference says it is not smooth, although it is; `smooth` is that of the reference.
  return single("gelu", (x) => mulOp(geluTanh(x), 1 / GELU_SLOPE), { smooth: false });
}

/** The input minus its mean along the last axis. */
export function meanSubtract(): Module {
  return single("meanSubtract", (x) => sub(x, meanOp(x, { axis: -1, keepDims: true })));
}

/**
 * The input over its RMS along the last axis, without epsilon; NaN for a row of zeros. Sensitivity
 * one is true only where the RMS is at least one.
 */
export function rmsDivide(): Module {
  return single("rmsDivide", (x) => rmsNorm(x, { eps: 0 }));
}

/** `rmsDivide` after `meanSubtract` in one step: no gain, bias or epsilon; counts as two bonds. */
export function layerNorm(): Module {
  return single("layerNorm", (x) => layerNormOp(x, { eps: 0 }), { bonds: 2 });
}

/** All axes but the first as one: `[batch, ...]` to `[batch, n]`. */
export function flatten(): Module {
  const forward = (x: Tensor) => {
    if (x.shape.length > 0) return reshape(x, [x.shape[0] ?? 1, -1]);
    throw new ShapeError(`flatten: no batch axis: ${show(x.shape)}. Give [batch, ...].`);
  };
  return single("flatten", forward, { widths: () => undefined });
}

/** The mean over an axis, by default the last but one: `[..., seq, dim]` to `[..., dim]`. */
export function mean({ axis = -2 }: { readonly axis?: number } = {}): Module {
  const widths: WidthRule = (input) => (axis === -2 ? input : undefined);
  return single("mean", (x) => meanOp(x, { axis }), { widths });
}
