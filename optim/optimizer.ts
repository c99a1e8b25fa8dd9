import { type Tensor, type Tree, DisposedError, evaluate, scope } from "../autograd/index.ts";
import { atReplay, live, show } from "../engine/index.ts";
import { neighbours, runAll, runFlat } from "./bundle.ts";
import { NOT_NEGATIVE, checkRange } from "./check.ts";
import { clipsOf } from "./clip.ts";
import { Counter } from "./counter.ts";
import { Watch } from "./finite.ts";
import { pick } from "./geometry.ts";
import { type Pair, checkComplete, checkSome, pairs, reducedBy, tensorsOf } from "./leaves.ts";
import { type Leaf, type Moment, type Now, type Rule, type SlotShapes, type Stage, momentAt,
  stagesOf } from "./pipeline.ts";
import { Precision } from "./precision.ts";
import { FROZEN, type Recipe, checkNamed, checkRecipe } from "./recipe.ts";
import { type Schedule, constantRate } from "./schedule.ts";
import { type OptimizerState, Store, checkState } from "./state.ts";

/** The weights of one rule, checked and ready. */
interface Job {
  readonly rule: Rule;
  readonly leaves: readonly Leaf[];
  readonly moment: Moment;
}

/**
 * Moves weights by their gradients: the pipeline `average -> dualize -> step` over trees.
 *
 * Made by `modularDescent`, `muon`, `adam` and the like. Its state is made at the first step and
 * belongs to no scope: free it with `dispose`.
 */
export class Optimizer implements Disposable {
  readonly name: string;
  readonly #recipe: Recipe;
  readonly #rates: Map<string, number>;
  readonly #schedule: Schedule;
  readonly #store: Store;
  readonly #watch: Watch;
  readonly #precision: Precision;
  readonly #clips: readonly Stage[];
  readonly #counter = new Counter();
  #disposed = false;

  /**
   * @throws RangeError for a learning rate or a schedule out of range, or for equal names;
   *   TypeError for a factor of no parameter
   */
  constructor(recipe: Recipe) {
    checkRecipe(recipe);
    this.name = recipe.name;
    this.#recipe = recipe;
    this.#schedule = recipe.schedule ?? constantRate();
    const { name, clip, weights } = recipe;
    this.#precision = new Precision(name, recipe.state, recipe.master);
    this.#store = new Store(name, (kind) => this.#precision.typeOf(kind));
    this.#clips = clipsOf(name, clip, weights);
    this.#watch = new Watch(recipe.name, recipe.onNonFinite ?? "throw");
    this.#rates = new Map(recipe.rules.map(({ name, lr }) => [name, lr]));
  }

  /** Learning rate of the main rule, before the schedule. Setting it changes nothing else. */
  get lr(): number {
    return this.#rates.get(this.#recipe.rules[0].name) ?? NaN;
  }

  set lr(lr: number) {
    this.setLr(lr);
  }

  /**
   * Changes the learning rate of one rule.
   *
   * @param lr finite, >= 0
   * @param rule its name; default: the main one
   * @throws RangeError
   */
  setLr(lr: number, rule: string = this.#recipe.rules[0].name): void {
    checkRange(this.name, "lr", lr, NOT_NEGATIVE);
    if (!this.#rates.has(rule)) {
      throw new RangeError(
        `${this.name}: no such rule: ${rule}. Use ${[...this.#rates.keys()].join(" or ")}.`,
      );
    }
    this.#rates.set(rule, lr);
  }

  /** Learning rates by the names of the rules, before the schedule. */
  get rates(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#rates);
  }

  /** Steps done, refused ones among them: which those were is known on the device alone. */
  get steps(): number {
    return this.#counter.count;
  }

  /**
   * Which rule moves which weight, for people to read.
   *
   * @returns the rule's name, or `frozen`, for the path of every weight
   * @throws TypeError if there is a weight that no rule moves, or for what is no tree of tensors
   */
  routes(params: Tree): Record<string, string> {
    const leaves = tensorsOf(`${this.name}.routes`, "parameter", params);
    return Object.fromEntries([...leaves.keys()].map((path) => [path, this.#route(path)]));
  }

  /**
   * `routes` as text, a line for each weight: path, shape, rule, and norm where it is known.
   *
   * @throws TypeError if there is a weight that no rule moves, or for what is no tree of tensors
   */
  describe(params: Tree): string {
    const leaves = tensorsOf(`${this.name}.describe`, "parameter", params);
    const norms = new Map(this.#recipe.weights?.map(({ path, norm }) => [path, norm?.name ?? ""]));
    const rows = [...leaves].map(([path, { shape }]) => {
      return [path, show(shape), this.#route(path), norms.get(path) ?? ""];
    });
    const widths = [0, 1, 2].map((i) => Math.max(0, ...rows.map((row) => row[i]?.length ?? 0)));
    const line = (row: readonly string[]) => row.map((x, i) => x.padEnd(widths[i] ?? 0)).join("  ");
    return rows.map((row) => line(row).trimEnd()).join("\n");
  }

  /**
   * Changes the weights in place, and leaves nothing behind but its state. What is wrong is found
   * out before anything is recorded, and then neither weights nor state have changed. A gradient
   * that is not finite is found out on the device; see `NonFinite`.
   *
   * @param params tree of float tensors, the same at every step
   * @param grads tree of float tensors with the same names and shapes; they are not changed
   * @throws TypeError for trees that differ, without weights, or with one that no rule moves;
   *   ShapeError, DtypeError, DisposedError; RangeError for a learning rate that is not a number
   *   >= 0
   * @example
   * const { value, grads } = valueAndGrad(lossOf)(params);
   * optimizer.step(params, grads);
   */
  step(params: Tree, grads: Tree): void {
    this.#checkAlive("step");
    const { reduce } = this.#recipe;
    scope(() => this.#stepBy(pairs(this.name, params, reducedBy(this.name, reduce, grads))));
    this.#counter.advance();
  }

  #stepBy(list: readonly Pair[]): void {
    checkComplete(this.name, list, this.#recipe.weights ?? []);
    const jobs = this.#jobs(list);
    const wanted = this.#wanted(jobs);
    checkSome(this.name, list);
    const moving = list.filter(({ path }) => wanted.has(path));
    const refused = this.#watch.look(moving, live(() => this.steps + 1));
    const values = this.#clipped(jobs, refused);
    for (const { rule, leaves, moment } of jobs) {
      const ready = leaves.map((leaf) => {
        const { path, weight, value } = leaf;
        const state = this.#store.slots(path, wanted.get(path) ?? {}, weight);
        return { ...leaf, value: values.get(path) ?? value, state };
      });
      this.#run(rule, ready, { ...moment, refused });
    }
  }

  /** What every weight's state is to be, checked against what there is. */
  #wanted(jobs: readonly Job[]): ReadonlyMap<string, SlotShapes> {
    const wanted = new Map(jobs.flatMap(({ rule, leaves }) => leaves.map(({ path, weight }) => {
      return [path, this.#precision.slots(rule, weight, path)] as const;
    })));
    this.#precision.check(wanted.values());
    if (this.steps > 0 || !this.#store.empty) this.#store.check(wanted);
    return wanted;
  }

  /** The gradients of all rules together within their limits, by path. */
  #clipped(jobs: readonly Job[], refused: Moment["refused"]): ReadonlyMap<string, Tensor> {
    let leaves = jobs.flatMap((job) => job.leaves);
    const moment = { ...momentAt(() => ({ step: this.steps + 1, rate: 0 })), refused };
    for (const stage of this.#clips) leaves = [...stage.run(leaves, moment)];
    return new Map(leaves.map(({ path, value }) => [path, value]));
  }

  /** The weights of every rule, once it is known that the step can be done. */
  #jobs(list: readonly Pair[]): Job[] {
    const { lrFactors = {} } = this.#recipe;
    checkNamed(this.#recipe, list.map(({ path }) => path));
    const routed = list.map((pair) => ({ ...pair, rule: this.#route(pair.path) }));
    return this.#recipe.rules.map((rule) => {
      const own = routed.filter((p) => p.rule === rule.name);
      const leaves = own.map(({ path, weight, grad }) => {
        const lrFactor = pick(lrFactors, path) ?? 1;
        return { path, weight, grad, value: grad, gain: 1, lrFactor, state: {} };
      });
      return { rule, leaves, moment: momentAt(this.#begin(rule, leaves)) };
    });
  }

  /** Looks at the clock for a rule, and checks that it can do the step. */
  #begin(rule: Rule, leaves: readonly Leaf[]): () => Now {
    let now: Now = { step: 0, rate: 0 };
    atReplay(this.#counter, () => {
      this.#checkAlive("step");
      now = { step: this.steps + 1, rate: this.#rate(rule) };
      for (const stage of stagesOf(rule)) stage.check?.(leaves, now);
    });
    return () => now;
  }

  #route(path: string): string {
    const { rules, route = () => rules[0].name } = this.#recipe;
    const name = route(path);
    if (name === FROZEN || (name !== undefined && this.#rates.has(name))) return name;
    throw new TypeError(
      `${this.name}: no rule for a parameter: ${path || "the root"}. `
        + `Make the optimizer with the module that the parameters belong to.`,
    );
  }

  #rate({ name }: Rule): number {
    const factor = this.#schedule(this.steps);
    const rate = (this.#rates.get(name) ?? NaN) * factor;
    if (Number.isFinite(rate) && rate >= 0) return rate;
    throw new RangeError(
      `${this.name}: the schedule gives no learning rate: ${factor} at step ${this.steps}. `
        + `Return a finite number >= 0.`,
    );
  }

  #run(rule: Rule, leaves: readonly Leaf[], moment: Moment): void {
    for (const part of rule.apart ? leaves.map((leaf) => [leaf]) : [leaves]) {
      scope(() => {
        const inside = part.map((leaf) => this.#precision.enter(rule, leaf));
        let now: readonly Leaf[] = inside;
        for (const stages of neighbours(stagesOf(rule))) {
          const isFlat = stages[0]?.flat !== undefined;
          now = isFlat ? runFlat(stages, now, moment, this.#store) : runAll(stages, now, moment);
        }
        part.forEach((leaf, i) => this.#precision.leave(leaf, inside[i] ?? leaf));
        // Updates wait for each other, but not longer: they hold gradients and directions.
        evaluate(part.map(({ path, weight }) => [weight, this.#store.slots(path, {}, weight)]));
      });
    }
  }

  /**
   * The weights whose gradients were not finite, of an optimizer with `onNonFinite: "skip"`.
   *
   * @returns the number of the last step that was refused for its gradient, by path
   */
  refusals(): Promise<Record<string, number>> {
    return this.#watch.refusals();
  }

  /**
   * What has been learnt so far. The tensors stay the optimizer's and change with its next step:
   * read or copy them before, and do not dispose of them.
   *
   * @throws DisposedError after `dispose`
   */
  get state(): OptimizerState {
    this.#checkAlive("state");
    const counter = this.#counter;
    const trees = this.#store.trees();
    return { optimizer: this.name, get step() { return counter.count; }, trees };
  }

  /**
   * Goes on from a saved state; later steps have the same bits as if there had been no break.
   * Learning rates are not part of it. The tensors are copied, in the dtypes that this optimizer
   * keeps.
   *
   * @throws TypeError if it is the state of another optimizer, or no state; DtypeError,
   *   DisposedError. If it is that of other parameters the next step throws
   */
  load(state: OptimizerState): void {
    this.#checkAlive("load");
    checkState(this.name, state);
    this.#store.replace(state.trees);
    this.#counter.count = state.step;
  }

  #checkAlive(what: string): void {
    if (!this.#disposed) return;
    throw new DisposedError(`${this.name}.${what}: the optimizer was disposed. Make a new one.`);
  }

  /** Frees the state. Doing it twice is fine; using the optimizer afterwards throws. */
  dispose(): void {
    this.#store.clear();
    this.#watch.dispose();
    this.#disposed = true;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
