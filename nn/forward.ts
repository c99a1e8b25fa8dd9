// Running a module: weights are taken out of the tree once and handed down in canonical order.

import { Tensor } from "../autograd/index.ts";
import type { ForwardOptions, Module, Value, WeightUse, Weights } from "./module.ts";
import { toList } from "./weights.ts";

/** See `Module.apply`. */
export function run(module: Module, x: Value, weights: Weights, options: ForwardOptions): Value {
  const { uses } = module.plan;
  const own = toList(module.plan, "forward", weights);
  const list = uses.map(({ index }) => own[index] as Tensor); // every use has its tensor
  return runPart(module, x, { uses, list, options }, 0);
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
  readonly uses: readonly WeightUse[];
  /** The weight of each use. */
  readonly list: readonly Tensor[];
  readonly options: ForwardOptions;
}

/** Runs a part whose first weight is that of the use at `from`. */
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

function runMap(module: Module, x: Value, loaded: Loaded, from: number): Value {
  const { uses, list, options } = loaded;
  const { kind, name, weights, parts } = module;
  if (!parts.map) return x;
  if (kind === "bond") return parts.map(x, {}, name, options);
  const own = Object.keys(weights).map((w, i) => [w, list[from + i] as Tensor] as const);
  const first = uses[from]?.path ?? name;
  const path = first.slice(0, first.lastIndexOf("."));
  return parts.map(x, Object.fromEntries(own), path, options);
}
