import { Tensor, isFloat, keep, scope } from "../engine/index.ts";
import { checkOptions } from "./check.ts";
import { type Grads, type ValueAndGrad, valueAndGrad } from "./grad.ts";
import { add, cast, mul } from "./ops/arithmetic.ts";
import { type Tree, treeLeaves, treeMap } from "./tree.ts";

/** Options of `accumulate`. */
export interface AccumulateOptions<B> {
  /** How much a batch counts, >= 0: its number of examples, say. Default: all the same. */
  readonly weight?: (batch: B) => number;
}

/**
 * The mean of a loss and of its gradients over batches, one batch in memory at a time: the same
 * step as with one large batch, where the loss is a mean over examples.
 *
 * @param f maps parameters and a batch to a tensor of one element
 * @returns a function of parameters and batches. The batches may come from a generator: tensors it
 *   makes are freed after their batch
 * @throws RangeError if there is no batch, or the weights are negative or add up to nothing;
 *   TypeError if `f` or `weight` is no function, or the batches cannot be iterated
 * @example
 * const { value, grads } = accumulate(lossOf)(params, [first, second]);
 */
export function accumulate<P extends Tree, B>(
  f: (params: P, batch: B) => Tensor, options: AccumulateOptions<B> = {},
): (params: P, batches: Iterable<B>) => ValueAndGrad<P> {
  const { weight = () => 1 } = checkOptions("accumulate", options, "weight");
  checkFunction("the loss", f, "Give one of parameters and a batch.");
  checkFunction("the option weight", weight, "Give one of a batch.");
  const both = valueAndGrad(f);
  return (params, batches) => {
    checkBatches(batches);
    let sums: ValueAndGrad<P> | undefined;
    let total = 0;
    const iterator = batches[Symbol.iterator]();
    const next = (): boolean => scope(() => {
      const { done, value: batch } = iterator.next();
      if (done) return false;
      const share = checkWeight(weight(batch as B));
      total += share;
      const before = sums;
      sums = keep(plus(before, both(params, batch as B), share));
      release(before);
      return true;
    });
    try {
      while (next());
      const whole = checkTotal(sums, total);
      return scope(() => finished(params, scaled(whole, 1 / total)));
    } finally {
      release(sums);
    }
  };
}

/** In float32: halves would lose what a batch adds to a sum of many. */
function scaled<P>({ value, grads }: ValueAndGrad<P>, factor: number): ValueAndGrad<P> {
  const times = (t: Tensor) => mul(cast(t, "f32"), factor);
  return { value: times(value), grads: treeMap(times, grads as Tree) as Grads<P> };
}

/** Gradients in the dtypes of the parameters, as `grad` gives them. */
function finished<P extends Tree>(
  params: P, { value, grads }: ValueAndGrad<P>,
): ValueAndGrad<P> {
  const like = (p: Tensor, g: Tensor) => (isFloat(p.dtype) ? cast(g, p.dtype) : g);
  return { value, grads: treeMap(like as never, params, grads as Tree) as Grads<P> };
}

function plus<P>(
  sums: ValueAndGrad<P> | undefined, next: ValueAndGrad<P>, weight: number,
): ValueAndGrad<P> {
  const more = scaled(next, weight);
  if (!sums) return more;
  return {
    value: add(sums.value, more.value),
    grads: treeMap((g, d) => add(g, d as Tensor), sums.grads as Tree, more.grads as Tree) as
      Grads<P>,
  };
}

function release<P>(sums: ValueAndGrad<P> | undefined): void {
  if (!sums) return;
  sums.value.dispose();
  for (const g of treeLeaves(sums.grads as Tree)) g.dispose();
}

function checkFunction(what: string, given: unknown, remedy: string): void {
  if (typeof given === "function") return;
  throw new TypeError(`accumulate: ${what} is not a function: ${kindOf(given)}. ${remedy}`);
}

function checkBatches(batches: unknown): void {
  const { [Symbol.iterator]: iterator } = (batches ?? {}) as Partial<Iterable<unknown>>;
  if (typeof iterator === "function") return;
  throw new TypeError(
    `accumulate: the batches cannot be iterated: ${kindOf(batches)}. Give a list of them.`,
  );
}

function kindOf(x: unknown): string {
  if (x instanceof Tensor) return "a tensor";
  return x === null ? "null" : typeof x;
}

function checkWeight(weight: number): number {
  if (weight >= 0 && weight < Infinity) return weight;
  throw new RangeError(`accumulate: a batch has no such weight: ${weight}. Use 0 or more.`);
}

function checkTotal<T>(sums: T | undefined, total: number): T {
  if (sums && total > 0) return sums;
  throw new RangeError(
    sums ? "accumulate: the weights add up to 0. Give a batch some weight."
      : "accumulate: there is no batch. Give at least one.",
  );
}
