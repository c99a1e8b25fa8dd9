import { type AttentionNumbers, type AttentionPass, type Shape, ShapeError, type Tensor, arange,
  attentionPass, broadcastShapes, checkDtype, scope, show, sizeOf } from "../../engine/index.ts";
import { apply, checkTensor, composed, inFloat32, showShapes } from "../define.ts";
import { vjp } from "../grad.ts";
import type { Operand } from "../tape.ts";
import { add, ge, lt, maximum, mul, sub, where } from "./arithmetic.ts";
import { matmul } from "./matmul.ts";
import { slice } from "./parts.ts";
import { sum } from "./reduce.ts";
import { softmax } from "./softmax.ts";
import { exp } from "./unary.ts";
import { reshape, transpose, unsqueeze } from "./views.ts";

const NAME = "scaledDotProductAttention";

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
 * gradient of a gradient, that of a mask, and on a GPU the result for 8 queries or fewer. A query
 * that sees no key gets zeros and has the gradient zero; scores below -1e30 count as hidden.
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
    const run = isSmall(q, k, v) ? ordinary : fused;
    return reshape(inFloat32(list, (...wide) => run(wide, { scale, causal })), shape);
  });
}

/** Queries that leave most of a GPU idle in the kernel; their scores are fewer than the keys. */
const FEW = 8;

/** Whether ordinary operations do better: they write the scores. */
function isSmall(q: Tensor, k: Tensor, v: Tensor): boolean {
  if (q.size === 0 || k.size === 0 || v.size === 0) return true;
  return !q.device.info.software && (q.shape.at(-2) ?? 0) <= FEW;
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

/** Attention by one operation of two results, packed: the means, then the log-sum-exps. */
function fused(list: readonly Tensor[], numbers: AttentionNumbers): Tensor {
  const rows = rowsOfAll(list);
  const width = list[2]?.shape.at(-1) ?? 1;
  const end = sizeOf(rows) * width;
  const meansOf = (packed: Tensor) => reshape(slice(packed, [[0, end]]), [...rows, width]);
  const sumsOf = (packed: Tensor) => reshape(slice(packed, [[end, packed.size]]), rows);
  const packed = apply({
    name: NAME,
    forward: (...inputs) => {
      const [a, b, c, hidden] = checked(inputs);
      return attentionPass("forward", { q: a, k: b, v: c, mask: hidden }, numbers);
    },
    vjp: (dPacked, inputs, y) => {
      const [q, k, v, ...mask] = inputs as Inputs;
      const [dy, lse] = [meansOf(dPacked), sumsOf(y)];
      const delta = sub(sum(mul(dy, meansOf(y)), { axis: -1 }), sumsOf(dPacked));
      const saved: Saved = [q, k, v, dy, lse, delta, ...mask];
      const pass = (which: Gradient) => () => gradient(which, saved, numbers);
      return [pass("q"), pass("k"), pass("v"), () => composedGradient("mask", saved, numbers)];
    },
    saves: "both",
  }, list);
  return meansOf(packed);
}

/** Leading axes of all, then the queries. */
function rowsOfAll(list: readonly Tensor[]): Shape {
  const batch = broadcastShapes(NAME, ...list.map(({ shape }) => shape.slice(0, -2)));
  return [...batch, list[0]?.shape.at(-2) ?? 1];
}

/** q, k, v and the mask, if there is one. */
type Inputs = readonly [Tensor, Tensor, Tensor, Tensor?];
/** q, k, v, the result's gradient, log-sum-exps, `delta`, and the mask, if there is one. */
type Saved = readonly [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor?];
type Gradient = Exclude<AttentionPass, "forward">;

function checked(list: readonly Operand[]): Inputs {
  const [q, k, v, mask] = list as Inputs; // the caller has made it of these
  for (const t of [q, k, v]) checkDtype(NAME, t.dtype, ["f32"]);
  if (mask) checkDtype(NAME, mask.dtype, ["bool", "f32"]);
  return [q, k, v, mask];
}

/** The gradient of one input, as an operation of its own. */
function gradient(which: Gradient, saved: Saved, numbers: AttentionNumbers): Tensor {
  return apply({
    name: `${NAME}Grad`,
    forward: (...inputs) => {
      const [q, k, v, dy, lse, delta, mask] = inputs as readonly Operand[] as Saved;
      return attentionPass(which, { q, k, v, mask, dy, lse, delta }, numbers);
    },
    vjp: (d, inputs) => {
      const all = inputs as readonly Tensor[];
      const leaves = Object.fromEntries(all.map((t, i) => [String(i), t]));
      if (all[6]?.dtype === "bool") delete leaves["6"];
      let grads: Readonly<Record<string, Tensor>> | undefined;
      const pull = () => grads ??= vjp((given: typeof leaves) => {
        const again = all.map((t, i) => given[i] ?? t) as readonly Tensor[] as Saved;
        return composedGradient(which, again, numbers);
      }, leaves).pullback(d);
      return all.map((_, i) => () => pull()[i] as Tensor); // asked for smooth inputs only
    },
  }, saved as readonly Tensor[]);
}

/** The same of ordinary operations, and the mask's gradient. */
function composedGradient(
  which: Gradient | "mask", [q, k, v, dy, lse, delta, mask]: Saved, numbers: AttentionNumbers,
): Tensor {
  const weights = exp(sub(scoresOf(q, k, mask, numbers), unsqueeze(lse, -1)));
  if (which === "v") return matmul(transpose(weights), dy);
  const dScores = mul(weights, sub(matmul(dy, transpose(v)), unsqueeze(delta, -1)));
  if (which === "mask") return dScores;
  return mul(which === "q" ? matmul(dScores, k) : matmul(transpose(dScores), q), numbers.scale);
}

/** Scores below it count as hidden; kernels/attention.wgsl has the same two. */
const LOWEST = -1e30;
const HIDDEN = -2e30;

/** Attention of ordinary operations. */
function ordinary(list: readonly Tensor[], numbers: AttentionNumbers): Tensor {
  const [q, k, v, mask] = checked(list);
  const { scale, causal } = numbers;
  if (!mask && !(causal && (k.shape.at(-2) ?? 0) < (q.shape.at(-2) ?? 0))) {
    return matmul(softmax(matmul(q, transpose(k)), { scale, causal }), v);
  }
  const s = scoresOf(q, k, mask, numbers);
  return matmul(where(lt(s, LOWEST), 0, softmax(maximum(s, HIDDEN))), v);
}

function scoresOf(
  q: Tensor, k: Tensor, mask: Tensor | undefined, { scale, causal }: AttentionNumbers,
): Tensor {
  const products = mul(matmul(q, transpose(k)), scale);
  const s = !mask ? products
    : mask.dtype === "bool" ? where(mask, products, HIDDEN) : add(products, mask);
  if (!causal) return s;
  const [queries, keys] = s.shape.slice(-2) as [number, number];
  const visible = scope(() => {
    const last = arange(queries, { start: keys - queries, device: q.device });
    return ge(unsqueeze(last, -1), arange(keys, { device: q.device }));
  });
  return where(visible, s, HIDDEN);
}
