// The norms of the Scion reference, by its names and options. One choice, one row.
// Source: math.md 4.1

import {
  convScion, flattened, l1ToRms, l1ToRmsOverFanIn, l2ToLinf, l2ToRms, maxAbs, rms,
  rmsToLinf, rmsToRms, rmsToRmsInput, signOverFanIn, transposed,
} from "../../nn/index.ts";
import type { Norm } from "../../nn/index.ts";
import { Missing } from "./missing.ts";
import type { FixtureValues } from "./types.ts";

const rows: Readonly<Record<string, Norm>> = {
  "Spectral": rmsToRms,
  "Spectral max=true": rmsToRmsInput,
  "Spectral normalized=false": l2ToRms,
  "Sign": signOverFanIn,
  "Sign normalized=false": maxAbs,
  "ColNorm": l1ToRms,
  "ColNorm normalized=true": l1ToRmsOverFanIn,
  "ColNorm transpose=true": /* @__PURE__ */ transposed(l1ToRms),
  "RowNorm": rmsToLinf,
  "RowNorm normalized=false": l2ToLinf,
  "RowNorm transpose=true": /* @__PURE__ */ transposed(rmsToLinf),
  "BiasRMS": rms,
};

function convolution(spatial: number): Norm {
  return spatial === 2 ? convScion : flattened(rmsToRms, { spatial, gain: Math.sqrt });
}

/**
 * A norm for a weight.
 *
 * @param name `Spectral` and the like; `Auto` goes by the number of axes
 * @param options of the reference's norm
 * @param shape of the weight
 * @throws Missing if there is no row for it
 */
export function scionNorm(name: string, options: FixtureValues, shape: readonly number[]): Norm {
  const isKernel = shape.length > 2;
  const auto = isKernel ? "SpectralConv" : shape.length === 1 ? "BiasRMS" : "Spectral";
  const chosen = name === "Auto" ? auto : name;
  const words = Object.entries(options).map(([option, value]) => `${option}=${String(value)}`);
  const key = [chosen, ...words].join(" ");
  const norm = key === "SpectralConv" && isKernel ? convolution(shape.length - 2)
    : rows[key];
  if (norm === undefined) throw new Missing(`scion ${key}`);
  return norm;
}
