// Which optimizer of the package is which algorithm of optim.json. One algorithm, one row.

import type { Tensor } from "../../autograd/index.ts";
import { exported } from "./exported.ts";
import { Missing } from "./missing.ts";
import type { CaseRunner, FixtureValues } from "./types.ts";

/** Weights by name: `w0`, `w1`, ... in the order of the file. */
export type Weights = Readonly<Record<string, Tensor>>;

/** What the runner needs of an optimizer: a step that changes the weights in place. */
export interface Optimizer {
  step(weights: Weights, grads: Weights): void;
  /** Frees its state. */
  dispose?(): void;
}

/** Makes the optimizer of a case. */
export type OptimRow = (hyper: FixtureValues, weights: Weights) => Optimizer;

/**
 * Options of the package from the hyper-parameters of a case.
 *
 * @param algorithm to name in the report
 * @param names the package's name for each name of the file
 * @throws Missing if the case has one that is not listed: it must not be left out silently
 */
export function optionsFrom(
  algorithm: string,
  hyper: FixtureValues,
  names: Readonly<Record<string, string>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(hyper).map(([name, value]) => {
      const option = names[name];
      if (option === undefined) throw new Missing(`${algorithm} with ${name}`);
      return [option, value];
    }),
  );
}

function simple(name: string, names: Readonly<Record<string, string>>): OptimRow {
  return (hyper) => exported<(options: object) => Optimizer>(name)(optionsFrom(name, hyper, names));
}

const COMMON = { lr: "lr", weight_decay: "weightDecay", momentum: "momentum" } as const;
const ADAM = { lr: "lr", betas: "betas", eps: "eps", weight_decay: "weightDecay" } as const;

/** Every algorithm of optim.json that the package has, by its name in the file. */
export const optimRows: Readonly<Record<string, OptimRow>> = {
  sgd: simple("sgd", { ...COMMON, dampening: "dampening", nesterov: "nesterov" }),
  adam: simple("adam", ADAM),
  adamw: simple("adamW", ADAM),
};

/** Algorithms whose cases have inputs of their own, with the runner for them. */
export const ownRunners: Readonly<Record<string, CaseRunner>> = {};
