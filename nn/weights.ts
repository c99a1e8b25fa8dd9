// Names of weights: which tree a module's weights make, and the way between tree and list.

import { Tensor } from "../autograd/index.ts";
import { ShapeError, show } from "../engine/index.ts";
import type { Module, WeightEntry, WeightSpec, WeightUse, Weights } from "./module.ts";
import { type Tie, checkTied } from "./tie.ts";

/** The names of a tree of weights; a number is the weight's place in canonical order. */
interface Names {
  readonly [name: string]: Names | number;
}

/** What is known of a module's weights from its structure. */
export interface Plan {
  readonly entries: readonly WeightEntry[];
  readonly uses: readonly WeightUse[];
  readonly names: Names;
}

/** One name of a level and the module that has it. */
export interface LevelItem {
  readonly name: string;
  readonly module: Module;
}

/**
 * The names a module puts into the level it stands in: its own label, an unlabelled atom's name,
 * or, for an unlabelled composite, what its children put there. Names that occur twice get
 * `_0`, `_1`, .. in canonical order.
 */
export function levelOf(modules: readonly Module[]): LevelItem[] {
  const items = modules.flatMap(itemsOf);
  const wanted = items.map(({ name }) => name);
  const taken = new Set(wanted);
  const next = new Map<string, number>();
  return items.map((item) => {
    const { name } = item;
    if (wanted.indexOf(name) === wanted.lastIndexOf(name)) return item;
    let i = next.get(name) ?? 0;
    while (taken.has(`${name}_${i}`)) i++;
    next.set(name, i + 1);
    return { ...item, name: `${name}_${i}` };
  });
}

function itemsOf(module: Module): LevelItem[] {
  if (module.atoms === 0) return [];
  const { label = module.kind === "atom" ? module.name : undefined } = module;
  return label === undefined ? module.children.flatMap(itemsOf) : [{ name: label, module }];
}

/** Works out names, paths and shares; see `Plan`. */
export function makePlan(root: Module): Plan {
  const entries: WeightEntry[] = [];
  const uses: WeightUse[] = [];
  const parts = partsOf(root, { fraction: 1, later: 1 });
  const sums: Part[] = [];
  const ties = new Map<Tie, number>();
  const add = (path: string, spec: WeightSpec): number | undefined => {
    const part = parts[uses.length] as Part; // one for each use
    const first = spec.tie && ties.get(spec.tie);
    const index = first ?? entries.length;
    const sum = sums[index] ?? { fraction: 0, later: 0 };
    uses.push({ path, index });
    sums[index] = { fraction: sum.fraction + part.fraction, later: sum.later + part.later };
    if (first !== undefined) {
      checkTied(entries[first] as WeightEntry, path, spec);
      return undefined;
    }
    if (spec.tie) ties.set(spec.tie, index);
    const { shape, norm, start, acts } = spec;
    entries.push({ path, shape, norm, start, acts, share: 0 });
    return index;
  };
  const names = walk(levelOf([root]), "", add);
  const share = ({ fraction, later }: Part) => fraction / later;
  return { entries: entries.map((e, i) => ({ ...e, share: share(sums[i] as Part) })), uses, names };
}

/** Calls `add` for every weight in canonical order; it gives no place for one seen before. */
function walk(
  items: readonly LevelItem[], above: string,
  add: (path: string, spec: WeightSpec) => number | undefined,
): Names {
  return named(items.map(({ name, module }) => {
    const path = join(above, name);
    if (module.kind !== "atom") return [name, walk(levelOf(module.children), path, add)];
    const own = Object.entries(module.weights);
    return [name, named(own.map(([w, spec]) => [w, add(`${path}.${w}`, spec)]))];
  }));
}

/** Without names of nothing. */
function named(list: readonly (readonly [string, Names | number | undefined])[]): Names {
  const there = list.filter(([, inner]) => {
    return typeof inner === "number" || (inner && Object.keys(inner).length > 0);
  });
  return Object.fromEntries(there as [string, Names | number][]);
}

/** What the share of a weight comes of. */
interface Part {
  /** Product of the mass fractions on the way down. */
  readonly fraction: number;
  /** Product of the sensitivities of what is applied afterwards. */
  readonly later: number;
}

/** That of every use of a weight: its share of a target norm is `fraction / later`. */
function partsOf(module: Module, { fraction, later }: Part): Part[] {
  const { kind, mass, children } = module;
  const part = (m: number) => (mass > 0 ? (fraction * m) / mass : 0);
  if (kind === "atom") {
    return Object.values(module.weights).map((spec) => ({ fraction: part(spec.mass), later }));
  }
  return children.flatMap((child, i) => {
    const after = kind === "composite" ? children.slice(i + 1) : [];
    const outer = after.reduce((product, { sensitivity }) => product * sensitivity, later);
    return partsOf(child, { fraction: part(child.mass), later: outer });
  });
}

/**
 * The tensors of a tree in canonical order.
 *
 * @throws TypeError for a weight that is unknown, missing or no tensor; ShapeError for a shape
 */
export function toList(plan: Plan, op: string, tree: Weights): Tensor[] {
  const list = new Array<Tensor>(plan.entries.length);
  collect(plan, op, plan.names, tree, "", list);
  return list;
}

function collect(
  plan: Plan, op: string, names: Names, tree: unknown, above: string, list: Tensor[],
): void {
  const here = children(op, tree, above);
  for (const name of Object.keys(here)) {
    if (!Object.hasOwn(names, name)) throw unknown(op, join(above, name), Object.keys(names));
  }
  for (const [name, inner] of Object.entries(names)) {
    const path = join(above, name);
    if (!Object.hasOwn(here, name)) throw missing(op, path);
    if (typeof inner !== "number") collect(plan, op, inner, here[name], path, list);
    else list[inner] = checked(op, path, here[name], plan.entries[inner]);
  }
}

function children(op: string, tree: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof tree === "object" && tree !== null && !(tree instanceof Tensor)) {
    return tree as Readonly<Record<string, unknown>>;
  }
  const what = tree instanceof Tensor ? `a tensor ${show(tree.shape)}` : String(tree);
  throw new TypeError(
    `${op}: not a tree of weights: ${path || "the root"} is ${what}. Build it with initialize().`,
  );
}

function checked(op: string, path: string, x: unknown, entry: WeightEntry | undefined): Tensor {
  if (!(x instanceof Tensor)) {
    throw new TypeError(`${op}: not a tensor: ${path}. Build the tree with initialize().`);
  }
  const shape = entry?.shape ?? [];
  if (x.shape.length === shape.length && x.shape.every((d, i) => d === shape[i])) return x;
  throw new ShapeError(
    `${op}: a weight has another shape: ${path} is ${show(x.shape)}, should be ${show(shape)}. `
      + `Check which module the tree was made for.`,
  );
}

/** The tree of tensors in canonical order. Throws RangeError, ShapeError if they do not fit. */
export function toTree(plan: Plan, list: readonly Tensor[]): Weights {
  const { entries, names } = plan;
  if (list.length !== entries.length) {
    throw new RangeError(
      `toTree: not one tensor for each weight: ${list.length} for ${entries.length}. `
        + `Give them in the order of weightPaths.`,
    );
  }
  const build = (at: Names): Weights => {
    return Object.fromEntries(Object.entries(at).map(([name, inner]) => {
      if (typeof inner !== "number") return [name, build(inner)];
      const entry = entries[inner];
      return [name, checked("toTree", entry?.path ?? name, list[inner], entry)];
    }));
  };
  return build(names);
}

function join(above: string, name: string): string {
  return above === "" ? name : `${above}.${name}`;
}

function unknown(op: string, path: string, known: readonly string[]): TypeError {
  return new TypeError(
    `${op}: unknown weight: ${path}. There are here: ${known.join(", ") || "none"}.`,
  );
}

function missing(op: string, path: string): TypeError {
  return new TypeError(`${op}: weight missing: ${path}. Build the tree with initialize().`);
}
