import { type Shape, type Tensor, add, div, log1p, mul, scale, sqrt, sum } from
  "../autograd/index.ts";
import { ShapeError, show } from "../engine/index.ts";
import { lineNorms, unitLines } from "../nn/index.ts";
import { NOT_NEGATIVE, checkOptions } from "./check.ts";
import { single } from "./common.ts";
import type { Optimizer } from "./optimizer.ts";
import { COMMON, type CommonOptions } from "./options.ts";
import type { Stage } from "./pipeline.ts";

/** Options of `agd`. */
export interface AgdOptions extends CommonOptions {
  /** Factor of the steps, >= 0: the gain. Default 1. */
  readonly lr?: number;
}

/**
 * Automatic gradient descent: no rate to tune. Every matrix, or tap `[out, in]` of a kernel
 * `[out, in, ..]`, moves by a multiple of its gradient of Frobenius norm `lr eta / L s`, with
 * `s = sqrt(out / in) / sqrt(taps)` and `eta = ln((1 + sqrt(1 + 4 G)) / 2)`, where G is the mean
 * over the L weights of s times the sum of the norms of their taps. For networks of such weights
 * only, started at orthogonal taps times s.
 *
 * @throws RangeError for an option out of range; TypeError for an unknown one. A step throws
 *   ShapeError for a vector
 * Source: Bernstein et al. 2023, "Automatic gradient descent: deep learning without
 * hyperparameters", algorithm 1
 */
export function agd(options: AgdOptions = {}): Optimizer {
  checkOptions("agd", options, { lr: NOT_NEGATIVE, ...COMMON });
  const { lr = 1 } = options;
  return single("agd", { ...options, lr }, { dualize: automatic() });
}

/** The axes of a tap, and its s. */
function tapOf(shape: Shape): { readonly axes: readonly number[]; readonly size: number } {
  const [rows = 1, columns = 1, ...taps] = shape;
  const count = taps.reduce((n, d) => n * d, 1);
  return {
    axes: [-shape.length, 1 - shape.length], size: Math.sqrt(rows / columns) / Math.sqrt(count),
  };
}

function automatic(): Stage {
  return {
    check: (leaves) => leaves.forEach(({ path, weight: { shape } }) => {
      if (shape.length >= 2) return;
      throw new ShapeError(
        `agd: a parameter has too few axes: ${path || "the root"} is ${show(shape)}, needs 2. `
          + `Leave biases and gains out of the network.`,
      );
    }),
    run: (leaves) => {
      if (leaves.length === 0) return leaves;
      const norms = leaves.map(({ value }) => {
        const { axes, size } = tapOf(value.shape);
        return scale(sum(lineNorms(value, axes)), size / leaves.length);
      });
      const eta = rateFor(norms.reduce((all, x) => add(all, x)));
      return leaves.map((leaf) => {
        const { axes, size } = tapOf(leaf.value.shape);
        return { ...leaf, value: mul(unitLines(leaf.value, axes, size / leaves.length), eta) };
      });
    },
  };
}

/** `ln((1 + sqrt(1 + 4 G)) / 2)`, for G of any size. */
function rateFor(g: Tensor): Tensor {
  const root = sqrt(add(scale(g, 4), 1));
  return log1p(div(scale(g, 2), add(root, 1)));
}
