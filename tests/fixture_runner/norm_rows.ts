// Which value of the package is which norm of the fixtures. One norm, one row.

import type { Tensor } from "../../autograd/index.ts";
import {
  CONVERGED, convRmsToRms, embedRms, frobenius, l1, l1ToL1, l1ToL2, l1ToRms, l1ToRmsOverFanIn, l2,
  l2ToLinf, linf, linfToLinf, maxAbs, nuclear, rms, rmsEntry, rmsToLinf, rmsToRms, schatten,
  signOverFanIn, spectral, sumAbs,
} from "../../nn/index.ts";
import type { Method, Norm } from "../../nn/index.ts";
import { Missing } from "./missing.ts";

type MatrixMap = (x: Tensor) => Tensor;

/** What the package computes of a norm, under the names of the outputs in norms.json. */
export interface NormMaps {
  readonly norm?: MatrixMap;
  readonly dual?: MatrixMap;
  readonly lmo?: MatrixMap;
  readonly sharp?: MatrixMap;
  readonly project_unit_ball?: MatrixMap;
}

const norms: Readonly<Record<string, Norm>> = {
  frobenius,
  rms_entry: rmsEntry,
  spectral,
  rms_to_rms: rmsToRms,
  nuclear,
  schatten_4: /* @__PURE__ */ schatten(4),
  "schatten_1.5": /* @__PURE__ */ schatten(1.5),
  max_abs: maxAbs,
  sum_abs: sumAbs,
  l1_to_l2: l1ToL2,
  l1_to_rms: l1ToRms,
  l1_to_rms_over_din: l1ToRmsOverFanIn,
  l2_to_linf: l2ToLinf,
  rms_to_linf: rmsToLinf,
  embed_rms: embedRms,
  sign_over_din: signOverFanIn,
  linf_to_linf: linfToLinf,
  l1_to_l1: l1ToL1,
  conv_rule: convRmsToRms,
  vec_rms: rms,
  vec_1: l1,
  vec_2: l2,
  vec_inf: linf,
};

/**
 * The maps of a norm. Iterations of the duality map are the converged ones: the default of
 * `dualize` is an approximation, and the fixtures have the exact one.
 */
function mapsOf(norm: Norm, method?: Method): NormMaps {
  return {
    norm: (x) => norm.norm(x, { method }),
    dual: (x) => norm.dualNorm(x, { method }),
    lmo: (x) => norm.dualize(x, { ...CONVERGED, method }),
    sharp: (x) => norm.sharp(x, { ...CONVERGED, method }),
    project_unit_ball: (x) => norm.projectBall(x, { method }),
  };
}

/**
 * A norm of the package by its name in the fixtures.
 *
 * @param user who asks, for the report; none if the norm itself is the case
 * @throws Missing if the package does not have it
 */
export function normByName(name: string, user?: string): Norm {
  const norm = norms[name];
  if (norm === undefined) throw new Missing(user === undefined ? name : `${user} in ${name}`);
  return norm;
}

/**
 * What the package computes of a norm.
 *
 * @throws Missing if it does not have the norm
 */
export function normMaps(name: string, user?: string, method?: Method): NormMaps {
  return mapsOf(normByName(name, user), method);
}
