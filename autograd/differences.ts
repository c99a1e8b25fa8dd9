import { type HostArray, type Tensor, scope, tensor } from "../engine/index.ts";

/** Half of the distance of neighbouring float32 numbers at 1, 2^-24. */
const HALF_ULP = 2 ** -24;
/** Step sizes: the first, and each half of the one before. */
const LEVELS = 5;

/** A function whose derivative is being measured, around a point. */
export interface Surroundings {
  /** The function of one of its tensors. */
  readonly f: (x: Tensor) => Tensor;
  readonly x: Tensor;
  readonly point: HostArray;
  /** Weights of the result's elements. */
  readonly weights: ArrayLike<number>;
  /** Gradient of the weighted sum that is claimed. */
  readonly grad: HostArray;
  /** Largest step, in units of max(1, |x|). */
  readonly step: number;
}

/** A derivative along a direction, claimed and measured. */
export interface Measured {
  readonly analytic: number;
  readonly numeric: number;
  /** How far `numeric` may be off by rounding and by the steps' length. */
  readonly error: number;
}

/**
 * Measures a derivative by central differences in float32 on the device.
 *
 * The difference at step h is off by c h^2 + d h^4 + .. from the function's bends, and by about
 * eps |f| / h from rounding. Steps of 2^-4 to 2^-8 (around cbrt(eps) = 2^-8 and above) are
 * extrapolated to h = 0, and the entry of the table with the smallest error estimate is taken.
 * What is extrapolated is the difference minus the claimed one, with the float32 points as they
 * came out, so that rounding of the points themselves does not count; results are summed in float64
 * on the host, where elements that do not change cancel exactly.
 *
 * @param direction the places that move, and which way
 * Source: Ridders 1982, "Accurate computation of F'(x) and F'(x) F''(x)"
 */
export async function measure(
  around: Surroundings, direction: ReadonlyMap<number, 1 | -1>,
): Promise<Measured> {
  const levels = await Promise.all(Array.from({ length: LEVELS }, (_, k) => {
    return residual(around, direction, around.step * 2 ** -k);
  }));
  const { value, error } = extrapolate(levels);
  let analytic = 0;
  for (const [i, sign] of direction) {
    analytic += sign * scaleAt(around.point, i) * (around.grad[i] ?? NaN);
  }
  // In units of x itself where one place moves alone.
  const [[only = 0] = []] = direction;
  const unit = direction.size === 1 ? (direction.get(only) ?? 1) * scaleAt(around.point, only) : 1;
  return {
    analytic: analytic / unit, numeric: (analytic + value) / unit, error: error / Math.abs(unit),
  };
}

/** The unit in which a place moves. */
export function scaleAt(point: HostArray, i: number): number {
  return Math.max(1, Math.abs(point[i] ?? 0));
}

interface Estimate {
  readonly value: number;
  /** Bound on the part of it that comes from rounding. */
  readonly error: number;
}

/** (f(x + h v) - f(x - h v) - <grad, 2 h v>) / 2h. */
async function residual(
  around: Surroundings, direction: ReadonlyMap<number, 1 | -1>, h: number,
): Promise<Estimate> {
  const { point, weights, grad } = around;
  const [right, left] = [Float32Array.from(point), Float32Array.from(point)];
  let claimed = 0;
  for (const [i, sign] of direction) {
    const move = sign * h * scaleAt(point, i);
    right[i] = (point[i] ?? 0) + move;
    left[i] = (point[i] ?? 0) - move;
    claimed += (grad[i] ?? NaN) * ((right[i] ?? NaN) - (left[i] ?? NaN));
  }
  const [above, below] = await Promise.all([valueAt(around, right), valueAt(around, left)]);
  let change = 0;
  let size = 0;
  for (let k = 0; k < above.length; k++) {
    const [a = NaN, b = NaN] = [above[k], below[k]];
    if (a === b) continue;
    change += (weights[k] ?? 0) * (a - b);
    size += Math.abs(weights[k] ?? 0) * (Math.abs(a) + Math.abs(b));
  }
  // Two roundings of each result: its last one, and what came before it.
  return { value: (change - claimed) / (2 * h), error: 2 * HALF_ULP * size / (2 * h) };
}

async function valueAt({ f, x }: Surroundings, point: Float32Array): Promise<HostArray> {
  const y = scope(() => f(tensor(point, { shape: x.shape, device: x.device })));
  try {
    return await y.read();
  } finally {
    y.dispose();
  }
}

/** The value at step 0 of estimates at steps that halve; not finite if none of them is. */
function extrapolate(levels: readonly Estimate[]): Estimate {
  let best: Estimate = { value: NaN, error: Infinity };
  let before: number[] = [];
  for (const { value, error } of levels) {
    const row = [value];
    before.forEach((old, j) => {
      const last = row[j] ?? NaN;
      const next = last + (last - old) / (4 ** (j + 1) - 1);
      const off = Math.max(Math.abs(next - last), Math.abs(next - old)) + 2 * error;
      if (off < best.error) best = { value: next, error: off };
      row.push(next);
    });
    before = row;
  }
  return best;
}
