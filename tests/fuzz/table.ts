// Every op that is fuzzed and that the package exports.

import { isExported } from "../fixture_runner/exported.ts";
import { compositeOps } from "./composites.ts";
import { elementwiseOps } from "./curves.ts";
import { foldingOps } from "./folds.ts";
import { movingOps } from "./moves.ts";
import { placingOps } from "./placings.ts";
import type { FuzzOp, OpTable } from "./types.ts";
import { windowOps } from "./windows.ts";

/** All that are written down. */
export const written: readonly FuzzOp[] = [
  ...elementwiseOps, ...movingOps, ...placingOps, ...foldingOps, ...compositeOps, ...windowOps,
];

/** Those that can run. */
export const table: OpTable = Object.fromEntries(
  written.filter(({ name }) => isExported(name)).map((op) => [op.name, op]),
);
