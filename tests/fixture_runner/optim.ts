// optim.json: parameter trajectories under fixed gradients.

import { scope } from "../../autograd/index.ts";
import type { Tensor } from "../../autograd/index.ts";
import type { Check } from "./check.ts";
import { isTensorValue, tensorList, toTensor } from "./decode.ts";
import { Missing } from "./missing.ts";
import { optimRows, ownRunners } from "./optim_rows.ts";
import type { Weights } from "./optim_rows.ts";
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
  const own = ownRunners[algorithm];
  if (own !== undefined) return await own(fixture, check);
  const row = optimRows[algorithm];
  if (row === undefined) throw new Missing(algorithm);
  const initial = tensorList(fixture.in, "W0");
  const weights = named(initial);
  const optimizer = row(fixture.hyper ?? {}, weights);
  const expected = steps(fixture.out, "W");
  for (const [t, grads] of steps(fixture.in ?? {}, "grads").entries()) {
    scope(() => optimizer.step(weights, named(grads)));
    await compareWeights(t, weights, expected[t] ?? [], check);
  }
  optimizer.dispose?.();
};
