// Modules without weights. Each states its map and its sensitivity.

import { type Tensor, abs as absOp, add, arange, geluTanh, mean as meanOp, mul as mulOp,
  relu as reluOp, reshape } from "../autograd/index.ts";
import { ShapeError, Tensor as TensorClass, show } from "../engine/index.ts";
import { kindOf } from "./checks.ts";
import { type ForwardOptions, Module, type Value, type Width, type WidthRule } from
  "./module.ts";
import { FLAT, type Sharpness } from "./sharpness.ts";

/** What a bond is made of. */
export interface BondParts {
  readonly name: string;
  /** `path` is where the bond is, for errors. */
  readonly forward: (x: Value, path: string, options: ForwardOptions) => Value;
  /** Output change per input change that composition reckons with, > 0. Default 1. */
  readonly sensitivity?: number;
  /** True bound on it for all inputs, Infinity for none. Default: the sensitivity. */
  readonly lipschitz?: number;
  /** For which inputs the sensitivity is a bound, if not for all: "inputs of RMS 1 or more". */
  readonly condition?: string;
  /** Whether it is differentiable everywhere. Default true. */
  readonly smooth?: boolean;
  /** Bounds on the second derivatives; `FLAT` for linear maps. Default: unknown. */
  readonly sharpness?: Sharpness | undefined;
  /** Whether the sensitivity holds for l1, l2 and linf as well as for RMS. Default false. */
  readonly anyNorm?: boolean;
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
  checkSensitivity(name, sensitivity);
  const { lipschitz, condition, sharpness, anyNorm } = parts;
  return new Module({
    kind: "bond", name, mass: 0, sensitivity, smooth, atoms: 0, bonds: parts.bonds ?? 1, widths,
    sharpness, anyNorm, lipschitz, condition,
    map: (x, _weights, path, options) => forward(x, path, options),
  });
}

/** Throws RangeError unless a sensitivity is positive. */
export function checkSensitivity(name: string, sensitivity: number): void {
  if (sensitivity > 0 && sensitivity < Infinity) return;
  throw new RangeError(`${name}: the sensitivity is not positive: ${sensitivity}. Use > 0.`);
}

/**
 * The value as a tensor.
 *
 * @throws TypeError if it is a list, naming the module
 */
export function asTensor(x: Value, name: string): Tensor {
  if (x instanceof TensorClass) return x;
  const isMade = Array.isArray(x) && x.some((item) => item instanceof TensorClass);
  const hint = isMade ? "Check what comes before it" : "Make one with tensor()";
  throw new TypeError(`${name}: takes one tensor, is given ${kindOf(x)}. ${hint}.`);
}

/**
 * The value as a list of tensors.
 *
 * @throws TypeError if it is not a list of that many
 */
export function asList(x: Value, name: string, count?: number): Tensor[] {
  const list = Array.isArray(x) ? x.map((item) => asTensor(item, name)) : [];
  if (list.length > 0 && (count === undefined || list.length === count)) return list;
  throw new TypeError(
    `${name}: takes a list${count ? ` of ${count}` : ""}, is given ${kindOf(x)}. `
      + `Put a tuple before it.`,
  );
}

/** A bond that maps one tensor, or every tensor of a list. */
export function pointwise(
  name: string, f: (x: Tensor) => Tensor, rest: Partial<BondParts> = {},
): Module {
  const forward = (x: Value, path: string): Value => {
    return Array.isArray(x) ? x.map((item: Value) => forward(item, path)) : f(asTensor(x, path));
  };
  return bond({ name, forward, ...rest });
}

/** A bond on one tensor. */
export function single(
  name: string, f: (x: Tensor) => Tensor, rest: Partial<BondParts> = {},
): Module {
  return bond({ name, forward: (x, path) => f(asTensor(x, path)), ...rest });
}

/** What linear maps have that keep or scale every entry. */
export const PLAIN = { sharpness: FLAT, anyNorm: true };

/** The input, unchanged. */
export function identity(): Module {
  return bond({ name: "identity", forward: (x) => x, ...PLAIN });
}

/** The sum of a list; the norm of a list is the sum of norms, so its sensitivity is one. */
export function addBond(): Module {
  const forward = (x: Value, name: string) => asList(x, name).reduce((a, b) => add(a, b));
  return bond({ name: "add", forward, widths: oneWidth, ...PLAIN });
}

/** The one width of a list whose known widths must agree. */
function oneWidth(input: Width, misfit: (takes: string) => never): Width {
  if (!Array.isArray(input)) return input;
  const known = (input as readonly Width[]).filter((w) => w !== undefined && !Array.isArray(w));
  const same = known.every((w) => JSON.stringify(w) === JSON.stringify(known[0]));
  return same ? known[0] : misfit("a list of one width");
}

/**
 * The input, or everything in a list, times a number; sensitivity `abs(factor)`.
 *
 * @throws RangeError if `factor` is zero or not finite
 */
export function mul(factor: number): Module {
  checkFactor(factor, "");
  const times = (x: Tensor) => (factor === 1 ? x : mulOp(x, factor));
  return pointwise(`mul(${factor})`, times, { sensitivity: Math.abs(factor), ...PLAIN });
}

/** Throws RangeError, with what is added for whom, if a factor is zero or not finite. */
export function checkFactor(factor: number, whom: string): void {
  if (factor !== 0 && Number.isFinite(factor)) return;
  throw new RangeError(
    `scale: the factor is zero or not finite: ${factor}${whom}. Use another number.`,
  );
}

/** Absolute value. */
export function abs(): Module {
  return single("abs", absOp, { smooth: false, anyNorm: true });
}

/** max(x, 0). */
export function relu(): Module {
  return single("relu", reluOp, { smooth: false, anyNorm: true });
}

/**
 * Largest slope of the GELU in its tanh form, to the digits of the reference: 1.128993.
 *
 * Source: the Modula package, GeLU
 */
const GELU_SLOPE = 1.1289;

/** Largest slope of `gelu`: the reference's constant is rounded down. */
const GELU_REST = 1.00008244189810591;

/** GELU (tanh form) over 1.1289, so that its slope is at most one, but for 1e-4 of rounding. */
export function gelu(): Module {
  // The reference says it is not smooth, although it is; `smooth` is that of the reference.
  return single("gelu", (x) => mulOp(geluTanh(x), 1 / GELU_SLOPE), {
    smooth: false, anyNorm: true, lipschitz: GELU_REST,
  });
}

/** All axes but the first as one: `[batch, ...]` to `[batch, n]`. */
export function flatten(): Module {
  const forward = (x: Tensor) => {
    if (x.shape.length > 0) return reshape(x, [x.shape[0] ?? 1, -1]);
    throw new ShapeError(`flatten: no batch axis: ${show(x.shape)}. Give [batch, ...].`);
  };
  return single("flatten", forward, { widths: () => undefined, ...PLAIN });
}

/** The mean over an axis, by default the last but one: `[..., seq, dim]` to `[..., dim]`. */
export function mean({ axis = -2 }: { readonly axis?: number } = {}): Module {
  const widths: WidthRule = (input) => (axis === -2 ? input : undefined);
  return single("mean", (x) => meanOp(x, { axis }), { widths, sharpness: FLAT });
}

/** The places `0, 1, ..` along the last axis, `[seq]` i32: for an embedding of positions. */
export function enumerate(): Module {
  const forward = (x: Tensor) => arange(x.shape.at(-1) ?? 1, { dtype: "i32", device: x.device });
  // It does not depend on the tokens, only on how many there are.
  return single("enumerate", forward, { widths: () => undefined, lipschitz: 0, anyNorm: true });
}
