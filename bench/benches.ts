// All benches by the name that the command line knows them by.

import { convBenches } from "./conv.bench.ts";
import { elementwiseBenches } from "./elementwise.bench.ts";
import type { Bench } from "./harness.ts";
import { hostBenches } from "./host.bench.ts";
import { matmulBenches } from "./matmul.bench.ts";
import { opBenches } from "./ops.bench.ts";
import { reduceBenches } from "./reduce.bench.ts";
import { signBenches } from "./sign.bench.ts";
import { softmaxBenches } from "./softmax.bench.ts";

/** One row for each name. */
export const BENCHES: Readonly<Record<string, readonly Bench[]>> = {
  matmul: matmulBenches,
  conv: convBenches,
  elementwise: elementwiseBenches,
  reduce: reduceBenches,
  softmax: softmaxBenches,
  sign: signBenches,
  ops: opBenches,
  host: hostBenches,
};
