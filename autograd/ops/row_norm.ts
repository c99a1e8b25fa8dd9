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

/** A normalization of rows: its kernels, and its gradient as a formula of ops. */
export interface Normalization {
  readonly name: string;
  readonly wgsl: string;
  readonly gradWgsl: string;
  readonly gradFormula: (x: Tensor, dy: Tensor, eps: number) => Tensor;
}

const LAST = { axis: -1, keepDims: true } as const;

/** s (dy - x s^2 mean(x dy)), s = 1 / sqrt(mean(x^2) + eps). */
function rmsGrad(x: Tensor, dy: Tensor, eps: number): Tensor {
  const s = rsqrt(add(mean(mul(x, x), LAST), eps));
  const pull = mul(mul(s, s), mean(mul(x, dy), LAST));
  return mul(s, sub(dy, mul(x, pull)));
}

/** x / sqrt(mean(x^2) + eps). */
export const RMS: Normalization = {
  name: "rmsNorm", wgsl: rmsNormText, gradWgsl: rmsNormGradText, gradFormula: rmsGrad,
};

/** (x - mean(x)) / sqrt(var(x) + eps). */
export const LAYER: Normalization = {
  name: "layerNorm", wgsl: layerNormText, gradWgsl: layerNormGradText,
  gradFormula: (x, dy, eps) => {
    const center = (t: Tensor) => sub(t, mean(t, LAST));
    // Twice, since the rounding of a mean would count where a row hardly varies.
    return rmsGrad(center(center(x)), center(dy), eps);
  },
};

/**
 * Each row along the last axis, normalized.
 *
 * @param x `[..., n]` f32
 * @throws DtypeError
 */
export function normalizeRows(kind: Normalization, x: Tensor, eps: number): Tensor {
  const { name, wgsl } = kind;
  return apply({
    name,
    forward: (t) => rowOp({ name, wgsl }, [t], (width, [at = 0]) => [width, at, f32Bits(eps)]),
    vjp: (dy, [t]) => [() => rowsGrad(kind, t as Tensor, dy, eps)], // forward has checked it
  }, [x]);
}

function rowsGrad(kind: Normalization, x: Tensor, dy: Tensor, eps: number): Tensor {
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
