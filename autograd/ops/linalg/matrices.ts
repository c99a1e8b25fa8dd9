// What the decompositions share: matrices of a batch as [batch, rows, columns], and blocks of them.
// These are new values, of which no tape takes notice.

import { type Shape, ShapeError, type Tensor, checkDtype, contiguousCopy, reshapedStrides, rowMajor,
  show, sizeOf } from "../../../engine/index.ts";
import { checkTensor } from "../../define.ts";
import type { Operand } from "../../tape.ts";

/** Columns that a kernel factors at once; the rest of the work is matrix products. */
export const PANEL = 32;

/** Half the distance from 1 to the next float32. */
export const EPS = 2 ** -24;

/** From and to before. */
export type Span = readonly [number, number];

/**
 * Checks that a tensor is a matrix of floats or a batch of them.
 *
 * @returns rows and columns
 * @throws DtypeError; ShapeError if it has fewer than two axes, or the matrices must be square and
 *   are not
 */
export function matrixSize(op: string, x: Operand, square = false): readonly [number, number] {
  const { shape, dtype } = checkTensor(op, x);
  checkDtype(op, dtype, ["f32"]);
  const [rows = 0, columns = 0] = shape.slice(-2);
  if (shape.length < 2) {
    throw new ShapeError(`${op}: not a matrix: ${show(shape)}. Give [..., rows, columns].`);
  }
  if (square && rows !== columns) {
    throw new ShapeError(`${op}: the matrices are not square: ${show(shape)}. Check the operand.`);
  }
  return [rows, columns];
}

/** A matrix or a batch of them as `[batch, rows, columns]`: a view where strides can do it. */
export function asBatch(op: string, x: Operand): Tensor {
  const t = checkTensor(op, x);
  checkDtype(op, t.dtype, ["f32"]);
  const shape = [sizeOf(t.shape.slice(0, -2)), ...t.shape.slice(-2)];
  const strides = reshapedStrides(t.layout, shape);
  if (strides) return t.view(op, { shape, strides, offset: t.layout.offset });
  return contiguousCopy(t).view(op, { shape, strides: rowMajor(shape), offset: 0 });
}

/** Results as the batch of an operand again: `[...batch, rows, columns]`. */
export function likeBatch(y: Tensor, batch: Shape): Tensor {
  const shape = [...batch, ...y.shape.slice(1)];
  return y.view("linalg", { shape, strides: rowMajor(shape), offset: 0 });
}

/** The leading axes of a tensor of matrices. */
export function batchOf(x: Tensor): Shape {
  return x.shape.slice(0, -2);
}

/** Rows and columns of every matrix of `[batch, rows, columns]`; a view. */
export function block(x: Tensor, rows: Span, columns: Span): Tensor {
  const { shape, strides, offset } = x.layout;
  const [, down = 0, across = 0] = strides;
  return x.view("linalg", {
    shape: [shape[0] ?? 0, rows[1] - rows[0], columns[1] - columns[0]],
    strides, offset: offset + rows[0] * down + columns[0] * across,
  });
}

/** Every matrix of `[batch, rows, columns]` transposed; a view. */
export function flipped(x: Tensor): Tensor {
  const [batch = 0, rows = 0, columns = 0] = x.shape;
  const [step = 0, down = 0, across = 0] = x.layout.strides;
  return x.view("linalg", {
    shape: [batch, columns, rows], strides: [step, across, down], offset: x.layout.offset,
  });
}

/** Rows, and for square matrices columns, of `[batch, rows, columns]` backwards; a view. */
export function reversed(x: Tensor, columnsToo: boolean): Tensor {
  const [, rows = 0, columns = 0] = x.shape;
  const [step = 0, down = 0, across = 0] = x.layout.strides;
  const last = x.size === 0 ? 0 : (rows - 1) * down + (columnsToo ? (columns - 1) * across : 0);
  return x.view("linalg", {
    shape: x.shape, strides: [step, -down, columnsToo ? -across : across],
    offset: x.layout.offset + last,
  });
}

/** Offset and strides of `[batch, rows, columns]` for a kernel. */
export function walkOf({ layout }: Tensor): readonly number[] {
  return [layout.offset, ...layout.strides];
}

/** From 0 to `end` in steps of a panel. */
export function panels(end: number): Span[] {
  const count = Math.ceil(end / PANEL);
  return Array.from({ length: count }, (_, i) => [i * PANEL, Math.min(end, (i + 1) * PANEL)]);
}
