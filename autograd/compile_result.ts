import { Tensor } from "../engine/index.ts";
import { isPlain, leavesOf } from "./leaves.ts";

/**
 * The tensors in what a step returned, each once.
 *
 * @throws TypeError for what a replay could not give
 */
export function tensorsIn(result: unknown): Tensor[] {
  checkResult(result);
  return [...new Set(leavesOf(result).leaves)];
}

function checkResult(value: unknown): void {
  if (value instanceof Tensor || value === undefined || value === null) return;
  if (typeof (value as { then?: unknown }).then === "function") {
    Promise.resolve(value).catch(() => undefined); // what it fails by comes from what is said here
    throw new TypeError(
      "compile: the step returned a promise. Keep it synchronous, and read its results outside.",
    );
  }
  if (Array.isArray(value)) value.forEach(checkResult);
  else if (isPlain(value)) Object.values(value).forEach(checkResult);
  else {
    throw new TypeError(
      `compile: the step returned something that a replay cannot work out: ${typeof value}. `
        + `Return tensors, or lists and objects of tensors.`,
    );
  }
}

/**
 * What gives such a result with other tensors in it.
 *
 * @returns takes as many tensors as `tensorsIn` gave, in the same order
 */
export function rebuilder<R>(result: R): (tensors: readonly Tensor[]) => R {
  const { leaves, rebuild } = leavesOf(result);
  const once = [...new Set(leaves)];
  const places = leaves.map((t) => once.indexOf(t));
  return (tensors) => rebuild(places.map((i) => tensors[i] as Tensor)); // as many as there were
}
