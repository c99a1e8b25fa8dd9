// Gradients by central differences.

import type { Array64 } from "./array.ts";

/**
 * Gradient of a number with respect to every input, by central differences with the step
 * `1e-6 * max(1, |x|)`. Good to about 1e-9 relative for smooth functions of moderate size.
 *
 * @param f called twice for every element; must not keep or change its inputs
 * @param inputs where to take the gradient
 * @returns one array for every input, of its shape
 */
export function numericGrad(
  f: (inputs: readonly Array64[]) => number,
  inputs: readonly Array64[],
): Array64[] {
  return inputs.map((input, which) => {
    const data = input.data.map((x, i) => {
      const step = 1e-6 * Math.max(1, Math.abs(x));
      const at = (value: number): number => {
        const moved = input.data.slice();
        moved[i] = value;
        return f(inputs.with(which, { shape: input.shape, data: moved }));
      };
      const [right, left] = [x + step, x - step]; // as they are after rounding
      return (at(right) - at(left)) / (right - left);
    });
    return { shape: input.shape, data };
  });
}
