// Which value of the package is which norm of the fixtures. One norm, one row.

import { mul } from "../../autograd/index.ts";
import type { Tensor } from "../../autograd/index.ts";
import {
  CONVERGED, embedRms, frobenius, l1ToL2, l1ToRms, l1ToRmsOverFanIn, l2ToLinf, maxAbs, rms,
  rmsEntry, rmsToLinf, rmsToRms, signOverFanIn, spectral,
} from "../../nn/index.ts";
import type { Norm } from "../../nn/index.ts";
import { Missing } from "./missing.ts";
import { oneRow } from "./views.ts";

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
  max_abs: maxAbs,
  l1_to_l2: l1ToL2,
  l1_to_rms: l1ToRms,
  l1_to_rms_over_din: l1ToRmsOverFanIn,
  l2_to_linf: l2ToLinf,
  rms_to_linf: rmsToLinf,
  embed_rms: embedRms,
  sign_over_din: signOverFanIn,
  vec_rms: rms,
};

/**
 * The maps of a norm, the duality map by converged iterations: the default of `dualize` is an
 * approximation, and the fixtures have the exact one.
 */
export function mapsOf(norm: Norm): NormMaps {
  const lmo: MatrixMap = (x) => norm.dualize(x, CONVERGED);
  return {
    norm: (x) => norm.norm(x),
    dual: (x) => norm.dualNorm(x),
    lmo,
    sharp: (x) => mul(lmo(x), norm.dualNorm(x)), // by its definition
  };
}

// Vectors in norms of matrices: a vector as one row.
function ofRow(map: MatrixMap): NormMaps {
  return { norm: (x) => map(oneRow(x)) };
}

const vectorMaps: Readonly<Record<string, NormMaps>> = {
  vec_1: /* @__PURE__ */ ofRow((x) => maxAbs.dualNorm(x)),
  vec_2: /* @__PURE__ */ ofRow((x) => frobenius.norm(x)),
  vec_inf: /* @__PURE__ */ ofRow((x) => maxAbs.norm(x)),
};

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
export function normMaps(name: string, user?: string): NormMaps {
  return vectorMaps[name] ?? mapsOf(normByName(name, user));
}
