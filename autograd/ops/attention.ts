import { type Shape, ShapeError, type Tensor, broadcastShapes, show, sizeOf } from
  "../../engine/index.ts";
import { checkTensor, composed, inFloat32, showShapes } from "../define.ts";
import { isTracked } from "../tape.ts";
import { fusedAttention } from "./attention_fused.ts";
import { NAME, ordinaryAttention } from "./attention_scores.ts";
import { reshape } from "./views.ts";

/** Options of `scaledDotProductAttention`. */
export interface AttentionOptions {
  /**
   * Query i sees keys up to i + keys - queries: the last query sees all, as in `softmax`. (As many
   * keys as queries: PyTorch's `is_causal`, which counts from the first key.) Default false.
   */
  readonly causal?: boolean;
  /**
   * Broadcasts to `[..., heads, queries, keys]`. bool: false hides a key from a query. f32: added
   * to the scaled score; -infinity hides the key. It has a gradient.
   */
  readonly mask?: Tensor;
  /** Factor of the products of queries and keys. Default 1 / sqrt(dim). */
  readonly scale?: number;
}

/**
 * Attention: for each query the mean of the values, weighted by `softmax(scale q k^T + mask)`.
 *
 * The scores are computed in blocks and never written, forward or back: memory is that of inputs
 * and result, and a number for each query. Ordinary operations, which do write them, make the
 * gradient of a gradient, that of a mask, the result for 8 queries or fewer on a GPU, and on a
 * software adapter, where they are faster, all that has up to 4 million scores (16 MiB each time),
 * but for causal attention without a gradient. A query that sees no key gets zeros and has the
 * gradient zero; scores below -1e30 count as hidden.
 *
 * @param q `[..., heads, queries, dim]` f32; views are read by their strides, not copied
 * @param k `[..., heads, keys, dim]` f32; if it has fewer heads, by a whole factor, groups of
 *   neighbouring heads of `q` share one (grouped-query attention)
 * @param v `[..., heads, keys, width]` f32, as `k`
 * @returns `[..., heads, queries, width]` f32; axes before the heads broadcast
 * @throws ShapeError if sizes, heads or leading axes do not fit; DtypeError
 * Source: Dao et al. 2022, "FlashAttention", algorithms 1 and 4
 * @example
 * const y = scaledDotProductAttention(q, k, v, { causal: true });
 */
export function scaledDotProductAttention(
  q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {},
): Tensor {
  return composed("scaledDotProductAttention", () => {
    const { mask, causal = false } = options;
    const all = mask ? [q, k, v, mask] : [q, k, v];
    const [heads, shared] = all.map((t) => checkTensor(NAME, t).shape.at(-3) ?? 1);
    const share = shared !== 1 && heads !== 1 && shared !== heads ? shared : undefined;
    const list = share === undefined ? all : all.map((t) => grouped(t, share));
    const shape = checkShapes(list, all);
    const { scale = 1 / Math.sqrt(Math.max(1, q.shape.at(-1) ?? 1)) } = options;
    const run = isWritten(list, causal) ? ordinaryAttention : fusedAttention;
    return reshape(inFloat32(list, (...wide) => run(wide, { scale, causal })), shape);
  });
}

/** Queries that leave most of a GPU idle in the kernel; their scores are fewer than the keys. */
const FEW = 8;
/** Scores of a processor that are written, at most: 16 MiB each time. */
const MOST = 2 ** 22;

/**
 * Whether ordinary operations do better, which write the scores: on a processor, where a product
 * reads its operands with less effort than the kernel does, unless `causal` lets the kernel leave
 * out half the work and no gradient follows.
 */
function isWritten(list: readonly Tensor[], causal: boolean): boolean {
  const [q, k, v] = list as [Tensor, Tensor, Tensor]; // and the mask
  if (q.size === 0 || k.size === 0 || v.size === 0) return true;
  const queries = q.shape.at(-2) ?? 1;
  if (!q.device.info.software) return queries <= FEW;
  const batch = broadcastShapes(NAME, ...list.slice(0, 3).map((t) => t.shape.slice(0, -2)));
  const scores = sizeOf(batch) * queries * (k.shape.at(-2) ?? 1);
  return scores <= MOST && (!causal || list.some(isTracked));
}

/** The axis of heads cut into groups of those that share a key. */
function grouped(t: Tensor, shared: number): Tensor {
  const { shape } = t;
  const heads = shape.at(-3);
  if (heads === undefined) return t;
  if (heads !== 1 && heads % shared !== 0) {
    throw new ShapeError(
      `${NAME}: heads do not form groups: ${heads} for ${shared} of the keys. `
        + `Use a multiple.`,
    );
  }
  const cut = heads === 1 ? [1, 1] : [shared, heads / shared];
  return reshape(t, [...shape.slice(0, -3), ...cut, ...shape.slice(-2)]);
}

/** @returns the result's shape. @param given the inputs as they came, for messages */
function checkShapes(list: readonly Tensor[], given: readonly Tensor[]): Shape {
  const [q, k, v, mask] = given.map(({ shape }) => shape) as [Shape, Shape, Shape, Shape?];
  const ranks = q.length > 1 && k.length > 1 && v.length > 1;
  if (!ranks || q.at(-1) !== k.at(-1) || k.at(-2) !== v.at(-2)) {
    throw new ShapeError(
      `${NAME}: sizes do not fit: ${showShapes(["q", "k", "v"], [q, k, v])}. `
        + `Give q [..., queries, dim], k [..., keys, dim] and v [..., keys, width].`,
    );
  }
  const batch = broadcastShapes(NAME, ...list.slice(0, 3).map((t) => t.shape.slice(0, -2)));
  const scores = [...batch, q.at(-2) ?? 0, k.at(-2) ?? 0];
  const hidden = list[3]?.shape ?? [];
  if (show(broadcastShapes(NAME, hidden, scores)) !== show(scores)) {
    throw new ShapeError(
      `${NAME}: the mask does not broadcast to the scores: ${show(mask ?? [])} to `
        + `${show(scores)}. Give [..., queries, keys].`,
    );
  }
  const leading = list[0] === given[0] ? batch
    : broadcastShapes(NAME, q.slice(0, -2), [...batch.slice(0, -2), 1]);
  return [...leading, q.at(-2) ?? 0, v.at(-1) ?? 0];
}
