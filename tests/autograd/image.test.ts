// What pooling, other sizes and normalizations by channels refuse.

import { ShapeError, adaptiveAvgPool2d, adaptiveMaxPool2d, avgPool1d, avgPool2d, batchNorm,
  batchStats, fold, globalAvgPool, groupNorm, instanceNorm, interpolate, layerNorm,
  localResponseNorm, maxPool1d, maxPool2d, pixelShuffle, pixelUnshuffle, rmsNorm, runningStats,
  unfold, zeros } from
  "../../autograd/index.ts";
import { suite } from "../harness.ts";
import { assertThrows } from "../throws.ts";

const test = suite("images");

const image = () => zeros([1, 4, 5, 6]);

test("windows of pooling fit the padded input", () => {
  assertThrows(() => maxPool2d(image(), { kernel: [3, 8] }), ShapeError,
    "maxPool2d: a window spans more than the padded input: [3, 8] over [5, 6]. "
      + "Use a smaller kernel or dilation, or more padding.");
  assertThrows(() => avgPool2d(image(), { kernel: 0 }), RangeError,
    /^avgPool2d: kernel is not a whole number from 1 on: 0\./);
  assertThrows(() => maxPool1d(zeros([3]), { kernel: 2, stride: 0 }), RangeError,
    /^maxPool1d: stride is not a whole number from 1 on: 0\. Give one, or one for each of 1 axes/);
  assertThrows(() => avgPool1d(zeros([]), { kernel: 1 }), ShapeError,
    "avgPool1d: too few axes: []. Give [..., length].");
  assertThrows(() => maxPool2d(zeros([3]), { kernel: 1 }), ShapeError,
    "maxPool2d: too few axes: [3]. Give [..., height, width].");
});

test("there is something to pool", () => {
  assertThrows(() => globalAvgPool(zeros([2, 3])), ShapeError,
    "globalAvgPool: nothing to average: [2, 3]. Give [batch, channels, height, width].");
  assertThrows(() => adaptiveAvgPool2d(zeros([2, 0, 3]), 1), ShapeError,
    "adaptiveAvgPool2d: no places to average: [2, 0, 3]. Give [..., height, width].");
  assertThrows(() => adaptiveMaxPool2d(zeros([2, 0, 3]), 1), ShapeError,
    "adaptiveMaxPool2d: no elements: [2, 0, 3]. Give an axis of 1 or more.");
  assertThrows(() => adaptiveMaxPool2d(image(), [1, 0]), RangeError,
    /^adaptiveMaxPool2d: size is not a whole number from 1 on: \[1,0\]\./);
});

test("a new size is given in one way", () => {
  assertThrows(() => interpolate(image(), {}), RangeError,
    "interpolate: not one of size and scale: undefined, undefined. Give one of them.");
  assertThrows(() => interpolate(image(), { size: 3, scale: 2 }), RangeError, /: 3, 2\./);
  assertThrows(() => interpolate(image(), { size: [3] }), RangeError,
    /^interpolate: size is not a whole number from 1 on: \[3\]\./);
  assertThrows(() => interpolate(image(), { scale: 0.1 }), RangeError,
    "interpolate: nothing is left of the result: [5, 6] by [0.1, 0.1]. "
      + "Give one scale, or one for each of 2 axes.");
  assertThrows(() => interpolate(image(), { size: 3, mode: "cubic" as never }), RangeError,
    'interpolate: no such mode: cubic. Use "nearest" or "linear".');
  assertThrows(() => interpolate(zeros([2, 3]), { size: 3 }), ShapeError,
    "interpolate: no places to read: [2, 3]. Give [batch, channels, height, width].");
});

test("columns and squares fit the images", () => {
  assertThrows(() => unfold(image(), { kernel: 7 }), ShapeError,
    /^unfold: a window spans more than the padded input: \[7, 7\] over \[5, 6\]\./);
  assertThrows(() => fold(zeros([1, 8, 4]), { kernel: 2, size: [3, 4] }), ShapeError,
    "fold: not the windows of such images: [1, 8, 4] for [3, 4] (windows of 4 at 6 places). "
      + "Check size and kernel.");
  assertThrows(() => pixelShuffle(zeros([1, 6, 2, 2]), 2), ShapeError,
    "pixelShuffle: the channels do not fall into squares: [1, 6, 2, 2] by 2. "
      + "Give a multiple of 4.");
  assertThrows(() => pixelUnshuffle(image(), 2), ShapeError,
    "pixelUnshuffle: the places do not fall into squares: [1, 4, 5, 6] by 2. "
      + "Give multiples of 2.");
  assertThrows(() => pixelShuffle(image(), 0), RangeError,
    /^pixelShuffle: factor is not a whole number from 1 on: 0\./);
});

test("normalizations by channels have channels, and one number for each", () => {
  assertThrows(() => batchNorm(zeros([3])), ShapeError,
    "batchNorm: no channels: [3]. Give [batch, channels, ...].");
  assertThrows(() => batchNorm(image(), { weight: zeros([5]) }), ShapeError,
    "batchNorm: the weight has another shape: [5] for [4]. Give [4].");
  assertThrows(() => batchNorm(image(), { stats: { mean: zeros([4]), variance: zeros([1]) } }),
    ShapeError, "batchNorm: the variance has another shape: [1] for [4]. Give [4].");
  assertThrows(() => instanceNorm(image(), { bias: zeros([]) }), ShapeError,
    "instanceNorm: the bias has another shape: [] for [4]. Give [4].");
  assertThrows(() => batchStats(zeros([])), ShapeError, /^batchStats: no channels: \[\]\./);
  for (const groups of [3, 0, 0.5]) {
    assertThrows(() => groupNorm(image(), groups), ShapeError,
      `groupNorm: groups do not divide the channels: 4 by ${groups}. Use a divisor.`);
  }
  assertThrows(() => localResponseNorm(image(), 0), RangeError,
    "localResponseNorm: no such size: 0. Use 1 or more channels.");
});

test("running statistics need a variance, and a share", () => {
  const stats = { mean: zeros([4]), variance: zeros([4]) };

  assertThrows(() => runningStats(stats, zeros([1, 4])), ShapeError,
    "runningStats: a channel needs two elements or more: [1, 4]. Give a larger batch.");
  assertThrows(() => runningStats(stats, image(), { momentum: 1.5 }), RangeError,
    "runningStats: momentum is not in [0, 1]: 1.5. Use 0.9.");
});

test("weight and bias of a normalization have the sizes of its axes", () => {
  assertThrows(() => layerNorm(image(), { weight: zeros([5]) }), ShapeError,
    "layerNorm: the weight has another shape: [5] for [6]. Give [6].");
  assertThrows(() => rmsNorm(image(), { axis: [2, 3], bias: zeros([6]) }), ShapeError,
    "rmsNorm: the bias has another shape: [6] for [5, 6]. Give [5, 6].");
  assertThrows(() => layerNorm(image(), { axis: 4 }), ShapeError, /^layerNorm: no such axis: 4/);
});

test.run();
