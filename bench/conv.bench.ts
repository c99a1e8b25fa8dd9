// Convolutions of images in float32, with kernels of 3 by 3, and their gradients.

import { type Tensor, conv2d, normal, rng, vjp } from "../autograd/index.ts";
import { type Bench, type Expected, type Work, bench } from "./harness.ts";

/** A square convolution that keeps the size: `batch x in x out x side`. */
interface Images {
  readonly batch: number;
  readonly into: number;
  readonly out: number;
  readonly side: number;
  readonly groups: number;
}

type Size = readonly [number, number, number, number];

const SIZES: readonly Size[] = [[1, 64, 64, 56], [8, 128, 128, 28], [32, 256, 256, 14]];
const SIDE = 3;

function asImages([batch, into, out, side]: Size): Images {
  return { batch, into, out, side, groups: 1 };
}

function cost({ batch, into, out, side, groups }: Images): Pick<Work, "flop" | "bytes"> {
  const taps = into / groups * SIDE ** 2;
  return {
    flop: 2 * batch * out * side ** 2 * taps, // padding included
    bytes: 4 * (batch * (into + out) * side ** 2 + out * taps),
  };
}

function operands({ batch, into, out, side, groups }: Images): { x: Tensor; w: Tensor } {
  return {
    x: normal(rng(1), [batch, into, side, side]),
    w: normal(rng(2), [out, into / groups, SIDE, SIDE]),
  };
}

/** Adds up over channels of a group and taps, at places of the same image. */
async function conv64({ x, w }: { x: Tensor; w: Tensor }, sizes: Images): Promise<Expected> {
  const [data, weight] = [await x.read(), await w.read()];
  const { into, out, side, groups } = sizes;
  const depth = into / groups;
  return (index) => {
    const [column, row] = [index % side, Math.floor(index / side) % side];
    const plane = Math.floor(index / side ** 2);
    const o = plane % out;
    const first = Math.floor(plane / out) * into + Math.floor(o / (out / groups)) * depth;
    let sum = 0;
    for (let c = 0; c < depth; c++) {
      for (let tap = 0; tap < SIDE ** 2; tap++) {
        const [i, j] = [row + Math.floor(tap / SIDE) - 1, column + tap % SIDE - 1];
        if (i < 0 || j < 0 || i >= side || j >= side) continue;
        sum += (data[((first + c) * side + i) * side + j] ?? NaN)
          * (weight[(o * depth + c) * SIDE ** 2 + tap] ?? NaN);
      }
    }
    return sum;
  };
}

/** The gradient by the weight for a gradient dy, at its elements. */
async function weight64(x: Tensor, dy: Tensor, { batch, into, out, side }: Images) {
  const [data, back] = [await x.read(), await dy.read()];
  return (index: number): number => {
    const [tap, pair] = [index % SIDE ** 2, Math.floor(index / SIDE ** 2)];
    const [c, o] = [pair % into, Math.floor(pair / into)];
    const [down, right] = [Math.floor(tap / SIDE) - 1, tap % SIDE - 1];
    let sum = 0;
    for (let n = 0; n < batch; n++) {
      for (let place = 0; place < side ** 2; place++) {
        const [i, j] = [Math.floor(place / side) + down, place % side + right];
        if (i < 0 || j < 0 || i >= side || j >= side) continue;
        sum += (data[((n * into + c) * side + i) * side + j] ?? NaN)
          * (back[(n * out + o) * side ** 2 + place] ?? NaN);
      }
    }
    return sum;
  };
}

/** Forward, of each channel alone, and the gradients by input and weight. */
export const convBenches: readonly Bench[] = [
  /* @__PURE__ */ bench("conv 3x3", { sizes: [...SIZES, [32, 3, 64, 32]] }, (size: Size) => {
    const images = asImages(size);
    const { x, w } = operands(images);
    return {
      ...cost(images), run: () => conv2d(x, w, { padding: 1 }),
      expected: () => conv64({ x, w }, images),
    };
  }),
  /* @__PURE__ */ bench("conv 3x3 of each channel alone", { sizes: [[8, 128, 56]] },
    ([batch, channels, side]) => {
      const images = { batch, into: channels, out: channels, side, groups: channels };
      const { x, w } = operands(images);
      return {
        ...cost(images), run: () => conv2d(x, w, { padding: 1, groups: channels }),
        expected: () => conv64({ x, w }, images),
      };
    }),
  /* @__PURE__ */ bench("conv 3x3, forward and gradient by the weight", { sizes: SIZES },
    (size: Size) => {
      const images = asImages(size);
      const { x, w } = operands(images);
      const dy = normal(rng(3), [images.batch, images.out, images.side, images.side]);
      const { flop, bytes } = cost(images);
      return {
        flop: 2 * flop, bytes: 2 * bytes, expected: () => weight64(x, dy, images),
        run: () => vjp((t: Tensor) => conv2d(x, t, { padding: 1 }), w).pullback(dy),
      };
    }),
  /* @__PURE__ */ bench("conv 3x3, forward and gradient by the input", { sizes: SIZES },
    (size: Size) => {
      const images = asImages(size);
      const { x, w } = operands(images);
      const dy = normal(rng(3), [images.batch, images.out, images.side, images.side]);
      const { flop, bytes } = cost(images);
      return {
        flop: 2 * flop, bytes: 2 * bytes, expected: () => input64(dy, w, images),
        run: () => vjp((t: Tensor) => conv2d(t, w, { padding: 1 }), x).pullback(dy),
      };
    }),
];

/** The gradient by the input: the convolution of dy with the kernel turned around. */
async function input64(dy: Tensor, w: Tensor, { batch, into, out, side }: Images) {
  const [back, weight] = [await dy.read(), await w.read()];
  return (index: number): number => {
    const [j, i] = [index % side, Math.floor(index / side) % side];
    const plane = Math.floor(index / side ** 2);
    const [c, n] = [plane % into, Math.floor(plane / into) % batch];
    let sum = 0;
    for (let o = 0; o < out; o++) {
      for (let tap = 0; tap < SIDE ** 2; tap++) {
        const [row, column] = [i + 1 - Math.floor(tap / SIDE), j + 1 - tap % SIDE];
        if (row < 0 || column < 0 || row >= side || column >= side) continue;
        sum += (back[((n * out + o) * side + row) * side + column] ?? NaN)
          * (weight[(o * into + c) * SIDE ** 2 + tap] ?? NaN);
      }
    }
    return sum;
  };
}
