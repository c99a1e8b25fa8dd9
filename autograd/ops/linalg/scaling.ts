import powerText from "../../../kernels/linalg/power_of_two.wgsl" with { type: "text" };
import orderText from "../../../kernels/linalg/order.wgsl" with { type: "text" };
import { type Tensor, elementwise, full, runThreads, zeros } from "../../../engine/index.ts";
import { lt, mul, where } from "../arithmetic.ts";
import { gather } from "../indexing.ts";
import { argmax, max } from "../reduce.ts";
import { abs } from "../unary.ts";
import { expand, reshape } from "../views.ts";

const POWER = { name: "powerOfTwo", wgsl: powerText };

/**
 * Matrices `[batch, m, n]` times powers of two that bring their largest elements to [1, 2), so that
 * no square overflows; all NaN where one element is not finite.
 *
 * @returns them, and the powers of two `[batch, 1, 1]` that undo it
 */
export function scaled(a: Tensor): { readonly whole: Tensor; readonly back: Tensor } {
  const power = (x: Tensor) => {
    return elementwise(a.device, { body: POWER, operands: [x], type: "f32", out: "f32" });
  };
  if (a.size === 0) return { whole: a, back: zeros([a.shape[0] ?? 0, 1, 1], { device: a.device }) };
  const factor = power(max(abs(a), { axis: [1, 2], keepDims: true }));
  return { whole: mul(a, factor), back: power(factor) };
}

/** Places that put `[batch, n]` in order, i32; a permutation whatever the values. */
export function orderOf(x: Tensor, falling: boolean): Tensor {
  const y = x.device.empty("order", x.shape, "i32");
  runThreads({ name: "order", wgsl: orderText }, [x], y, x.size,
    [x.shape[1] ?? 0, Number(falling)]);
  return y;
}

/** Rows of `[batch, n, length]` in the order given by places `[batch, n]`. */
export function reordered(x: Tensor, order: Tensor): Tensor {
  return gather(x, expand(reshape(order, [...order.shape, 1]), x.shape), 1);
}

/** 1 or -1 for each row of `[batch, n, length]`: the sign of its largest element. */
export function signsOf(x: Tensor): Tensor {
  const largest = gather(x, argmax(abs(x), { axis: 2, keepDims: true }), 2);
  return where(lt(largest, 0), full([], -1, { device: x.device }), 1);
}
