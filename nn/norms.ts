// The norms by name. Each is one row: a family, a factor and its formula; m rows, n columns.

import { type Norm, entryNorm, lineNorm, singularNorm, vectorNorm } from "./norm.ts";

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

/** Operator norm from one-hot tokens to RMS: largest RMS of a row of a `[count, dim]` table. */
export const embedRms: Norm = /* @__PURE__ */ lineNorm({
  name: "embedRms", formula: "max row RMS", line: [-1], factor: (_, n) => 1 / Math.sqrt(n),
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

/** Operator norm from l1 to linf: largest entry (Scion's Sign). */
export const maxAbs: Norm = /* @__PURE__ */ entryNorm({
  name: "maxAbs", formula: "max |W_ij|", factor: () => 1,
});

/** Bound of the norms from RMS or linf to linf: n times the largest entry. */
export const signOverFanIn: Norm = /* @__PURE__ */ entryNorm({
  name: "signOverFanIn", formula: "n max |W_ij|", factor: (_, n) => n,
});

/** Root mean square of a vector: the norm of a bias. */
export const rms: Norm = /* @__PURE__ */ vectorNorm({
  name: "rms", formula: "|b|_2 / sqrt(n)", factor: (_, n) => 1 / Math.sqrt(n),
});
