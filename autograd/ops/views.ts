import { type Shape, ShapeError, type Tensor, broadcastShapes, checkList, checkShape,
  contiguousCopy, reshapedStrides, resolveAxis, rowMajor, show, sizeOf } from
  "../../engine/index.ts";
import { apply, applyView, checkTensor } from "../define.ts";

/**
 * The axes in another order; a view.
 *
 * @param axes every axis once, the result's first one first; may be negative
 * @throws ShapeError if an axis is missing or named twice
 */
export function permute(x: Tensor, axes: readonly number[]): Tensor {
  const { shape, strides, offset } = checkTensor("permute", x).layout;
  checkList("permute", "axes", axes);
  const order = axes.map((a) => resolveAxis("permute", a, shape));
  if (order.length !== shape.length || new Set(order).size !== order.length) {
    throw new ShapeError(
      `permute: the axes are not an order of all: ${show(axes)} of ${show(shape)}. `
        + `Name each axis once.`,
    );
  }
  const pick = (list: readonly number[]) => order.map((a) => list[a] as number); // resolved above
  const inverse = order.map((_, i) => order.indexOf(i));
  return applyView("permute", x, { shape: pick(shape), strides: pick(strides), offset },
    (dy) => permute(dy, inverse));
}

/** Two axes exchanged, by default the last two; a view. Throws ShapeError if one is not there. */
export function transpose(
  x: Tensor, { axes = [-2, -1] }: { readonly axes?: readonly [number, number] } = {},
): Tensor {
  const { shape } = checkTensor("transpose", x);
  const [a, b] = axes.map((axis) => resolveAxis("transpose", axis, shape));
  return permute(x, shape.map((_, i) => (i === a ? b : i === b ? a : i) ?? i));
}

/**
 * The same elements, row-major, in another shape: a view where the layout allows it, else a copy.
 *
 * @param shape one size may be -1: whatever is left
 * @throws ShapeError if the number of elements differs, or more than one size is -1
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const from = checkTensor("reshape", x).shape;
  const to = completeShape(from, shape);
  const name = "reshape";
  return apply({
    name,
    forward: (t) => reshaped(checkTensor(name, t), to),
    vjp: (dy) => [() => reshape(dy, from)],
    saves: "nothing",
    halves: true,
  }, [x]);
}

function reshaped(x: Tensor, shape: Shape): Tensor {
  const strides = reshapedStrides(x.layout, shape);
  if (strides) return x.view("reshape", { shape, strides, offset: x.layout.offset });
  const whole = contiguousCopy(x);
  const result = whole.view("reshape", { shape, strides: rowMajor(shape), offset: 0 });
  whole.dispose();
  return result;
}

function completeShape(from: Shape, shape: Shape): Shape {
  checkList("reshape", "the shape", shape);
  const open = shape.filter((d) => d === -1).length;
  if (open === 0 || shape.some((d) => d !== -1 && !(d >= 0))) checkShape("reshape", shape);
  const known = sizeOf(shape.filter((d) => d !== -1));
  if (open > 1 || (open === 1 && known === 0)) {
    const [what, remedy] = open > 1 ? ["more than one size is -1", " but one"]
      : ["-1 beside a size of 0 could be anything", ""];
    throw new ShapeError(
      `reshape: ${what}: ${show(from)} to ${show(shape)}. Give all sizes${remedy}.`,
    );
  }
  const to = shape.map((d) => (d === -1 ? sizeOf(from) / known : d));
  if (to.every(Number.isInteger) && sizeOf(to) === sizeOf(from)) return to;
  throw new ShapeError(
    `reshape: the number of elements differs: ${show(from)} to ${show(shape)} `
      + `(${sizeOf(from)} != ${open ? `a multiple of ${known}` : known}). Check the sizes.`,
  );
}

/**
 * Axes of size 1 repeated to a larger shape, by NumPy's rule; a view that moves no data.
 *
 * @throws ShapeError if the tensor does not broadcast to the shape
 */
export function expand(x: Tensor, shape: Shape): Tensor {
  const { layout } = checkTensor("expand", x);
  checkShape("expand", shape);
  if (show(broadcastShapes("expand", layout.shape, shape)) !== show(shape)) {
    throw new ShapeError(
      `expand: the shape is smaller than the tensor's: ${show(layout.shape)} to ${show(shape)}. `
        + `Use sum() to shrink an axis.`,
    );
  }
  const extra = shape.length - layout.shape.length;
  const strides = shape.map((d, axis) => {
    const i = axis - extra;
    return i < 0 || (layout.shape[i] === 1 && d !== 1) ? 0 : layout.strides[i] ?? 0;
  });
  return applyView("expand", x, { shape: [...shape], strides, offset: layout.offset }, (dy) => dy);
}

/**
 * The tensor without axes of size 1; a view.
 *
 * @param axis which to drop; default: all of size 1
 * @throws ShapeError if the axis has another size
 */
export function squeeze(x: Tensor, { axis }: { readonly axis?: number } = {}): Tensor {
  const { shape } = checkTensor("squeeze", x);
  if (axis === undefined) return reshape(x, shape.filter((d) => d !== 1));
  const at = resolveAxis("squeeze", axis, shape);
  if (shape[at] === 1) return reshape(x, shape.filter((_, i) => i !== at));
  throw new ShapeError(`squeeze: the axis is not of size 1: ${axis} of ${show(shape)}. Leave it.`);
}

/** The tensor with an axis of size 1 put in before `axis`; a view. Throws ShapeError. */
export function unsqueeze(x: Tensor, axis: number): Tensor {
  const { shape } = checkTensor("unsqueeze", x);
  const at = resolveAxis("unsqueeze", axis, [...shape, 1]);
  return reshape(x, [...shape.slice(0, at), 1, ...shape.slice(at)]);
}
