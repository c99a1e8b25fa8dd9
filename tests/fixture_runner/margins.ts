// A linear classifier's margins, and the direction of its cross-entropy gradient at any margin.

import {
  exp, logSoftmax, matmul, max, neg, scope, sub, sum, tensor, transpose, where,
} from "../../autograd/index.ts";
import type { Tensor } from "../../autograd/index.ts";
import { margins as marginsOf } from "../../nn/index.ts";
import { decode64, tensorValue, toTensor } from "./decode.ts";
import type { FixtureValues } from "./types.ts";

/**
 * The margins of a linear classifier.
 *
 * @param weight [classes, d]
 * @param data `x` [n, d] and labels `y` [n]
 */
export async function margins(weight: Tensor, data: FixtureValues): Promise<number[]> {
  const labels = toTensor(tensorValue(data, "y"));
  const logits = matmul(toTensor(tensorValue(data, "x")), transpose(weight));
  return Array.from(await marginsOf(logits, labels).read());
}

/**
 * The gradient of the cross-entropy up to a positive factor: the common factor of all probabilities
 * of wrong classes is taken out before exponentiating, so that no margin makes it underflow.
 *
 * @param data `x` [n, d] and labels `y` [n]
 * @returns a function of the weight [classes, d], of its shape
 * Source: math.md 5.3
 */
export function logOddsGradient(data: FixtureValues, classes: number): (weight: Tensor) => Tensor {
  const x = toTensor(tensorValue(data, "x"));
  const labels = decode64(tensorValue(data, "y")).data;
  const shape = [labels.length, classes];
  const isLabel = Array.from({ length: labels.length * classes }, (_, i) =>
    Number(labels[Math.floor(i / classes)] === i % classes),
  );
  const own = tensor(Uint32Array.from(isLabel), { shape, dtype: "bool" });
  const never = tensor(new Float32Array(1).fill(-3e38), { shape: [1, 1] });
  return (weight) =>
    scope(() => {
      const wrong = where(own, never, logSoftmax(matmul(x, transpose(weight))));
      const odds = exp(sub(wrong, max(wrong)));
      const pull = where(own, neg(sum(odds, { axis: -1, keepDims: true })), odds);
      return matmul(transpose(pull), x);
    });
}
