import { type Body, type DType, DtypeError, type Layout, type Tensor, checkDtype, checkValue,
  elementwise, isFloat, isHalf, roundHalf, scope, wgslType } from "../engine/index.ts";
import { cast, convert } from "./cast.ts";
import { checkTensor } from "./check.ts";
import { promoteTypes, promoted } from "./promote.ts";
import { type InputGrads, type Operand, type Saves, note } from "./tape.ts";

export { checkOptions, checkTensor, composed, showShapes } from "./check.ts";

/** An operation: how its result is computed, and how gradients pass back through it. */
export interface OpSpec {
  readonly name: string;
  /** Checks the inputs (throwing before anything is recorded) and computes the result. */
  readonly forward: (...inputs: Operand[]) => Tensor;
  /**
   * Gradients of the inputs, written with ops so that they can be differentiated again. A
   * gradient may have the broadcast shape, and any float dtype; it is summed and rounded to the
   * input's. Left out where the result is not a smooth function of the inputs: it then counts as a
   * constant.
   */
  readonly vjp?: (dy: Tensor, inputs: readonly Operand[], y: Tensor) => InputGrads;
  /** What `vjp` reads. Default: the inputs. */
  readonly saves?: Saves;
  /**
   * Whether `forward` takes f16 and bf16 as they are; `both`: `vjp` does too. Default false: it is
   * given f32, and its f32 result is rounded to the dtype its float inputs promote to.
   */
  readonly halves?: boolean | "both";
}

/**
 * Runs an operation and notes it on the tapes that are listening.
 *
 * What the tape saves of f16 and bf16 values takes 2 bytes an element; `vjp` is given them as f32,
 * unless its operation says otherwise.
 */
export function apply(spec: OpSpec, inputs: readonly Operand[]): Tensor {
  const { name: op, vjp, saves = "inputs", halves = false } = spec;
  const output = !halves && inputs.some(isHalfTensor) ? widely(spec, inputs)
    : spec.forward(...inputs);
  const asIs = halves === "both" || saves === "nothing";
  if (vjp) note({ op, inputs, output, saves, vjp: asIs ? vjp : widened(vjp) });
  return output;
}

function isHalfTensor(x: Operand): x is Tensor {
  return typeof x === "object" && x !== null && isHalf(x.dtype);
}

/** The forward pass in float32, rounded back. */
function widely({ forward }: OpSpec, inputs: readonly Operand[]): Tensor {
  const floats = inputs.flatMap((x) => (typeof x === "object" && isFloat(x.dtype) ? x.dtype : []));
  const dtype = floats.reduce<DType>(promoteTypes, "bool");
  return scope(() => {
    const y = forward(...inputs.map((x) => (isHalfTensor(x) ? convert(x, "f32") : x)));
    return y.dtype === "f32" && dtype !== "f32" ? convert(y, dtype) : y;
  });
}

/** A vjp that computes with float32 whatever was saved. */
function widened(vjp: NonNullable<OpSpec["vjp"]>): NonNullable<OpSpec["vjp"]> {
  const wide = <X extends Operand>(x: X): X | Tensor => {
    return isHalfTensor(x) && !x.disposed ? cast(x, "f32") : x;
  };
  return (dy, inputs, y) => vjp(wide(dy), inputs.map(wide), wide(y));
}

/**
 * Runs a function of floats in float32 throughout: f16 and bf16 inputs are widened first, and an
 * f32 result is rounded to the dtype the inputs promote to. For ops made of several others, each of
 * which would round.
 */
export function inFloat32(
  inputs: readonly Tensor[], run: (...inputs: Tensor[]) => Tensor,
): Tensor {
  if (!inputs.some(isHalfTensor)) return run(...inputs);
  const dtype = inputs.map((x) => x.dtype).filter(isFloat).reduce<DType>(promoteTypes, "bool");
  const y = run(...inputs.map((x) => (isHalfTensor(x) ? cast(x, "f32") : x)));
  return y.dtype === "f32" && dtype !== "f32" ? cast(y, dtype) : y;
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
    halves: true,
  }, [x]);
}

/** What all elementwise operations have in common. */
export interface ElementwiseSpec {
  readonly name: string;
  /**
   * WGSL that declares `op` on scalars of type `T`; see kernels/. A list, with the functions it
   * calls first, drops out of a bundle that does not use the operation; a template string stays.
   */
  readonly body: string | readonly string[];
  /** The same for integers, where it differs. */
  readonly whole?: string;
  /**
   * dtypes the operation computes in; f32 stands for f16 and bf16 too. Default: floats, in which
   * it takes integers and bool as f32.
   */
  readonly dtypes?: readonly DType[];
  /** dtype of the result. Default: that of the operands. */
  readonly out?: DType;
  readonly saves?: Saves;
}

/** dtypes of operations on numbers of every kind. */
export const NUMERIC: readonly DType[] = ["f32", "i32", "u32"];
/** dtypes of operations on anything. */
export const ANY: readonly DType[] = ["f32", "i32", "u32", "bool"];

/**
 * The forward pass of an elementwise operation: one dispatch in the dtype its operands promote to.
 */
export function elementwiseForward(
  { name, body: text, whole, dtypes, out }: ElementwiseSpec,
): OpSpec["forward"] {
  const body: Body = { name, wgsl: [text].flat().join("\n") };
  const other: Body = whole === undefined ? body : { name, wgsl: whole };
  return (...operands) => {
    const common = promoted(name, operands);
    const type = dtypes || isFloat(common) ? common : "f32";
    if (dtypes) checkDtype(name, type, dtypes);
    // Comparisons tell a number from its neighbours: it must be one that the dtype has.
    const exact = out === "bool" && isHalf(type) ? type : undefined;
    const { device } = operands.find((x) => typeof x !== "number") as Tensor; // promoted found one
    return elementwise(device, {
      body: wgslType(type) === "f32" ? body : other,
      operands: operands.map((x) => (typeof x === "number" && exact ? roundHalf(exact, x) : x)),
      type, out: out ?? type, convert: operands.map(() => true),
    });
  };
}

/** Declares an operation on one tensor, element by element. */
export function defineUnary(
  spec: ElementwiseSpec & {
    readonly vjp?: (dy: Tensor, inputs: readonly [Tensor], y: Tensor) => Tensor;
  },
): (x: Tensor) => Tensor {
  const { name, vjp, saves } = spec;
  const forward = elementwiseForward(spec);
  const op: OpSpec = {
    name, halves: true, forward: (x) => forward(checkTensor(name, x)),
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
  const { name, vjp, saves } = spec;
  const op: OpSpec = {
    name, halves: true, forward: elementwiseForward(spec),
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
