import { Tensor } from "../engine/index.ts";

/** The tensors of a value, and the value with others in their places. */
export interface Leaves<T> {
  readonly leaves: readonly Tensor[];
  /** Names and places on the way to each leaf, joined by dots. */
  readonly paths: readonly string[];
  /** @param leaves as many, in the same order */
  readonly rebuild: (leaves: readonly Tensor[]) => T;
}

/** Lists the tensors in nested arrays and plain objects; whatever else is in them stays. */
export function leavesOf<T>(value: T): Leaves<T> {
  const leaves: Tensor[] = [];
  const paths: string[] = [];
  walk(value, "", (t, path) => {
    leaves.push(t);
    paths.push(path);
    return t;
  });
  const rebuild = (list: readonly Tensor[]): T => {
    let i = 0;
    return walk(value, "", () => list[i++]) as T;
  };
  return { leaves, paths, rebuild };
}

function walk(at: unknown, path: string, visit: (t: Tensor, path: string) => unknown): unknown {
  if (at instanceof Tensor) return visit(at, path);
  const inner = (name: string | number) => (path === "" ? `${name}` : `${path}.${name}`);
  if (Array.isArray(at)) return at.map((child, i) => walk(child, inner(i), visit));
  if (!isPlain(at)) return at;
  return Object.fromEntries(Object.entries(at).map(([name, child]) => {
    return [name, walk(child, inner(name), visit)];
  }));
}

/** Whether a value is an object of names and values, and of no class. */
export function isPlain(x: unknown): x is object {
  if (typeof x !== "object" || x === null) return false;
  const prototype: unknown = Object.getPrototypeOf(x);
  return prototype === Object.prototype || prototype === null;
}
