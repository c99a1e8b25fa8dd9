// A transformer as they are built today, with its geometry.

import { embed as embedAtom, linear } from "./atoms.ts";
import { reluSquared, softcap } from "./activations.ts";
import { identity } from "./bonds.ts";
import { compose, named, repeat, residual, scale, tare, unitSensitivity } from "./compose.ts";
import { dropout } from "./image_bonds.ts";
import type { Module } from "./module.ts";
import { rmsNorm } from "./normalizations.ts";
import { signOverFanIn } from "./norms/named.ts";
import type { Norm } from "./norms/norm.ts";
import type { NetworkNorms } from "./scion_norms.ts";
import { selfAttention } from "./self_attention.ts";
import { tie } from "./tie.ts";

/** Sizes and choices of `modernGpt`. */
export interface ModernGptOptions {
  readonly vocab: number;
  readonly heads: number;
  /** Heads of keys and values; a divisor of `heads`. Default: as many. */
  readonly keyHeads?: number;
  /** Width of the residual stream. */
  readonly embed: number;
  readonly blocks: number;
  /** Width inside the MLPs. Default: `4 embed`. */
  readonly hidden?: number;
  /** Mass of all blocks together; embedding and head have 1 each. Default 5. */
  readonly blocksMass?: number;
  /** Scores lie in `[-factor, factor]`. Default: the root of the width of a head, as is usual. */
  readonly attentionFactor?: number;
  /** Logits lie in `(-softcap, softcap)`; Infinity for no bound. Default 15. */
  readonly softcap?: number;
  /** Factor of the logits before that. Default 1. */
  readonly finalScale?: number;
  /** One table for embedding and head, measured by `norms.output` or `signOverFanIn`. */
  readonly tied?: boolean;
  /** Chance of an entry of a branch's output to become 0 in training. Default 0. */
  readonly dropout?: number;
  /** Norms by what weights do, such as `scionGpt()`. Default: those of the atoms. */
  readonly norms?: NetworkNorms;
}

/**
 * A transformer on tokens `[batch, seq]` i32 that gives logits `[batch, seq, vocab]`: RMS norm
 * before every branch, rotary positions, queries and keys normalized, squared ReLU, a head of its
 * own (or tied), logits bounded by a soft cap, residual branches averaged in. Mass
 * `2 + blocksMass`, sensitivity `finalScale`. It holds on average: RMS norms and attention have no
 * bound for all inputs, and attention is reckoned with one whatever its factor.
 *
 * Weights `embedding`, `blocks.0.attention.query` (`key`, `value`, `output`), `blocks.0.mlp.up`,
 * `blocks.0.mlp.down`, .., `head`.
 *
 * @example
 * const model = modernGpt({ vocab: 65, heads: 4, embed: 128, blocks: 4 });
 * const logits = model.forward(tokens, model.initialize(rng(1)));
 */
export function modernGpt(options: ModernGptOptions): Module {
  const { vocab, embed, blocks, blocksMass = 5, finalScale = 1, norms = {} } = options;
  const { softcap: cap = 15, tied = false } = options;
  const table = tied ? tie(norms.output ?? signOverFanIn) : undefined;
  const measured = (norm: Norm | undefined) => (table ? { tie: table } : { norm });
  const block = compose(
    branch("mlp", mlpOf(options), options),
    branch("attention", attentionOf(options), options),
  );
  return compose(
    cap === Infinity ? identity() : softcap(cap),
    scale(finalScale, named("head", linear(vocab, embed, measured(norms.output)))),
    rmsNorm(),
    named("blocks", tare(repeat(blocks, () => block), blocksMass)),
    rmsNorm(),
    named("embedding", embedAtom(embed, vocab, measured(norms.embedding))),
  );
}

function branch(label: string, inner: Module, options: ModernGptOptions): Module {
  const { blocks, dropout: rate = 0 } = options;
  const whole = compose(rate === 0 ? identity() : dropout(rate), inner, rmsNorm());
  return residual(named(label, whole), 2 * blocks);
}

function attentionOf(options: ModernGptOptions): Module {
  const { heads, keyHeads = heads, embed, norms = {} } = options;
  const { attentionFactor: factor = Math.sqrt(embed / heads) } = options;
  return selfAttention({
    heads, keyHeads, embed, factor, normalize: true, sensitivity: 1, norm: norms.hidden,
  });
}

function mlpOf({ embed, hidden = 4 * embed, norms = {} }: ModernGptOptions): Module {
  const { hidden: norm } = norms;
  const up = named("up", linear(hidden, embed, { norm }));
  const down = named("down", linear(embed, hidden, { norm }));
  return compose(down, unitSensitivity(reluSquared()), up);
}
