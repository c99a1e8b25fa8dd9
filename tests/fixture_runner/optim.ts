// optim.json: parameter trajectories under fixed gradients.

import { scope, treeMap } from "../../autograd/index.ts";
import type { Tensor } from "../../autograd/index.ts";
import type { Check } from "./check.ts";
import { isTensorValue, tensorList, toTensor } from "./decode.ts";
import { Missing } from "./missing.ts";
import type { Weights } from "./optim_options.ts";
import { optimRows } from "./optim_rows.ts";
import type { CaseRunner, FixtureTensor, FixtureValue, FixtureValues } from "./types.ts";

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

/** Runs a case of optim.json. */
export const runOptim: CaseRunner = async (fixture, check) => {
  const algorithm = fixture.algo ?? fixture.id;
  const row = optimRows[algorithm];
  if (row === undefined) throw new Missing(algorithm);
  const weights = named(tensorList(fixture.in, "W0"));
  const { optimizer, view = (x: Tensor) => x } = row(fixture.hyper ?? {}, weights);
  using owned = optimizer;
  const expected = steps(fixture.out, "W");
  for (const [t, grads] of steps(fixture.in ?? {}, "grads").entries()) {
    scope(() => owned.step(treeMap(view, weights), treeMap(view, named(grads))));
    await compareWeights(t, weights, expected[t] ?? [], check);
  }
};
