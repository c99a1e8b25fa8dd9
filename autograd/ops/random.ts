import integersBody from "../../kernels/random/integers.wgsl" with { type: "text" };
import philoxText from "../../kernels/random/philox.wgsl" with { type: "text" };
import { type CreateOptions, type Rng, type Shape, type Tensor, checkRng, checkShape,
  currentDevice, elementwise, full, randomBits, uniform } from "../../engine/index.ts";
import { checkOptions, checkTensor, composed } from "../define.ts";
import { add, log, lt, maximum, mul, neg, sub } from "./arithmetic.ts";
import { erfinv } from "./inverse.ts";
import { clip } from "./pairs.ts";
import { argmax } from "./reduce.ts";
import { argsort } from "./sort.ts";
import { erf, log1p } from "./unary.ts";

/** Where a tensor is made. */
export type DrawOptions = Pick<CreateOptions, "device">;

/**
 * Whole numbers from `low` to before `high`, `shape` i32: the same on every host. Chances differ
 * by less than 2^-32.
 *
 * @throws RangeError if there is no such number, or there are 2^32
 */
export function randomIntegers(
  from: Rng, shape: Shape,
  options: DrawOptions & { readonly low?: number; readonly high: number },
): Tensor {
  return composed("randomIntegers", () => {
    const { low = 0, high, device = currentDevice() } =
      checkOptions("randomIntegers", options, "high");
    checkRng("randomIntegers", from);
    checkShape("randomIntegers", shape);
    const whole = [low, high].every((v) => Number.isInteger(v) && Math.abs(v) <= 2 ** 31);
    if (!whole || high <= low || high - low >= 2 ** 32) {
      throw new RangeError(
        `randomIntegers: not a range of whole i32 numbers: ${low} to before ${high}. `
          + `Use low < high.`,
      );
    }
    const body = { name: "integers", wgsl: [philoxText, integersBody].join("\n"), indexed: true };
    const operands = [...from.take(), low >>> 0, high - low];
    return elementwise(device, { body, operands, type: "u32", out: "i32" }, shape);
  });
}

/** The numbers from 0 to n - 1 in random order, `[n]` i32: the same on every host. */
export function permutation(from: Rng, n: number, options: DrawOptions = {}): Tensor {
  return composed("permutation", () => argsort(randomBits(from, [n], options)));
}

/**
 * True with a given chance, `shape` bool.
 *
 * @param p chance, a number or a tensor that broadcasts to the shape; in steps of 2^-24
 */
export function bernoulli(
  from: Rng, shape: Shape,
  { p = 0.5, ...options }: DrawOptions & { readonly p?: number | Tensor } = {},
): Tensor {
  return composed("bernoulli", () => {
    const own = typeof p === "number" ? options : { device: checkTensor("bernoulli", p).device };
    return lt(uniform(from, shape, own), p);
  });
}

/** Exponential numbers of mean 1, `shape` f32, in [0, 16.7). */
export function exponential(from: Rng, shape: Shape, options: DrawOptions = {}): Tensor {
  return composed("exponential", () => neg(log1p(neg(uniform(from, shape, options)))));
}

/** Gumbel numbers, `shape` f32: added to logits, the largest is at each place by its chance. */
export function gumbel(from: Rng, shape: Shape, options: DrawOptions = {}): Tensor {
  return composed("gumbel", () => {
    // an exponential number of 0 stands for those up to 2^-24
    return neg(log(maximum(exponential(from, shape, options), 2 ** -25)));
  });
}

/**
 * Places along an axis picked at random, with the chances of the softmax of logits.
 *
 * @param logits at least one axis; f32
 * @returns the other axes, i32
 * @throws ShapeError if the axis does not exist or is empty; DtypeError
 */
export function categorical(
  from: Rng, logits: Tensor, { axis = -1 }: { readonly axis?: number } = {},
): Tensor {
  return composed("categorical", () => {
    const { shape, device } = checkTensor("categorical", logits);
    return argmax(add(logits, gumbel(from, shape, { device })), { axis });
  });
}

/**
 * Standard normal numbers between two bounds, `shape` f32.
 *
 * @param options.low at most 4; default -2
 * @param options.high at least -4; default 2
 * @throws RangeError if the bounds do not rise, or are farther out than float32 resolves
 */
export function truncatedNormal(
  from: Rng, shape: Shape,
  { low = -2, high = 2, ...options }:
    DrawOptions & { readonly low?: number; readonly high?: number } = {},
): Tensor {
  return composed("truncatedNormal", () => {
    if (!(low < high && low <= 4 && high >= -4)) {
      throw new RangeError(
        `truncatedNormal: no bounds: ${low} and ${high}. Use low < high, within 4 of 0.`,
      );
    }
    const u = uniform(from, shape, options);
    const [start, end] = [low, high].map((bound) => {
      return erf(full([], Math.max(-9, Math.min(9, bound)) * Math.SQRT1_2, { device: u.device }));
    }) as [Tensor, Tensor];
    const share = add(mul(u, sub(end, start)), start);
    return clip(mul(erfinv(share), Math.SQRT2), { min: low, max: high });
  });
}
