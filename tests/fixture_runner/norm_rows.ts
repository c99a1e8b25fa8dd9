// Which value of the package is which norm of norms.json. One norm, one row.

import type { Tensor } from "../../autograd/index.ts";
import { exported } from "./exported.ts";
import type { FixtureValues } from "./types.ts";

type MatrixMap = (x: Tensor) => Tensor;

/** What a norm of the package can compute, under the names of the outputs in the file. */
export interface NormMaps {
  readonly norm?: MatrixMap;
  readonly dual?: MatrixMap;
  readonly lmo?: MatrixMap;
  readonly sharp?: MatrixMap;
  readonly project_unit_ball?: MatrixMap;
}

// The members of the package's norm values that the rows use.
interface NormValue {
  norm(x: Tensor): Tensor;
  dualNorm(x: Tensor): Tensor;
  dualize(x: Tensor, options?: unknown): Tensor;
}

/** Makes the maps of a norm from the attributes of a case. */
export type NormRow = (attrs: FixtureValues) => NormMaps;

/**
 * A row for a norm that the package exports as a value.
 *
 * @param options for the duality map
 */
export function normValue(name: string, options?: unknown): NormRow {
  return () => {
    const value = exported<NormValue>(name);
    return {
      norm: (x) => value.norm(x),
      dual: (x) => value.dualNorm(x),
      lmo: (x) => value.dualize(x, options),
    };
  };
}

/** Every norm of norms.json that the package has, by its name in the file. */
export const normRows: Readonly<Record<string, NormRow>> = {
  frobenius: normValue("frobenius"),
  rms_entry: normValue("rmsEntry"),
  spectral: normValue("spectral"),
  rms_to_rms: normValue("rmsToRms"),
  nuclear: normValue("nuclear"),
  max_abs: normValue("maxAbs"),
  sum_abs: normValue("sumAbs"),
  l1_to_l2: normValue("l1ToL2"),
  l1_to_rms: normValue("l1ToRms"),
  l1_to_rms_over_din: normValue("l1ToRmsOverFanIn"),
  l2_to_linf: normValue("l2ToLinf"),
  rms_to_linf: normValue("rmsToLinf"),
  embed_rms: normValue("embedRms"),
  sign_over_din: normValue("signOverFanIn"),
  linf_to_linf: normValue("linfToLinf"),
  l1_to_l1: normValue("l1ToL1"),
};
