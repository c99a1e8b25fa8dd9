// Compounds: networks made of atoms and bonds, as in the Modula reference.

import { embed as embedAtom, linear } from "./atoms.ts";
import { applyAttentionScores, attentionQK, causalSoftmax, mergeHeads, rope, ropeModula, softmax,
  splitHeads } from "./attention_bonds.ts";
import { gelu, identity, relu } from "./bonds.ts";
import { checkActivation } from "./checks.ts";
import { compose, named, repeat, residual, scale, tare, tuple } from "./compose.ts";
import type { Module } from "./module.ts";
import type { NetworkNorms } from "./scion_norms.ts";

/** Sizes of an `mlp`. */
export interface MlpOptions {
  readonly output: number;
  readonly input: number;
  readonly width: number;
  /** Number of linear layers, >= 2. */
  readonly depth: number;
  /** Between the layers. Default `relu`. */
  readonly activation?: () => Module;
  /** Biases, which start at zero; of that mass each if it is a number. Default: none. */
  readonly bias?: boolean | number;
  /** Norms by what weights do, such as `scionMlp()`. Default: those of the atoms. */
  readonly norms?: NetworkNorms;
}

/**
 * Linear layers with activations between them. Mass `depth`, sensitivity 1 with ReLU; weights
 * `layers.0.weight` (at the input) and so on.
 *
 * @throws RangeError for a depth below 2 or sizes that are not whole
 */
export function mlp(options: MlpOptions): Module {
  const { output, input, width, depth, activation = relu, bias = false, norms = {} } = options;
  if (!Number.isInteger(depth) || depth < 2) {
    throw new RangeError(`mlp: not a depth: ${depth}. Use a whole number from 2; else linear().`);
  }
  checkActivation("mlp", activation);
  const layers = Array.from({ length: depth }, (_, i) => {
    const sizes = [i === depth - 1 ? output : width, i === 0 ? input : width] as const;
    const norm = i === 0 ? norms.first ?? norms.hidden : norms.hidden;
    const layer = named(String(i), linear(...sizes, {
      norm: i === depth - 1 ? norms.output : norm,
      bias: bias !== false && { norm: norms.bias, mass: Number(bias) },
    }));
    return i === depth - 1 ? layer : compose(activation(), layer);
  });
  return named("layers", compose(...layers.reverse()));
}

/** Sizes and choices of `attention`. */
export interface AttentionOptions {
  readonly heads: number;
  /** Width of its input and output. */
  readonly embed: number;
  /** Width of a query of one head. Default: `embed / heads`. */
  readonly query?: number;
  /** Width of a value of one head. Default: `embed / heads`. */
  readonly value?: number;
  /** Factor of the scores, which are over `query`. Default 1. */
  readonly softmaxScale?: number;
  /** Queries see no later keys. Default true. */
  readonly causal?: boolean;
  /** Position embedding of queries and keys. Default `modula`: that of the reference. */
  readonly rope?: "standard" | "modula" | "none";
}

/**
 * Multi-head attention on `[batch, seq, embed]`. Mass 4; weights `value`, `query`, `key`,
 * `output`, in this order. The inner list has sensitivity 3, which the factor 1/3 takes back.
 *
 * Source: the Modula package, Attention
 */
export function attention(options: AttentionOptions): Module {
  const { heads, embed, softmaxScale = 1, causal = true, rope: position = "modula" } = options;
  const { query = embed / heads, value = embed / heads } = options;
  checkWidths(options, query, value);
  const project = (label: string, width: number) => {
    return compose(splitHeads(heads), named(label, linear(heads * width, embed)));
  };
  const rotary = { standard: rope, modula: ropeModula, none: identity }[position];
  if (!rotary) throw new RangeError(`attention: unknown rope: ${position}. Use "standard".`);
  const normalize = causal ? causalSoftmax : softmax;
  const scores = compose(
    normalize(softmaxScale), attentionQK(), rotary(),
    tuple(project("query", query), project("key", query)),
  );
  return compose(
    named("output", linear(embed, heads * value)),
    mergeHeads(),
    scale(1 / 3, applyAttentionScores()),
    tuple(project("value", value), scores),
  );
}

function checkWidths({ heads, embed }: AttentionOptions, query: number, value: number): void {
  if ([heads, query, value].every((d) => Number.isInteger(d) && d > 0)) return;
  throw new RangeError(
    `attention: the heads do not fit: ${heads} heads of query width ${query} and value width `
      + `${value} in ${embed}. Use a number of heads that divides the width.`,
  );
}

/** Sizes and choices of `gpt`. */
export interface GptOptions {
  readonly vocab: number;
  readonly heads: number;
  /** Width of the residual stream. */
  readonly embed: number;
  /** Width of a query of one head. Default: `embed / heads`. */
  readonly query?: number;
  /** Width of a value of one head. Default: `embed / heads`. */
  readonly value?: number;
  readonly blocks: number;
  /** Mass of all blocks together; embedding and head have 1 each. Default 5. */
  readonly blocksMass?: number;
  /** Factor of the attention scores. Default 1. */
  readonly attentionScale?: number;
  /** Factor of the logits. Default 1. */
  readonly finalScale?: number;
  /** Position embedding. Default `modula`. */
  readonly rope?: AttentionOptions["rope"];
}

/**
 * A transformer on tokens `[batch, seq]` i32 that gives logits `[batch, seq, vocab]`. Mass
 * `2 + blocksMass`; no layer norm. Weights `embedding`, `blocks.0.attention.query` and so on,
 * `blocks.0.mlp.up`, `blocks.0.mlp.down`, `head`.
 *
 * Source: the Modula package, GPT
 * @example
 * const model = gpt({ vocab: 65, heads: 4, embed: 128, blocks: 4 });
 * const weights = model.initialize(rng(1));
 * const logits = model.forward(tokens, weights);
 */
export function gpt(options: GptOptions): Module {
  const { vocab, embed, blocks, blocksMass = 5, attentionScale = 1, finalScale = 1 } = options;
  const branches = 2 * blocks;
  const block = compose(
    residual(named("mlp", gptMlp(embed)), branches),
    residual(named("attention", attention({ ...options, softmaxScale: attentionScale })), branches),
  );
  const trunk = tare(repeat(blocks, () => block), blocksMass);
  return compose(
    scale(finalScale, named("head", linear(vocab, embed))),
    named("blocks", trunk),
    named("embedding", embedAtom(embed, vocab)),
  );
}

function gptMlp(embed: number): Module {
  const up = named("up", linear(4 * embed, embed));
  return compose(named("down", linear(embed, 4 * embed)), gelu(), up);
}
