import { type Shape, ShapeError, type Tensor, checkDtype, resolveAxes, show, sizeOf } from
  "../../engine/index.ts";
import { checkTensor, composed, inFloat32 } from "../define.ts";
import { add, maximum, mul, sub } from "./arithmetic.ts";
import { mean, sumSquares } from "./reduce.ts";
import { LAYER, type Normalization, RMS, normalizeRows } from "./row_norm.ts";
import { rsqrt } from "./unary.ts";
import { permute, reshape } from "./views.ts";

/** One axis or several; negative ones count from the end. */
export type NormAxis = number | readonly number[];

/** Options of the normalizations along axes. */
export interface NormOptions {
  /** Along which axes. Default -1: the last. */
  readonly axis?: NormAxis;
  /** Added to the mean square under the root; 0 for none. Default 1e-6 (rms) or 1e-5 (layer). */
  readonly eps?: number;
  /** Factor of each element; its shape is the sizes of the axes. */
  readonly weight?: Tensor | undefined;
  /** Added to each element after that; its shape is the sizes of the axes. */
  readonly bias?: Tensor | undefined;
}

/**
 * Divided by the root mean square along the axes: x / sqrt(mean(x^2) + eps).
 *
 * @param x any shape; f32
 * @returns same shape, f32; NaN for zeros if eps is 0
 * @throws ShapeError if an axis does not exist, or weight or bias do not have the axes' sizes;
 *   DtypeError
 * Source: Zhang, Sennrich 2019
 */
export function rmsNorm(x: Tensor, { eps = 1e-6, ...options }: NormOptions = {}): Tensor {
  return composed("rmsNorm", () => normalized("rmsNorm", RMS, x, eps, options));
}

/**
 * Mean 0 and variance 1 along the axes: (x - mean(x)) / sqrt(var(x) + eps), the variance over n.
 *
 * @param x any shape; f32
 * @returns same shape, f32; NaN for equal elements if eps is 0
 * @throws as `rmsNorm`
 * Source: Ba, Kiros, Hinton 2016
 */
export function layerNorm(x: Tensor, { eps = 1e-5, ...options }: NormOptions = {}): Tensor {
  return composed("layerNorm", () => normalized("layerNorm", LAYER, x, eps, options));
}

/** Divided by the root mean square along an axis, by default the last: `rmsNorm` without eps. */
export function rmsDivide(x: Tensor, { axis = -1 }: { readonly axis?: NormAxis } = {}): Tensor {
  return composed("rmsDivide", () => normalized("rmsDivide", RMS, x, 0, { axis }));
}

/** Without the mean along an axis, by default the last. Throws ShapeError, DtypeError. */
export function meanSubtract(x: Tensor, { axis = -1 }: { readonly axis?: NormAxis } = {}): Tensor {
  return composed("meanSubtract", () => {
    return inFloat32([x], (t) => sub(t, mean(t, { axis, keepDims: true })));
  });
}

/**
 * Divided by the Euclidean norm along an axis: x / max(norm(x), eps).
 *
 * @param x any shape; f32
 * @param options.axis one or several. Default -1
 * @param options.eps the smallest norm divided by, above 1e-19. Default 1e-12
 * @throws ShapeError if an axis does not exist; DtypeError
 */
export function normalize(
  x: Tensor, { axis = -1, eps = 1e-12 }: Pick<NormOptions, "axis" | "eps"> = {},
): Tensor {
  return composed("normalize", () => {
    checkDtype("normalize", checkTensor("normalize", x).dtype, ["f32"]);
    // The root of the larger square: a root of 0 would have no derivative.
    return inFloat32([x], (t) => {
      return mul(t, rsqrt(maximum(sumSquares(t, { axis, keepDims: true }), eps * eps)));
    });
  });
}

function normalized(
  op: string, kind: Normalization, x: Tensor, eps: number,
  { axis = -1, weight, bias }: NormOptions,
): Tensor {
  const { shape, dtype } = checkTensor(op, x);
  checkDtype(op, dtype, ["f32"]);
  const axes = shape.length === 0 && axis === -1 ? [] : resolveAxes(op, axis, shape);
  const sizes = axes.map((i) => shape[i] ?? 1);
  const kept = shape.map((d, i) => (axes.includes(i) ? d : 1));
  if (!weight && !bias) return alongAxes(kind, x, axes, eps);
  for (const [name, t] of [["weight", weight], ["bias", bias]] as const) {
    if (t) checkAffine(op, name, t, sizes);
  }
  return affine([x, weight, bias], kept, (t) => alongAxes(kind, t, axes, eps));
}

/**
 * Checks a factor or addend of normalized elements.
 *
 * @throws ShapeError if it has another shape; DtypeError
 */
export function checkAffine(op: string, name: string, t: Tensor, shape: Shape): void {
  checkDtype(op, checkTensor(op, t).dtype, ["f32"]);
  if (show(t.shape) === show(shape)) return;
  throw new ShapeError(
    `${op}: the ${name} has another shape: ${show(t.shape)} for ${show(shape)}. `
      + `Give ${show(shape)}.`,
  );
}

/**
 * `normal(x, ...others) weight + bias`, where there are any, in float32 throughout.
 *
 * @param shape that weight and bias broadcast in
 */
export function affine(
  [x, weight, bias]: readonly [Tensor, Tensor?, Tensor?], shape: Shape,
  normal: (x: Tensor, ...others: Tensor[]) => Tensor, others: readonly Tensor[] = [],
): Tensor {
  const given = [weight, bias].filter((t) => t !== undefined);
  return inFloat32([x, ...others, ...given], (t, ...list) => {
    const y = normal(t as Tensor, ...list.splice(0, others.length)); // x is the first
    const factor = weight && list.shift();
    const [added] = list;
    const scaled = factor ? mul(y, reshape(factor, shape)) : y;
    return added ? add(scaled, reshape(added, shape)) : scaled;
  });
}

/** Rows of the axes together; only axes that are not the last ones are moved. */
function alongAxes(
  kind: Normalization, x: Tensor, axes: readonly number[], eps: number,
): Tensor {
  const { shape } = x;
  const others = shape.flatMap((_, i) => (axes.includes(i) ? [] : [i]));
  const order = [...others, ...axes];
  const moved = order.some((axis, i) => axis !== i);
  const y = moved ? permute(x, order) : x;
  const width = sizeOf(axes.map((i) => shape[i] ?? 1));
  const rows = axes.length === 1 ? y : reshape(y, [...others.map((i) => shape[i] ?? 1), width]);
  const z = reshape(normalizeRows(kind, rows, eps), y.shape);
  return moved ? permute(z, order.map((_, i) => order.indexOf(i))) : z;
}
