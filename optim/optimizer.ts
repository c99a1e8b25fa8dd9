import { type Tree, DisposedError, scope, treePaths } from "../autograd/index.ts";
import { show } from "../engine/index.ts";
import { FUNCTION, NOT_NEGATIVE, checkRange } from "./check.ts";
import { Watch } from "./finite.ts";
import { type Pair, checkComplete, pairs } from "./leaves.ts";
import { type Leaf, type Moment, type Rule, type SlotShapes, slotShapes, stagesOf } from
  "./pipeline.ts";
import { FROZEN, type Recipe } from "./recipe.ts";
import { type Schedule, constantRate } from "./schedule.ts";
import { type OptimizerState, Store } from "./state.ts";

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
  #steps = 0;
  #disposed = false;

  /** @throws RangeError for a learning rate or a schedule out of range, or for equal names */
  constructor(recipe: Recipe) {
    this.name = recipe.name;
    this.#recipe = recipe;
    this.#schedule = recipe.schedule ?? constantRate();
    this.#store = new Store(recipe.name);
    this.#watch = new Watch(recipe.name, recipe.onNonFinite ?? "throw");
    for (const { lr } of recipe.rules) checkRange(this.name, "lr", lr, NOT_NEGATIVE);
    checkRange(this.name, "schedule", this.#schedule, FUNCTION);
    this.#rates = new Map(recipe.rules.map(({ name, lr }) => [name, lr]));
    if (this.#rates.size === recipe.rules.length) return;
    const names = recipe.rules.map(({ name }) => name).join(", ");
    throw new RangeError(`${this.name}: two rules of one name: ${names}. Rename one.`);
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

  /** Steps done. */
  get steps(): number {
    return this.#steps;
  }

  /**
   * Which rule moves which weight, for people to read.
   *
   * @returns the rule's name, or `frozen`, for the path of every weight
   * @throws TypeError if there is a weight that no rule moves
   */
  routes(params: Tree): Record<string, string> {
    return Object.fromEntries(treePaths(params).map(([path]) => [path, this.#route(path)]));
  }

  /**
   * `routes` as text, a line for each weight: path, shape, rule, and norm where it is known.
   *
   * @throws TypeError if there is a weight that no rule moves
   */
  describe(params: Tree): string {
    const norms = new Map(this.#recipe.weights?.map(({ path, norm }) => [path, norm?.name ?? ""]));
    const rows = treePaths(params).map(([path, { shape }]) => {
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
   * @param params tree of f32 tensors, the same at every step
   * @param grads tree of the same names and shapes; they are not changed
   * @throws TypeError for trees that differ, or a weight that no rule moves; ShapeError,
   *   DtypeError, DisposedError; RangeError for a learning rate that is not a number >= 0
   * @example
   * const { value, grads } = valueAndGrad(lossOf)(params);
   * optimizer.step(params, grads);
   */
  step(params: Tree, grads: Tree): void {
    this.#checkAlive("step");
    const list = pairs(this.name, params, grads);
    checkComplete(this.name, list, this.#recipe.weights ?? []);
    const jobs = this.#jobs(list);
    for (const { rule, leaves, moment } of jobs) {
      for (const stage of stagesOf(rule)) stage.check?.(leaves, moment);
    }
    const wanted = new Map<string, SlotShapes>();
    for (const { rule, leaves } of jobs) {
      for (const { path, weight } of leaves) wanted.set(path, slotShapes(rule, weight.shape, path));
    }
    if (this.#steps > 0 || !this.#store.empty) this.#store.check(wanted);
    scope(() => {
      const moving = list.filter(({ path }) => wanted.has(path));
      const refused = this.#watch.look(moving, this.#steps + 1);
      jobs.forEach((job) => this.#run(job, wanted, refused));
    });
    this.#steps++;
  }

  #jobs(list: readonly Pair[]): Job[] {
    const routed = list.map((pair) => ({ ...pair, rule: this.#route(pair.path) }));
    return this.#recipe.rules.map((rule) => ({
      rule,
      moment: { step: this.#steps + 1, rate: this.#rate(rule) },
      leaves: routed.filter((p) => p.rule === rule.name).map(({ path, weight, grad }) => {
        return { path, weight, grad, value: grad, gain: 1, state: {} };
      }),
    }));
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
    const factor = this.#schedule(this.#steps);
    const rate = (this.#rates.get(name) ?? NaN) * factor;
    if (Number.isFinite(rate) && rate >= 0) return rate;
    throw new RangeError(
      `${this.name}: the schedule gives no learning rate: ${factor} at step ${this.#steps}. `
        + `Return a finite number >= 0.`,
    );
  }

  #run(
    { rule, leaves, moment }: Job, wanted: ReadonlyMap<string, SlotShapes>,
    refused: Moment["refused"],
  ): void {
    let now: readonly Leaf[] = leaves.map((leaf) => {
      const { path, weight } = leaf;
      return { ...leaf, state: this.#store.slots(path, wanted.get(path) ?? {}, weight) };
    });
    for (const stage of stagesOf(rule)) now = stage.run(now, { ...moment, refused });
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
   * read or copy them, and do not dispose of them.
   *
   * @throws DisposedError after `dispose`
   */
  get state(): OptimizerState {
    this.#checkAlive("state");
    return { optimizer: this.name, step: this.#steps, trees: this.#store.trees() };
  }

  /**
   * Goes on from a saved state; later steps have the same bits as if there had been no break.
   * Learning rates are not part of it. The tensors are copied.
   *
   * @throws TypeError if it is the state of another optimizer, or no state; DtypeError,
   *   DisposedError. If it is that of other parameters the next step throws
   */
  load(state: OptimizerState): void {
    this.#checkAlive("load");
    const { optimizer, step, trees } = state;
    if (optimizer !== this.name) {
      throw new TypeError(
        `${this.name}.load: the state of another optimizer: ${optimizer}. `
          + `Load what this one's \`state\` gave.`,
      );
    }
    if (!Number.isInteger(step) || step < 0 || typeof trees !== "object" || trees === null) {
      throw new TypeError(
        `${this.name}.load: not a state: step ${step}. Load what this one's \`state\` gave.`,
      );
    }
    this.#store.replace(trees);
    this.#steps = step;
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
