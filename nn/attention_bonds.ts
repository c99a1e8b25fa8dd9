// The weightless parts of attention. Sensitivities hold for tokens of RMS one.

import { type Tensor, arange, ge, matmul, mul, reshape, rope as ropeOp,
  scaledDotProductAttention, scope, softmax as softmaxOp, transpose, where } from
  "../autograd/index.ts";
import { ShapeError, show } from "../engine/index.ts";
import { asList, asTensor, bond, checkSensitivity } from "./bonds.ts";
import type { Module, Value } from "./module.ts";
import { FLAT } from "./sharpness.ts";

/** `[..., seq, heads dim]` to `[..., heads, seq, dim]`. Throws ShapeError if it does not divide. */
export function splitHeads(heads: number): Module {
  checkHeads("splitHeads", heads);
  return bond({
    name: "splitHeads",
    forward: (x, name) => {
      const t = asTensor(x, name);
      const [seq = 1, width = 1] = t.shape.slice(-2);
      if (t.shape.length < 2 || width % heads !== 0) {
        throw new ShapeError(
          `splitHeads: the input does not fall into ${heads} heads: ${show(t.shape)}. `
            + `Give [..., seq, width] with a multiple of them.`,
        );
      }
      return swapped(reshape(t, [...t.shape.slice(0, -2), seq, heads, width / heads]));
    },
    widths: (input, misfit) => {
      if (typeof input !== "number") return input === undefined ? undefined : misfit("one tensor");
      return input % heads === 0 ? input / heads : misfit(`a multiple of ${heads} heads`);
    },
    sharpness: FLAT,
  });
}

/** `[..., heads, seq, dim]` to `[..., seq, heads dim]`: the inverse of `splitHeads`. */
export function mergeHeads(): Module {
  return bond({
    name: "mergeHeads",
    forward: (x, name) => {
      const t = asTensor(x, name);
      if (t.shape.length < 3) {
        throw new ShapeError(
          `mergeHeads: no heads: ${show(t.shape)}. Give [..., heads, seq, dim].`,
        );
      }
      const [heads = 1, seq = 1, dim = 1] = t.shape.slice(-3);
      return reshape(swapped(t), [...t.shape.slice(0, -3), seq, heads * dim]);
    },
    widths: () => undefined,
    sharpness: FLAT,
  });
}

/** The last but one and the last but two axes exchanged. */
function swapped(x: Tensor): Tensor {
  return transpose(x, { axes: [-3, -2] });
}

/** Options of the rotary bonds. */
export interface RopeBondOptions {
  /** Ratio of the slowest to the fastest wavelength. Default 10000. */
  readonly base?: number;
}

/** Rotary embedding of queries and keys `[..., seq, dim]`, a list of two. */
export function rope({ base = 10000 }: RopeBondOptions = {}): Module {
  return rotary("rope", base, false);
}

/** The form of the Modula reference, which mirrors each pair: scores as with the angle negated. */
export function ropeModula({ base = 10000 }: RopeBondOptions = {}): Module {
  return rotary("ropeModula", base, true);
}

function rotary(name: string, base: number, modula: boolean): Module {
  const forward = (x: Value) => asList(x, name, 2).map((t) => ropeOp(t, { base, modula }));
  return bond({ name, forward, sharpness: FLAT });
}

/** Scores `q k^T / dim` of a list (q, k) of `[..., seq, dim]`; the scale is 1/dim, not its root. */
export function attentionQK(): Module {
  const forward = (x: Value, name: string) => {
    const [q, k] = asList(x, name, 2) as [Tensor, Tensor]; // asList has counted
    // The factor goes to the queries: there are fewer of them than scores.
    return matmul(mul(q, 1 / (q.shape.at(-1) ?? 1)), transpose(k));
  };
  return bond({ name: "attentionQK", forward, widths: () => undefined, ...UNIT_TOKENS });
}

/** The maps are products of their inputs, which have to be bounded. */
const UNIT_TOKENS = { condition: "tokens of RMS up to 1", lipschitz: Infinity };

/**
 * Scores `[..., queries, keys]` with -infinity where a key is later than the query. Only a softmax
 * may follow; `causalSoftmax` does both without the infinities.
 */
export function causalMask(): Module {
  const forward = (x: Value, name: string) => {
    const t = asTensor(x, name);
    const [queries = 1, keys = 1] = t.shape.slice(-2);
    const visible = scope(() => {
      const { device } = t;
      const last = arange(queries, { start: keys - queries, device }); // counted from the end
      return ge(reshape(last, [queries, 1]), arange(keys, { device }));
    });
    return where(visible, t, -Infinity);
  };
  return bond({ name: "causalMask", forward });
}

/** softmax(factor x) along the last axis; sensitivity `factor` > 0. */
export function softmax(factor = 1): Module {
  const forward = (x: Value, name: string) => softmaxOp(asTensor(x, name), { scale: factor });
  return bond({ name: "softmax", forward, sensitivity: factor });
}

/** `softmax` after `causalMask` in one step; counts as two bonds. */
export function causalSoftmax(factor = 1): Module {
  const forward = (x: Value, name: string) => {
    return softmaxOp(asTensor(x, name), { scale: factor, causal: true });
  };
  return bond({ name: "causalSoftmax", forward, sensitivity: factor, bonds: 2 });
}

/** `scores v` of a list (v, scores), in this order. */
export function applyAttentionScores(): Module {
  const forward = (x: Value, name: string) => {
    const [v, s] = asList(x, name, 2) as [Tensor, Tensor]; // asList has counted
    return matmul(s, v);
  };
  const first = (input: unknown) => (Array.isArray(input) ? input[0] : undefined);
  return bond({ name: "applyAttentionScores", forward, widths: first, ...UNIT_TOKENS });
}

/** Options of `functionalAttention`. */
export interface FunctionalAttentionOptions {
  /** Queries see no later keys. Default true. */
  readonly causal?: boolean;
  /** Factor of the scores, which are over the dim: they lie in `[-factor, factor]`. Default 1. */
  readonly factor?: number;
}

/**
 * Attention of a list (q, k, v) of `[..., heads, seq, dim]`: `softmax(factor q k^T / dim) v`, in
 * one step that does not write the scores. Keys and values may have fewer heads, by a whole
 * factor: groups of neighbouring heads of the queries share one. The sensitivity, the factor but
 * at least one, is a bound for tokens of RMS up to one, the norm of the list being the sum.
 *
 * @throws RangeError if the factor is not positive
 */
export function functionalAttention(options: FunctionalAttentionOptions = {}): Module {
  const { causal = true, factor = 1 } = options;
  checkSensitivity("functionalAttention", factor);
  const forward = (x: Value, name: string) => {
    const [q, k, v] = asList(x, name, 3) as [Tensor, Tensor, Tensor]; // asList has counted
    return scaledDotProductAttention(q, k, v, { causal, scale: factor / (q.shape.at(-1) ?? 1) });
  };
  const last = (input: unknown) => (Array.isArray(input) ? input[2] : undefined);
  return bond({
    name: "functionalAttention", forward, widths: last, sensitivity: Math.max(1, factor),
    sharpness: factor <= 1 ? { alpha: 0, beta: 0, gamma: 3 } : undefined, ...UNIT_TOKENS,
  });
}

function checkHeads(op: string, heads: number): void {
  if (Number.isInteger(heads) && heads > 0) return;
  throw new RangeError(`${op}: not a whole number of heads: ${heads}. Use 1 or more.`);
}
