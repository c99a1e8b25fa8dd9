import fillBody from "../kernels/create/fill.wgsl" with { type: "text" };
import rangeBody from "../kernels/create/range.wgsl" with { type: "text" };
import type { Device } from "./device.ts";
import { DTYPES, type DType, type HostArray, checkDtype, checkValue, isFloat } from "./dtype.ts";
import { elementwise } from "./elementwise.ts";
import { ShapeError } from "./errors.ts";
import { currentDevice } from "./open_devices.ts";
import { type Shape, checkShape, show, sizeOf } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** Numbers on the host, in any of the forms `tensor` takes. */
export type Values = NestedValues | HostNumbers
  | { readonly shape: Shape; readonly data: HostNumbers };

/** Nested arrays of numbers, or of booleans. */
type NestedValues = number | boolean | readonly NestedValues[];

/** A flat list of numbers. */
export type HostNumbers = readonly number[] | Float32Array | Float64Array | Int8Array | Uint8Array
  | Int16Array | Uint16Array | Int32Array | Uint32Array;

/** Where and as what a tensor is made. */
export interface CreateOptions {
  /**
   * Element type. Default `f32`, or the array's own for Int32Array and Uint32Array. Numbers are
   * rounded to float32, and from there to `f16` and `bf16`.
   */
  readonly dtype?: DType;
  /** Default: the current device. */
  readonly device?: Device;
}

/**
 * A tensor with the given numbers.
 *
 * @param values a number, nested arrays, a typed array, or `{ shape, data }`
 * @param options.shape sizes of the axes; default: those of the nested arrays, or one axis
 * @returns a new tensor in the current scope; f32 unless the values are an Int32Array (i32), a
 *   Uint32Array (u32) or booleans (bool), or `dtype` says otherwise
 * @throws ShapeError if nested arrays are ragged or the numbers do not fill the shape;
 *   DtypeError if a number does not fit an integer or bool dtype
 * @example
 * const x = tensor([[1, 2], [3, 4]]);
 */
export function tensor(values: Values, options: CreateOptions & { shape?: Shape } = {}): Tensor {
  const { shape: found, data, dtype: own = ownDtype(data) } = flatten(values);
  if (options.shape) checkShape("tensor", options.shape);
  if (options.dtype) checkDtype("tensor", options.dtype, DTYPES);
  const shape = options.shape ?? found;
  if (data.length !== sizeOf(shape)) {
    throw new ShapeError(
      `tensor: the numbers do not fill the shape: ${data.length} into ${show(shape)}. `
        + `Give ${sizeOf(shape)} numbers or another shape.`,
    );
  }
  const dtype = options.dtype ?? own;
  const device = options.device ?? currentDevice();
  return device.upload("tensor", shape, dtype, convert(data, dtype));
}

/**
 * A tensor filled with one number.
 *
 * @returns a new tensor `shape`, f32 by default
 * @throws ShapeError if a size is negative or not whole
 */
export function full(shape: Shape, value: number, options: CreateOptions = {}): Tensor {
  return filled("full", shape, value, options);
}

function filled(op: string, shape: Shape, value: number, options: CreateOptions): Tensor {
  const { dtype = "f32", device = currentDevice() } = options;
  checkShape(op, shape);
  if (typeof value !== "number") {
    throw new TypeError(`${op}: not a number: ${typeof value}. Give one.`);
  }
  checkDtype(op, dtype, DTYPES);
  checkValue(op, value, dtype);
  const body = { name: "fill", wgsl: fillBody };
  return elementwise(device, { body, operands: [value], type: dtype, out: dtype }, shape);
}

/** A tensor of zeros `shape`, f32 by default. Throws ShapeError for impossible sizes. */
export function zeros(shape: Shape, options: CreateOptions = {}): Tensor {
  return filled("zeros", shape, 0, options);
}

/** A tensor of ones `shape`, f32 by default. Throws ShapeError for impossible sizes. */
export function ones(shape: Shape, options: CreateOptions = {}): Tensor {
  return filled("ones", shape, 1, options);
}

/**
 * The numbers `start`, `start + step`, ... as a tensor `[count]`, f32 by default.
 *
 * @throws ShapeError if `count` is negative or not whole
 */
export function arange(
  count: number,
  { start = 0, step = 1, dtype = "f32", device = currentDevice() }:
    CreateOptions & { start?: number; step?: number } = {},
): Tensor {
  checkShape("arange", [count]);
  checkDtype("arange", dtype, DTYPES);
  for (const v of [start, step]) checkValue("arange", v, dtype);
  const body = { name: "range", wgsl: rangeBody, indexed: true };
  const operands = [start, step];
  return elementwise(device, { body, operands, type: dtype, out: dtype }, [count]);
}

interface Flat {
  readonly shape: Shape;
  readonly data: HostNumbers;
  /** Where the values say it. */
  readonly dtype?: DType;
}

function flatten(values: Values): Flat {
  if (typeof values === "number") return { shape: [], data: [values] };
  if (typeof values === "boolean") return { shape: [], data: [Number(values)], dtype: "bool" };
  if (typeof values !== "object" || values === null) {
    throw notNumbers(values === null ? "null" : typeof values);
  }
  if ("data" in values) return values;
  if (ArrayBuffer.isView(values)) return { shape: [values.length], data: values };
  if (!Array.isArray(values)) throw notNumbers("an object");
  const data: number[] = [];
  const shape: number[] = [];
  let probe: NestedValues | undefined = values as NestedValues;
  while (typeof probe === "object") {
    shape.push(probe.length);
    probe = probe[0];
  }
  collect(values as NestedValues, shape, 0, data);
  return typeof probe === "boolean" ? { shape, data, dtype: "bool" } : { shape, data };
}

function notNumbers(what: string): TypeError {
  return new TypeError(
    `tensor: not numbers: ${what}. `
      + `Give a number, nested arrays, a typed array, or { shape, data }.`,
  );
}

function collect(values: NestedValues, shape: Shape, axis: number, into: number[]): void {
  const single = typeof values === "number" || typeof values === "boolean";
  if (single && axis === shape.length) {
    into.push(Number(values));
    return;
  }
  if (typeof values !== "object" || values.length !== shape[axis]) {
    throw new ShapeError(
      `tensor: ragged or mixed nested arrays: expected ${show(shape)}, and found `
        + `${typeof values === "object" ? `${values.length} elements` : typeof values} `
        + `at depth ${axis}. Make the rows equally long, of numbers alone.`,
    );
  }
  for (const v of values) collect(v, shape, axis + 1, into);
}

function ownDtype(data: HostNumbers): DType {
  if (data instanceof Int32Array) return "i32";
  if (data instanceof Uint32Array) return "u32";
  return "f32";
}

function convert(data: HostNumbers, dtype: DType): HostArray {
  if (isFloat(dtype)) return new Float32Array(data);
  for (const v of data) checkValue("tensor", v, dtype);
  return dtype === "i32" ? new Int32Array(data) : new Uint32Array(data);
}
