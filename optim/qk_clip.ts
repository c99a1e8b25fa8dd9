// QK-clip: a bound on attention logits, by the weights of queries and keys.

import { type Shape, type Tensor, arange, assign, div, gt, isFinite, matmul, max, min, mul, permute,
  pow, reshape, scale, scope, transpose, unsqueeze, where } from "../autograd/index.ts";
import { ShapeError, show } from "../engine/index.ts";
import { COUNT, NOT_NEGATIVE, POSITIVE, SHARE, SWITCH, checkOptions } from "./check.ts";

/** Options of `maxLogits`. */
export interface MaxLogitsOptions {
  /** Heads side by side on the last axis, >= 1. */
  readonly heads: number;
  /**
   * Heads of the keys, a divisor of `heads`: groups of neighbouring heads of the queries share one,
   * as in `scaledDotProductAttention`. Default: `heads`.
   */
  readonly keyHeads?: number;
  /** Factor of the logits. Default: one over the root of a head's width. */
  readonly scale?: number;
  /** Only keys at or before a query count. Default false. */
  readonly causal?: boolean;
}

/**
 * The largest attention logit of every head, over all else; NaN if there is one among them.
 *
 * @param q `[..., seq, heads * width]` f32
 * @param k `[..., seq, keyHeads * width]` f32
 * @returns `[heads]`
 * @throws ShapeError if the shapes or the heads do not fit; RangeError, TypeError
 */
export function maxLogits(q: Tensor, k: Tensor, options: MaxLogitsOptions): Tensor {
  const op = "maxLogits";
  checkOptions(op, options, {
    heads: COUNT, keyHeads: COUNT, scale: NOT_NEGATIVE, causal: SWITCH,
  }, ["heads"]);
  const { heads, keyHeads = heads, causal = false } = options;
  const [seq = 0, rows = 0] = q.shape.slice(-2);
  const width = rows / heads;
  const wanted = [...q.shape.slice(0, -1), keyHeads * width];
  if (q.shape.length < 2 || show(k.shape) !== show(wanted) || badHeads(rows, heads, keyHeads)) {
    throw misfit(op, "queries and keys do not fit", [q.shape, k.shape], heads, keyHeads);
  }
  const { scale: factor = 1 / Math.sqrt(width) } = options;
  return scope(() => {
    const split = (x: Tensor, group: number) => { // [keyHeads, group, batch, seq, width]
      return permute(reshape(x, [-1, seq, keyHeads, group, width]), [2, 3, 0, 1, 4]);
    };
    const logits = scale(matmul(split(q, heads / keyHeads), transpose(split(k, 1))), factor);
    const seen = causal ? where(laterKeys(seq, q), -Infinity, logits) : logits;
    return reshape(max(seen, { axis: [2, 3, 4] }), [heads]);
  });
}

/** Where a key comes after a query, `[seq, seq]` bool. */
function laterKeys(seq: number, { device }: Tensor): Tensor {
  const places = arange(seq, { dtype: "i32", device });
  return gt(places, unsqueeze(places, -1));
}

/** Options of `qkClip`. */
export interface QkClipOptions {
  /** Largest logit there may be, > 0. Default 100. */
  readonly tau?: number;
  /** Share of the queries in the clipping, in [0, 1]; the keys have the rest. Default 0.5. */
  readonly alpha?: number;
  /** Heads of the keys, a divisor of the heads, as for `maxLogits`. Default: as many. */
  readonly keyHeads?: number;
}

/**
 * Scales the rows of heads whose logits are too large, in place, so that the same inputs give
 * logits of at most tau. To be called after the step of `muon`: this is MuonClip.
 *
 * A head whose largest logit is not finite counts as one below tau. Keys that a group of heads
 * shares are scaled for the head of the group that is clipped most, `least^(1 - alpha)`, and the
 * queries of each head take what is left of its own factor, `factor / least^(1 - alpha)`: above 1
 * for heads whose logits are to stay.
 *
 * @param query weight `[heads * width, in]` f32
 * @param key weight `[keyHeads * width, in]` f32
 * @param logits largest logit of each head, `[heads]`, as `maxLogits` gives
 * @returns the factor of each head's logits, `[heads]`, at most 1
 * @throws ShapeError if the heads do not fit; RangeError for an option out of range; TypeError
 * Source: Kimi team 2025, "Kimi K2: open agentic intelligence", algorithm 1
 */
export function qkClip(
  query: Tensor, key: Tensor, logits: Tensor, options: QkClipOptions = {},
): Tensor {
  checkOptions("qkClip", options, { tau: POSITIVE, alpha: SHARE, keyHeads: COUNT });
  const [heads = 0] = logits.shape;
  const { tau = 100, alpha = 0.5, keyHeads = heads } = options;
  checkWeights(query, key, logits, keyHeads);
  return scope(() => {
    const known = where(isFinite(logits), logits, tau);
    const factor = where(gt(known, tau), div(tau, known), 1);
    const [queries, keys] = shares(factor, keyHeads, alpha);
    shrink(query, queries);
    shrink(key, keys);
    return factor;
  });
}

/** The factors of the queries of each head, and of each head of keys. */
function shares(factor: Tensor, keyHeads: number, alpha: number): readonly [Tensor, Tensor] {
  if (factor.size === keyHeads) return [pow(factor, alpha), pow(factor, 1 - alpha)];
  const groups = reshape(factor, [keyHeads, -1]);
  const keys = pow(min(groups, { axis: 1, keepDims: true }), 1 - alpha);
  return [reshape(div(groups, keys), factor.shape), reshape(keys, [keyHeads])];
}

/** Multiplies the rows of each head. */
function shrink(weight: Tensor, factors: Tensor): void {
  const [heads = 1] = factors.shape;
  const blocks = reshape(weight, [heads, -1, weight.shape[1] ?? 1]);
  assign(weight, reshape(mul(blocks, reshape(factors, [heads, 1, 1])), weight.shape));
}

function checkWeights(query: Tensor, key: Tensor, logits: Tensor, keyHeads: number): void {
  const [heads = 0] = logits.shape;
  const [rows = 0, keyRows = 0] = [query.shape[0], key.shape[0]];
  const flat = logits.shape.length === 1 && [query, key].every(({ shape }) => shape.length === 2);
  if (flat && !badHeads(rows, heads, keyHeads) && keyRows === keyHeads * (rows / heads)) return;
  const shapes = [query.shape, key.shape] as const;
  throw misfit("qkClip", "the heads do not fit the weights", shapes, heads, keyHeads);
}

function badHeads(rows: number, heads: number, keyHeads: number): boolean {
  return rows % heads !== 0 || heads % keyHeads !== 0;
}

function misfit(
  op: string, what: string, [a, b]: readonly [Shape, Shape], heads: number, keyHeads: number,
): ShapeError {
  return new ShapeError(
    `${op}: ${what}: ${show(a)} and ${show(b)} with ${heads} heads, ${keyHeads} of keys. `
      + `Check heads and keyHeads.`,
  );
}
