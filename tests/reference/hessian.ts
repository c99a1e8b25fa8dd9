// Second derivatives by central differences.

import type { Array64 } from "./array.ts";

/** Inputs moved by `t` times a direction. */
function moved(inputs: readonly Array64[], along: readonly Array64[], t: number): Array64[] {
  return inputs.map(({ shape, data }, k) => {
    return { shape, data: data.map((x, i) => x + t * (along[k]?.data[i] ?? 0)) };
  });
}

/**
 * The slope of a function along a direction, by central differences with the step 1e-6.
 *
 * @param f must not keep or change its inputs
 * @param along one array for every input, of its shape
 * @returns like the value of `f`, of any shape
 */
export function numericSlope(
  f: (inputs: readonly Array64[]) => Array64,
  inputs: readonly Array64[],
  along: readonly Array64[],
): Array64 {
  const h = 1e-6;
  const [right, left] = [f(moved(inputs, along, h)), f(moved(inputs, along, -h))];
  const data = right.data.map((y, i) => (y - (left.data[i] ?? NaN)) / (2 * h));
  return { shape: right.shape, data };
}

/**
 * The Hessian of a function times a direction, by mixed central differences with the step 1e-4.
 * Good to about 1e-6 for smooth functions of moderate size.
 *
 * @param f called four times for every element; must not keep or change its inputs
 * @param along one array for every input, of its shape
 * @returns one array for every input, of its shape
 */
export function numericHessian(
  f: (inputs: readonly Array64[]) => number,
  inputs: readonly Array64[],
  along: readonly Array64[],
): Array64[] {
  const h = 1e-4;
  return inputs.map(({ shape, data }, which) => {
    const column = data.map((_, i) => {
      const at = (side: number, way: number): number => {
        const shifted = moved(inputs, along, way * h);
        const input = shifted[which] as Array64; // one for every input
        input.data[i] = (input.data[i] ?? NaN) + side * h;
        return f(shifted);
      };
      return (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / (4 * h * h);
    });
    return { shape, data: column };
  });
}
