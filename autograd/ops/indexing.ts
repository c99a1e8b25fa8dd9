import gatherText from "../../kernels/index/gather.wgsl" with { type: "text" };
import scatterAddText from "../../kernels/index/scatter_add.wgsl" with { type: "text" };
import { type Shape, ShapeError, type Tensor, checkDtype, resolveAxis, runThreads, show, sizeOf,
  withContiguous } from "../../engine/index.ts";
import { apply, checkTensor } from "../define.ts";
import type { Operand } from "../tape.ts";

/** A lookup along one axis of a tensor seen as `[outer, length, inner]`. */
interface Lookup {
  readonly outer: number;
  /** Size of the axis looked up in. */
  readonly length: number;
  readonly inner: number;
  /** Lookups along the axis. */
  readonly count: number;
  /** Steps of the index over outer, count and inner. */
  readonly steps: readonly [number, number, number];
}

/** NaN, stored where a float index is out of range; integers get the largest value. */
const NAN_BITS = 0x7fc00000;

/**
 * Rows of a table: `table[ids]`.
 *
 * @param table `[count, ...]` f32
 * @param ids `[...]` i32, in [-count, count); a row of NaN for others
 * @returns ids' shape followed by the table's other axes, f32
 * @throws ShapeError if the table is a scalar; DtypeError
 */
export function embedding(table: Tensor, ids: Tensor): Tensor {
  const { shape } = checkTensor("embedding", table);
  checkDtype("embedding", table.dtype, ["f32"]);
  checkDtype("embedding", checkTensor("embedding", ids).dtype, ["i32"]);
  if (shape.length === 0) {
    throw new ShapeError("embedding: the table has no rows: []. Give [count, dim].");
  }
  const rest = shape.slice(1);
  const lookup: Lookup = {
    outer: 1, length: shape[0] ?? 0, inner: sizeOf(rest), count: ids.size, steps: [0, 1, 0],
  };
  return lookUp("embedding", table, ids, lookup, [...ids.shape, ...rest]);
}

/**
 * Elements picked along one axis: `y[.., j, ..] = x[.., index[.., j, ..], ..]`.
 *
 * @param x `[..., n, ...]` f32
 * @param index i32, x's shape but for the axis; in [-n, n), NaN for others
 * @returns index's shape, f32
 * @throws ShapeError if another axis differs; DtypeError
 */
export function gather(x: Tensor, index: Tensor, axis: number): Tensor {
  return lookUp("gather", x, index, along("gather", x.shape, index, axis), index.shape);
}

/**
 * Zeros with elements added in at given places along one axis: the adjoint of `gather`.
 * Elements meant for one place are added in order, so that the result has the same bits each time.
 *
 * @param x f32, the index's shape
 * @param index i32; elements whose index is out of range are left out
 * @param length size of the axis in the result
 * @throws ShapeError if the shapes differ; DtypeError
 */
export function scatterAdd(x: Tensor, index: Tensor, axis: number, length: number): Tensor {
  const at = resolveAxis("scatterAdd", axis, checkTensor("scatterAdd", x).shape);
  const shape = x.shape.map((d, i) => (i === at ? length : d));
  if (show(x.shape) !== show(index.shape)) {
    throw new ShapeError(
      `scatterAdd: index and elements differ: ${show(index.shape)} and ${show(x.shape)}. `
        + `Give one index for each element.`,
    );
  }
  return addUp("scatterAdd", x, index, along("scatterAdd", shape, index, axis), shape);
}

function along(op: string, shape: Shape, index: Tensor, axis: number): Lookup {
  const at = resolveAxis(op, axis, shape);
  const alike = (s: Shape) => show(s.filter((_, i) => i !== at));
  if (shape.length !== index.shape.length || alike(shape) !== alike(index.shape)) {
    throw new ShapeError(
      `${op}: the index differs beside axis ${axis}: ${show(index.shape)} for ${show(shape)}. `
        + `Make the other axes equal.`,
    );
  }
  const inner = sizeOf(shape.slice(at + 1));
  const count = index.shape[at] ?? 1;
  const steps = [count * inner, inner, 1] as const;
  return { outer: sizeOf(shape.slice(0, at)), length: shape[at] ?? 1, inner, count, steps };
}

function lookUp(op: string, x: Tensor, index: Tensor, lookup: Lookup, shape: Shape): Tensor {
  const from = checkTensor(op, x).shape;
  return apply({
    name: op,
    forward: (...inputs) => run(op, gatherText, inputs, lookup, shape, [NAN_BITS]),
    vjp: (dy, [, ids]) => [() => addUp(`${op}Grad`, dy, ids as Tensor, lookup, from)],
  }, [x, index]);
}

function addUp(op: string, x: Tensor, index: Tensor, lookup: Lookup, shape: Shape): Tensor {
  const from = checkTensor(op, x).shape;
  return apply({
    name: op,
    forward: (...inputs) => run(op, scatterAddText, inputs, lookup, shape, []),
    vjp: (dy, [, ids]) => [() => lookUp(`${op}Grad`, dy, ids as Tensor, lookup, from)],
  }, [x, index]);
}

function run(
  op: string, wgsl: string, inputs: readonly Operand[], lookup: Lookup, shape: Shape,
  extra: readonly number[],
): Tensor {
  const [x, index] = inputs.map((t) => checkTensor(op, t)) as [Tensor, Tensor]; // always two
  checkDtype(op, x.dtype, ["f32"]);
  checkDtype(op, index.dtype, ["i32"]);
  return withContiguous([x, index], (list) => {
    const [values, places] = list as [Tensor, Tensor];
    const out = values.device.empty(op, shape, "f32");
    const { length, inner, count, steps } = lookup;
    const kernel = { name: wgsl === gatherText ? "gather" : "scatterAdd", wgsl };
    runThreads(kernel, list, out, out.size, [
      length, inner, count, values.layout.offset, places.layout.offset, ...steps, ...extra,
    ]);
    return out;
  });
}
