import gatherText from "../../kernels/index/gather.wgsl" with { type: "text" };
import scatterAddText from "../../kernels/index/scatter_add.wgsl" with { type: "text" };
import { type Shape, ShapeError, type Tensor, type ThreadKernel, checkDtype, resolveAxis,
  runThreads, show, sizeOf, unroll, withContiguous } from "../../engine/index.ts";
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

/** NaN, stored where an index is out of range. */
const NAN_BITS = 0x7fc00000;
/** Neighbours a thread of the scatter kernel takes where they share an index. */
const WIDE = 8;

const SCATTER_ONE = /* @__PURE__ */ scatterKernel(1);
const SCATTER_WIDE = /* @__PURE__ */ scatterKernel(WIDE);

function scatterKernel(width: number): ThreadKernel {
  const wgsl = `const RUN = ${width}u;\n${unroll(scatterAddText, 1, width)}`;
  return { name: `scatterAdd${width}`, wgsl };
}

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

/** Picks elements; `missing` holds the bits of what stands for an index out of range. */
function lookUp(
  op: string, x: Tensor, index: Tensor, lookup: Lookup, shape: Shape, missing = NAN_BITS,
): Tensor {
  const from = checkTensor(op, x).shape;
  const kernel = { name: "gather", wgsl: gatherText };
  return apply({
    name: op,
    forward: (...inputs) => run(op, kernel, inputs, lookup, shape, 1, missing),
    vjp: (dy, [, ids]) => [() => addUp(`${op}Grad`, dy, ids as Tensor, lookup, from)],
  }, [x, index]);
}

function addUp(op: string, x: Tensor, index: Tensor, lookup: Lookup, shape: Shape): Tensor {
  const from = checkTensor(op, x).shape;
  const shared = lookup.steps[2] === 0; // neighbours along inner go to the same place
  const width = shared && lookup.inner % WIDE === 0 ? WIDE : 1;
  const kernel = width === 1 ? SCATTER_ONE : SCATTER_WIDE;
  return apply({
    name: op,
    forward: (...inputs) => run(op, kernel, inputs, lookup, shape, width),
    vjp: (dy, [, ids]) => [() => lookUp(`${op}Grad`, dy, ids as Tensor, lookup, from, 0)],
  }, [x, index]);
}

/** Runs a lookup kernel; a thread gives `width` elements. Only `gather` reads the last word. */
function run(
  op: string, kernel: ThreadKernel, inputs: readonly Operand[], lookup: Lookup, shape: Shape,
  width: number, missing = 0,
): Tensor {
  const [x, index] = inputs.map((t) => checkTensor(op, t)) as [Tensor, Tensor]; // always two
  checkDtype(op, x.dtype, ["f32"]);
  checkDtype(op, index.dtype, ["i32"]);
  return withContiguous([x, index], (list) => {
    const [values, places] = list as [Tensor, Tensor];
    const out = values.device.empty(op, shape, "f32");
    const { length, inner, count, steps } = lookup;
    runThreads(kernel, list, out, out.size / width, [
      length, inner, count, values.layout.offset, places.layout.offset, ...steps, missing,
    ]);
    return out;
  });
}
