// Running a module: weights are taken out of the tree once and handed down in canonical order.

import { Tensor, scope } from "../autograd/index.ts";
import { located } from "./checks.ts";
import type { ForwardOptions, Module, Value, WeightUse, Weights } from "./module.ts";
import { toList } from "./weights.ts";

/** See `Module.apply`. */
export function run(module: Module, x: Value, weights: Weights, options: ForwardOptions): Value {
  const { uses } = module.plan;
  const own = toList(module.plan, "forward", weights);
  const list = uses.map(({ index }) => own[index] as Tensor); // every use has its tensor
  return scope(() => runPart(module, x, { uses, list, options }, { from: 0, path: "" }));
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

/** Where a part is. */
interface Where {
  /** The use that has its first weight. */
  readonly from: number;
  /** Labels of the levels it is in, and its own. */
  readonly path: string;
}

function runPart(module: Module, x: Value, loaded: Loaded, { from, path: above }: Where): Value {
  const { kind, name, label, children } = module;
  const own = label ?? (kind === "bond" ? name : "");
  const path = above === "" || own === "" ? above + own : `${above}.${own}`;
  if (kind === "atom" || kind === "bond") return runMap(module, x, loaded, { from, path });
  let at = from;
  let value = x;
  const outputs = children.map((child) => {
    value = runPart(child, kind === "tuple" ? x : value, loaded, { from: at, path });
    at += child.atoms;
    return value;
  });
  return kind === "tuple" ? outputs : value;
}

function runMap(module: Module, x: Value, loaded: Loaded, { from, path: level }: Where): Value {
  const { uses, list, options } = loaded;
  const { kind, weights, parts } = module;
  if (!parts.map) return x;
  const own = Object.keys(weights).map((w, i) => [w, list[from + i] as Tensor] as const);
  const first = uses[from]?.path ?? "";
  const path = kind === "bond" || own.length === 0 ? level || module.name
    : first.slice(0, first.lastIndexOf("."));
  try {
    return parts.map(x, Object.fromEntries(own), path, options);
  } catch (error) {
    throw located(path, error);
  }
}
