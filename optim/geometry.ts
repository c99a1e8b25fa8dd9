import type { Shape } from "../autograd/index.ts";
import type { Norm } from "../nn/index.ts";

/** What an optimizer asks of a weight. */
export interface GeometryEntry {
  /** Names joined by dots. */
  readonly path: string;
  readonly norm: Norm;
  /** Share of the step's norm, >= 0; 0 freezes the weight. */
  readonly share: number;
  /** Checked where it is known. */
  readonly shape?: Shape;
}

/** Norms and shares of weights; every `Module` has them. */
export interface Geometry {
  readonly entries: readonly GeometryEntry[];
}

/**
 * The entries of a geometry by path.
 *
 * @throws TypeError if it is not a geometry
 */
export function entriesOf(op: string, geometry: Geometry): ReadonlyMap<string, GeometryEntry> {
  const { entries } = (geometry ?? {}) as Partial<Geometry>;
  if (!Array.isArray(entries)) {
    throw new TypeError(
      `${op}: not a module: ${geometry === null ? "null" : typeof geometry}. `
        + `Give the module that the parameters belong to.`,
    );
  }
  return new Map((entries as readonly GeometryEntry[]).map((entry) => [entry.path, entry]));
}
