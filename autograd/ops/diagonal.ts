import { type CreateOptions, type Layout, ShapeError, type Tensor, arange, checkList, full, ones,
  resolveAxis, scope, show } from "../../engine/index.ts";
import { checkTensor, composed } from "../define.ts";
import { ge, le, where } from "./arithmetic.ts";
import { fillPart, viewPart } from "./layouts.ts";
import { sum } from "./reduce.ts";
import { reshape } from "./views.ts";

/** Which diagonal, and of which two axes. */
export interface DiagonalOptions {
  /** Columns the diagonal starts to the right of the main one; negative: rows below it. */
  readonly offset?: number;
  /** Rows and columns. Default: the last two. */
  readonly axes?: readonly [number, number];
}

/** Which diagonal; as the offset of `diagonal`. */
export interface OffsetOptions {
  /** Default 0. */
  readonly k?: number;
}

function diagonalLayout({ shape, strides, offset }: Layout, i: number, j: number, k: number):
  Layout {
  const others = <T>(list: readonly T[]) => list.filter((_, axis) => axis !== i && axis !== j);
  const [down, across] = [strides[i] ?? 0, strides[j] ?? 0];
  const [below, right] = [Math.max(0, -k), Math.max(0, k)];
  const size = Math.max(0, Math.min((shape[i] ?? 0) - below, (shape[j] ?? 0) - right));
  return {
    shape: [...others(shape), size], strides: [...others(strides), down + across],
    offset: size === 0 ? offset : offset + below * down + right * across,
  };
}

function checkOffset(op: string, k: number): void {
  if (Number.isInteger(k)) return;
  throw new RangeError(`${op}: the diagonal is not a whole number: ${k}. Use 0 for the main one.`);
}

/**
 * A diagonal over two axes, as a new last axis; a view.
 *
 * @param x `[..., m, n]` any dtype
 * @returns the other axes, then min(m, n) elements for offset 0
 * @throws ShapeError if an axis does not exist or is named twice; RangeError
 */
export function diagonal(
  x: Tensor, { offset = 0, axes = [-2, -1] }: DiagonalOptions = {},
): Tensor {
  const { shape } = checkTensor("diagonal", x);
  checkList("diagonal", "axes", axes);
  const [i = 0, j = 0] = axes.map((axis) => resolveAxis("diagonal", axis, shape));
  checkOffset("diagonal", offset);
  if (i !== j) return viewPart("diagonal", x, (whole) => diagonalLayout(whole, i, j, offset));
  throw new ShapeError(
    `diagonal: an axis is named twice: ${show(axes)} of ${show(shape)}. Name two axes.`,
  );
}

/**
 * The square matrix with a vector on a diagonal, or the diagonal of a matrix.
 *
 * @param x `[n]` or `[m, n]`, any dtype
 * @returns `[n + |k|, n + |k|]`, zero elsewhere; or a view, as of `diagonal`
 * @throws ShapeError for other ranks; RangeError if k is not whole
 */
export function diag(x: Tensor, { k = 0 }: OffsetOptions = {}): Tensor {
  const { shape } = checkTensor("diag", x);
  checkOffset("diag", k);
  if (shape.length === 2) return diagonal(x, { offset: k });
  const [n] = shape;
  if (n === undefined || shape.length > 2) {
    throw new ShapeError(`diag: not a vector or a matrix: ${show(shape)}. Use diagonal().`);
  }
  const size = n + Math.abs(k);
  return fillPart("diag", x, [size, size], (whole) => diagonalLayout(whole, 0, 1, k));
}

/** Diagonal matrices `[..., n, n]` of the last axis of a tensor `[..., n]`. */
export function diagonalMatrix(x: Tensor): Tensor {
  const { shape } = x;
  const rank = shape.length;
  return fillPart("diag", x, [...shape, shape[rank - 1] ?? 0], (whole) => {
    return diagonalLayout(whole, rank - 1, rank, 0);
  });
}

/** Sum over a diagonal; axes, errors and result as of `diagonal`, without its last axis. */
export function trace(x: Tensor, options: DiagonalOptions = {}): Tensor {
  return composed("trace", () => sum(diagonal(x, options), { axis: -1 }));
}

/** True where a matrix has its elements on or below a diagonal, or on or above it. */
function band(
  op: string, rows: number, columns: number, k: number, lower: boolean, options: CreateOptions,
): Tensor {
  checkOffset(op, k);
  const like = { dtype: "i32", ...(options.device && { device: options.device }) } as const;
  const i = reshape(arange(rows, { ...like, start: k }), [rows, 1]);
  return (lower ? ge : le)(i, arange(columns, like));
}

function part(op: string, x: Tensor, k: number, lower: boolean): Tensor {
  const { shape, device, dtype } = checkTensor(op, x);
  const [rows, columns] = shape.slice(-2);
  if (rows !== undefined && columns !== undefined) {
    return scope(() => {
      const zero = full([], 0, { dtype, device }); // a number would make integers of booleans
      return where(band(op, rows, columns, k, lower, { device }), x, zero);
    });
  }
  throw new ShapeError(`${op}: not a matrix: ${show(shape)}. Give [..., m, n].`);
}

/**
 * Matrices `[..., m, n]` with zeros above a diagonal; any dtype.
 *
 * @throws ShapeError for fewer than two axes; RangeError if k is not whole
 */
export function tril(x: Tensor, { k = 0 }: OffsetOptions = {}): Tensor {
  return composed("tril", () => part("tril", x, k, true));
}

/** Matrices with zeros below a diagonal; as `tril`. */
export function triu(x: Tensor, { k = 0 }: OffsetOptions = {}): Tensor {
  return composed("triu", () => part("triu", x, k, false));
}

/** A matrix with ones on and below a diagonal, `[rows, columns]` f32 by default. */
export function tri(
  rows: number, columns = rows, { k = 0, ...options }: OffsetOptions & CreateOptions = {},
): Tensor {
  return composed("tri", () => tril(ones([rows, columns], options), { k }));
}

/** A matrix with ones on a diagonal, `[rows, columns]` f32 by default. Throws ShapeError. */
export function eye(
  rows: number, columns = rows, { k = 0, ...options }: OffsetOptions & CreateOptions = {},
): Tensor {
  return composed("eye", () => {
    checkOffset("eye", k);
    const line = (whole: Layout) => diagonalLayout(whole, 0, 1, k);
    const { shape } = line({ shape: [rows, columns], strides: [columns, 1], offset: 0 });
    return scope(() => fillPart("eye", ones(shape, options), [rows, columns], line));
  });
}
