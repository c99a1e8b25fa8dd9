// The family of norms of lines: the largest norm of a line.

import { type Tensor, max, normal, reshape, sum, zeros } from "../../autograd/index.ts";
import { type LineKind, euclidean } from "./line_kinds.ts";
import type { LineAxes } from "./lines.ts";
import { type Named, type Norm, scaledNorm } from "./norm.ts";

/** A norm of this family. */
export interface LineNormOptions extends Named {
  /** Axes of one line: `[-1]` rows, `[-2]` columns, `[-2, -1]` the whole matrix. */
  readonly line: LineAxes;
  /** How a line is measured. Default `euclidean`. */
  readonly by?: LineKind;
}

/**
 * The largest norm of a line of a matrix, times a factor. The dual norm is the sum of the dual
 * norms of the lines; the duality map works line by line: `euclidean` divides by the norm, `peak`
 * takes the sign, `total` leaves the largest entry (the first of equals).
 */
export function lineNorm(options: LineNormOptions): Norm {
  return linesOf(2, options);
}

/** The norm of a vector, times a factor; as `lineNorm`. */
export function vectorNorm(
  options: Omit<LineNormOptions, "line"> & {
    /** Start at zero, as biases do, instead of on the boundary. Default false. */
    readonly startAtZero?: boolean;
  },
): Norm {
  return linesOf(1, { ...options, line: [-1] }, options.startAtZero);
}

function linesOf(rank: 1 | 2, options: LineNormOptions, startAtZero = false): Norm {
  const { line, by = euclidean } = options;
  const overLines = (fold: typeof max, sizes: Tensor, x: Tensor): Tensor => {
    if (line.length === rank) return reshape(sizes, x.shape.slice(0, -rank));
    return (sizes.size === 0 ? sum : fold)(sizes, { axis: [-2, -1] }); // over nothing it is 0
  };
  return scaledNorm(options, {
    rank,
    norm: (w) => overLines(max, by.sizes(w, line), w),
    dualNorm: (g) => overLines(sum, by.dualSizes(g, line), g),
    dualizeAll: (list, scales) => list.map((g, i) => by.duals(g, line, scales[i] ?? 1)),
    projectBall: (w, radius) => by.inBall(w, line, radius),
    initialize: (rng, shape, radius) => {
      return startAtZero ? zeros(shape) : by.onSphere(normal(rng, shape), line, radius);
    },
  });
}
