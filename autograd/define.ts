import { type Body, type DType, DtypeError, type Layout, type Shape, Tensor, checkDtype,
  checkValue, elementwise, show } from "../engine/index.ts";
import { type InputGrads, type Operand, type Saves, note } from "./tape.ts";

/** An operation: how its result is computed, and how gradients pass back through it. */
export interface OpSpec {
  readonly name: string;
  /** Checks the inputs (throwing before anything is recorded) and computes the result. */
  readonly forward: (...inputs: Operand[]) => Tensor;
  /**
   * Gradients of the inputs, written with ops so that they can be differentiated again. A
   * gradient may have the broadcast shape; it is summed to the input's. Left out where the
   * result is not a smooth function of the inputs: it then counts as a constant.
   */
  readonly vjp?: (dy: Tensor, inputs: readonly Operand[], y: Tensor) => InputGrads;
  /** What `vjp` reads. Default: the inputs. */
  readonly saves?: Saves;
}

/** Runs an operation and notes it on the tapes that are listening. */
export function apply(spec: OpSpec, inputs: readonly Operand[]): Tensor {
  const output = spec.forward(...inputs);
  const { name: op, vjp, saves = "inputs" } = spec;
  if (vjp) note({ op, inputs, output, saves, vjp });
  return output;
}

/** Applies a change of layout: a view that moves no data. */
export function applyView(
  name: string, x: Tensor, layout: Layout, back: (dy: Tensor) => Tensor,
): Tensor {
  return apply({
    name,
    forward: (t) => checkTensor(name, t).view(name, layout),
    vjp: (dy) => [() => back(dy)],
    saves: "nothing",
  }, [x]);
}

/** What all elementwise operations have in common. */
interface ElementwiseSpec {
  readonly name: string;
  /**
   * WGSL that declares `op` on scalars of type `T`; see kernels/. A list, with the functions it
   * calls first, drops out of a bundle that does not use the operation; a template string stays.
   */
  readonly body: string | readonly string[];
  /** dtypes the operands may have. Default: f32. */
  readonly dtypes?: readonly DType[];
  /** dtype of the result. Default: that of the operands. */
  readonly out?: DType;
  readonly saves?: Saves;
}

const FLOAT: readonly DType[] = ["f32"];

/** dtypes of operations on numbers of every kind. */
export const NUMERIC: readonly DType[] = ["f32", "i32", "u32"];
/** dtypes of operations on anything. */
export const ANY: readonly DType[] = ["f32", "i32", "u32", "bool"];

/** Declares an operation on one tensor, element by element. */
export function defineUnary(
  spec: ElementwiseSpec & {
    readonly vjp?: (dy: Tensor, inputs: readonly [Tensor], y: Tensor) => Tensor;
  },
): (x: Tensor) => Tensor {
  const { name, dtypes = FLOAT, out, vjp, saves } = spec;
  const body: Body = { name, wgsl: [spec.body].flat().join("\n") };
  const op: OpSpec = {
    name,
    forward: (x) => {
      const t = checkTensor(name, x);
      checkDtype(name, t.dtype, dtypes);
      const call = { body, operands: [t], type: t.dtype, out: out ?? t.dtype };
      return elementwise(t.device, call);
    },
    ...(vjp && { vjp: (dy, inputs, y) => [() => vjp(dy, inputs as readonly [Tensor], y)] }),
    ...(saves && { saves }),
  };
  return (x) => apply(op, [x]);
}

/** Declares an operation on two tensors that broadcast, or on a tensor and a number. */
export function defineBinary(
  spec: ElementwiseSpec & {
    readonly vjp?: (dy: Tensor, inputs: readonly [Operand, Operand], y: Tensor) => InputGrads;
  },
): (a: Operand, b: Operand) => Tensor {
  const { name, dtypes = FLOAT, out, vjp, saves } = spec;
  const body: Body = { name, wgsl: [spec.body].flat().join("\n") };
  const op: OpSpec = {
    name,
    forward: (a, b) => {
      const dtype = commonDtype(name, [a, b], dtypes);
      const call = { body, operands: [a, b], type: dtype, out: out ?? dtype };
      return elementwise(checkTensor(name, typeof a === "number" ? b : a).device, call);
    },
    ...(vjp && { vjp: (dy, inputs, y) => vjp(dy, inputs as readonly [Operand, Operand], y) }),
    ...(saves && { saves }),
  };
  return (a, b) => apply(op, [a, b]);
}

/**
 * The one dtype that tensors share; numbers take it on.
 *
 * @throws DtypeError if tensors differ, their dtype is not allowed, or a number does not fit it
 */
export function commonDtype(
  op: string, operands: readonly Operand[], allowed: readonly DType[] = ANY,
): DType {
  const tensors = operands.filter((x) => typeof x !== "number");
  const dtypes = [...new Set(tensors.map((t) => checkTensor(op, t).dtype))];
  const [dtype] = dtypes;
  if (dtype === undefined) {
    const list = operands.join(", ");
    throw new TypeError(`${op}: no tensor among the operands: ${list}. Use tensor().`);
  }
  if (dtypes.length > 1) {
    throw new DtypeError(`${op}: dtypes differ: ${dtypes.join(" and ")}. Cast one with cast().`);
  }
  checkDtype(op, dtype, allowed);
  for (const x of operands) if (typeof x === "number") checkValue(op, x, dtype);
  return dtype;
}

/**
 * Checks that an operand is a tensor.
 *
 * @throws TypeError naming what it is instead
 */
export function checkTensor(op: string, x: unknown): Tensor {
  if (x instanceof Tensor) return x;
  const what = x === null ? "null" : typeof x;
  throw new TypeError(`${op}: not a tensor: ${what}. Make one with tensor().`);
}

/** Shapes of operands for an error message: `a [2, 3] and b [4]`. */
export function showShapes(names: readonly string[], shapes: readonly Shape[]): string {
  return names.map((name, i) => `${name} ${show(shapes[i] ?? [])}`).join(" and ");
}
