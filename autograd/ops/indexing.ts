import { ShapeError, type Tensor, checkDtype, resolveAxis, scope, show } from
  "../../engine/index.ts";
import { checkTensor } from "../define.ts";
import { addUp, along, axisLookup, lookUp } from "./lookup.ts";
import { reshape } from "./views.ts";

/**
 * Rows of a table: `table[ids]`.
 *
 * @param table `[count, ...]` any dtype
 * @param ids `[...]` i32, in [-count, count); another is an IndexError at the next read
 * @returns ids' shape followed by the table's other axes, the table's dtype
 * @throws ShapeError if the table is a scalar; DtypeError
 */
export function embedding(table: Tensor, ids: Tensor): Tensor {
  if (checkTensor("embedding", table).shape.length === 0) {
    throw new ShapeError("embedding: the table has no rows: []. Give [count, dim].");
  }
  return pick("embedding", table, ids, 0);
}

/**
 * Elements picked along one axis: `y[.., j, ..] = x[.., index[.., j, ..], ..]`.
 *
 * @param x `[..., n, ...]` any dtype
 * @param index i32, x's shape but for the axis; in [-n, n); another is an IndexError at the next
 *   read, and NaN or 0 in the result
 * @returns index's shape, x's dtype
 * @throws ShapeError if another axis differs; DtypeError
 */
export function gather(x: Tensor, index: Tensor, axis: number): Tensor {
  const lookup = along("gather", checkTensor("gather", x).shape, index, axis);
  return lookUp("gather", x, index, lookup, index.shape);
}

/**
 * Elements or slices picked by their place: `y[.., i, j, ..] = x[.., index[i, j], ..]`.
 *
 * @param x any shape and dtype
 * @param index any shape, i32; as for `gather`
 * @param axis default: places in x as one long row
 * @returns x's shape with the index's in place of the axis; without an axis, the index's shape
 * @throws ShapeError if the axis does not exist; DtypeError
 */
export function take(
  x: Tensor, index: Tensor, { axis }: { readonly axis?: number | undefined } = {},
): Tensor {
  const { shape } = checkTensor("take", x);
  return axis === undefined ? scope(() => pick("take", reshape(x, [-1]), index, 0))
    : pick("take", x, index, resolveAxis("take", axis, shape));
}

/** Slices along an axis, by default the first, by a list of places; as `take` along that axis. */
export function indexSelect(
  x: Tensor, index: Tensor, { axis = 0 }: { readonly axis?: number } = {},
): Tensor {
  const at = resolveAxis("indexSelect", axis, checkTensor("indexSelect", x).shape);
  return pick("indexSelect", x, index, at);
}

function pick(op: string, x: Tensor, index: Tensor, axis: number): Tensor {
  const { shape } = x;
  checkDtype(op, checkTensor(op, index).dtype, ["i32"]);
  const to = [...shape.slice(0, axis), ...index.shape, ...shape.slice(axis + 1)];
  return lookUp(op, x, index, axisLookup(shape, axis, index.size, true), to);
}

/**
 * Zeros with elements added in at given places along one axis: the adjoint of `gather`.
 * Elements meant for one place are added in a fixed order: the result has the same bits each time.
 *
 * @param x f32, the index's shape
 * @param index i32; elements whose index is out of range are left out, and are an IndexError at
 *   the next read
 * @param length size of the axis in the result
 * @throws ShapeError if the shapes differ; DtypeError
 */
export function scatterAdd(x: Tensor, index: Tensor, axis: number, length: number): Tensor {
  const at = resolveAxis("scatterAdd", axis, checkTensor("scatterAdd", x).shape);
  const shape = x.shape.map((d, i) => (i === at ? length : d));
  if (show(x.shape) !== show(checkTensor("scatterAdd", index).shape)) {
    throw new ShapeError(
      `scatterAdd: index and elements differ: ${show(index.shape)} and ${show(x.shape)}. `
        + `Give one index for each element.`,
    );
  }
  return scope(() => {
    return addUp("scatterAdd", x, index, along("scatterAdd", shape, index, axis), shape);
  });
}
