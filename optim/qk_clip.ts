// QK-clip: a bound on attention logits, by the weights of queries and keys.

import { type Shape, type Tensor, arange, assign, div, gt, matmul, max, mul, permute, pow,
  reshape, scale, scope, transpose, unsqueeze, where } from "../autograd/index.ts";
import { ShapeError, show } from "../engine/index.ts";
import { COUNT, NOT_NEGATIVE, POSITIVE, SHARE, SWITCH, checkOptions } from "./check.ts";

/** Options of `maxLogits`. */
export interface MaxLogitsOptions {
  /** Heads side by side on the last axis, >= 1. */
  readonly heads: number;
  /** Factor of the logits. Default: one over the root of a head's width. */
  readonly scale?: number;
  /** Only keys at or before a query count. Default false. */
  readonly causal?: boolean;
}

/**
 * The largest attention logit of every head, over all else.
 *
 * @param q `[..., seq, heads * width]` f32
 * @param k same shape
 * @returns `[heads]`
 * @throws ShapeError if the shapes differ or the heads do not fit; RangeError, TypeError
 */
export function maxLogits(q: Tensor, k: Tensor, options: MaxLogitsOptions): Tensor {
  const op = "maxLogits";
  checkOptions(op, options, { heads: COUNT, scale: NOT_NEGATIVE, causal: SWITCH }, ["heads"]);
  const { heads, causal = false } = options;
  const [seq = 0, width = 0] = q.shape.slice(-2);
  if (q.shape.length < 2 || show(q.shape) !== show(k.shape) || width % heads !== 0) {
    throw misfit(op, "queries and keys do not fit", q.shape, k.shape, heads);
  }
  const { scale: factor = 1 / Math.sqrt(width / heads) } = options;
  return scope(() => {
    const split = (x: Tensor) => permute(reshape(x, [-1, seq, heads, width / heads]), [2, 0, 1, 3]);
    const logits = scale(matmul(split(q), transpose(split(k))), factor); // [heads, batch, seq, seq]
    if (!causal) return max(logits, { axis: [1, 2, 3] });
    const places = arange(seq, { dtype: "i32", device: q.device });
    const later = gt(places, unsqueeze(places, -1));
    return max(where(later, -Infinity, logits), { axis: [1, 2, 3] });
  });
}

/** Options of `qkClip`. */
export interface QkClipOptions {
  /** Largest logit there may be, > 0. Default 100. */
  readonly tau?: number;
  /** Share of the queries in the clipping, in [0, 1]; the keys have the rest. Default 0.5. */
  readonly alpha?: number;
}

/**
 * Scales the rows of heads whose logits are too large, in place, so that the same inputs give
 * logits of at most tau. To be called after the step of `muon`: this is MuonClip.
 *
 * @param query weight `[heads * width, in]` f32
 * @param key the same
 * @param logits largest logit of each head, `[heads]`, as `maxLogits` gives
 * @returns the factor of each head's logits, `[heads]`, at most 1
 * @throws ShapeError if the heads do not fit; RangeError for an option out of range; TypeError
 * Source: Kimi team 2025, "Kimi K2: open agentic intelligence", algorithm 1
 */
export function qkClip(
  query: Tensor, key: Tensor, logits: Tensor, options: QkClipOptions = {},
): Tensor {
  checkOptions("qkClip", options, { tau: POSITIVE, alpha: SHARE });
  const { tau = 100, alpha = 0.5 } = options;
  const [heads = 0] = logits.shape;
  const bad = [query, key].some(({ shape }) => shape.length !== 2 || (shape[0] ?? 0) % heads !== 0);
  if (logits.shape.length !== 1 || bad) {
    throw misfit("qkClip", "the heads do not fit the weights", query.shape, key.shape, heads);
  }
  return scope(() => {
    const factor = where(gt(logits, tau), div(tau, logits), 1);
    shrink(query, pow(factor, alpha));
    shrink(key, pow(factor, 1 - alpha));
    return factor;
  });
}

/** Multiplies the rows of each head. */
function shrink(weight: Tensor, factors: Tensor): void {
  const [heads = 1] = factors.shape;
  const blocks = reshape(weight, [heads, -1, weight.shape[1] ?? 1]);
  assign(weight, reshape(mul(blocks, reshape(factors, [heads, 1, 1])), weight.shape));
}

function misfit(op: string, what: string, a: Shape, b: Shape, heads: number): ShapeError {
  return new ShapeError(
    `${op}: ${what}: ${show(a)} and ${show(b)} with ${heads} heads. Check the number of heads.`,
  );
}
