// What is the same in all libraries: sizes of the transformer, constants of the optimizers.

import { JORDAN } from "../../nn/index.ts";

/** Sizes of the transformer. */
export const GPT = {
  vocab: 65, width: 128, context: 64, batch: 8, heads: 4, blocks: 2, eps: 1e-5,
} as const;
/** Constants of the optimizers, as published; see `adam` and `muon`. */
export const ADAM = { beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;
/** Muon for matrices, and AdamW without decay for the rest. */
export const MUON = {
  momentum: 0.95, steps: JORDAN.coefficients,
  rest: { rate: 3e-4, beta1: 0.9, beta2: 0.95, eps: 1e-10 },
} as const;
