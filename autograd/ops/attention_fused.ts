import { type AttentionNumbers, type AttentionPass, type Shape, type Tensor, attentionPass,
  broadcastShapes, sizeOf } from "../../engine/index.ts";
import { apply } from "../define.ts";
import { vjp } from "../grad.ts";
import type { Operand } from "../tape.ts";
import { mul, sub } from "./arithmetic.ts";
import { type Inputs, NAME, checked, scoresOf } from "./attention_scores.ts";
import { matmul } from "./matmul.ts";
import { slice } from "./parts.ts";
import { sum } from "./reduce.ts";
import { exp } from "./unary.ts";
import { reshape, transpose, unsqueeze } from "./views.ts";

/**
 * Attention by one operation of two results, packed: the means, then the log-sum-exps. No score is
 * written, forward or back.
 *
 * @param list q, k and v, whose leading axes broadcast, and the mask, if there is one
 */
export function fusedAttention(list: readonly Tensor[], numbers: AttentionNumbers): Tensor {
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

/** q, k, v, the result's gradient, log-sum-exps, `delta`, and the mask, if there is one. */
type Saved = readonly [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor?];
type Gradient = Exclude<AttentionPass, "forward">;

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
