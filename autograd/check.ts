import { type Shape, Tensor, show } from "../engine/index.ts";

/**
 * Checks that an operand is a tensor.
 *
 * @throws TypeError naming what it is instead
 */
export function checkTensor(op: string, x: unknown): Tensor {
  if (x instanceof Tensor) return x;
  const what = x === null ? "null" : typeof x;
  throw new TypeError(`${op}: not a tensor: ${what}. Make one with tensor().`);
}

/** Shapes of operands for an error message: `a [2, 3] and b [4]`. */
export function showShapes(names: readonly string[], shapes: readonly Shape[]): string {
  return names.map((name, i) => `${name} ${show(shapes[i] ?? [])}`).join(" and ");
}
