// norms.json: norm, dual norm, duality map, sharp operator and Euclidean projection of one matrix.

import type { Tensor } from "../../autograd/index.ts";
import { JORDAN, exact } from "../../nn/index.ts";
import type { Check } from "./check.ts";
import { isTensorValue, toTensors } from "./decode.ts";
import { Missing } from "./missing.ts";
import { normMaps } from "./norm_rows.ts";
import type { NormMaps } from "./norm_rows.ts";
import { scionNorm } from "./scion_norms.ts";
import type { CaseRunner, FixtureCase, FixtureValue } from "./types.ts";

async function compareOutput(
  name: string,
  got: Tensor,
  expected: FixtureValue,
  check: Check,
): Promise<void> {
  if (isTensorValue(expected)) return await check.tensor(name, got, expected);
  check.values(name, await got.item(), Number(expected), "f32");
}

async function runMaps(
  maps: NormMaps, x: Tensor, fixture: FixtureCase, check: Check,
): Promise<void> {
  for (const [name, expected] of Object.entries(fixture.out)) {
    const map = maps[name as keyof NormMaps];
    if (map === undefined) throw new Missing(`${fixture.norm}.${name}`);
    await compareOutput(name, map(x), expected, check);
  }
}

// The reference orthogonalizes by Jordan's five steps.
function scionMaps(name: string, fixture: FixtureCase, { shape }: Tensor): NormMaps {
  const norm = scionNorm(name, fixture.attrs ?? {}, shape);
  return { lmo: (x) => norm.dualize(x, JORDAN) };
}

/** Runs a case of norms.json. */
export const runNorm: CaseRunner = async (fixture, check) => {
  const name = fixture.norm ?? fixture.id;
  const { A, x = A } = toTensors(fixture.in);
  if (x === undefined) throw new Error("fixture: there is no matrix.");
  const scion = /^scion\.(.+)$/.exec(name)?.[1];
  if (scion !== undefined) return await runMaps(scionMaps(scion, fixture, x), x, fixture, check);
  for (const method of [undefined, exact]) {
    await runMaps(normMaps(name, undefined, method), x, fixture, check);
  }
};
