// The norms of the Scion reference, by its names and options. One choice, one row; what the
// package has no name for is made by its families of norms. Source: math.md 4.1

import {
  embedRms, l1ToRms, l1ToRmsOverFanIn, l2ToLinf, lineNorm, maxAbs, rms, rmsToLinf, rmsToRms,
  signOverFanIn, singularNorm,
} from "../../nn/index.ts";
import type { Norm } from "../../nn/index.ts";
import { Missing } from "./missing.ts";
import type { FixtureValues } from "./types.ts";

// For the first layer, whose updates must not shrink with a wide input.
const largeRmsToRms = /* @__PURE__ */ singularNorm({
  name: "largeRmsToRms", formula: "min(1, sqrt(n/m)) sigma_1",
  factor: (m, n) => Math.min(1, Math.sqrt(n / m)),
});

const l2ToRms = /* @__PURE__ */ singularNorm({
  name: "l2ToRms", formula: "sigma_1 / sqrt(m)", factor: (m) => 1 / Math.sqrt(m),
});

const transposedRmsToLinf = /* @__PURE__ */ lineNorm({
  name: "transposedRmsToLinf", formula: "sqrt(m) max column l2", line: [-2],
  factor: (m) => Math.sqrt(m),
});

const rows: Readonly<Record<string, Norm>> = {
  "Spectral": rmsToRms,
  "Spectral max=true": largeRmsToRms,
  "Spectral normalized=false": l2ToRms,
  "Sign": signOverFanIn,
  "Sign normalized=false": maxAbs,
  "ColNorm": l1ToRms,
  "ColNorm normalized=true": l1ToRmsOverFanIn,
  "ColNorm transpose=true": embedRms,
  "RowNorm": rmsToLinf,
  "RowNorm normalized=false": l2ToLinf,
  "RowNorm transpose=true": transposedRmsToLinf,
  "BiasRMS": rms,
};

// Of the kernels in one matrix [out, in taps].
function convolution([fanOut = 1, fanIn = 1, ...sides]: readonly number[]): Norm {
  const taps = sides.reduce((product, side) => product * side, 1);
  return singularNorm({
    name: "flattenedConvolution", formula: "taps sqrt(in/out) sigma_1",
    factor: () => taps * Math.sqrt(fanIn / fanOut),
  });
}

/**
 * A norm for a weight; that of a convolution measures the weight as a matrix [out, rest].
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
  const norm = key === "SpectralConv" && isKernel ? convolution(shape) : rows[key];
  if (norm === undefined) throw new Missing(`scion ${key}`);
  return norm;
}
