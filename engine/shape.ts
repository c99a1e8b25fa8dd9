import { ShapeError } from "./errors.ts";

/** Sizes of a tensor's axes, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];

/** Where the elements of a view lie in its storage; strides and offset count elements. */
export interface Layout {
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
}

/** Most axes a strided kernel walks over, after neighbouring axes have been merged. */
export const MAX_RANK = 8;

/** Number of elements of a shape. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((n, d) => n * d, 1);
}

/** A shape as people read it: `[32, 128]`. */
export function show(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** Row-major strides of a shape, in elements. */
export function rowMajor(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= at(shape, axis);
  }
  return strides;
}

/** Whether a layout's elements lie one after another in row-major order (any offset). */
export function isContiguous({ shape, strides }: Layout): boolean {
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] === 1) continue;
    if (strides[axis] !== step) return sizeOf(shape) === 0;
    step *= at(shape, axis);
  }
  return true;
}

/** `list[i]` where the caller knows that `i` is inside. */
export function at(list: readonly number[], i: number): number {
  const value = list[i];
  if (value !== undefined) return value;
  throw new RangeError(`shape: axis out of range: ${i} of ${list.length}.`);
}

/** Checks that a value is a list. Throws TypeError. */
export function checkList(op: string, name: string, list: unknown): void {
  if (Array.isArray(list)) return;
  throw new TypeError(`${op}: ${name} is not a list: ${typeof list}. Give an array.`);
}

/** No shape has as many elements, nor an axis as many places: indices are 32-bit, with a sign. */
const LIMIT = 2 ** 31;

/**
 * Checks that a shape is a list of whole, non-negative sizes of less than 2^31 elements in all.
 *
 * @throws ShapeError naming the op and the shape
 */
export function checkShape(op: string, shape: Shape): void {
  checkList(op, "the shape", shape);
  for (const d of shape) checkSize(op, d, shape);
  if (sizeOf(shape) < LIMIT) return;
  throw new ShapeError(
    `${op}: too many elements: ${show(shape)} has ${sizeOf(shape)} (limit 2^31). Split the tensor.`,
  );
}

/** Checks one size of a shape, also of an empty one. */
function checkSize(op: string, size: number, shape: Shape): void {
  const wrong = !Number.isInteger(size) ? `a size is not a whole number: ${size}`
    : size < 0 ? `a size is negative: ${size}`
    : size >= LIMIT && sizeOf(shape) === 0 ? `a size is too large: ${size} (limit 2^31)` : "";
  if (wrong === "") return;
  throw new ShapeError(`${op}: ${wrong} of ${show(shape)}. Check how it was computed.`);
}

/**
 * Turns a possibly negative axis into one counted from the front.
 *
 * @throws ShapeError if there is no such axis
 */
export function resolveAxis(op: string, axis: number, shape: Shape): number {
  const resolved = axis < 0 ? axis + shape.length : axis;
  if (Number.isInteger(axis) && resolved >= 0 && resolved < shape.length) return resolved;
  const remedy = shape.length === 0 ? "A scalar has no axes; reshape it"
    : `Use ${-shape.length} to ${shape.length - 1}`;
  throw new ShapeError(`${op}: no such axis: ${axis} of ${show(shape)}. ${remedy}.`);
}

/**
 * Turns `undefined` (all axes), one axis or several into a sorted list without repeats.
 *
 * @throws ShapeError if an axis does not exist or is named twice
 */
export function resolveAxes(
  op: string,
  axes: number | readonly number[] | undefined,
  shape: Shape,
): number[] {
  if (axes === undefined) return shape.map((_, i) => i);
  const list = [axes].flat().map((a) => resolveAxis(op, a, shape));
  const unique = [...new Set(list)].sort((a, b) => a - b);
  if (unique.length === list.length) return unique;
  throw new ShapeError(
    `${op}: an axis is named twice: ${show(list)} of ${show(shape)}. Name it once.`,
  );
}

/**
 * The shape two or more shapes broadcast to, by NumPy's rule.
 *
 * @throws ShapeError naming the op and the shapes
 */
export function broadcastShapes(op: string, ...shapes: readonly Shape[]): number[] {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  const out = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    for (let i = 0; i < shape.length; i++) {
      const axis = rank - shape.length + i;
      const d = at(shape, i);
      if (d === 1 || d === out[axis]) continue;
      if (out[axis] !== 1) throw broadcastError(op, shapes);
      out[axis] = d;
    }
  }
  return out;
}

function broadcastError(op: string, shapes: readonly Shape[]): ShapeError {
  return new ShapeError(
    `${op}: shapes do not broadcast: ${shapes.map(show).join(" and ")}. `
      + `Sizes must be equal or 1, counted from the last axis.`,
  );
}

/** Strides that read a layout as the larger `shape` (0 along every axis that is repeated). */
export function broadcastStrides(layout: Layout, shape: Shape): number[] {
  const extra = shape.length - layout.shape.length;
  return shape.map((d, axis) => {
    if (axis < extra || (layout.shape[axis - extra] === 1 && d !== 1)) return 0;
    return at(layout.strides, axis - extra);
  });
}

/** Index space shared by several operands, with neighbouring axes merged where all allow it. */
export interface Walk {
  readonly shape: number[];
  /** One stride list per operand. */
  readonly strides: number[][];
}

/** Drops axes of size 1 and merges neighbours that every operand steps through evenly. */
export function mergeAxes(shape: Shape, strides: readonly (readonly number[])[]): Walk {
  const out: Walk = { shape: [], strides: strides.map(() => []) };
  for (let axis = 0; axis < shape.length; axis++) {
    const d = at(shape, axis);
    if (d === 1) continue;
    const last = out.shape.length - 1;
    const merges = last >= 0
      && strides.every((s, k) => out.strides[k]?.[last] === at(s, axis) * d);
    if (merges) out.shape[last] = at(out.shape, last) * d;
    else out.shape.push(d);
    strides.forEach((s, k) => {
      const list = out.strides[k] as number[]; // one list per operand, made above
      list[merges ? last : list.length] = at(s, axis);
    });
  }
  return out;
}

/**
 * Strides that show a layout's elements, in row-major order, in another shape of the same size.
 *
 * @returns undefined where no strides can: the elements would have to be copied
 */
export function reshapedStrides(from: Layout, to: Shape): number[] | undefined {
  if (sizeOf(to) === 0) return rowMajor(to);
  const blocks = mergeAxes(from.shape, [from.strides]); // runs of evenly spaced elements
  const [steps = []] = blocks.strides;
  const strides = new Array<number>(to.length).fill(0);
  let block = blocks.shape.length - 1;
  let left = block < 0 ? 1 : at(blocks.shape, block);
  let step = block < 0 ? 0 : at(steps, block);
  for (let axis = to.length - 1; axis >= 0; axis--) {
    const size = at(to, axis);
    if (size === 1) continue;
    if (left === 1 && block > 0) {
      left = at(blocks.shape, --block);
      step = at(steps, block);
    }
    if (left % size !== 0) return undefined;
    strides[axis] = step;
    step *= size;
    left /= size;
  }
  return strides;
}

/** Whether two shapes are equal. */
export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Whether two layouts show the same elements in the same places. */
export function sameLayout(a: Layout, b: Layout): boolean {
  return a === b || (a.offset === b.offset && sameShape(a.shape, b.shape)
    && sameShape(a.strides, b.strides));
}
