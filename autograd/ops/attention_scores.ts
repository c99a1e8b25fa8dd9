import { type AttentionNumbers, type Tensor, arange, checkDtype, scope } from
  "../../engine/index.ts";
import type { Operand } from "../tape.ts";
import { add, ge, lt, maximum, mul, where } from "./arithmetic.ts";
import { matmul } from "./matmul.ts";
import { softmax } from "./softmax.ts";
import { transpose, unsqueeze } from "./views.ts";

/** The name of attention in messages. */
export const NAME = "scaledDotProductAttention";

/** q, k, v and the mask, if there is one. */
export type Inputs = readonly [Tensor, Tensor, Tensor, Tensor?];

/** @throws DtypeError */
export function checked(list: readonly Operand[]): Inputs {
  const [q, k, v, mask] = list as Inputs; // the caller has made it of these
  for (const t of [q, k, v]) checkDtype(NAME, t.dtype, ["f32"]);
  if (mask) checkDtype(NAME, mask.dtype, ["bool", "f32"]);
  return [q, k, v, mask];
}

/** Scores below it count as hidden; kernels/attention.wgsl has the same two. */
const LOWEST = -1e30;
const HIDDEN = -2e30;

/** Attention of ordinary operations, which write the scores. */
export function ordinaryAttention(list: readonly Tensor[], numbers: AttentionNumbers): Tensor {
  const [q, k, v, mask] = checked(list);
  const { scale, causal } = numbers;
  if (!mask && !(causal && (k.shape.at(-2) ?? 0) < (q.shape.at(-2) ?? 0))) {
    return matmul(softmax(matmul(q, transpose(k)), { scale, causal }), v);
  }
  const s = scoresOf(q, k, mask, numbers);
  return matmul(where(lt(s, LOWEST), 0, softmax(maximum(s, HIDDEN))), v);
}

/** Scores `[..., queries, keys]`, hidden ones far below LOWEST. */
export function scoresOf(
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
