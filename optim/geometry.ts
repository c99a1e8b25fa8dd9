import type { Shape } from "../autograd/index.ts";
import type { Norm } from "../nn/index.ts";
import { NOT_NEGATIVE, checkRange } from "./check.ts";

/** What an optimizer asks of a weight. */
export interface GeometryEntry {
  /** Names joined by dots. */
  readonly path: string;
  readonly norm: Norm;
  /** Share of the step's norm, finite and >= 0; 0 freezes the weight. */
  readonly share: number;
  /** Checked where it is known. */
  readonly shape?: Shape;
}

/** Norms and shares of weights; every `Module` has them. */
export interface Geometry {
  readonly entries: readonly GeometryEntry[];
}

/** Something for a path, or for all weights below a path, "" for all; the longest path counts. */
export type PerPath<T> = Readonly<Record<string, T>>;

/** Options of every optimizer that goes by norms. */
export interface GeometryOptions {
  /** Norms in place of those that the module declares. */
  readonly norms?: PerPath<Norm>;
}

/**
 * The entries of a geometry by path.
 *
 * @param norms in place of the geometry's own
 * @throws TypeError if it is not a geometry, or there is a norm for no parameter; RangeError for a
 *   share that is no finite number >= 0
 */
export function entriesOf(
  op: string, geometry: Geometry, norms: PerPath<Norm> = {},
): ReadonlyMap<string, GeometryEntry> {
  const { entries } = (geometry ?? {}) as Partial<Geometry>;
  if (!Array.isArray(entries)) {
    throw new TypeError(
      `${op}: not a module: ${geometry === null ? "null" : typeof geometry}. `
        + `Give the module that the parameters belong to.`,
    );
  }
  const list = (entries as readonly GeometryEntry[]).map((entry) => {
    checkRange(op, `the share of ${entry.path || "the root"}`, entry.share, NOT_NEGATIVE);
    return [entry.path, { ...entry, norm: pick(norms, entry.path) ?? entry.norm }] as const;
  });
  checkPaths(op, "norm", norms, list.map(([path]) => path));
  return new Map(list);
}

/** What is given for a path, or for the longest path above it. */
export function pick<T>(table: PerPath<T>, path: string): T | undefined {
  const fitting = Object.keys(table).filter((key) => isAtOrBelow(path, key));
  const [longest] = fitting.sort((a, b) => b.length - a.length);
  return longest === undefined ? undefined : table[longest];
}

function isAtOrBelow(path: string, above: string): boolean {
  return above === "" || path === above || path.startsWith(`${above}.`);
}

/** @throws TypeError for something that is for no parameter */
export function checkPaths(
  op: string, what: string, table: PerPath<unknown>, paths: readonly string[],
): void {
  for (const key of Object.keys(table)) {
    if (paths.some((path) => isAtOrBelow(path, key))) continue;
    throw new TypeError(
      `${op}: a ${what} to no parameter: ${key}. There are ${paths.join(", ") || "none"}.`,
    );
  }
}
