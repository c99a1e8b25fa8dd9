import { leavesOf } from "./leaves.ts";

/**
 * The same values as constants: no gradient passes through.
 *
 * @param x a tensor, or arrays and objects of tensors
 * @returns views of the same data, which move nothing
 */
export function stopGradient<T>(x: T): T {
  const { leaves, rebuild } = leavesOf(x);
  return rebuild(leaves.map((t) => t.view("stopGradient", t.layout)));
}
