// What the rows of the optimizer table are made of.

import type { Tensor } from "../../autograd/index.ts";
import type { Optimizer } from "../../optim/index.ts";
import { Missing } from "./missing.ts";
import { only } from "./op_rows.ts";
import type { FixtureValues } from "./types.ts";

/** Weights by name: `w0`, `w1`, ... in the order of the file. */
export type Weights = Readonly<Record<string, Tensor>>;

/** An optimizer and how it takes gradients. */
export interface Stepped {
  readonly optimizer: Optimizer;
  /** Gradients are added to those of the step before, which it keeps as its state. */
  readonly accumulates?: boolean;
}

/** Makes the optimizer of a case. */
export type OptimRow = (hyper: FixtureValues, weights: Weights) => Stepped;

/** The package's name of an option for each name of the file. */
export type Names = Readonly<Record<string, string>>;

/**
 * Options of the package from the hyper-parameters of a case.
 *
 * @param algorithm to name in the report
 * @throws Missing if the case has one that is not listed: it must not be left out silently
 */
export function optionsFrom<Options>(
  algorithm: string, hyper: FixtureValues, names: Names,
): Options {
  only(hyper, algorithm, Object.keys(names));
  const entries = Object.entries(hyper).map(([name, value]) => [names[name], value] as const);
  return Object.fromEntries(entries) as Options; // the package checks them itself
}

/**
 * The hyper-parameters without those whose values the package has anyway.
 *
 * @param fixed these values by name
 * @throws Missing if the case has another value for one of them
 */
export function without(
  algorithm: string, hyper: FixtureValues, fixed: FixtureValues,
): FixtureValues {
  for (const [name, value] of Object.entries(fixed)) {
    if (name in hyper && hyper[name] !== value) {
      throw new Missing(`${algorithm} with ${name} ${String(hyper[name])}`);
    }
  }
  return Object.fromEntries(Object.entries(hyper).filter(([name]) => !(name in fixed)));
}
