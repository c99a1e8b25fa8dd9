import copyBody from "../kernels/unary/copy.wgsl" with { type: "text" };
import type { Device } from "./device.ts";
import { type DType, isHalf } from "./dtype.ts";
import { ShapeError } from "./errors.ts";
import type { Input } from "./fusion/pending.ts";
import type { Body } from "./fusion/program.ts";
import { type Scalar, isScalar } from "./live.ts";
import { type Shape, at, broadcastShapes, checkShape, rowMajor, sameLayout, show, sizeOf } from
  "./shape.ts";
import { Tensor } from "./tensor.ts";

/** One elementwise computation: `out = op(...operands)` with broadcasting. */
export interface ElementwiseCall {
  readonly body: Body;
  /** In the order `op` takes them; a number becomes a constant of type `type`. */
  readonly operands: readonly (Tensor | Scalar)[];
  /** What `T` stands for in the body: for `f16` and `bf16` it is f32. */
  readonly type: DType;
  /** Per operand: a tensor of another dtype is converted to `T`. Default: none is. */
  readonly convert?: readonly boolean[];
  /** Type of the result. */
  readonly out: DType;
}

const COPY: Body = { name: "copy", wgsl: copyBody };

/**
 * Runs an elementwise body over broadcast operands. It is run when its result is needed, together
 * with those of its operands that wait for that, too.
 *
 * @param shape the result's; operands are broadcast to it. Default: their common shape
 * @returns a new contiguous tensor
 * @throws ShapeError if the operands do not broadcast; GpuError if the result is too large for the
 *   adapter; DisposedError
 */
export function elementwise(device: Device, call: ElementwiseCall, shape?: Shape): Tensor {
  const { body: { name }, out } = call;
  const space = shape ? [...shape] : commonShape(name, call.operands);
  const inputs = inputsOf(device, call);
  device.check(name);
  checkShape(name, space);
  if (sizeOf(space) === 0) return device.empty(name, space, out);
  const layout = { shape: space, strides: rowMajor(space), offset: 0 };
  const result = device.fusion.wait(call, inputs, layout, isMove(call, inputs));
  return new Tensor(device, out, layout, result);
}

function commonShape(name: string, operands: ElementwiseCall["operands"]): number[] {
  const shapes: Shape[] = [];
  for (const x of operands) if (!isScalar(x)) shapes.push(x.shape);
  return broadcastShapes(name, ...shapes);
}

/** What the operands read, or the numbers they are. Throws DisposedError; Error across devices. */
function inputsOf(device: Device, { body: { name }, operands, convert }: ElementwiseCall): Input[] {
  return operands.map((x, k) => {
    if (isScalar(x)) return x;
    if (x.device !== device) {
      throw new Error(
        `${name}: the tensors are on different devices. Make all of them on one.`,
      );
    }
    const { layout, dtype } = x;
    return { storage: x.storage(name), layout, dtype, convert: convert?.[k] === true };
  });
}

/** Whether elements are copied as they are. */
function isMove({ body, out }: ElementwiseCall, inputs: readonly Input[]): boolean {
  return body === COPY && inputs.every((x) => !isScalar(x) && x.dtype === out);
}

/**
 * Runs an elementwise body and writes its result over an existing tensor, which may be a view
 * without repeated elements and may be an operand too.
 *
 * @throws ShapeError if the result does not have the target's shape; DisposedError
 */
export function elementwiseInto(target: Tensor, call: ElementwiseCall): void {
  const { body, operands } = call;
  const inputs = operands.filter((x): x is Tensor => !isScalar(x));
  const space = broadcastShapes(body.name, target.shape, ...inputs.map((t) => t.shape));
  if (show(space) !== show(target.shape)) {
    throw new ShapeError(
      `${body.name}: the result does not fit the target: ${show(space)} into `
        + `${show(target.shape)}. Make the shapes equal.`,
    );
  }
  const { strides } = target.layout;
  if (target.size > 0 && strides.some((step, axis) => step === 0 && at(target.shape, axis) > 1)) {
    throw new ShapeError(
      `${body.name}: the target repeats elements: ${show(target.shape)} with strides `
        + `${show(target.layout.strides)}. Copy it first, as by add(x, 0).`,
    );
  }
  const { device, size, layout } = target;
  device.check(body.name);
  const storage = target.storage(body.name);
  inputsOf(device, call);
  if (size === 0) return;
  const overlaps = (x: Tensor) => x.storage(body.name) === storage && !sameLayout(x.layout, layout);
  const copies = new Map(inputs.filter(overlaps).map((x) => [x, contiguousCopy(x)]));
  const safe = operands.map((x) => (isScalar(x) ? x : copies.get(x) ?? x));
  const own = { ...call, operands: safe, out: isHalf(target.dtype) ? target.dtype : call.out };
  const from = inputsOf(device, own);
  device.fusion.into(own, from, layout, isMove(own, from), storage);
  for (const copy of copies.values()) copy.dispose();
}

/** A contiguous copy of a view. */
export function contiguousCopy(t: Tensor): Tensor {
  return elementwise(t.device, { body: COPY, operands: [t], type: t.dtype, out: t.dtype });
}

/** A contiguous copy as f32. */
export function widenedCopy(t: Tensor): Tensor {
  return elementwise(t.device, { body: COPY, operands: [t], type: "f32", out: "f32" });
}

/**
 * Writes `source`, broadcast, over `target`, which may be a view: the same dtype, or one that the
 * target's holds but for rounding.
 *
 * @throws ShapeError if the source does not broadcast to the target's shape
 */
export function copyInto(target: Tensor, source: Tensor): void {
  elementwiseInto(target, {
    body: COPY, operands: [source], type: target.dtype, out: target.dtype, convert: [true],
  });
}
