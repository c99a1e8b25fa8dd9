import linearText from "../../kernels/linear_scan.wgsl" with { type: "text" };
import { ShapeError, type Tensor, arange, checkDtype, resolveAxis, runThreads, scope, show,
  withContiguous } from "../../engine/index.ts";
import { NUMERIC, apply, checkOptions, checkTensor, commonDtype, inFloat32 } from "../define.ts";
import { eq, mul, ne, where } from "./arithmetic.ts";
import { along, lookUp } from "./lookup.ts";
import { pad } from "./pad.ts";
import { type Range, slice } from "./parts.ts";
import { flip } from "./rearrange.ts";
import { type Kernels, linesOf, scanLines, scanned } from "./scan_lines.ts";
import { reshape } from "./views.ts";

/** Which way a scan runs. */
export interface ScanOptions {
  /** Negative ones count from the end. Default: the last. */
  readonly axis?: number | undefined;
  /** From the end to the start. Default false. */
  readonly reverse?: boolean;
}

/** Options of `cumsum` and `cumprod`. */
export interface CumulativeOptions extends ScanOptions {
  /** Leave each element out of its own result; the first is then 0 or 1. Default false. */
  readonly exclusive?: boolean;
}

const LINEAR: Kernels = {
  width: 2,
  run: (inputs, carry, out, threads, words, flags) => {
    const offsets = inputs.map((t) => t.layout.offset);
    const list = [...inputs, carry ?? (inputs[0] as Tensor)];
    const kernel = { name: "linearScan", wgsl: linearText };
    runThreads(kernel, list, out, threads, [...words, ...offsets, ...flags]);
  },
};

function axisOf(op: string, x: Tensor, axis: number | undefined): number {
  const { shape } = checkTensor(op, x);
  if (shape.length > 0) return resolveAxis(op, axis ?? -1, shape);
  throw new ShapeError(`${op}: a scalar has no axis to run along: []. Reshape it to [1].`);
}

/**
 * Sums of the elements up to each along an axis, in a fixed order.
 *
 * @param x at least one axis; f32, i32 or u32
 * @returns same shape and dtype
 * @throws ShapeError if the axis does not exist; DtypeError for bool
 */
export function cumsum(x: Tensor, options: CumulativeOptions = {}): Tensor {
  const { reverse = false, exclusive = false } = checkOptions("cumsum", options, "axis");
  const axis = axisOf("cumsum", x, options.axis);
  return apply({
    name: "cumsum",
    forward: (t) => scanned("cumsum", "sum", t as Tensor, axis, { reverse, exclusive }),
    vjp: (dy) => [() => cumsum(dy, { axis, reverse: !reverse, exclusive })],
    saves: "nothing",
  }, [x]);
}

/**
 * Products of the elements up to each along an axis; as `cumsum`. The gradient divides by nothing,
 * so that it is right beside zeros too.
 */
export function cumprod(x: Tensor, options: CumulativeOptions = {}): Tensor {
  const { reverse = false, exclusive = false } = checkOptions("cumprod", options, "axis");
  const axis = axisOf("cumprod", x, options.axis);
  if (exclusive) {
    return scope(() => shifted(cumprod(x, { axis, reverse }), axis, !reverse, 1));
  }
  return apply({
    name: "cumprod",
    forward: (t) => scanned("cumprod", "prod", t as Tensor, axis, { reverse }),
    vjp: (dy, [t]) => [() => {
      const own = t as Tensor; // forward has checked it
      const later = linearScan(shifted(own, axis, reverse, 0), dy, { axis, reverse: !reverse });
      return mul(shifted(cumprod(own, { axis, reverse }), axis, !reverse, 1), later);
    }],
  }, [x]);
}

/** The elements moved by one place along an axis, with a number coming in at the end left free. */
function shifted(x: Tensor, axis: number, forwards: boolean, value: number): Tensor {
  const size = x.shape[axis] ?? 0;
  if (size === 0) return x;
  const ranges: Range[] = [...Array<null>(axis).fill(null), forwards ? [0, size - 1] : [1, size]];
  const widths = ranges.map((r) => (r === null ? [0, 0] : forwards ? [1, 0] : [0, 1]) as
    [number, number]);
  return pad(slice(x, ranges), widths, { value });
}

/**
 * The recurrence `y[k] = a[k] y[k - 1] + b[k]` along an axis, with 0 before the first; by chunks
 * side by side, in a fixed order.
 *
 * @param a at least one axis, f32
 * @param b same shape, f32
 * @returns same shape, f32
 * @throws ShapeError if the shapes differ or the axis does not exist; DtypeError
 */
export function linearScan(a: Tensor, b: Tensor, options: ScanOptions = {}): Tensor {
  const op = "linearScan";
  const { reverse = false } = options;
  const axis = axisOf(op, a, options.axis);
  checkDtype(op, commonDtype(op, [a, checkTensor(op, b)]), ["f32"]);
  if (show(a.shape) !== show(b.shape)) {
    throw new ShapeError(
      `${op}: a and b differ: ${show(a.shape)} and ${show(b.shape)}. Give one b for each a.`,
    );
  }
  return apply({
    name: op,
    forward: (...inputs) => withContiguous(inputs as Tensor[], (list) => {
      const out = a.device.empty(op, a.shape, "f32");
      scanLines(LINEAR, list, out, linesOf(a, axis, reverse, false));
      return out;
    }),
    vjp: (dy, [own], y) => {
      const next = shifted(own as Tensor, axis, reverse, 0); // forward has checked it
      const slope = linearScan(next, dy, { axis, reverse: !reverse });
      return [() => mul(slope, shifted(y, axis, !reverse, 0)), () => slope];
    },
    saves: "both",
  }, [a, b]);
}

/**
 * Largest element up to each along an axis, NaN from the first NaN on; the last of equals gets the
 * gradient. Otherwise as `cumsum`.
 */
export function cummax(x: Tensor, options: ScanOptions = {}): Tensor {
  return extreme("cummax", "max", x, options);
}

/** Smallest element up to each along an axis; as `cummax`. */
export function cummin(x: Tensor, options: ScanOptions = {}): Tensor {
  return extreme("cummin", "min", x, options);
}

function extreme(op: string, kind: "max" | "min", x: Tensor, options: ScanOptions): Tensor {
  const { reverse = false } = options;
  const axis = axisOf(op, x, options.axis);
  if (reverse) {
    return scope(() => flip(extreme(op, kind, flip(x, { axes: axis }), { axis }), { axes: axis }));
  }
  checkDtype(op, x.dtype, NUMERIC);
  const { shape, device } = x;
  return scope(() => inFloat32([x], (own) => {
    const y = scanned(op, kind, own, axis, {});
    const places = arange(shape[axis] ?? 0, { dtype: "i32", device });
    const order = reshape(places, shape.map((d, i) => (i === axis ? d : 1)));
    const found = where(eq(own, y), order, where(ne(own, own), order, 0));
    const last = scanned(op, "max", found, axis, {});
    return lookUp(op, own, last, along(op, shape, last, axis), shape, true);
  }));
}
