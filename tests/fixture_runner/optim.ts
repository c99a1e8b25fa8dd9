// optim.json: parameter trajectories under fixed gradients.

import { add, assign, scope, zeros } from "../../autograd/index.ts";
import type { Tensor } from "../../autograd/index.ts";
import type { Check } from "./check.ts";
import { isTensorValue, tensorList, toTensor } from "./decode.ts";
import { Missing } from "./missing.ts";
import type { Stepped, Weights } from "./optim_options.ts";
import { optimRows } from "./optim_rows.ts";
import { optimSpecials } from "./optim_specials.ts";
import type { CaseRunner, FixtureCase, FixtureTensor, FixtureValue, FixtureValues } from
  "./types.ts";

// Names in the order of the list, as the optimizer sees them.
function named(list: readonly FixtureTensor[]): Weights {
  return Object.fromEntries(list.map((value, i) => [`w${i}`, toTensor(value)]));
}

function steps(values: FixtureValues, name: string): FixtureTensor[][] {
  const value = values[name];
  if (!Array.isArray(value)) throw new Error(`fixture: "${name}" is not a list of steps.`);
  return value.map((step: FixtureValue) => {
    if (Array.isArray(step) && step.every(isTensorValue)) return step;
    throw new Error(`fixture: a step of "${name}" is not a list of tensors.`);
  });
}

async function compareWeights(
  t: number,
  weights: Weights,
  expected: readonly FixtureTensor[],
  check: Check,
): Promise<void> {
  for (const [i, want] of expected.entries()) {
    const got: Tensor | undefined = weights[`w${i}`];
    if (got === undefined) check.fail(`W[${t}][${i}]`, "there is no such weight");
    else await check.tensor(`W[${t}][${i}]`, got, want, "W");
  }
}

// What must hold after every step.
async function follow(
  { optimizer, accumulates = false }: Stepped, fixture: FixtureCase, weights: Weights,
  check: Check,
): Promise<void> {
  using owned = optimizer;
  const expected = steps(fixture.out, "W");
  const sums = Object.fromEntries(Object.entries(weights).map(([path, { shape }]) => {
    return [path, zeros(shape)] as const;
  }));
  for (const [t, grads] of steps(fixture.in ?? {}, "grads").entries()) {
    scope(() => {
      const now = named(grads);
      for (const [path, sum] of Object.entries(sums)) assign(sum, add(sum, now[path] as Tensor));
      owned.step(weights, accumulates ? sums : now);
    });
    await compareWeights(t, weights, expected[t] ?? [], check);
  }
}

/** Runs a case of optim.json. */
export const runOptim: CaseRunner = async (fixture, check) => {
  const algorithm = fixture.algo ?? fixture.id;
  const special = optimSpecials[algorithm];
  if (special) return special(fixture, check);
  const row = optimRows[algorithm];
  if (row === undefined) throw new Missing(algorithm);
  const weights = named(tensorList(fixture.in, "W0"));
  return follow(row(fixture.hyper ?? {}, weights), fixture, weights, check);
};
