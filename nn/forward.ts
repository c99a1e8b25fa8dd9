// Running a module: weights are taken out of the tree once and handed down in canonical order.

import { Tensor } from "../autograd/index.ts";
import type { Module, Value, WeightEntry, Weights } from "./module.ts";
import { toList } from "./weights.ts";

/** See `Module.apply`. */
export function run(module: Module, x: Value, weights: Weights): Value {
  const list = toList(module.plan, "forward", weights);
  return runPart(module, x, { entries: module.entries, list }, 0);
}

/**
 * The value as a tensor.
 *
 * @throws TypeError if it is a list
 */
export function single(y: Value, name: string): Tensor {
  if (y instanceof Tensor) return y;
  throw new TypeError(`forward: ${name} gives a list of ${y.length}, not a tensor. Use apply().`);
}

/** The weights of the whole module. */
interface Loaded {
  readonly entries: readonly WeightEntry[];
  readonly list: readonly Tensor[];
}

/** Runs a part whose first weight is the one at `from`. */
function runPart(module: Module, x: Value, loaded: Loaded, from: number): Value {
  const { kind, children } = module;
  if (kind === "atom" || kind === "bond") return runMap(module, x, loaded, from);
  let at = from;
  let value = x;
  const outputs = children.map((child) => {
    value = runPart(child, kind === "tuple" ? x : value, loaded, at);
    at += child.atoms;
    return value;
  });
  return kind === "tuple" ? outputs : value;
}

function runMap(module: Module, x: Value, { entries, list }: Loaded, from: number): Value {
  const { kind, name, weights, parts } = module;
  if (!parts.map) return x;
  if (kind === "bond") return parts.map(x, {}, name);
  const own = Object.keys(weights).map((w, i) => [w, list[from + i] as Tensor] as const);
  const first = entries[from]?.path ?? name;
  return parts.map(x, Object.fromEntries(own), first.slice(0, first.lastIndexOf(".")));
}
