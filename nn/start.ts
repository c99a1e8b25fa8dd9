// What a weight is before training.

import { type Rng, type Tensor, full } from "../autograd/index.ts";
import type { WeightEntry } from "./module.ts";

/** `norm`: what the norm of the weight draws, on the boundary of its ball; or all 0, or all 1. */
export type Start = "norm" | "zeros" | "ones";

/** The first value of a weight. */
export function drawStart(rng: Rng, { path, norm, shape, start = "norm" }: WeightEntry): Tensor {
  if (start === "norm") return norm.initialize(rng, shape);
  if (start === "zeros" || start === "ones") return full(shape, start === "ones" ? 1 : 0);
  throw new RangeError(
    `initialize: no such start: ${start} for ${path}. Use "norm", "zeros" or "ones".`,
  );
}
