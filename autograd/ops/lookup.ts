import gatherText from "../../kernels/index/gather.wgsl" with { type: "text" };
import placeText from "../../kernels/index/place.wgsl" with { type: "text" };
import scatterAddText from "../../kernels/index/scatter_add.wgsl" with { type: "text" };
import { type DType, type Shape, ShapeError, Tensor, type ThreadKernel, checkDtype, contiguousCopy,
  full, isHalf, resolveAxis, rowMajor, runThreads, scope, show, sizeOf, withContiguous }
  from "../../engine/index.ts";
import { convert } from "../cast.ts";
import { apply, checkTensor } from "../define.ts";
import type { Operand } from "../tape.ts";
import { addSegments } from "./segments.ts";

/** A lookup along one axis of a tensor seen as `[outer, length, inner]`. */
export interface Lookup {
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
/** Elements of a result times indices, up to which each looks at every index. */
const FEW = 2 ** 14;

const GATHER: ThreadKernel = { name: "gather", wgsl: gatherText, faults: true };
const SCATTER_ADD: ThreadKernel = { name: "scatterAdd", wgsl: scatterAddText, faults: true };

/** A lookup along an axis by `count` indices: the same for every line, or some for each. */
export function axisLookup(shape: Shape, axis: number, count: number, shared: boolean): Lookup {
  const inner = sizeOf(shape.slice(axis + 1));
  const steps = shared ? [0, 1, 0] as const : [count * inner, inner, 1] as const;
  return { outer: sizeOf(shape.slice(0, axis)), length: shape[axis] ?? 1, inner, count, steps };
}

/**
 * A lookup along an axis by an index of the tensor's shape but for the axis.
 *
 * @throws ShapeError if another axis differs
 */
export function along(op: string, shape: Shape, index: Tensor, axis: number): Lookup {
  const at = resolveAxis(op, axis, shape);
  const alike = (s: Shape) => show(s.filter((_, i) => i !== at));
  const places = checkTensor(op, index).shape;
  if (shape.length !== places.length || alike(shape) !== alike(places)) {
    throw new ShapeError(
      `${op}: the index differs beside axis ${axis}: ${show(places)} for ${show(shape)}. `
        + `Make the other axes equal.`,
    );
  }
  return axisLookup(shape, at, places[at] ?? 1, false);
}

/** Elements picked from `x`; `quiet`: an index out of range gives 0, and no error. */
export function lookUp(
  op: string, x: Tensor, index: Tensor, lookup: Lookup, shape: Shape, quiet = false,
): Tensor {
  const from = checkTensor(op, x).shape;
  return apply({
    name: op,
    forward: (...inputs) => picked(op, inputs, lookup, shape, quiet),
    vjp: (dy, [, ids]) => [() => addUp(`${op}Grad`, dy, ids as Tensor, lookup, from, true)],
    halves: "both",
  }, [x, index]);
}

/** Elements picked, of halves two at a time where they have one index. */
function picked(
  op: string, inputs: readonly Operand[], lookup: Lookup, shape: Shape, quiet: boolean,
): Tensor {
  const [x, index] = inputs.map((t) => checkTensor(op, t)) as [Tensor, Tensor]; // always two
  const { inner, steps } = lookup;
  if (!isHalf(x.dtype)) return run(op, GATHER, inputs, lookup, shape, quiet);
  return scope(() => {
    if (steps[2] !== 0 || inner % 2 !== 0) {
      const wide = run(op, GATHER, [convert(x, "f32"), index], lookup, shape, quiet);
      return convert(wide, x.dtype);
    }
    const whole = x.contiguous && x.layout.offset % 2 === 0 ? x : contiguousCopy(x);
    const words = run(op, GATHER, [seenAs("u32", whole, [x.size / 2]), index],
      { ...lookup, inner: inner / 2 }, [sizeOf(shape) / 2], quiet);
    return seenAs(x.dtype, words, shape);
  });
}

/** The same bits as another dtype, in a shape that takes as many. */
function seenAs(dtype: DType, t: Tensor, shape: Shape): Tensor {
  const offset = isHalf(dtype) ? 0 : t.layout.offset / 2;
  const layout = { shape: [...shape], strides: rowMajor(shape), offset };
  return new Tensor(t.device, dtype, layout, t.storage("gather").retain());
}

/** As a quiet `lookUp`, for an operation with a gradient of its own. */
export function pickRaw(
  op: string, inputs: readonly Operand[], lookup: Lookup, shape: Shape,
): Tensor {
  return run(op, GATHER, inputs.slice(0, 2), lookup, shape, true);
}

/** Zeros with the elements of `x` added in: the adjoint of `lookUp`. */
export function addUp(
  op: string, x: Tensor, index: Tensor, lookup: Lookup, shape: Shape, quiet = false,
): Tensor {
  const { shape: from, dtype } = checkTensor(op, x);
  checkDtype(op, dtype, ["f32"]);
  const few = sizeOf(shape) * lookup.count <= FEW;
  return apply({
    name: op,
    forward: (...inputs) => (few ? run(op, SCATTER_ADD, inputs, lookup, shape, quiet)
      : inSegments(op, inputs, lookup, shape, quiet)),
    vjp: (dy, [, ids]) => [() => lookUp(`${op}Grad`, dy, ids as Tensor, lookup, from, true)],
  }, [x, index]);
}

/** `addUp` of more elements than a look at each of them for each place would do for. */
function inSegments(
  op: string, inputs: readonly Operand[], lookup: Lookup, shape: Shape, quiet: boolean,
): Tensor {
  const list = inputs.map((t) => checkTensor(op, t)) as [Tensor, Tensor]; // always two
  checkDtype(op, list[1].dtype, ["i32"]);
  return scope(() => withContiguous(list, ([x, index]) => {
    const [values, places] = [x as Tensor, index as Tensor]; // as many as went in
    const fault = quiet ? 0 : values.device.faults.code(op);
    return addSegments(op, values, places, lookup, shape, fault);
  }));
}

/** Runs a lookup kernel, a thread for each element. Only `gather` reads the last word. */
function run(
  op: string, kernel: ThreadKernel, inputs: readonly Operand[], lookup: Lookup, shape: Shape,
  quiet: boolean,
): Tensor {
  const [x, index] = inputs.map((t) => checkTensor(op, t)) as [Tensor, Tensor]; // always two
  checkDtype(op, index.dtype, ["i32"]);
  return withContiguous([x, index], (list) => {
    const [values, places] = list as [Tensor, Tensor];
    const { device, dtype } = values;
    const out = device.empty(op, shape, dtype);
    const { length, inner, count, steps } = lookup;
    runThreads(kernel, list, out, out.size, [
      length, inner, count, values.layout.offset, places.layout.offset, ...steps,
      quiet ? 0 : device.faults.code(op), quiet || dtype !== "f32" ? 0 : NAN_BITS,
    ]);
    return out;
  });
}

/**
 * For every place, 1 + the last index that points to it, or 0; or how many do. A constant.
 *
 * @param index i32, as large as the lookup's outer, count and inner together
 * @param shape as large as its outer, length and inner together
 */
export function place(
  op: string, index: Tensor, lookup: Lookup, shape: Shape, what: "last" | "count",
): Tensor {
  checkDtype(op, checkTensor(op, index).dtype, ["i32"]);
  const { length, inner, count } = lookup;
  const kernel = {
    name: `place_${what}`, wgsl: `const COUNT = ${what === "count"};\n${placeText}`, faults: true,
  };
  return withContiguous([index], (list) => {
    const [places] = list as [Tensor];
    const { device, layout } = places;
    const out = full(shape, 0, { dtype: "i32", device });
    runThreads(kernel, list, out, places.size, [
      length, inner, count, layout.offset, device.faults.code(op),
    ]);
    return out;
  });
}
