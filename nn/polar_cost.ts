// What a polar iteration costs, as it is done.

import type { Shape } from "../autograd/index.ts";
import { CONVERGED, type PolarSet } from "./polar_coefficients.ts";
import { isElongated, runsOf } from "./polar_steps.ts";

/** Work on all matrices of a tensor. */
export interface PolarCost {
  /** Floating-point operations of the products; of a symmetric one a triangle counts. */
  readonly flop: number;
  /** Bytes moved if every kernel reads its operands once and writes its result once. */
  readonly bytes: number;
}

/**
 * What `polar` costs for matrices of a shape. With short side m and long side n a quintic step is
 * `3 m m n + m m m`; k of them that share a Gram matrix are `3 m m n + (4 k - 3) m m m`.
 *
 * @param shape `[..., m, n]`
 * @example
 * const { flop } = polarCost([256, 1024], JORDAN);
 */
export function polarCost(
  shape: Shape, { coefficients }: Pick<PolarSet, "coefficients"> = CONVERGED,
): PolarCost {
  const [short = 1, long = 1] = shape.slice(-2).sort((a, b) => a - b);
  const [square, whole] = [short * short, short * long];
  let [flop, words] = [0, 3 * whole]; // the start is two passes
  for (const run of runsOf(coefficients, isElongated(short, long))) {
    const quintic = run.filter(([, , c]) => c !== 0).length;
    const more = run.length - 1;
    flop += 3 * short * whole + (quintic + 3 * more) * short * square;
    words += 3 * whole + 2 * square + (2 * (more > 0 ? run.length : quintic) + 13 * more) * square;
  }
  const count = shape.slice(0, -2).reduce((n, d) => n * d, 1);
  return { flop: count * flop, bytes: 4 * count * words };
}
