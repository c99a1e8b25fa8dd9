// Norms made of norms: kernels of convolutions, stacked and fused weights, transposes, radii.

import { type Shape, type Tensor, concat, max, permute, reshape, scale, split, stack, sum,
  transpose } from "../../autograd/index.ts";
import { ShapeError, show } from "../../engine/index.ts";
import { type Norm, type SideFactor, checkRadius, defineNorm } from "./norm.ts";

/** A weight seen as a batch of what an inner norm measures. */
interface View {
  readonly name: string;
  readonly formula: string;
  readonly rank: number;
  /** Axes of the view, in front of those the inner norm measures, to take the maximum over. */
  readonly over: number;
  /** What the largest inner norm is multiplied by. */
  readonly gain: (shape: Shape) => number;
  readonly shape: (shape: Shape) => Shape;
  readonly to: (x: Tensor) => Tensor;
  readonly from: (y: Tensor, shape: Shape) => Tensor;
  /** See `Norm.resized`. Default: the view of the inner norm's. */
  readonly resized?: Norm["resized"];
  /** See `Norm.stackAxes`. Default: as the inner norm. */
  readonly stackAxes?: number;
}

/** `gain` times the largest inner norm of the view. */
function viewed(inner: Norm, view: View): Norm {
  const { name, formula, rank, over, gain, shape: seen, to, from } = view;
  const { resized: other } = inner;
  const fold = (by: typeof max, x: Tensor, factor: number): Tensor => {
    const axis = Array.from({ length: over }, (_, i) => -1 - i);
    const one = over === 0 ? x : (x.size === 0 ? sum : by)(x, { axis });
    return factor === 1 ? one : scale(one, factor);
  };
  const back = (y: Tensor, like: Tensor) => from(y, like.shape);
  return defineNorm({
    name, formula, rank, stackAxes: view.stackAxes ?? inner.stackAxes,
    resized: view.resized
      ?? (other && ((size) => viewed(other(size), { ...view, gain: () => 1 }))),
    norm: (w, how) => fold(max, inner.norm(to(w), how), gain(w.shape)),
    dualNorm: (g, how) => fold(sum, inner.dualNorm(to(g), how), 1 / gain(g.shape)),
    dualizeAll: (list, scales, how) => {
      const each = list.map(({ shape }, i) => (scales[i] ?? 1) / gain(shape));
      const duals = inner.dualizeAll(list.map(to), { ...how, scales: each });
      return list.map((g, i) => back(duals[i] as Tensor, g)); // one for each
    },
    projectBall: (w, radius, how) => {
      return back(inner.projectBall(to(w), { ...how, radius: radius / gain(w.shape) }), w);
    },
    initialize: (rng, shape, radius) => {
      return from(inner.initialize(rng, seen(shape), { radius: radius / gain(shape) }), shape);
    },
  });
}

/** Options of norms on kernels of convolutions. */
export interface KernelOptions {
  /** Axes of a tap: 2 for kernels `[out, in, kh, kw]`. Default 2. */
  readonly spatial?: number;
}

/**
 * A norm of matrices on the kernels of a convolution, tap by tap: taps times the largest norm of
 * an `[out, in]` matrix. The output at a position is a sum of that many linear maps.
 *
 * @param norm of matrices; `rmsToRms` gives the norm of a convolution
 * @returns a norm on `[..., out, in, kh, kw]`
 * @throws RangeError if the norm is not one of matrices, or for no axes
 */
export function perTap(norm: Norm, { spatial = 2 }: KernelOptions = {}): Norm {
  checkMatrixNorm("perTap", norm);
  checkAxes("perTap", spatial);
  const rank = 2 + spatial;
  return viewed(norm, {
    name: `perTap(${norm.name})`, formula: `taps max over taps of ${norm.formula}`,
    rank, over: spatial,
    gain: (shape) => product(shape.slice(-spatial)),
    resized: norm.resized && ((size) => flattened(resizedTo(norm, size), { spatial })),
    shape: (shape) => {
      const { length } = shape;
      return moved(length, length - rank, 2, length - 2).map((i) => shape[i] ?? 1);
    },
    to: (x) => {
      const { length } = x.shape;
      return permute(x, moved(length, length - rank, 2, length - 2));
    },
    from: (y, { length }) => permute(y, moved(length, length - 2, 2, length - rank)),
  });
}

function resizedTo(norm: Norm, size: SideFactor): Norm {
  return norm.resized?.(size) ?? norm;
}

/** Options of `flattened`. */
export interface FlattenedOptions extends KernelOptions {
  /** Factor of the norm that depends on the number of taps. Default: none. */
  readonly gain?: (taps: number) => number;
}

/**
 * A norm of matrices on the kernels of a convolution as matrices `[out, in * taps]`.
 *
 * @returns a norm on `[..., out, in, kh, kw]`
 * @throws RangeError if the norm is not one of matrices
 */
export function flattened(norm: Norm, options: FlattenedOptions = {}): Norm {
  const { spatial = 2, gain = () => 1 } = options;
  checkMatrixNorm("flattened", norm);
  checkAxes("flattened", spatial);
  const seen = (shape: Shape): Shape => {
    return [...shape.slice(0, -1 - spatial), product(shape.slice(-1 - spatial))];
  };
  return viewed(norm, {
    name: `flattened(${norm.name})`, formula: `${norm.formula} of [out, in taps]`,
    rank: 2 + spatial, over: 0,
    gain: (shape) => gain(product(shape.slice(-spatial))),
    shape: seen,
    to: (x) => reshape(x, seen(x.shape)),
    from: (y, shape) => reshape(y, shape),
  });
}

/** A norm on transposed matrices: `transposed(l1ToRms)` measures rows. */
export function transposed(norm: Norm): Norm {
  checkMatrixNorm("transposed", norm);
  return viewed(norm, {
    name: `transposed(${norm.name})`, formula: `${norm.formula} of the transpose`,
    rank: 2, over: 0, gain: () => 1,
    shape: (shape) => [...shape.slice(0, -2), ...shape.slice(-2).reverse()],
    to: (x) => transpose(x),
    from: (y) => transpose(y),
  });
}

/**
 * The norm whose unit ball is the given norm's ball of a radius: everything that has norm one
 * there has norm `radius` here. What Scion calls the radius of a layer.
 *
 * @param radius > 0
 * @throws RangeError for another radius
 */
export function withRadius(norm: Norm, radius: number): Norm {
  checkRadius("withRadius", radius);
  return viewed(norm, {
    name: `withRadius(${norm.name}, ${radius})`, formula: `(${norm.formula}) / ${radius}`,
    rank: norm.rank, over: 0, gain: () => 1 / radius,
    shape: (shape) => shape, to: (x) => x, from: (y) => y,
  });
}

/**
 * A norm on weights that are stacks of what it measures, such as `[experts, out, in]`: the largest
 * norm of a member.
 *
 * @param axes how many axes in front are the stack's. Default 1
 */
export function stacked(norm: Norm, { axes = 1 }: { readonly axes?: number } = {}): Norm {
  checkAxes("stacked", axes);
  return viewed(norm, {
    name: `stacked(${norm.name})`, formula: `max over the stack of ${norm.formula}`,
    rank: norm.rank + axes, over: axes, gain: () => 1, stackAxes: norm.stackAxes + axes,
    shape: (shape) => shape, to: (x) => x, from: (y) => y,
  });
}

/** Which axis of a fused weight is cut. */
export interface BlockOptions {
  /** Counted from the end. Default: the first that the norm measures, the outputs. */
  readonly axis?: number;
}

/**
 * A norm on fused weights, block by block: the largest norm of a block. For query, key and value
 * in one matrix, for heads, for the groups of a convolution.
 *
 * @param parts how many equal blocks, or the size of each
 * @throws RangeError if there are no parts or one is empty; ShapeError from the norm if a weight
 *   cannot be cut that way
 * @example
 * const { name } = perBlock(rmsToRms, 3); // for [3 * dim, dim]
 */
export function perBlock(
  norm: Norm, parts: number | readonly number[], { axis = -norm.rank }: BlockOptions = {},
): Norm {
  const list = typeof parts === "number" ? [parts] : parts;
  const { rank } = norm;
  if (list.length === 0 || !list.every((part) => Number.isInteger(part) && part > 0)) {
    throw new RangeError(`perBlock: not a number of blocks or sizes: ${parts}. Use whole ones.`);
  }
  if (!Number.isInteger(axis) || axis < -rank || axis > -1) {
    throw new RangeError(`perBlock: no such axis: ${axis}. Use one from ${-rank} to -1.`);
  }
  const name = `perBlock(${norm.name}, ${show(list)})`;
  const formula = `max over blocks of ${norm.formula}`;
  const named = { name, formula, rank };
  return typeof parts === "number" ? equalBlocks(norm, parts, axis, named)
    : unequalBlocks(norm, parts, axis, named);
}

interface Named {
  readonly name: string;
  readonly formula: string;
  readonly rank: number;
}

function equalBlocks(norm: Norm, parts: number, axis: number, named: Named): Norm {
  const cut = (shape: Shape): number[] => { // the axis of `parts` in front of what is measured
    const length = shape.at(axis) ?? 0;
    if (length % parts !== 0) throw misfit(named.name, shape, axis);
    const all = [...shape];
    all.splice(shape.length + axis, 1, length / parts);
    all.splice(shape.length - norm.rank, 0, parts);
    return all;
  };
  const apart = (shape: Shape): number[] => { // the same elements in their order in memory
    const all = cut(shape);
    all.splice(shape.length + axis, 0, ...all.splice(shape.length - norm.rank, 1));
    return all;
  };
  return viewed(norm, {
    ...named, over: 1, gain: () => 1, shape: cut,
    to: (x) => {
      const { length } = x.shape;
      const order = moved(length + 1, length + axis, 1, length - norm.rank);
      return permute(reshape(x, apart(x.shape)), order);
    },
    from: (y, shape) => {
      const { length } = shape;
      return reshape(permute(y, moved(length + 1, length - norm.rank, 1, length + axis)), shape);
    },
  });
}

function unequalBlocks(norm: Norm, sizes: readonly number[], axis: number, named: Named): Norm {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const cut = (x: Tensor): Tensor[] => {
    if (x.shape.at(axis) !== total) throw misfit(named.name, x.shape, axis);
    return split(x, sizes, { axis });
  };
  const join = (blocks: readonly Tensor[]): Tensor => concat(blocks, { axis });
  return defineNorm({
    ...named, stackAxes: norm.stackAxes,
    resized: norm.resized && ((size) => unequalBlocks(resizedTo(norm, size), sizes, axis, named)),
    norm: (w, how) => max(stack(norm.normAll(cut(w), how)), { axis: 0 }),
    dualNorm: (g, how) => sum(stack(norm.dualNormAll(cut(g), how)), { axis: 0 }),
    dualizeAll: (list, scales, how) => {
      const blocks = list.flatMap(cut);
      const each = list.flatMap((_, i) => sizes.map(() => scales[i] ?? 1));
      const duals = norm.dualizeAll(blocks, { ...how, scales: each });
      return list.map((_, i) => join(duals.slice(i * sizes.length, (i + 1) * sizes.length)));
    },
    projectBall: (w, radius, how) => {
      return join(cut(w).map((block) => norm.projectBall(block, { ...how, radius })));
    },
    initialize: (rng, shape, radius) => join(sizes.map((size) => {
      if (shape.at(axis) !== total) throw misfit(named.name, shape, axis);
      const part = shape.map((d, k) => (k === shape.length + axis ? size : d));
      return norm.initialize(rng, part, { radius });
    })),
  });
}

function misfit(name: string, shape: Shape, axis: number): ShapeError {
  return new ShapeError(
    `${name}: axis ${axis} cannot be cut into these blocks: ${show(shape)}. Check the sizes.`,
  );
}

/** The axes of a tensor when some next to each other, `count` from `from` on, start at `to`. */
function moved(length: number, from: number, count: number, to: number): number[] {
  const order = Array.from({ length }, (_, i) => i);
  order.splice(to, 0, ...order.splice(from, count));
  return order;
}

function product(sizes: Shape): number {
  return sizes.reduce((all, size) => all * size, 1);
}

function checkAxes(op: string, axes: number): void {
  if (Number.isInteger(axes) && axes > 0) return;
  throw new RangeError(`${op}: not a number of axes: ${axes}. Use a whole number from 1 on.`);
}

function checkMatrixNorm(op: string, { name, rank }: Norm): void {
  if (rank === 2) return;
  throw new RangeError(
    `${op}: not a norm of matrices: ${name} measures ${rank} axes. Use another.`,
  );
}
