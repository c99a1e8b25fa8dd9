import { type CreateOptions, type DType, type Tensor, arange, full } from "../../engine/index.ts";
import { checkTensor, composed } from "../define.ts";
import { add, cast, lt, mul, sub, where } from "./arithmetic.ts";

/** What a tensor made like another may have different. */
export interface LikeOptions {
  /** Default: that of the other. */
  readonly dtype?: DType;
}

/** A tensor filled with one number, of another's shape, device and dtype. Throws DtypeError. */
export function fullLike(x: Tensor, value: number, { dtype }: LikeOptions = {}): Tensor {
  const { shape, device, dtype: own } = checkTensor("fullLike", x);
  return composed("fullLike", () => full(shape, value, { dtype: dtype ?? own, device }));
}

/** Zeros of another tensor's shape, device and dtype. */
export function zerosLike(x: Tensor, options: LikeOptions = {}): Tensor {
  return composed("zerosLike", () => fullLike(x, 0, options));
}

/** Ones of another tensor's shape, device and dtype. */
export function onesLike(x: Tensor, options: LikeOptions = {}): Tensor {
  return composed("onesLike", () => fullLike(x, 1, options));
}

/**
 * Evenly spaced numbers from `start` to `end`, both exact, as a tensor `[count]`; f32 by default.
 *
 * @throws ShapeError if `count` is negative or not whole
 */
export function linspace(
  start: number, end: number, count: number, { dtype = "f32", device }: CreateOptions = {},
): Tensor {
  return composed("linspace", () => {
    const step = count > 1 ? (end - start) / (count - 1) : 0;
    const i = arange(count, { ...(device && { device }) });
    const back = sub(end, mul(sub(count - 1, i), step)); // counted from the end it is exact there
    return cast(where(lt(i, count / 2), add(mul(i, step), start), back), dtype);
  });
}
