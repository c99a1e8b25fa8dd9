// The networks that are trained: first weights and batches.

import type { Dense, ModelName, Named, OptimizerName, Training } from "./contestant.ts";
import { filled, labels, spread } from "./dense.ts";
import { losses64 } from "./losses64.ts";
import { GPT } from "./settings.ts";

/** Widths of the classifier, of whose batch each row is one image of 28 x 28. */
const MLP = { widths: [784, 512, 512, 10], batch: 128 } as const;

/** The task of training a network. */
export function trainingTask(model: ModelName, optimizer: OptimizerName, rate: number): Training {
  const task = { kind: "train", model, optimizer, rate, ...MODELS[model]() } as const;
  return { ...task, losses: losses64(task) };
}

interface Setting {
  readonly weights: Named;
  readonly x: Dense;
  readonly y: Dense;
}

const MODELS: Readonly<Record<ModelName, () => Setting>> = {
  mlp: () => ({
    weights: layers(MLP.widths),
    x: spread(1, [MLP.batch, MLP.widths[0]], [0, 1]), y: labels(2, [MLP.batch], 10),
  }),
  gpt: () => ({
    weights: gptWeights(),
    x: labels(1, [GPT.batch, GPT.context], GPT.vocab),
    y: labels(2, [GPT.batch, GPT.context], GPT.vocab),
  }),
  tiny: () => ({
    weights: layers([2, 16, 1]), // exclusive or
    x: { shape: [4, 2], data: Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1) },
    y: { shape: [4, 1], data: Float32Array.of(0, 1, 1, 0) },
  }),
};

/** A matrix that keeps the size of what goes through it. */
function matrix(seed: number, fanIn: number, fanOut: number): Dense {
  const bound = Math.sqrt(3 / fanIn);
  return spread(seed, [fanIn, fanOut], [-bound, bound]);
}

/** `layers.0.weight`, `layers.0.bias` and so on. */
function layers(widths: readonly number[]): Named {
  const weights: Record<string, Dense> = {};
  widths.slice(1).forEach((fanOut, i) => {
    weights[`layers.${i}.weight`] = matrix(10 + i, widths[i] ?? 0, fanOut);
    weights[`layers.${i}.bias`] = filled([fanOut], 0);
  });
  return weights;
}

function gptWeights(): Named {
  const { vocab, width, context, blocks } = GPT;
  const weights: Record<string, Dense> = {
    tokens: spread(10, [vocab, width]), places: spread(11, [context, width]),
  };
  const norm = (name: string): void => {
    weights[`${name}.gain`] = filled([width], 1);
    weights[`${name}.offset`] = filled([width], 0);
  };
  const linear = (name: string, fanIn: number, fanOut: number): void => {
    weights[`${name}.weight`] = matrix(20 + Object.keys(weights).length, fanIn, fanOut);
    weights[`${name}.bias`] = filled([fanOut], 0);
  };
  for (let i = 0; i < blocks; i++) {
    norm(`${i}.before`);
    linear(`${i}.attention`, width, 3 * width);
    linear(`${i}.merge`, width, width);
    norm(`${i}.middle`);
    linear(`${i}.up`, width, 4 * width);
    linear(`${i}.down`, 4 * width, width);
  }
  norm("last");
  weights.head = matrix(99, width, vocab);
  return weights;
}
