// Averages of the weights of a run: often better than the last ones.

import { type Shape, type Tensor, type Tree, DisposedError, ShapeError, scope, treeFromPaths } from
  "../autograd/index.ts";
import { contiguousCopy, copyInto, decide, live, show } from "../engine/index.ts";
import { Counter } from "./counter.ts";
import { COUNT, FRACTION, checkOptions } from "./check.ts";
import { blend, blendInto } from "./elementwise.ts";
import { checkSome, leavesOf } from "./leaves.ts";
import type { SlotShapes, Slots } from "./pipeline.ts";
import { type OptimizerState, Store, checkState } from "./state.ts";
import { meanFactors, takeTurn } from "./turns.ts";

/** How an average is kept. */
interface Kind {
  readonly name: string;
  readonly slots: (shape: Shape) => SlotShapes;
  /**
   * How the weights of an update are taken in.
   *
   * @param count updates so far, this one included; asked again at every replay
   */
  readonly taker: (count: () => number) => (kept: Slots, weight: Tensor) => void;
  /** How the average is made, a new tensor. */
  readonly averager: (count: () => number) => (kept: Slots) => Tensor;
}

/**
 * An average of weights over the steps of a run, in f32. What it keeps belongs to no scope: free it
 * with `dispose`. Made by `weightEma` and `lawa`.
 */
export class WeightAverage implements Disposable {
  readonly #kind: Kind;
  readonly #store: Store;
  readonly #counter = new Counter();
  #disposed = false;

  /** @param kind from `weightEma` or `lawa` */
  constructor(kind: Kind) {
    this.#kind = kind;
    this.#store = new Store(kind.name);
  }

  /** Updates so far. */
  get count(): number {
    return this.#counter.count;
  }

  /**
   * Takes the weights in as they are now; after every step, or less often.
   *
   * @param params tree of float tensors, the same every time
   * @throws TypeError or ShapeError for another tree, or one without weights; DtypeError,
   *   DisposedError
   */
  update(params: Tree): void {
    const leaves = this.#leaves("update", params);
    checkSome(`${this.#kind.name}.update`, [...leaves]);
    const wanted = this.#wanted(leaves);
    if (this.count > 0 || !this.#store.empty) this.#store.check(wanted);
    this.#counter.advance();
    const take = this.#kind.taker(() => {
      this.#checkAlive("update");
      return this.count;
    });
    scope(() => leaves.forEach((weight, path) => {
      take(this.#store.slots(path, wanted.get(path) ?? {}, weight), weight);
    }));
  }

  /**
   * The average, as a tree of new f32 tensors.
   *
   * @throws RangeError before the first update; TypeError or ShapeError if a state was loaded that
   *   is none of this average; DisposedError
   */
  average(): Tree {
    const mean = this.#averager("average");
    const kept = this.#store.paths();
    const shapes = kept.map(([path, slots]) => [path, Object.values(slots)[0] as Tensor] as const);
    this.#checkFit("average", new Map(shapes));
    return treeFromPaths(kept.map(([path, slots]) => [path, mean(slots)] as const));
  }

  /**
   * Writes the average over weights, rounded to their dtypes. To go on training from where it was,
   * copy the weights first.
   *
   * @throws RangeError before the first update; TypeError or ShapeError for another tree;
   *   DtypeError, DisposedError
   */
  copyTo(params: Tree): void {
    const mean = this.#averager("copyTo");
    const leaves = this.#leaves("copyTo", params);
    this.#checkFit("copyTo", leaves);
    const kept = new Map(this.#store.paths());
    scope(() => leaves.forEach((weight, path) => copyInto(weight, mean(kept.get(path) ?? {}))));
  }

  /** What is kept for weights, by path. */
  #wanted(leaves: ReadonlyMap<string, Tensor>): ReadonlyMap<string, SlotShapes> {
    return new Map([...leaves].map(([path, { shape }]) => [path, this.#kind.slots(shape)]));
  }

  /** Checks that what is kept is of such weights, all of it. */
  #checkFit(what: string, leaves: ReadonlyMap<string, Tensor>): void {
    const op = `${this.#kind.name}.${what}`;
    const kept = new Map(this.#store.paths());
    if (kept.size === 0) throw misfit(op, "it is empty");
    for (const path of kept.keys()) {
      if (!leaves.has(path)) throw misfit(op, `${path || "the root"} is no parameter`);
    }
    for (const [path, shapes] of this.#wanted(leaves)) {
      const slots = kept.get(path) ?? {};
      for (const name of new Set([...Object.keys(shapes), ...Object.keys(slots)])) {
        checkSlot(op, `${name} of ${path || "the root"}`, slots[name], shapes[name]);
      }
    }
  }

  #leaves(what: string, params: Tree): ReadonlyMap<string, Tensor> {
    this.#checkAlive(what);
    return leavesOf(`${this.#kind.name}.${what}`, "parameter", params);
  }

  /**
   * What is kept, to be saved: like that of an optimizer.
   *
   * @throws DisposedError after `dispose`
   */
  get state(): OptimizerState {
    this.#checkAlive("state");
    return { optimizer: this.#kind.name, step: this.count, trees: this.#store.trees() };
  }

  /**
   * Goes on from a saved state, with the same bits. The tensors are copied.
   *
   * @throws TypeError if it is the state of something else, or no state; DtypeError, DisposedError
   */
  load(state: OptimizerState): void {
    this.#checkAlive("load");
    checkState(this.#kind.name, state);
    this.#store.replace(state.trees);
    this.#counter.count = state.step;
  }

  /** How the average is made, once it is known that there is something to average. */
  #averager(what: string): (kept: Slots) => Tensor {
    const count = (): number => {
      this.#checkAlive(what);
      if (this.count > 0) return this.count;
      const op = `${this.#kind.name}.${what}`;
      throw new RangeError(`${op}: nothing to average: 0 updates. Update first.`);
    };
    decide(() => count() > 0);
    return this.#kind.averager(count);
  }

  #checkAlive(what: string): void {
    if (!this.#disposed) return;
    throw new DisposedError(
      `${this.#kind.name}.${what}: the average was disposed. Make a new one.`,
    );
  }

  /** Frees what is kept. Doing it twice is fine; using the average afterwards throws. */
  dispose(): void {
    this.#store.clear();
    this.#disposed = true;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function checkSlot(op: string, what: string, found?: Tensor, wanted?: Shape): void {
  if (!found) throw misfit(op, `${what} is missing`);
  if (!wanted) throw misfit(op, `${what} is not needed`);
  if (show(found.shape) === show(wanted)) return;
  throw new ShapeError(
    `${op}: the state does not fit the parameters: ${what} is ${show(found.shape)}, should be `
      + `${show(wanted)}. Give the tree that was averaged.`,
  );
}

function misfit(op: string, what: string): TypeError {
  return new TypeError(
    `${op}: the state does not fit the parameters: ${what}. Give the tree that was averaged, and `
      + `load the state of an average with the same options.`,
  );
}

/** Options of `weightEma`. */
export interface WeightEmaOptions {
  /** Decay at every update, in [0, 1). Default 0.999. */
  readonly decay?: number;
}

/**
 * The exponential average of weights, `average = decay average + (1 - decay) w`, from the weights
 * of the first update. It takes 4 bytes a parameter.
 *
 * @throws RangeError for an option out of range; TypeError for an unknown one
 * Source: Polyak, Juditsky 1992; Tarvainen, Valpola 2017, "Mean teachers are better role models"
 * @example
 * using average = weightEma({ decay: 0.99 });
 * average.update(weights); // after every step
 */
export function weightEma(options: WeightEmaOptions = {}): WeightAverage {
  checkOptions("weightEma", options, { decay: FRACTION });
  const { decay = 0.999 } = options;
  const kept = (slots: Slots) => slots["average"] as Tensor;
  return new WeightAverage({
    name: "weightEma",
    slots: (shape) => ({ average: shape }),
    taker: (count) => {
      const first = decide(() => count() === 1); // all others are alike
      return (slots, weight) => {
        if (first) copyInto(kept(slots), weight);
        else blendInto(kept(slots), weight, decay, 1 - decay);
      };
    },
    averager: () => (slots) => contiguousCopy(kept(slots)),
  });
}

/** Options of `lawa`. */
export interface LawaOptions {
  /** Weights that are averaged at most, >= 1. Default 6. */
  readonly window?: number;
  /** One of so many updates is taken, the first of them; >= 1. Default 1. */
  readonly every?: number;
}

/**
 * The mean of the latest weights: those of the last `window` updates that were taken. It takes
 * `4 window` bytes a parameter. In a compiled step one record does for all places of the window,
 * and one more for updates that are left out.
 *
 * @throws RangeError for an option out of range; TypeError for an unknown one
 * Source: Kaddour 2022, "Stop wasting my time! Saving days of ImageNet and BERT training with
 * latest weight averaging"
 */
export function lawa(options: LawaOptions = {}): WeightAverage {
  checkOptions("lawa", options, { window: COUNT, every: COUNT });
  const { window = 6, every = 1 } = options;
  const names = Array.from({ length: window }, (_, i) => `latest${i}`);
  const placesOf = (slots: Slots) => names.map((name) => slots[name] as Tensor);
  return new WeightAverage({
    name: "lawa",
    slots: (shape) => Object.fromEntries(names.map((name) => [name, shape])),
    taker: (count) => {
      if (!decide(() => (count() - 1) % every === 0)) return () => undefined;
      const turn = live(() => ((count() - 1) / every) % window);
      return (slots, weight) => takeTurn(placesOf(slots), weight, turn);
    },
    averager: (count) => {
      const factors = meanFactors(window, () => Math.min(Math.ceil(count() / every), window));
      return (slots) => {
        const [first, ...rest] = placesOf(slots) as [Tensor, ...Tensor[]];
        if (factors.length === 0) return contiguousCopy(first);
        return factors.reduce<Tensor>((sum, [share, more], i) => {
          return blend(sum, rest[i] as Tensor, share, more);
        }, first);
      };
    },
  });
}
