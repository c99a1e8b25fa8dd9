import layerNormText from "../../kernels/row/layer_norm.wgsl" with { type: "text" };
import layerNormGradText from "../../kernels/row/layer_norm_grad.wgsl" with { type: "text" };
import rmsNormText from "../../kernels/row/rms_norm.wgsl" with { type: "text" };
import rmsNormGradText from "../../kernels/row/rms_norm_grad.wgsl" with { type: "text" };
import { type Tensor, f32Bits } from "../../engine/index.ts";
import { type OpSpec, apply } from "../define.ts";
import { vjp } from "../grad.ts";
import { rowOp } from "../row_op.ts";
import type { Operand } from "../tape.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { mean } from "./reduce.ts";
import { rsqrt } from "./unary.ts";

/** Options of the normalizations. */
export interface NormOptions {
  /** Added to the mean square under the root; 0 for none. Default 1e-6 (rms) or 1e-5 (layer). */
  readonly eps?: number;
}

/** A normalization of rows: its kernels, and its gradient as a formula of ops. */
interface Normalization {
  readonly name: string;
  readonly wgsl: string;
  readonly gradWgsl: string;
  readonly gradFormula: (x: Tensor, dy: Tensor, eps: number) => Tensor;
}

/**
 * Each row divided by its root mean square: x / sqrt(mean(x^2) + eps) along the last axis.
 *
 * @param x `[..., n]` f32
 * @returns same shape, f32; NaN for a row of zeros if eps is 0
 * Source: Zhang, Sennrich 2019, without gain
 */
export function rmsNorm(x: Tensor, { eps = 1e-6 }: NormOptions = {}): Tensor {
  return normalize(RMS, x, eps);
}

/**
 * Each row with mean 0 and variance 1: (x - mean(x)) / sqrt(var(x) + eps) along the last axis, the
 * variance over n.
 *
 * @param x `[..., n]` f32
 * @returns same shape, f32; NaN for a constant row if eps is 0
 * Source: Ba, Kiros, Hinton 2016, without gain and bias
 */
export function layerNorm(x: Tensor, { eps = 1e-5 }: NormOptions = {}): Tensor {
  return normalize(LAYER, x, eps);
}

const LAST = { axis: -1, keepDims: true } as const;

/** s (dy - x s^2 mean(x dy)), s = 1 / sqrt(mean(x^2) + eps). */
function rmsGrad(x: Tensor, dy: Tensor, eps: number): Tensor {
  const s = rsqrt(add(mean(mul(x, x), LAST), eps));
  const pull = mul(mul(s, s), mean(mul(x, dy), LAST));
  return mul(s, sub(dy, mul(x, pull)));
}

const RMS: Normalization = {
  name: "rmsNorm", wgsl: rmsNormText, gradWgsl: rmsNormGradText, gradFormula: rmsGrad,
};

const LAYER: Normalization = {
  name: "layerNorm", wgsl: layerNormText, gradWgsl: layerNormGradText,
  gradFormula: (x, dy, eps) => {
    const center = (t: Tensor) => sub(t, mean(t, LAST));
    return rmsGrad(center(x), center(dy), eps);
  },
};

function normalize(kind: Normalization, x: Tensor, eps: number): Tensor {
  const { name, wgsl } = kind;
  return apply({
    name,
    forward: (t) => rowOp({ name, wgsl }, [t], (width, [at = 0]) => [width, at, f32Bits(eps)]),
    vjp: (dy, [t]) => [() => normalizeGrad(kind, t as Tensor, dy, eps)], // forward has checked it
  }, [x]);
}

function normalizeGrad(kind: Normalization, x: Tensor, dy: Tensor, eps: number): Tensor {
  const name = `${kind.name}Grad`;
  const spec: OpSpec = {
    name,
    forward: (...inputs: Operand[]) => {
      const kernel = { name, wgsl: kind.gradWgsl };
      return rowOp(kernel, inputs, (width, [x0 = 0, dy0 = 0]) => [width, x0, dy0, f32Bits(eps)]);
    },
    vjp: (d, inputs) => {
      const [a, b] = inputs as readonly [Tensor, Tensor]; // forward has checked them
      const by = <P extends { x: Tensor } | { dy: Tensor }>(p: P) =>
        vjp((q: P) => {
          return kind.gradFormula("x" in q ? q.x : a, "dy" in q ? q.dy : b, eps);
        }, p).pullback(d);
      return [() => by({ x: a }).x, () => by({ dy: b }).dy];
    },
  };
  return apply(spec, [x, dy]);
}
