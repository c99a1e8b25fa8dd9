import { type DType, type Shape, type Tree, ShapeError, Tensor, dispose, keep, treeFromPaths,
  treePaths, zeros } from "../autograd/index.ts";
import { type Packing, checkDtype, copyInto, gather, partsOf, show, wholeOf } from
  "../engine/index.ts";
import type { SlotShapes, Slots } from "./pipeline.ts";

/** What an optimizer has learnt so far: enough to go on with the same bits. */
export interface OptimizerState {
  /** Name of the optimizer that it belongs to. */
  readonly optimizer: string;
  /** Steps done; an optimizer's goes on with it. */
  readonly step: number;
  /** Trees of tensors like the parameters, by what they hold: `momentum`, `rms`. */
  readonly trees: Readonly<Record<string, Tree>>;
}

/**
 * Checks what is said of a state, but for its tensors.
 *
 * @param op whose it should be
 * @throws TypeError if it is another's, or no state
 */
export function checkState(op: string, state: OptimizerState): void {
  if (typeof state !== "object" || state === null) throw noState(op, String(state));
  const { optimizer, step, trees } = state;
  if (optimizer !== op) {
    throw new TypeError(
      `${op}.load: the state of another optimizer: ${optimizer}. `
        + `Load what this one's \`state\` gave.`,
    );
  }
  if (!Number.isInteger(step) || step < 0 || typeof trees !== "object" || trees === null) {
    throw noState(op, `step ${step}`);
  }
}

function noState(op: string, what: string): TypeError {
  return new TypeError(`${op}.load: not a state: ${what}. Load what this one's \`state\` gave.`);
}

/** The tensors that an optimizer keeps, by the path of their weight. They belong to no scope. */
export class Store {
  readonly #op: string;
  readonly #typeOf: (name: string) => DType;
  #slots = new Map<string, Slots>();

  /**
   * @param op the optimizer's name, for errors
   * @param typeOf the dtype of a kind of state. Default f32
   */
  constructor(op: string, typeOf: (name: string) => DType = () => "f32") {
    this.#op = op;
    this.#typeOf = typeOf;
  }

  /** Whether nothing is kept. */
  get empty(): boolean {
    return this.#slots.size === 0;
  }

  /** Whether all that is kept for a weight is f32: what a step computes with, and no copy of it. */
  isWide(path: string): boolean {
    return Object.values(this.#slots.get(path) ?? {}).every(({ dtype }) => dtype === "f32");
  }

  /** What is kept for a weight, made of zeros the first time. */
  slots(path: string, shapes: SlotShapes, like: Tensor): Slots {
    const found = this.#slots.get(path);
    if (found) return found;
    const { device } = like;
    const made = mapValues(shapes, (shape, name) => {
      return keep(zeros(shape, { device, dtype: this.#typeOf(name) }));
    });
    if (Object.keys(made).length > 0) this.#slots.set(path, made);
    return made;
  }

  /**
   * What is kept for some weights, side by side in one tensor of the current scope for each name.
   * The tensors of the weights become views of these, if they are not yet; what they hold stays.
   *
   * @param paths of weights that have a tensor of each name
   */
  join(paths: readonly string[], names: readonly string[], packing: Packing): Slots {
    return Object.fromEntries(names.map((name) => {
      const own = paths.map((path) => this.#slots.get(path)?.[name] as Tensor);
      return [name, wholeOf(own, packing) ?? this.#makeWhole(paths, name, own, packing)];
    }));
  }

  #makeWhole(
    paths: readonly string[], name: string, own: readonly Tensor[], packing: Packing,
  ): Tensor {
    const whole = gather(own, packing);
    const views = partsOf(whole, own.map(({ shape }) => shape), packing);
    views.forEach((view, i) => {
      const path = paths[i] ?? "";
      this.#slots.set(path, { ...this.#slots.get(path), [name]: keep(view) });
      own[i]?.dispose();
    });
    return whole;
  }

  /**
   * Checks that what is kept is what some weights need.
   *
   * @param wanted what every weight needs, by path
   * @throws TypeError if there is too much or too little; ShapeError for another shape
   */
  check(wanted: ReadonlyMap<string, SlotShapes>): void {
    for (const [path, shapes] of wanted) {
      const found: Slots = this.#slots.get(path) ?? {};
      for (const name of new Set([...Object.keys(shapes), ...Object.keys(found)])) {
        this.#checkSlot(`${name} of ${path || "the weight"}`, found[name], shapes[name]);
      }
    }
    for (const path of this.#slots.keys()) {
      if (!wanted.has(path)) throw this.#misfit(`${path} is no parameter`);
    }
  }

  #checkSlot(what: string, found: Tensor | undefined, wanted: Shape | undefined): void {
    if (!found) throw this.#misfit(`${what} is missing`);
    if (!wanted) throw this.#misfit(`${what} is not needed`);
    found.storage(this.#op);
    if (show(found.shape) === show(wanted)) return;
    throw new ShapeError(
      `${this.#op}: the state does not fit the parameters: ${what} is ${show(found.shape)}, `
        + `should be ${show(wanted)}. Load the state of this model.`,
    );
  }

  #misfit(what: string): TypeError {
    return new TypeError(
      `${this.#op}: the state does not fit the parameters: ${what}. `
        + `Step the same tree every time, and load the state of this model.`,
    );
  }

  /** All that is kept, by the path of its weight. The tensors stay the store's. */
  paths(): [string, Slots][] {
    return [...this.#slots];
  }

  /** All that is kept, as trees by name. The tensors stay the store's. */
  trees(): Record<string, Tree> {
    const lists: Record<string, [string, Tensor][]> = {};
    for (const [path, slots] of this.#slots) {
      for (const [name, t] of Object.entries(slots)) (lists[name] ??= []).push([path, t]);
    }
    return mapValues(lists, (list) => treeFromPaths(list));
  }

  /**
   * Replaces all that is kept by copies, in the dtypes that they are kept in.
   *
   * @throws TypeError, DtypeError or DisposedError, with the store unchanged
   */
  replace(trees: Readonly<Record<string, Tree>>): void {
    const entries = Object.entries(trees).flatMap(([name, tree]) => {
      const leaves = treePaths(tree);
      return leaves.map(([path, t]) => [path, name, this.#checked(name, path, t)] as const);
    });
    const slots = new Map<string, Record<string, Tensor>>();
    for (const [path, name, t] of entries) {
      const own = slots.get(path) ?? {};
      const { shape, device } = t;
      const copy = keep(zeros(shape, { device, dtype: this.#typeOf(name) }));
      copyInto(copy, t);
      own[name] = copy;
      slots.set(path, own);
    }
    this.clear();
    this.#slots = slots;
  }

  #checked(name: string, path: string, t: unknown): Tensor {
    const op = `${this.#op}.load`;
    if (!(t instanceof Tensor)) {
      throw new TypeError(`${op}: not a tensor: ${name} of ${path || "the weight"}. Use tensor().`);
    }
    t.storage(op);
    checkDtype(op, t.dtype, ["f32"]);
    return t;
  }

  /** Frees all that is kept. */
  clear(): void {
    for (const slots of this.#slots.values()) dispose(slots);
    this.#slots.clear();
  }
}

function mapValues<In, Out>(
  from: Readonly<Record<string, In>>, map: (value: In, name: string) => Out,
): Record<string, Out> {
  return Object.fromEntries(Object.entries(from).map(([name, value]) => [name, map(value, name)]));
}
