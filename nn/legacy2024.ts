// The first generation of the Modula package: weights have spectral norm one, the forward pass
// carries the scale. Sensitivities are conventions here, some true only on average.

import { type Tensor, conv2d, embedding, matmul, mul, transpose } from "../autograd/index.ts";
import { scaledGelu } from "./activations.ts";
import { type AtomOptions, atom } from "./atoms.ts";
import { functionalAttention, mergeHeads, splitHeads } from "./attention_bonds.ts";
import { asTensor, enumerate } from "./bonds.ts";
import type { NetAtoms } from "./classifiers.ts";
import { add, compose, named, repeat, residual, scale, scaleInput, tare, tuple } from
  "./compose.ts";
import type { GptOptions } from "./models.ts";
import type { Module } from "./module.ts";
import { layerNorm } from "./normalizations.ts";
import { perTap, withRadius } from "./norms/combine.ts";
import { l2ToLinf, spectral } from "./norms/named.ts";
import { BILINEAR } from "./sharpness.ts";

/** `sqrt(fanOut / fanIn) x W^T` on the last axis; the norm of the weight is its spectral norm. */
export function linear2024(fanOut: number, fanIn: number, options: AtomOptions = {}): Module {
  const factor = Math.sqrt(fanOut / fanIn);
  const { label, norm = spectral, mass } = options;
  return atom({
    name: "linear", label, sharpness: BILINEAR,
    weights: {
      weight: { shape: [fanOut, fanIn], norm, mass, acts: { kind: "matrix", factor } },
    },
    forward: (x, { weight }, path) => {
      const y = matmul(asTensor(x, path), transpose(weight as Tensor)); // declared above
      return factor === 1 ? y : mul(y, factor);
    },
    widths: (input, misfit) => {
      return input === undefined || input === fanIn ? fanOut : misfit(`width ${fanIn}`);
    },
  });
}

/**
 * A convolution of images `[batch, fanIn, height, width]` with zeros around them, stride 1, times
 * `sqrt(fanOut / fanIn) / side^2`. The norm of the weight is the largest spectral norm of a tap.
 *
 * @param side of the kernel
 * @param padding zeros at every edge. Default: none
 */
export function conv2024(
  fanOut: number, fanIn: number, side: number,
  { label, mass, padding = 0, ...rest }: AtomOptions & { readonly padding?: number } = {},
): Module {
  const factor = Math.sqrt(fanOut / fanIn) / side ** 2;
  const { norm = withRadius(perTap(spectral), side ** 2) } = rest; // without the factor of perTap
  const acts = { kind: "kernel", factor } as const;
  return atom({
    name: "conv2d", label, sharpness: BILINEAR,
    weights: { weight: { shape: [fanOut, fanIn, side, side], norm, mass, acts } },
    forward: (x, { weight }, path) => {
      return mul(conv2d(asTensor(x, path), weight as Tensor, { padding }), factor);
    },
    widths: () => undefined,
  });
}

/** `sqrt(dim)` times a row of the table `[count, dim]`; its rows have norm one. */
export function embed2024(dim: number, count: number, options: AtomOptions = {}): Module {
  const { label, norm = l2ToLinf, mass } = options;
  const factor = Math.sqrt(dim);
  return atom({
    name: "embed", label, sharpness: BILINEAR,
    weights: { weight: { shape: [count, dim], norm, mass, acts: { kind: "table", factor } } },
    forward: (x, { weight }, path) => {
      return mul(embedding(weight as Tensor, asTensor(x, path)), factor);
    },
    widths: (input, misfit) => (input === undefined ? dim : misfit("tokens")),
  });
}

/**
 * The layers of the first generation, for `resMlp` and `resCnn`.
 *
 * @example
 * const net = resMlp({ output: 2, input: 3, width: 8, blocks: 2, depth: 2, atoms: ATOMS_2024 });
 */
export const ATOMS_2024: NetAtoms = { linear: linear2024, conv2d: conv2024 };

/** Source: the Modula package, 2024, Attention */
function attention2024({ heads, embed, query, value }: Required<GptSizes>): Module {
  const project = (label: string, width: number) => {
    return compose(splitHeads(heads), named(label, linear2024(heads * width, embed)));
  };
  return compose(
    named("output", linear2024(embed, heads * value)),
    mergeHeads(),
    scaleInput(functionalAttention(), 1 / 3),
    tuple(project("query", query), project("key", query), project("value", value)),
  );
}

type GptSizes = Pick<GptOptions, "heads" | "embed" | "query" | "value">;

/** Sizes of `gpt2024`; `context` is the longest sequence. */
export type Gpt2024Options = GptSizes & Pick<GptOptions, "vocab" | "blocks" | "blocksMass"> & {
  readonly context: number;
};

/** With layer norms and learnt positions. Source: the Modula package, 2024, GPT */
export function gpt2024(options: Gpt2024Options): Module {
  const { vocab, context, heads, embed, blocks, blocksMass = 5 } = options;
  const { query = embed / heads, value = embed / heads } = options;
  const branch = (label: string, inner: Module) => {
    return residual(named(label, compose(inner, layerNorm())), 2 * blocks);
  };
  const up = named("up", linear2024(4 * embed, embed));
  const mlp = compose(named("down", linear2024(embed, 4 * embed)), scaledGelu(), up);
  const attend = attention2024({ heads, embed, query, value });
  const block = compose(branch("mlp", mlp), branch("attention", attend));
  const positions = compose(named("positions", embed2024(embed, context)), enumerate());
  return compose(
    named("head", linear2024(vocab, embed)),
    layerNorm(),
    named("blocks", tare(repeat(blocks, () => block), blocksMass)),
    tare(add(scale(0.5, named("tokens", embed2024(embed, vocab))), scale(0.5, positions)), 1),
  );
}
