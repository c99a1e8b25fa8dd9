// Limits of the size of gradients, before they are averaged.

import { type Tensor, minimum, mul, sum } from "../autograd/index.ts";
import { POSITIVE, checkOptions, checkRange, objectAs } from "./check.ts";
import { perNorm } from "./dualize.ts";
import { type PerPath, pick } from "./geometry.ts";
import type { Stage } from "./pipeline.ts";
import { inF32 } from "./precision.ts";
import { quotient, togetherNorm, wholeNorm } from "./whole.ts";

/** Limits of the size of gradients: longer ones are scaled down to it. */
export interface ClipOptions {
  /** Of the Euclidean norm of all gradients together, > 0. */
  readonly norm?: number;
  /**
   * Of the dual norm of each weight's gradient by itself, > 0, for paths or for all weights below a
   * path: in the norm that the module declares, Euclidean where there is none. It comes first.
   */
  readonly dual?: PerPath<number>;
}

/** A norm whose dual is asked for; every `Norm` is one. */
export interface DualNorm {
  /** The dual norms of a list; of each member where there are leading axes, which are added up. */
  readonly dualNormAll: (list: readonly Tensor[]) => readonly Tensor[];
}

/**
 * Gradients scaled down together where their common Euclidean norm is larger than a limit. It is
 * the norm of the weights that the stage sees: as an option of an optimizer, of all that move.
 *
 * @param most the limit, > 0
 * @throws RangeError for another limit
 * Source: Pascanu, Mikolov, Bengio 2013, "On the difficulty of training recurrent neural networks"
 */
export function clipNorm(most: number): Stage {
  checkRange("clipNorm", "most", most, POSITIVE);
  return {
    run: (leaves) => {
      const full = leaves.filter(({ value }) => value.size > 0);
      if (full.length === 0) return leaves;
      const values = new Map(full.map((leaf) => [leaf.path, inF32(leaf.value)]));
      const size = togetherNorm([...values.values()]);
      return leaves.map((leaf) => {
        return { ...leaf, value: limited(values.get(leaf.path) ?? leaf.value, size, most) };
      });
    },
  };
}

/**
 * Each weight's gradient scaled down where its dual norm is larger than a limit.
 *
 * @param most the limit by path; undefined: none
 * @param normOf the norm by path; undefined: the Euclidean one
 */
export function clipDual(
  most: (path: string) => number | undefined,
  normOf: (path: string) => DualNorm | undefined = () => undefined,
): Stage {
  return {
    run: (leaves) => {
      const long = leaves.filter(({ path, value }) => most(path) !== undefined && value.size > 0)
        .map((leaf) => ({ ...leaf, value: inF32(leaf.value) }));
      const sizes = perNorm(long, normOf, (norm, list) => {
        return norm ? norm.dualNormAll(list).map((size) => sum(size)) : list.map(wholeNorm);
      });
      const clipped = new Map(long.map(({ path, value }, i) => {
        return [path, limited(value, sizes[i] as Tensor, most(path) ?? Infinity)];
      }));
      return leaves.map((leaf) => ({ ...leaf, value: clipped.get(leaf.path) ?? leaf.value }));
    },
  };
}

function limited(g: Tensor, size: Tensor, most: number): Tensor {
  return mul(g, minimum(quotient(most, size, 1), 1));
}

/**
 * The stages of an optimizer's option.
 *
 * @param weights those known, with their norms
 * @throws RangeError for a limit out of range; TypeError for an unknown name
 */
export function clipsOf(
  op: string, options: ClipOptions = {},
  weights?: readonly { readonly path: string; readonly norm?: Partial<DualNorm> }[],
): readonly Stage[] {
  const { norm, dual } = options;
  if (norm !== undefined) checkRange(op, "norm of clip", norm, POSITIVE);
  const table = objectAs("{ head: 1 }");
  if (dual !== undefined) checkRange(op, "dual of clip", dual, table);
  checkOptions(`${op} clip`, options, { norm: POSITIVE, dual: table });
  for (const [path, most] of Object.entries(dual ?? {})) {
    checkRange(op, `dual of clip of ${path || "all"}`, most, POSITIVE);
  }
  const norms = new Map(weights?.map((weight) => [weight.path, weight.norm]));
  const normOf = (path: string): DualNorm | undefined => {
    const found = norms.get(path);
    return found?.dualNormAll && found as DualNorm;
  };
  return [
    ...(dual ? [clipDual((path) => pick(dual, path), normOf)] : []),
    ...(norm === undefined ? [] : [clipNorm(norm)]),
  ];
}
