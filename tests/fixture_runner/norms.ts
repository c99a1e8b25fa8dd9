// norms.json: norm, dual norm, duality map, sharp operator and Euclidean projection of one matrix.

import { mul } from "../../autograd/index.ts";
import type { Tensor } from "../../autograd/index.ts";
import type { Check } from "./check.ts";
import { isTensorValue, toTensors } from "./decode.ts";
import { Missing } from "./missing.ts";
import { normRows } from "./norm_rows.ts";
import type { NormMaps } from "./norm_rows.ts";
import type { CaseRunner, FixtureCase, FixtureValue } from "./types.ts";

// The sharp operator is the dual norm times the duality map, by its definition.
function withSharp(maps: NormMaps): NormMaps {
  const { dual, lmo } = maps;
  if (dual === undefined || lmo === undefined) return maps;
  return { sharp: (x) => mul(lmo(x), dual(x)), ...maps };
}

async function compareOutput(
  name: string,
  got: Tensor,
  expected: FixtureValue,
  check: Check,
): Promise<void> {
  if (isTensorValue(expected)) return await check.tensor(name, got, expected);
  check.values(name, await got.item(), Number(expected), "f32");
}

async function runMaps(maps: NormMaps, fixture: FixtureCase, check: Check): Promise<void> {
  const { A, x = A } = toTensors(fixture.in);
  if (x === undefined) throw new Error("fixture: there is no matrix.");
  for (const [name, expected] of Object.entries(fixture.out)) {
    const map = maps[name as keyof NormMaps];
    if (map === undefined) check.skip(`${fixture.norm}.${name}`);
    else await compareOutput(name, map(x), expected, check);
  }
}

/** Runs a case of norms.json. */
export const runNorm: CaseRunner = async (fixture, check) => {
  const name = fixture.norm ?? fixture.id;
  const row = normRows[name];
  if (row === undefined) throw new Missing(name);
  await runMaps(withSharp(row(fixture.attrs ?? {})), fixture, check);
};
