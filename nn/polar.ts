// The polar factor U V^T of a matrix U S V^T, by odd polynomials that send every singular value
// towards one.

import { type Tensor, cast, concat, div, eq, expand, mul, reshape, scale, scope, slice, transpose,
  where, zeros } from "../autograd/index.ts";
import { ShapeError, checkDtype, matmulFused, show } from "../engine/index.ts";
import { unitLines, widened } from "./norms/lines.ts";
import type { Method } from "./norms/norm.ts";
import type { Coefficients } from "./minimax.ts";
import { CONVERGED, type PolarSet } from "./polar_coefficients.ts";
import { gelfandBound } from "./spectral.ts";

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
 * @param g `[..., m, n]` f32, f16 or bf16; leading axes are a batch; views are not copied
 * @param options the steps, by default `CONVERGED`; no steps give the normalized start
 * @returns same shape, f32; a transposed view where m > n
 * @throws ShapeError if there are fewer than two axes; RangeError for an option out of range
 * Source: Jordan et al. 2024, Muon; Amsel et al. 2025, "The Polar Express"
 * @example
 * const update = polar(gradient, MODULA_SIX);
 */
export function polar(g: Tensor, options: PolarOptions = {}): Tensor {
  const set = resolve(options);
  const { scale: factor = 1, method } = options;
  checkMatrix(g);
  if (g.size === 0) return zeros(g.shape, { device: g.device });
  return scope(() => {
    if (method) return method.parts(Infinity).dualizeAll([g], [factor], {})[0] as Tensor;
    const tall = isTall(g);
    if (g.shape.at(-1) === 1 && g.shape.at(-2) === 1) return unitLines(g, [-2, -1], factor);
    const start = startOf(g, set);
    const x = iterate(tall ? transpose(start) : start, set, factor);
    return tall ? transpose(x) : x;
  });
}

/**
 * The polar factors of a list of matrices, those of one shape (or its transpose) stacked and
 * iterated together: as many dispatches as for one matrix.
 *
 * @param list each `[..., m, n]` f32
 * @returns one result for each, of its shape, in the order of the list
 * @throws as `polar`; RangeError if there is not one scale for each
 */
export function polarAll(list: readonly Tensor[], options: PolarAllOptions = {}): Tensor[] {
  const { scales = list.map(() => 1) } = options;
  if (scales.length !== list.length) {
    throw new RangeError(
      `polarAll: not one scale for each matrix: ${scales.length} for ${list.length}. Give all.`,
    );
  }
  resolve(options);
  list.forEach(checkMatrix);
  const members = list.map((g, index) => ({ g, index, scale: scales[index] ?? 1 }));
  const results = new Array<Tensor>(list.length);
  for (const group of groups(members)) {
    stackedPolar(group, options).forEach((y, i) => {
      const member = group[i];
      if (member) results[member.index] = y;
    });
  }
  return results;
}

interface Member {
  readonly g: Tensor;
  /** Place in the caller's list. */
  readonly index: number;
  readonly scale: number;
}

/** Members whose matrices have the same sides, cut where a stack would become too large. */
function groups(members: readonly Member[]): Member[][] {
  const open = new Map<string, Member[]>();
  const all: Member[][] = [];
  for (const member of members) {
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

function stackedPolar(group: readonly Member[], options: PolarAllOptions): Tensor[] {
  const [head] = group;
  if (group.length < 2 || head?.g.size === 0) {
    return group.map(({ g, scale: factor }) => polar(g, { ...options, scale: factor }));
  }
  return scope(() => {
    const common = group.every((member) => member.scale === head?.scale);
    const stack = concat(group.map(({ g }) => wide(g)));
    const y = polar(stack, { ...options, scale: common ? head?.scale ?? 1 : 1 });
    let from = 0;
    return group.map(({ g, scale: factor }) => {
      const count = matrices(g);
      const part = unstacked(slice(y, [[from, from += count]]), g);
      return common ? part : scale(part, factor);
    });
  });
}

function matrices(g: Tensor): number {
  return g.shape.slice(0, -2).reduce((n, d) => n * d, 1);
}

/** `[count, short, long]` of matrices `[..., m, n]`. */
function wide(g: Tensor): Tensor {
  const sides = g.shape.slice(-2);
  // expand makes a view even of a transposed matrix, where reshape would copy it
  const batch = g.shape.length === 2 ? expand(g, [1, ...sides]) : reshape(g, [-1, ...sides]);
  return isTall(g) ? transpose(batch) : batch;
}

/** The inverse of `wide`: the results `[count, short, long]` in the shape of `g`. */
function unstacked(part: Tensor, g: Tensor): Tensor {
  const sides = part.shape.slice(-2);
  const shaped = reshape(part, [...g.shape.slice(0, -2), ...sides]);
  return isTall(g) ? transpose(shaped) : shaped;
}

/** Runs the steps on `x` `[..., short, long]`, which is used up; the last one takes the factor. */
function iterate(
  start: Tensor, { coefficients, storage }: Required<PolarSet>, factor: number,
): Tensor {
  if (coefficients.length === 0) return mul(widened(start), factor);
  let x = start;
  coefficients.forEach((p, k) => {
    const last = k === coefficients.length - 1;
    const next = scope(() => {
      const y = step(widened(x), p, last ? factor : 1);
      return last ? y : stored(y, storage);
    });
    x.dispose();
    x = next;
  });
  return x;
}

function stored(x: Tensor, storage: Required<PolarSet>["storage"]): Tensor {
  return storage === "f32" ? x : cast(x, storage);
}

/** `factor (a x + b (x x^T) x + c (x x^T)^2 x)`: three products, two of them symmetric. */
function step(x: Tensor, [a, b, c]: Coefficients, factor: number): Tensor {
  const gram = matmulFused(x, transpose(x), { symmetric: true });
  if (c === 0) return matmulFused(gram, x, { alpha: factor * b, beta: factor * a, d: x });
  const inner = matmulFused(gram, gram, { alpha: c, beta: b, d: gram, symmetric: true });
  return matmulFused(inner, x, { alpha: factor, beta: factor * a, d: x });
}

/** The matrices divided by a bound of their largest singular value. */
function startOf(g: Tensor, { safety, gelfand, storage }: Required<PolarSet>): Tensor {
  const unit = unitLines(g, [-2, -1], gelfand === 0 ? 1 / safety : 1);
  if (gelfand === 0) return stored(unit, storage);
  const bound = scale(gelfandBound(unit, gelfand), safety);
  return stored(div(unit, where(eq(bound, 0), 1, bound)), storage);
}

function isTall(g: Tensor): boolean {
  const [m = 1, n = 1] = g.shape.slice(-2);
  return m > n;
}

function resolve(options: PolarOptions): Required<PolarSet> {
  const { coefficients, safety, gelfand = 0, storage = "f32", method } = options;
  const chosen = coefficients ? { coefficients, safety: safety ?? 1 } : CONVERGED;
  const start = safety ?? chosen.safety ?? 1;
  const bad = (what: string, value: unknown, use: string): never => {
    throw new RangeError(`polar: ${what}: ${String(value)}. Use ${use}.`);
  };
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

function checkMatrix(g: Tensor): void {
  checkDtype("polar", g.dtype, ["f32"]); // and half precision
  if (g.shape.length >= 2) return;
  throw new ShapeError(
    `polar: not a matrix: ${show(g.shape)}. Give [..., m, n]; reshape a vector to one row.`,
  );
}
