// modula.json: modules with their geometry. Which runner takes which case.

import { runGeneration2024, runSharpness } from "./modula_2024.ts";
import { runBond } from "./modula_bonds.ts";
import { Missing } from "./missing.ts";
import { runConvRule, runDescent, runInitScale } from "./modula_parts.ts";
import { runModule } from "./modula_module.ts";
import type { CaseRunner } from "./types.ts";

const byName: Readonly<Record<string, CaseRunner>> = {
  descent: runDescent,
  conv_rule: runConvRule,
  init_scale: runInitScale,
  sharpness: runSharpness,
};

/** Runs a case of modula.json. */
export const runModula: CaseRunner = async (fixture, check) => {
  const name = fixture.module ?? fixture.id;
  if (fixture.expr !== undefined) return await runModule(fixture, check);
  if (/^bond(2024)?\./.test(name)) return await runBond(fixture, check);
  if (name.startsWith("gen2024.")) return await runGeneration2024(fixture, check);
  const runner = byName[name];
  if (runner === undefined) throw new Missing(name);
  await runner(fixture, check);
};
