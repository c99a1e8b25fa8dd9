import { type Shape, type Tree, ShapeError, Tensor, dispose, keep, treeFromPaths, treePaths, zeros }
  from "../autograd/index.ts";
import { checkDtype, checkWords, contiguousCopy, show } from "../engine/index.ts";
import type { SlotShapes, Slots } from "./pipeline.ts";

/** What an optimizer has learnt so far: enough to go on with the same bits. */
export interface OptimizerState {
  /** Name of the optimizer that it belongs to. */
  readonly optimizer: string;
  /** Steps done. */
  readonly step: number;
  /** Trees of f32 tensors like the parameters, by what they hold: `momentum`, `rms`. */
  readonly trees: Readonly<Record<string, Tree>>;
}

/** The tensors that an optimizer keeps, by the path of their weight. They belong to no scope. */
export class Store {
  readonly #op: string;
  #slots = new Map<string, Slots>();

  /** @param op the optimizer's name, for errors */
  constructor(op: string) {
    this.#op = op;
  }

  /** Whether nothing is kept. */
  get empty(): boolean {
    return this.#slots.size === 0;
  }

  /** What is kept for a weight, made of zeros the first time. */
  slots(path: string, shapes: SlotShapes, like: Tensor): Slots {
    const found = this.#slots.get(path);
    if (found) return found;
    const { device } = like;
    const made = mapValues(shapes, (shape) => keep(zeros(shape, { device })));
    if (Object.keys(made).length > 0) this.#slots.set(path, made);
    return made;
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

  /** All that is kept, as trees by name. The tensors stay the store's. */
  trees(): Record<string, Tree> {
    const lists: Record<string, [string, Tensor][]> = {};
    for (const [path, slots] of this.#slots) {
      for (const [name, t] of Object.entries(slots)) (lists[name] ??= []).push([path, t]);
    }
    return mapValues(lists, (list) => treeFromPaths(list));
  }

  /**
   * Replaces all that is kept by copies.
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
      own[name] = keep(contiguousCopy(t));
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
    checkWords(op, [t]);
    return t;
  }

  /** Frees all that is kept. */
  clear(): void {
    for (const slots of this.#slots.values()) dispose(slots);
    this.#slots.clear();
  }
}

function mapValues<In, Out>(
  from: Readonly<Record<string, In>>, map: (value: In) => Out,
): Record<string, Out> {
  return Object.fromEntries(Object.entries(from).map(([name, value]) => [name, map(value)]));
}
