// The norms by name. Each is one row: a family, a factor and its formula; m rows, n columns.

import { flattened, perTap } from "./combine.ts";
import { lineNorm, vectorNorm } from "./line.ts";
import { peak, total } from "./line_kinds.ts";
import type { Norm } from "./norm.ts";
import { schattenNorm } from "./schatten.ts";
import { singularNorm } from "./singular.ts";

/** Euclidean norm of all entries. */
export const frobenius: Norm = /* @__PURE__ */ lineNorm({
  name: "frobenius", formula: "|W|_F", line: [-2, -1], factor: () => 1,
});

/** Root mean square of all entries. */
export const rmsEntry: Norm = /* @__PURE__ */ lineNorm({
  name: "rmsEntry", formula: "|W|_F / sqrt(m n)", line: [-2, -1],
  factor: (m, n) => 1 / Math.sqrt(m * n),
});

/** Largest singular value. */
export const spectral: Norm = /* @__PURE__ */ singularNorm({
  name: "spectral", formula: "sigma_1", factor: () => 1,
});

/** Operator norm from RMS to RMS: the norm of a linear layer. */
export const rmsToRms: Norm = /* @__PURE__ */ singularNorm({
  name: "rmsToRms", formula: "sqrt(n/m) sigma_1", factor: (m, n) => Math.sqrt(n / m),
});

/** `rmsToRms` with updates of singular values 1 at least, for a first layer of wide input. */
export const rmsToRmsInput: Norm = /* @__PURE__ */ singularNorm({
  name: "rmsToRmsInput", formula: "min(1, sqrt(n/m)) sigma_1",
  factor: (m, n) => Math.min(1, Math.sqrt(n / m)),
});

/** Operator norm from l2 to RMS: for a first layer whose input is one-hot. */
export const l2ToRms: Norm = /* @__PURE__ */ singularNorm({
  name: "l2ToRms", formula: "sigma_1 / sqrt(m)", factor: (m) => 1 / Math.sqrt(m),
});

/** Sum of the singular values; the dual of `spectral`. */
export const nuclear: Norm = /* @__PURE__ */ schattenNorm({
  name: "nuclear", formula: "sum sigma", p: 1, factor: () => 1,
});

/**
 * Schatten norm: the p-norm of the singular values; see `schattenNorm`.
 *
 * @param p from 1 on; 1 is nuclear, 2 Frobenius, infinity spectral
 * @throws RangeError for p below 1
 */
export function schatten(p: number): Norm {
  return schattenNorm({
    name: `schatten(${p})`, formula: `(sum sigma^${p})^(1/${p})`, p, factor: () => 1,
  });
}

/** Operator norm from one-hot tokens to RMS: largest RMS of a row of a `[count, dim]` table. */
export const embedRms: Norm = /* @__PURE__ */ lineNorm({
  name: "embedRms", formula: "max row RMS", line: [-1], factor: (_, n) => 1 / Math.sqrt(n),
});

/** Operator norm from l1 to l1: largest sum of absolute values of a column. */
export const l1ToL1: Norm = /* @__PURE__ */ lineNorm({
  name: "l1ToL1", formula: "max column l1", line: [-2], by: total, factor: () => 1,
});

/** Operator norm from l1 to l2: largest column. */
export const l1ToL2: Norm = /* @__PURE__ */ lineNorm({
  name: "l1ToL2", formula: "max column l2", line: [-2], factor: () => 1,
});

/** Operator norm from l1 to RMS (Scion's ColNorm). */
export const l1ToRms: Norm = /* @__PURE__ */ lineNorm({
  name: "l1ToRms", formula: "max column RMS", line: [-2], factor: (m) => 1 / Math.sqrt(m),
});

/** Operator norm from the mean absolute value to RMS. */
export const l1ToRmsOverFanIn: Norm = /* @__PURE__ */ lineNorm({
  name: "l1ToRmsOverFanIn", formula: "n max column RMS", line: [-2],
  factor: (m, n) => n / Math.sqrt(m),
});

/** Operator norm from l2 to linf: largest row. */
export const l2ToLinf: Norm = /* @__PURE__ */ lineNorm({
  name: "l2ToLinf", formula: "max row l2", line: [-1], factor: () => 1,
});

/** Operator norm from RMS to linf (Scion's RowNorm). */
export const rmsToLinf: Norm = /* @__PURE__ */ lineNorm({
  name: "rmsToLinf", formula: "sqrt(n) max row l2", line: [-1], factor: (_, n) => Math.sqrt(n),
});

/** Operator norm from linf to linf: largest sum of absolute values of a row. */
export const linfToLinf: Norm = /* @__PURE__ */ lineNorm({
  name: "linfToLinf", formula: "max row l1", line: [-1], by: total, factor: () => 1,
});

/** Operator norm from l1 to linf: largest entry (Scion's Sign). */
export const maxAbs: Norm = /* @__PURE__ */ lineNorm({
  name: "maxAbs", formula: "max |W_ij|", line: [-2, -1], by: peak, factor: () => 1,
});

/** Bound of the norms from RMS or linf to linf: n times the largest entry. */
export const signOverFanIn: Norm = /* @__PURE__ */ lineNorm({
  name: "signOverFanIn", formula: "n max |W_ij|", line: [-2, -1], by: peak,
  factor: (_, n) => n,
});

/** Sum of the absolute values of all entries; bounds the operator norm from linf to l1. */
export const sumAbs: Norm = /* @__PURE__ */ lineNorm({
  name: "sumAbs", formula: "sum |W_ij|", line: [-2, -1], by: total, factor: () => 1,
});

/** Sum of the absolute values of a vector. */
export const l1: Norm = /* @__PURE__ */ vectorNorm({
  name: "l1", formula: "sum |b_i|", by: total, factor: () => 1,
});

/** Euclidean norm of a vector. */
export const l2: Norm = /* @__PURE__ */ vectorNorm({
  name: "l2", formula: "|b|_2", factor: () => 1,
});

/** Largest absolute entry of a vector: the RMS to RMS norm of a diagonal matrix, a gain. */
export const linf: Norm = /* @__PURE__ */ vectorNorm({
  name: "linf", formula: "max |b_i|", by: peak, factor: () => 1,
});

/** Root mean square of a vector: the norm of a bias, which starts at zero. */
export const rms: Norm = /* @__PURE__ */ vectorNorm({
  name: "rms", formula: "|b|_2 / sqrt(n)", startAtZero: true, factor: (_, n) => 1 / Math.sqrt(n),
});

/** The norm of a convolution `[out, in, kh, kw]`: `rmsToRms` tap by tap, times the taps. */
export const convRmsToRms: Norm = /* @__PURE__ */ perTap(rmsToRms);

/** Scion's norm of a convolution: taps sqrt(in/out) sigma_1 of the matrix `[out, in taps]`. */
export const convScion: Norm = /* @__PURE__ */ flattened(rmsToRms, { gain: Math.sqrt });
