// Sums of products over named axes, straight from the definition.

import { array64, sizeOf, stridesOf } from "./array.ts";
import type { Array64 } from "./array.ts";

/**
 * Sum of products: every assignment of the names is visited once.
 *
 * @param equation terms of letters, commas, and the output after `->`; no ellipsis
 */
export function einsum64(equation: string, ...operands: readonly Array64[]): Array64 {
  const [left = "", output = ""] = equation.split("->");
  const terms = left.split(",");
  const sizes = new Map<string, number>();
  terms.forEach((term, k) => [...term].forEach((letter, axis) => {
    sizes.set(letter, Math.max(sizes.get(letter) ?? 1, operands[k]?.shape[axis] ?? 1));
    if (operands[k]?.shape[axis] === 0) sizes.set(letter, 0);
  }));
  const names = [...output, ...[...sizes.keys()].filter((l) => !output.includes(l))];
  const size = (letter: string) => sizes.get(letter) ?? 1;
  const shape = [...output].map(size);
  const space = stridesOf(names.map(size));
  const out = new Float64Array(sizeOf(shape));
  const inner = sizeOf(names.slice(output.length).map(size));
  const own = operands.map((x) => stridesOf(x.shape));
  for (let i = 0; i < out.length * inner; i++) {
    const place = new Map(names.map((l, k) => [l, Math.floor(i / (space[k] ?? 1)) % size(l)]));
    let product = 1;
    operands.forEach((x, k) => {
      const at = [...terms[k] ?? ""].reduce((sum, l, axis) => {
        return sum + (x.shape[axis] === 1 ? 0 : (place.get(l) ?? 0) * (own[k]?.[axis] ?? 0));
      }, 0);
      product *= x.data[at] ?? NaN;
    });
    out[Math.floor(i / inner)] = (out[Math.floor(i / inner)] ?? 0) + product;
  }
  return array64(shape, out);
}
