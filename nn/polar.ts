// The polar factor U V^T of a matrix U S V^T, by odd polynomials that send every singular value
// towards one.

import { type Tensor, reshape, scale, scope, slice, transpose, zeros } from "../autograd/index.ts";
import { ShapeError, checkDtype, show } from "../engine/index.ts";
import type { Method } from "./norms/norm.ts";
import { CONVERGED, type PolarSet } from "./polar_coefficients.ts";
import { isTall, startOf } from "./polar_start.ts";
import { iterate } from "./polar_steps.ts";

/** How to iterate; a `PolarSet` is a valid choice. */
export interface PolarOptions extends Partial<PolarSet> {
  /** Factor of the result. Default 1. */
  readonly scale?: number;
  /** `exact` decomposes the matrices. Default: the iteration. */
  readonly method?: Method | undefined;
}

/** How to iterate on many matrices at once. */
export interface PolarAllOptions extends Omit<PolarOptions, "scale"> {
  /** Factor of each result, in the order of the list. Default: 1 for all. */
  readonly scales?: readonly number[];
}

/** Elements of one stack; a binding may be as small as 128 MiB, and larger stacks gain nothing. */
const STACK_LIMIT = 2 ** 24;

/**
 * The polar factor of every matrix: all singular values become one.
 *
 * Zero matrices stay zero, a matrix with a NaN or an infinity becomes all NaN, a single element
 * becomes its sign, and the scale of the input does not matter. The result counts as a constant
 * in gradients.
 *
 * Elongated matrices are iterated on by their small Gram matrix, which gives the same polynomial
 * within the error of float32.
 *
 * @param g `[..., m, n]` f32, f16 or bf16; leading axes are a batch; a transposed matrix is not
 *   copied for it
 * @param options the steps, by default `CONVERGED`; no steps give the normalized start
 * @returns same shape, f32
 * @throws ShapeError if there are fewer than two axes; RangeError for an option out of range
 * Source: Jordan et al. 2024, Muon; Amsel et al. 2025, "The Polar Express"
 * @example
 * const update = polar(gradient, MODULA_SIX);
 */
export function polar(g: Tensor, options: PolarOptions = {}): Tensor {
  const { scale: factor = 1, ...rest } = options;
  return polarAll([g], { ...rest, scales: [factor] })[0] as Tensor; // one went in
}

/**
 * The polar factors of a list of matrices, those of one shape (or its transpose) stacked and
 * iterated together: as many products as for one matrix.
 *
 * @param list each `[..., m, n]`, as for `polar`
 * @returns one result for each, of its shape, in the order of the list
 * @throws as `polar`; RangeError if there is not one scale for each
 */
export function polarAll(list: readonly Tensor[], options: PolarAllOptions = {}): Tensor[] {
  const { scales = list.map(() => 1), method } = options;
  if (scales.length !== list.length) {
    throw new RangeError(
      `polarAll: not one scale for each matrix: ${scales.length} for ${list.length}. Give all.`,
    );
  }
  const set = resolve(options);
  list.forEach(checkMatrix);
  return scope(() => {
    if (method) return method.parts(Infinity).dualizeAll(list, scales, {});
    const results = new Map<Member, Tensor>();
    const members = list.map((g, i) => ({ g, scale: scales[i] ?? 1 }));
    for (const group of groups(members)) {
      const parts = scope(() => together(group, set));
      group.forEach((member, i) => results.set(member, parts[i] as Tensor)); // one for each
    }
    return members.map((member) => {
      const { g } = member;
      return results.get(member) ?? zeros(g.shape, { device: g.device });
    });
  });
}

interface Member {
  readonly g: Tensor;
  readonly scale: number;
}

/** Those not empty by the sides of their matrices, cut where a stack would become too large. */
function groups(members: readonly Member[]): Member[][] {
  const open = new Map<string, Member[]>();
  const all: Member[][] = [];
  for (const member of members) {
    if (member.g.size === 0) continue;
    const key = member.g.shape.slice(-2).sort((a, b) => a - b).join("x");
    const group = open.get(key);
    const size = (group ?? []).reduce((sum, { g }) => sum + g.size, member.g.size);
    if (group && size <= STACK_LIMIT) group.push(member);
    else {
      const fresh = [member];
      open.set(key, fresh);
      all.push(fresh);
    }
  }
  return all;
}

/** The results of a group, in its order: parts of one stack. */
function together(group: readonly Member[], set: Required<PolarSet>): Tensor[] {
  const [{ g: first, scale: factor }] = group as readonly [Member, ...Member[]];
  const single = first.shape.slice(-2).every((d) => d === 1);
  const how = single ? { ...set, coefficients: [], safety: 1 } : set;
  const common = group.every((member) => member.scale === factor);
  const start = startOf(group.map(({ g }) => g), how);
  const y = iterate(start, how, common ? factor : 1);
  let from = 0;
  return group.map(({ g, scale: own }) => {
    const count = g.shape.slice(0, -2).reduce((n, d) => n * d, 1);
    const part = slice(y, [[from, from += count]]);
    const shaped = reshape(part, [...g.shape.slice(0, -2), ...y.shape.slice(-2)]);
    const turned = isTall(g) === start.tall ? shaped : transpose(shaped);
    return common ? turned : scale(turned, own);
  });
}

function resolve(options: PolarOptions): Required<PolarSet> {
  const { coefficients, safety, gelfand = 0, storage = "f32", method } = options;
  const chosen = coefficients === undefined ? CONVERGED : { coefficients, safety: safety ?? 1 };
  const start = safety ?? chosen.safety ?? 1;
  const bad = (what: string, value: unknown, use: string): never => {
    throw new RangeError(`polar: ${what}: ${String(value)}. Use ${use}.`);
  };
  const wrong = wrongStep(chosen.coefficients);
  if (wrong !== undefined) {
    bad("coefficients are not triples of finite numbers", wrong, "[a, b, c] for each step");
  }
  if (!(start >= 1 && start < Infinity)) bad("safety is not a number from 1 on", start, "1");
  if (!Number.isInteger(gelfand) || gelfand < 0 || gelfand > 30) {
    bad("gelfand is out of range", gelfand, "a whole number to 30");
  }
  if (!["f32", "f16", "bf16"].includes(storage)) {
    bad("no such storage", storage, "f32, f16 or bf16");
  }
  if (method && typeof method.parts !== "function") bad("no such method", method, "exact");
  return { coefficients: chosen.coefficients, safety: start, gelfand, storage };
}

/** The first of the coefficients that is no triple of finite numbers, as text. */
function wrongStep(steps: unknown): string | undefined {
  const list: readonly unknown[] = Array.isArray(steps) ? steps : [steps];
  const at = list.findIndex((p) => {
    return !(Array.isArray(p) && p.length === 3 && p.every(Number.isFinite));
  });
  const p = list[at];
  return at < 0 ? undefined : Array.isArray(p) ? `[${p.join(", ")}]` : String(p);
}

function checkMatrix(g: Tensor): void {
  checkDtype("polar", g.dtype, ["f32"]); // and half precision
  if (g.shape.length >= 2) return;
  throw new ShapeError(
    `polar: not a matrix: ${show(g.shape)}. Give [..., m, n]; reshape a vector to one row.`,
  );
}
