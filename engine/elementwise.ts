import copyBody from "../kernels/unary/copy.wgsl" with { type: "text" };
import type { Device } from "./device.ts";
import { type DType, isHalf, wgslType } from "./dtype.ts";
import { type Argument, type Body, type Program, type Store, type Stored, programKey,
  programSource } from "./elementwise_text.ts";
import { ShapeError } from "./errors.ts";
import { foldGrid } from "./grid.ts";
import { type Scalar, type Word, floatWord, isScalar, wholeWord } from "./live.ts";
import { type Layout, type Shape, MAX_RANK, at, broadcastShapes, broadcastStrides, isContiguous,
  mergeAxes, show, sizeOf } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

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

/** How the threads of one call find their elements. */
interface Plan {
  readonly rank: number | undefined;
  readonly run: number;
  readonly store: Store;
  readonly threads: number;
  /** Shape words, then offset and strides of the target and of each operand. */
  readonly words: number[];
  /** Per operand: one element for all. */
  readonly single: readonly boolean[];
}

const COPY: Body = { name: "copy", wgsl: copyBody };
const WORKGROUP = 64;

/**
 * Runs an elementwise body over broadcast operands.
 *
 * @param shape the result's; operands are broadcast to it. Default: their common shape
 * @returns a new contiguous tensor
 * @throws ShapeError if the operands do not broadcast; DisposedError
 */
export function elementwise(device: Device, call: ElementwiseCall, shape?: Shape): Tensor {
  const { body } = call;
  const inputs = tensorsAmong(call.operands);
  const space = shape ?? broadcastShapes(body.name, ...inputs.map((t) => t.shape));
  for (const t of inputs) t.storage(body.name);
  const out = device.empty(body.name, space, call.out);
  run(call, inputs, out);
  return out;
}

/**
 * Runs an elementwise body and writes its result over an existing tensor, which may be a view
 * without repeated elements and may be an operand too.
 *
 * @throws ShapeError if the result does not have the target's shape; DisposedError
 */
export function elementwiseInto(target: Tensor, call: ElementwiseCall): void {
  const { body, operands } = call;
  const inputs = tensorsAmong(operands);
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
  target.device.check(body.name);
  const storage = target.storage(body.name);
  const overlaps = (x: Tensor) => x.storage(body.name) === storage && !sameLayout(x, target);
  const copies = new Map(inputs.filter(overlaps).map((x) => [x, contiguousCopy(x)]));
  const safe = operands.map((x) => (isScalar(x) ? x : copies.get(x) ?? x));
  const out = isHalf(target.dtype) ? target.dtype : call.out;
  run({ ...call, out, operands: safe }, tensorsAmong(safe), target, true);
  for (const copy of copies.values()) copy.dispose();
}

function tensorsAmong(operands: readonly (Tensor | Scalar)[]): Tensor[] {
  return operands.filter((x): x is Tensor => !isScalar(x));
}

function sameLayout(a: Tensor, b: Tensor): boolean {
  const { shape, strides, offset } = b.layout;
  return a.layout.offset === offset && show(a.layout.shape) === show(shape)
    && show(a.layout.strides) === show(strides);
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

/** @param partly whether others may own what comes after the target in its storage */
function run(
  call: ElementwiseCall, inputs: readonly Tensor[], out: Tensor, partly = false,
): void {
  if (out.size === 0) return;
  const { body, operands, type, convert = [] } = call;
  const target = out.storage(body.name);
  const half = isHalf(call.out);
  const plan = makePlan(body.name, out.layout, inputs.map((t) => t.layout), partly, half);
  const moved = body === COPY && half && inputs.every((t) => t.dtype === call.out);
  const stored = (d: DType): Stored => (moved ? "bits" : isHalf(d) ? d : wgslType(d));
  const T = moved ? "u32" : wgslType(type);
  const bound = inputs.filter((t) => t.storage(body.name) !== target);
  const constants: Word[] = [];
  const args = operands.map((x, k): Argument => {
    if (isScalar(x)) return { constant: constants.push(constantWord(x, type)) - 1 };
    const walk = inputs.indexOf(x);
    const at = bound.indexOf(x);
    return {
      type: stored(x.dtype),
      convert: !moved && convert[k] === true && wgslType(x.dtype) !== T,
      binding: at < 0 ? bound.length : at,
      walk: walk + 1,
      single: plan.single[walk] === true,
    };
  });
  const program: Program = {
    body, type: T, out: stored(call.out), store: plan.store, rank: plan.rank, run: plan.run, args,
    bound: bound.map((t) => ({
      type: stored(t.dtype), single: plan.single[inputs.indexOf(t)] === true,
    })),
    constants: constants.length,
  };
  out.device.dispatch({
    kernel: out.device.kernels.get(programKey(program), () => programSource(program)),
    buffers: [...bound.map((t) => t.storage(body.name).buffer), target.buffer],
    params: [plan.threads, out.size, 0, 0, ...constants, ...plan.words],
    grid: foldGrid(Math.ceil(plan.threads / WORKGROUP)),
  });
}

function constantWord(x: Scalar, type: DType): Word {
  return wgslType(type) === "f32" ? floatWord(x) : wholeWord(x);
}

function makePlan(
  op: string, out: Layout, inputs: readonly Layout[], partly: boolean, half: boolean,
): Plan {
  const size = sizeOf(out.shape);
  const single = inputs.map((l) => sizeOf(l.shape) === 1);
  const aligned = (l: Layout) => l.offset % 4 === 0 && isContiguous(l) && sizeOf(l.shape) === size;
  const whole = aligned(out) && !(partly && size % 4 !== 0); // whole vectors of four are written
  if (whole && inputs.every((l, k) => (single[k] && size > 1) || aligned(l))) {
    const one = single.map((s) => s && size > 1);
    const words = [out.offset / 4, ...inputs.map((l, k) => (one[k] ? l.offset : l.offset / 4))];
    const threads = Math.ceil(size / 4);
    return { rank: undefined, run: 4, store: "elements", threads, words, single: one };
  }
  const layouts = [out, ...inputs];
  const walk = mergeAxes(out.shape, layouts.map((l) => broadcastStrides(l, out.shape)));
  if (walk.shape.length === 0) {
    walk.shape.push(1);
    for (const s of walk.strides) s.push(0);
  }
  const rank = walk.shape.length;
  if (rank > MAX_RANK) throw rankError(op, out.shape);
  const { run, store } = half ? halfStore(out, at(walk.shape, rank - 1), partly)
    : { run: at(walk.shape, rank - 1) % 4 === 0 ? 4 : 1, store: "elements" as const };
  const words = layouts.flatMap((l, k) => [l.offset, ...(walk.strides[k] ?? [])]);
  return {
    rank, run, store, threads: Math.ceil(size / run),
    words: [...walk.shape, ...words].map((w) => w >>> 0),
    single: inputs.map(() => false),
  };
}

/** Whole words where nobody else writes to them, else half ones; `width` is the last axis. */
function halfStore(out: Layout, width: number, partly: boolean): Pick<Plan, "run" | "store"> {
  const run = width % 4 === 0 ? 4 : 1;
  const odd = partly && sizeOf(out.shape) % 2 !== 0;
  if (!isContiguous(out) || out.offset % 2 !== 0 || odd) return { run, store: "atomic" };
  return width % 2 === 0 ? { run: Math.max(run, 2), store: "words" } : { run: 2, store: "pairs" };
}

function rankError(op: string, shape: Shape): ShapeError {
  return new ShapeError(
    `${op}: too many axes that cannot be merged: ${show(shape)} (limit ${MAX_RANK}). `
      + `Make the operands contiguous or merge axes with reshape.`,
  );
}
