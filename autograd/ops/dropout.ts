import dropoutBody from "../../kernels/random/dropout.wgsl" with { type: "text" };
import philoxText from "../../kernels/random/philox.wgsl" with { type: "text" };
import { type Rng, type StreamWords, type Tensor, checkDtype, checkRng, elementwise,
  f32Bits } from "../../engine/index.ts";
import { apply, checkOptions, checkTensor } from "../define.ts";

/** Options of `dropout`. */
export interface DropoutOptions {
  /** Chance of an element to become 0, in [0, 1). Default 0.5. */
  readonly rate?: number;
  /** Where the chances come from; a call takes one stream. */
  readonly rng: Rng;
}

/**
 * Zeroes elements at random, and scales the others by 1 / (1 - rate) so that the mean stays.
 *
 * Which ones comes from a counter, the same on every host: the way back, and a `checkpoint`,
 * compute it again and store nothing.
 *
 * @param x any shape, f32
 * @returns same shape, f32
 * @throws RangeError for another rate; DtypeError
 */
export function dropout(x: Tensor, options: DropoutOptions): Tensor {
  const { rate = 0.5, rng } = checkOptions("dropout", options, "rng");
  checkRng("dropout", rng);
  checkDtype("dropout", checkTensor("dropout", x).dtype, ["f32"]);
  if (!(rate >= 0 && rate < 1)) {
    throw new RangeError(`dropout: the rate is not in [0, 1): ${rate}. Use 0.1.`);
  }
  return masked(x, rate, rng.take());
}

function masked(x: Tensor, rate: number, words: StreamWords): Tensor {
  const body = { name: "dropout", wgsl: [philoxText, dropoutBody].join("\n"), indexed: true };
  const threshold = Math.min(Math.round(rate * 2 ** 32), 2 ** 32 - 1);
  return apply({
    name: "dropout",
    forward: (t) => elementwise(x.device, {
      body, operands: [t, ...words, threshold, f32Bits(1 / (1 - rate))], type: "u32",
      out: (t as Tensor).dtype, // checked above
    }),
    vjp: (dy) => [() => masked(dy, rate, words)],
    saves: "nothing",
    halves: true,
  }, [x]);
}
