// Which runner takes which kind of file. One kind, one row.

import { runModula } from "./modula.ts";
import { runNorm } from "./norms.ts";
import { runOptim } from "./optim.ts";
import { runPolar } from "./polar.ts";
import { runOp, runProgram } from "./run_ops.ts";
import { runTheory } from "./theory.ts";
import type { CaseRunner } from "./types.ts";

/** Runners by the `kind` of a file. */
export const runners: Readonly<Record<string, CaseRunner>> = {
  ops: runOp,
  programs: runProgram,
  norms: runNorm,
  polar: runPolar,
  optim: runOptim,
  modula: runModula,
  theory: runTheory,
};
