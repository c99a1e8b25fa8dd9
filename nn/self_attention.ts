// Attention of queries, keys and values side by side, in one fused step.

import { rope as ropeOp } from "../autograd/index.ts";
import { linear } from "./atoms.ts";
import { functionalAttention, mergeHeads, splitHeads } from "./attention_bonds.ts";
import { identity, pointwise } from "./bonds.ts";
import { compose, named, scale, scaleInput, tuple, withSensitivity } from "./compose.ts";
import type { Module } from "./module.ts";
import { rmsNorm } from "./normalizations.ts";
import type { Norm } from "./norms/norm.ts";
import { FLAT } from "./sharpness.ts";

/** Sizes and choices of `selfAttention`. */
export interface SelfAttentionOptions {
  readonly heads: number;
  /** Heads of keys and values; a divisor of `heads`. Default: as many. */
  readonly keyHeads?: number;
  /** Width of its input and output. */
  readonly embed: number;
  /** Width of a query of one head. Default: `embed / heads`. */
  readonly query?: number;
  /** Width of a value of one head. Default: `embed / heads`. */
  readonly value?: number;
  /** Queries see no later keys. Default true. */
  readonly causal?: boolean;
  /** Position embedding of queries and keys. Default `standard`. */
  readonly rope?: "standard" | "modula" | "none";
  /** Divide queries and keys by their RMS. Default false. */
  readonly normalize?: boolean;
  /** Factor of the scores, which are over `query`. Default 1. */
  readonly factor?: number;
  /**
   * What composition reckons with for the attention itself. Default: the bound for tokens of RMS
   * up to one, the factor but at least one.
   */
  readonly sensitivity?: number;
  /** What is divided by 3, for the three inputs: the result, or as in 2024 the inputs. */
  readonly scaled?: "output" | "input";
  /** Of all four matrices. */
  readonly norm?: Norm | undefined;
}

/**
 * Multi-head attention on `[batch, seq, embed]`. Mass 4; weights `query`, `key`, `value`, `output`,
 * in this order. `{ rope: "none", scaled: "input" }` is that of the first Modula package.
 *
 * @throws RangeError for heads that do not fit
 */
export function selfAttention(options: SelfAttentionOptions): Module {
  const { heads, keyHeads = heads, embed, causal = true, normalize = false, factor = 1 } = options;
  const { query = embed / heads, value = embed / heads, scaled = "output", norm } = options;
  checkHeads(options, keyHeads, query, value);
  const project = (label: string, count: number, width: number) => {
    return compose(splitHeads(count), named(label, linear(count * width, embed, { norm })));
  };
  const place = rotation(options.rope ?? "standard");
  const placed = normalize ? compose(place, rmsNorm()) : place;
  const bare = functionalAttention({ causal, factor });
  const attend = withSensitivity(bare, options.sensitivity ?? bare.sensitivity);
  return compose(
    named("output", linear(embed, heads * value, { norm })),
    mergeHeads(),
    scaled === "input" ? scaleInput(attend, 1 / 3) : scale(1 / 3, attend),
    tuple(
      compose(placed, project("query", heads, query)),
      compose(placed, project("key", keyHeads, query)),
      project("value", keyHeads, value),
    ),
  );
}

function rotation(kind: "standard" | "modula" | "none"): Module {
  if (kind === "none") return identity();
  if (kind === "standard" || kind === "modula") {
    const modula = kind === "modula";
    return pointwise("rope", (t) => ropeOp(t, { modula }), { sharpness: FLAT });
  }
  throw new RangeError(`attention: unknown rope: ${kind}. Use "standard".`);
}

function checkHeads(
  { heads, embed }: SelfAttentionOptions, keyHeads: number, query: number, value: number,
): void {
  const whole = [heads, keyHeads, query, value].every((d) => Number.isInteger(d) && d > 0);
  if (whole && heads % keyHeads === 0) return;
  throw new RangeError(
    `attention: the heads do not fit: ${heads} heads, ${keyHeads} of keys, of query width `
      + `${query} and value width ${value} in ${embed}. Use a number of heads that divides the `
      + `width, and of key heads that divides the heads.`,
  );
}
