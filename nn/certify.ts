// Certificates: bounds of how much a network can stretch, from its weights as they are now.

import type { Tensor } from "../autograd/index.ts";
import { checkModule } from "./compose.ts";
import type { Module, Weights } from "./module.ts";
import { type MeasureOptions, checkMethod } from "./norms/norm.ts";
import { type InputNorm, operatorBound } from "./operator_bounds.ts";
import { toList } from "./weights.ts";

/** How to certify. */
export interface CertifyOptions extends MeasureOptions {
  /** How inputs are measured. Default: `rms`, or `l1` (one-hot) for a module that takes tokens. */
  readonly inputNorm?: InputNorm;
  /**
   * Where a bond's sensitivity is a bound under a condition only: `needed` takes the bound for all
   * inputs wherever there is one, and lists a condition where there is none; `all` lists every
   * condition; `refuse` throws where there is no bound for all inputs. Default `needed`.
   */
  readonly conditions?: "needed" | "all" | "refuse";
}

/** One layer of a certificate. */
export interface CertifiedLayer {
  /** Of the weight. */
  readonly path: string;
  /** What it is measured in: `rms to rms`. */
  readonly norm: string;
  /** Never below the operator norm, rounding included. */
  readonly upper: number;
  /** The same measured from below. */
  readonly lower: number;
  /** `upper / lower - 1`: what the measurement may be off. */
  readonly gap: number;
  /** What composition reckons with; a layer with `upper` up to it is in its unit ball. */
  readonly sensitivity: number;
}

/** What must hold of inputs for a certificate to be true. */
export interface CertificateCondition {
  /** The bond. */
  readonly path: string;
  /** For which of its inputs the bound holds. */
  readonly condition: string;
}

/** An upper bound of a network's Lipschitz constant, and where it comes from. */
export interface Certificate {
  /** `|f(x) - f(y)| <= bound |x - y|`, in RMS for outputs; a list's norm is the sum of norms. */
  readonly bound: number;
  /** How much smaller the same would be with all layers measured from below, relatively. */
  readonly gap: number;
  readonly inputNorm: InputNorm;
  /** In canonical order; a tied weight stands wherever it is used. */
  readonly layers: readonly CertifiedLayer[];
  /** Empty: the bound holds for all inputs. */
  readonly conditions: readonly CertificateCondition[];
}

/** A bound composed of layers: its value for those from above, or from below. */
interface Bound {
  readonly to: InputNorm;
  readonly value: (side: "upper" | "lower") => number;
}

/** What a walk over a module knows. */
interface Walk {
  readonly root: Module;
  readonly list: readonly Tensor[];
  readonly options: CertifyOptions;
  readonly layers: CertifiedLayer[];
  readonly conditions: CertificateCondition[];
  /** How many uses of weights have been passed. */
  used: number;
}

/** Rounding of products and sums of float64 on the way. */
const ROUNDED = 1 + 1e-12;

/**
 * A bound of the Lipschitz constant of a module with these weights, whatever their norms: layers
 * are measured, chains multiply, sums add up. For a chain of linear layers it is the product of
 * their operator norms, which some chains attain.
 *
 * Spectral norms are bounded by powers of the Gram matrix and enlarged by what float32 may have
 * lost; with `method: exact` by singular values in float64 on the host, for small layers. Kernels
 * count with the smaller of the sum over taps and the matrix `[out, in taps]`.
 *
 * @returns data; NaN for weights with a NaN
 * @throws TypeError if it is not known how a weight acts; RangeError where a layer cannot take the
 *   norm, or where a bond that has no bound is refused. Both name the path
 * @example
 * const { bound } = await certify(model, weights);
 * Source: math.md 5.1
 */
export async function certify(
  module: Module, weights: Weights, options: CertifyOptions = {},
): Promise<Certificate> {
  checkModule("certify", module);
  checkMethod("certify", options);
  checkChoice("inputNorm", options.inputNorm, ["rms", "l1", "l2", "linf"]);
  checkChoice("conditions", options.conditions, ["needed", "all", "refuse"]);
  const { inputNorm = takesTokens(module) ? "l1" : "rms" } = options;
  const list = toList(module.plan, "certify", weights);
  const walk: Walk = { root: module, list, options, layers: [], conditions: [], used: 0 };
  const { value } = await follow(walk, module, inputNorm, "");
  const [upper, lower] = [value("upper"), value("lower")];
  return {
    bound: upper * ROUNDED, gap: gapOf(upper, lower), inputNorm, layers: walk.layers,
    conditions: walk.conditions,
  };
}

function checkChoice(option: string, given: string | undefined, choices: readonly string[]): void {
  if (given === undefined || choices.includes(given)) return;
  throw new RangeError(
    `certify: no such ${option}: ${given}. Use ${choices.map((c) => `"${c}"`).join(", ")}.`,
  );
}

function gapOf(upper: number, lower: number): number {
  return upper === lower ? 0 : upper / lower - 1;
}

/** Whether the first thing that has weights is a table. */
function takesTokens({ kind, weights, children }: Module): boolean {
  if (kind === "atom") return Object.values(weights).some(({ acts }) => acts?.kind === "table");
  if (kind === "tuple") return children.some(takesTokens);
  const first = children.find(({ atoms }) => atoms > 0);
  return first !== undefined && takesTokens(first);
}

async function follow(
  walk: Walk, module: Module, from: InputNorm, above: string,
): Promise<Bound> {
  const { kind, name, label, children } = module;
  if (kind === "atom") return atomBound(walk, module, from);
  const path = [above, label ?? (kind === "bond" ? name : "")].filter((p) => p !== "").join(".");
  if (kind === "bond") return bondBound(walk, module, from, path);
  const bounds: Bound[] = [];
  for (const child of children) { // in canonical order, for the count of uses
    const given = kind === "composite" ? bounds.at(-1)?.to ?? from : from;
    bounds.push(await follow(walk, child, given, path));
  }
  if (kind === "composite") {
    const value: Bound["value"] = (side) => bounds.reduce((all, b) => all * b.value(side), 1);
    return { to: bounds.at(-1)?.to ?? from, value };
  }
  const same = bounds.every(({ to }) => to === bounds[0]?.to);
  const value: Bound["value"] = (side) => bounds.reduce((all, b) => all + b.value(side), 0);
  return { to: same ? bounds[0]?.to ?? from : "rms", value }; // the RMS is below all others
}

function bondBound(walk: Walk, module: Module, from: InputNorm, path: string): Bound {
  const { lipschitz, sensitivity, condition, parts } = module;
  if (from !== "rms" && parts.anyNorm !== true && lipschitz > 0) {
    throw new RangeError(
      `certify: ${path} is not bounded in ${from}: an input reaches it that no layer has turned `
        + `into RMS. Certify with inputNorm "rms".`,
    );
  }
  const { conditions: choice = "needed" } = walk.options;
  const hasBound = lipschitz < Infinity;
  if (choice === "refuse" && !hasBound) {
    throw new RangeError(
      `certify: ${path} has no bound for all inputs: true only for ${condition}. `
        + `Certify with conditions: "needed".`,
    );
  }
  const isTrue = hasBound && !(choice === "all" && condition !== undefined);
  if (!isTrue) walk.conditions.push({ path, condition: condition ?? "no input in general" });
  const size = isTrue ? lipschitz : Math.min(sensitivity, lipschitz);
  return { to: from, value: () => size };
}

async function atomBound(walk: Walk, module: Module, from: InputNorm): Promise<Bound> {
  const { root, list, options } = walk;
  const specs = Object.values(module.weights);
  const first = walk.used;
  walk.used += specs.length;
  const acting = specs.flatMap((spec, i) => spec.acts?.kind === "shift" ? [] : [{ spec, i }]);
  const [{ spec, i } = { spec: undefined, i: 0 }] = acting;
  const { path = module.name, index = 0 } = root.uses[first + i] ?? {};
  if (!spec) return { to: from, value: () => 1 };
  if (!spec.acts || acting.length > 1) {
    throw new TypeError(
      `certify: it is not known how ${path} acts on its input. Give its weights \`acts\`.`,
    );
  }
  const weight = list[index] as Tensor; // one for each entry
  const found = await operatorBound(weight, spec.acts, from, options.method !== undefined);
  if (!found) {
    throw new RangeError(
      `certify: ${path} takes tokens, which are not measured in ${from}. Use inputNorm "l1", or `
        + `certify what comes after it.`,
    );
  }
  const { upper, lower, to } = found;
  const { sensitivity } = module;
  const norm = `${from} to ${to}`;
  walk.layers.push({ path, norm, upper, lower, gap: gapOf(upper, lower), sensitivity });
  return { to, value: (side) => found[side] };
}
