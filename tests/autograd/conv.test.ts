// Gradients of convolutions too large for the rows, and what convolutions and pooling refuse.

import { DtypeError, ShapeError, conv1d, conv2d, convTranspose1d, convTranspose2d, maxPool2d,
  tensor, vjp, zeros } from "../../autograd/index.ts";
import type { ConvOptions, Tensor } from "../../autograd/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { array64, random64, sum64 } from "../reference.ts";
import { type Axis64, convTranspose64, convWeight64 } from "../reference/conv.ts";
import { assertThrows } from "../throws.ts";

const test = suite("convolutions");

/** Sizes at which threads have large tiles, and sums of the weight are cut into parts. */
const large: readonly {
  readonly what: string;
  readonly x: readonly number[];
  readonly w: readonly [number, number, number, number];
  readonly options: ConvOptions;
  readonly axis: Axis64;
  readonly extra?: number;
}[] = [
  { what: "padded", x: [3, 20, 17, 19], w: [35, 20, 3, 3], options: { padding: 1 },
    axis: { padding: [1, 1] } },
  { what: "with a stride", x: [2, 9, 22, 22], w: [16, 9, 3, 3],
    options: { stride: 2, padding: 1 }, axis: { stride: 2, padding: [1, 1] }, extra: 1 },
  { what: "in groups", x: [2, 12, 13, 13], w: [20, 6, 5, 5], options: { groups: 2, dilation: 2 },
    axis: { dilation: 2 } },
  { what: "of each channel alone", x: [2, 6, 30, 30], w: [6, 1, 3, 3],
    options: { groups: 6, padding: 1 }, axis: { padding: [1, 1] } },
  { what: "of each channel alone, with a stride", x: [2, 5, 21, 19], w: [10, 1, 5, 3],
    options: { groups: 5, stride: 2, padding: 2 }, axis: { stride: 2, padding: [2, 2] } },
  { what: "of each channel alone, dilated", x: [2, 4, 9, 40], w: [8, 1, 3, 4],
    options: { groups: 4, dilation: 2, padding: 1 }, axis: { dilation: 2, padding: [1, 1] } },
  { what: "of each channel alone, far apart", x: [1, 3, 40, 41], w: [3, 1, 4, 3],
    options: { groups: 3, dilation: 9 }, axis: { dilation: 9 } },
  { what: "of each channel alone, with a large kernel", x: [2, 3, 20, 23], w: [3, 1, 9, 8],
    options: { groups: 3, padding: 4 }, axis: { padding: [4, 4] } },
  { what: "of single elements", x: [2, 7, 9, 8], w: [11, 7, 1, 1], options: {}, axis: {} },
];

for (const { what, x, w, options, axis, extra = 0 } of large) {
  test(`gradients of a large convolution, ${what}`, async ({ rng }) => {
    const inputs = { x: random64(rng, x, [-1, 1]), w: random64(rng, w, [-1, 1]),
      bias: random64(rng, [w[0]], [-1, 1]) };
    const leaves = { x: tensor(inputs.x), w: tensor(inputs.w), bias: tensor(inputs.bias) };
    const { value, pullback } = vjp((t: typeof leaves) => {
      return conv2d(t.x, t.w, { ...options, bias: t.bias });
    }, leaves);
    const dy = random64(rng, value.shape, [-1, 1]);

    const grads = pullback(tensor(dy));

    const axes = [axis, axis] as const;
    const back = [{ ...axis, outputPadding: extra }, { ...axis, outputPadding: extra }] as const;
    // Chains of up to 1000 products: each rounds by half a unit in the last place (6e-8) of a sum
    // whose size is their root, about 10.
    const tolerance = { rtol: 1e-5, atol: 5e-5 };
    const { groups } = options;
    await Promise.all([
      close(grads.x, convTranspose64(dy, inputs.w, back, groups), tolerance),
      close(grads.w, convWeight64(inputs.x, dy, [w[2], w[3]], axes, groups), tolerance),
      close(grads.bias, sum64(dy, { axis: [0, 2, 3] }), tolerance),
    ]);
  });
}

async function close(
  got: Tensor, expected: Parameters<typeof assertClose>[1],
  tolerance: { rtol: number; atol: number },
): Promise<void> {
  assertClose({ shape: got.shape, data: await got.read() }, expected, tolerance);
}

test("padding stays clear of what lies beside it", async () => {
  const x = tensor(array64([1, 1, 1, 3], [Infinity, NaN, 2]));
  const w = tensor(array64([1, 1, 1, 2], [1, 0.5]));

  const y = conv2d(x, w, { padding: [[0, 0], [0, 2]] });

  assertClose(await y.read(), [NaN, NaN, 2, 0], { rtol: 0, atol: 0 });
});

test("a window of padding only is -infinity, and passes no gradient", async ({ rng }) => {
  const x = tensor(random64(rng, [1, 3]));
  const { value, pullback } = vjp((t: Tensor) => maxPool2d(t, {
    kernel: 1, stride: 2, padding: [[0, 0], [2, 0]],
  }), x);
  const [, , last] = await x.read();
  const [first] = await x.read();

  assertClose(await value.read(), [-Infinity, first ?? NaN, last ?? NaN], { rtol: 0, atol: 0 });
  const dx = pullback(tensor([[7, 8, 9]]));
  assertClose(await dx.read(), [8, 0, 9], { rtol: 0, atol: 0 });
});

test("equal largest elements: the first gets the gradient", async () => {
  const x = tensor([[1, 5, 5, 5], [5, 2, 0, 5]]);

  const dx = vjp((t: Tensor) => maxPool2d(t, { kernel: 2 }), x).pullback(tensor([[3, 4]]));

  assertClose(await dx.read(), [0, 3, 4, 0, 0, 0, 0, 0], { rtol: 0, atol: 0 });
});

const image = () => zeros([1, 4, 5, 6]);
const kernel = () => zeros([6, 4, 3, 3]);

test("a convolution has a batch of images and a kernel of as many axes", () => {
  assertThrows(() => conv2d(zeros([4, 5, 6]), kernel()), ShapeError,
    "conv2d: x does not have 4 axes: [4, 5, 6]. Give [batch, channels, height, width].");
  assertThrows(() => conv1d(zeros([1, 4, 5]), kernel()), ShapeError,
    "conv1d: weight does not have 3 axes: [6, 4, 3, 3]. Give [out, in, length].");
  assertThrows(() => conv2d(image(), zeros([6, 4, 0, 3])), ShapeError,
    "conv2d: the kernel is empty: [6, 4, 0, 3]. Give it an element or more.");
  assertThrows(() => conv2d(3 as never, kernel()), TypeError, /^conv2d: not a tensor: number/);
});

test("channels and groups of a convolution fit", () => {
  assertThrows(() => conv2d(image(), zeros([6, 3, 3, 3])), ShapeError,
    "conv2d: channels differ: x [1, 4, 5, 6] has 4, weight [6, 3, 3, 3] in 1 groups takes 3. "
      + "Check the weight or groups.");
  assertThrows(() => conv2d(image(), kernel(), { groups: 2 }), ShapeError,
    /^conv2d: channels differ: .* in 2 groups takes 8\./);
  for (const groups of [4, 0, 1.5, -1]) {
    assertThrows(() => conv2d(image(), zeros([6, 1, 3, 3]), { groups }), ShapeError,
      `conv2d: groups do not divide the channels: 6 out by ${groups}. Use a divisor of both.`);
  }
  assertThrows(() => convTranspose2d(image(), zeros([6, 2, 3, 3])), ShapeError,
    "convTranspose2d: channels differ: x [1, 4, 5, 6] and weight [6, 2, 3, 3] (4 != 6). "
      + "Give weight [in, out / groups, ..].");
  assertThrows(() => convTranspose1d(zeros([1, 4, 5]), zeros([4, 2, 3]), { groups: 3 }), ShapeError,
    "convTranspose1d: groups do not divide the channels: 4 in by 3. Use a divisor of both.");
});

test("a kernel is no larger than the padded input", () => {
  assertThrows(() => conv2d(image(), zeros([6, 4, 3, 7])), ShapeError,
    "conv2d: a window spans more than the padded input: [3, 7] over [5, 6]. "
      + "Use a smaller kernel or dilation, or more padding.");
  assertThrows(() => conv2d(image(), kernel(), { dilation: 4, padding: 1 }), ShapeError,
    /^conv2d: a window spans more than the padded input: \[9, 9\] over \[7, 8\]\./);
  assertThrows(() => convTranspose2d(image(), zeros([4, 2, 1, 1]), { padding: 3 }), ShapeError,
    "convTranspose2d: nothing is left of the result: [-1, 0]. Use less padding.");
});

test("strides, dilations and padding of a convolution are whole numbers", () => {
  for (const stride of [0, -1, 1.5, NaN, [1, 0], [1], [1, 2, 3]]) {
    assertThrows(() => conv2d(image(), kernel(), { stride }), RangeError,
      `conv2d: stride is not a whole number from 1 on: ${JSON.stringify(stride)}. `
        + "Give one, or one for each of 2 axes.");
  }
  assertThrows(() => conv2d(image(), kernel(), { dilation: 0 }), RangeError,
    /^conv2d: dilation is not a whole number from 1 on: 0\./);
  assertThrows(() => conv2d(image(), kernel(), { padding: -1 }), RangeError,
    /^conv2d: padding is not a whole number from 0 on: -1\./);
  assertThrows(() => conv2d(image(), kernel(), { padding: [[1, 1]] }), RangeError,
    "conv2d: padding is not a pair for each of 2 axes: [[1,1]]. Give [before, after] for each.");
  assertThrows(() => conv2d(image(), kernel(), { padding: "full" as never }), RangeError,
    'conv2d: no such padding: full. Use "same", "valid" or numbers.');
  assertThrows(() => convTranspose2d(image(), zeros([4, 2, 3, 3]), {
    stride: 2, outputPadding: [1, 2],
  }), RangeError, "convTranspose2d: outputPadding is not below the stride or the dilation: [1, 2]. "
    + "Pad the result instead.");
});

test("a bias is one number a channel", () => {
  for (const shape of [[5], [6, 1], []]) {
    assertThrows(() => conv2d(image(), kernel(), { bias: zeros(shape) }), ShapeError,
      `conv2d: the bias is not one number a channel: [${shape.join(", ")}] for 6. Give [6].`);
  }
  assertThrows(() => conv2d(image(), kernel(), { bias: zeros([6], { dtype: "i32" }) }), DtypeError,
    "conv2d: dtype not supported: i32. Use f32, or cast first.");
});

test.run();
