// Averages of the weights of a run: often better than the last ones.

import { type Shape, type Tensor, type Tree, DisposedError, scope, treeFromPaths } from
  "../autograd/index.ts";
import { contiguousCopy, copyInto, decide } from "../engine/index.ts";
import { Counter } from "./counter.ts";
import { COUNT, FRACTION, checkOptions } from "./check.ts";
import { blend, blendInto } from "./elementwise.ts";
import { leavesOf } from "./leaves.ts";
import type { SlotShapes, Slots } from "./pipeline.ts";
import { type OptimizerState, Store, checkState } from "./state.ts";

/** How an average is kept. */
interface Kind {
  readonly name: string;
  readonly slots: (shape: Shape) => SlotShapes;
  /** What is done with an update; `count` is 1 for the first. */
  readonly phase: (count: number) => number;
  /** Takes the weights of an update in. */
  readonly take: (kept: Slots, weight: Tensor, phase: number) => void;
  /** How many things the average is of, after so many updates. */
  readonly parts: (count: number) => number;
  /** The average of so many, a new tensor. */
  readonly mean: (kept: Slots, parts: number) => Tensor;
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
   * @throws TypeError or ShapeError for another tree; DtypeError, DisposedError
   */
  update(params: Tree): void {
    const leaves = this.#leaves("update", params);
    const { slots, phase, take } = this.#kind;
    const wanted = new Map([...leaves].map(([path, { shape }]) => [path, slots(shape)]));
    if (this.count > 0 || !this.#store.empty) this.#store.check(wanted);
    this.#counter.advance();
    const now = decide(() => {
      this.#checkAlive("update");
      return phase(this.count);
    });
    scope(() => leaves.forEach((weight, path) => {
      take(this.#store.slots(path, wanted.get(path) ?? {}, weight), weight, now);
    }));
  }

  /**
   * The average, as a tree of new f32 tensors.
   *
   * @throws RangeError before the first update; DisposedError
   */
  average(): Tree {
    const parts = this.#parts("average");
    const paths = this.#store.paths();
    return treeFromPaths(paths.map(([path, kept]) => {
      return [path, this.#kind.mean(kept, parts)] as const;
    }));
  }

  /**
   * Writes the average over weights, rounded to their dtypes. To go on training from where it was,
   * copy the weights first.
   *
   * @throws RangeError before the first update; TypeError or ShapeError for another tree;
   *   DtypeError, DisposedError
   */
  copyTo(params: Tree): void {
    const parts = this.#parts("copyTo");
    const leaves = this.#leaves("copyTo", params);
    const { slots, mean } = this.#kind;
    this.#store.check(new Map([...leaves].map(([path, { shape }]) => [path, slots(shape)])));
    const kept = new Map(this.#store.paths());
    scope(() => leaves.forEach((weight, path) => {
      copyInto(weight, mean(kept.get(path) ?? {}, parts));
    }));
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

  /** How many things there are to average. */
  #parts(what: string): number {
    return decide(() => {
      this.#checkAlive(what);
      if (this.count > 0) return this.#kind.parts(this.count);
      const op = `${this.#kind.name}.${what}`;
      throw new RangeError(`${op}: nothing to average: 0 updates. Update first.`);
    });
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
    phase: (count) => Math.min(count, 2), // all but the first are alike
    take: (slots, weight, phase) => {
      if (phase === 1) copyInto(kept(slots), weight);
      else blendInto(kept(slots), weight, decay, 1 - decay);
    },
    parts: () => 1,
    mean: (slots) => contiguousCopy(kept(slots)),
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
 * `4 window` bytes a parameter.
 *
 * @throws RangeError for an option out of range; TypeError for an unknown one
 * Source: Kaddour 2022, "Stop wasting my time! Saving days of ImageNet and BERT training with
 * latest weight averaging"
 */
export function lawa(options: LawaOptions = {}): WeightAverage {
  checkOptions("lawa", options, { window: COUNT, every: COUNT });
  const { window = 6, every = 1 } = options;
  const places = Array.from({ length: window }, (_, i) => `latest${i}`);
  return new WeightAverage({
    name: "lawa",
    slots: (shape) => Object.fromEntries(places.map((place) => [place, shape])),
    phase: (count) => {
      const taken = (count - 1) / every;
      return Number.isInteger(taken) ? taken % window : -1;
    },
    take: (slots, weight, place) => {
      if (place >= 0) copyInto(slots[`latest${place}`] as Tensor, weight);
    },
    parts: (count) => Math.min(Math.ceil(count / every), window),
    mean: (slots, number) => {
      const parts = places.slice(0, number).map((place) => slots[place] as Tensor);
      const [first, ...rest] = parts as [Tensor, ...Tensor[]];
      if (rest.length === 0) return contiguousCopy(first);
      return rest.reduce((sum, x, i) => {
        const last = i === rest.length - 1 ? 1 / number : 1;
        return blend(sum, x, last, last);
      }, first);
    },
  });
}
