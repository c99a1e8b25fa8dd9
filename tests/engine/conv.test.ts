// Kernels of convolutions, for GPUs and for processors: on whole numbers, whose sums are exact in
// float32 in any order.

import { type ConvOptions, type Tensor, conv2d, tensor, vjp } from "../../autograd/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { type Array64, build64 } from "../reference.ts";
import { type Axis64, conv64, convTranspose64, convWeight64 } from "../reference/conv.ts";
import type { TestRng } from "../rng.ts";
import { type Family, withKernels } from "./families.ts";

const test = suite("kernels of convolutions");

type Size = readonly [number, number, number, number];

interface Row {
  readonly what: string;
  readonly x: Size;
  readonly w: Size;
  readonly options?: ConvOptions;
  readonly axis?: Axis64;
}

/** Tiles of all heights, and sums of runs that two, three, four or no terms divide. */
const rows: readonly Row[] = [
  { what: "few rows", x: [2, 5, 9, 14], w: [3, 5, 3, 3] },
  { what: "rows of one lane each, and few columns", x: [1, 7, 3, 4], w: [4, 7, 3, 2] },
  { what: "eight rows", x: [2, 4, 12, 8], w: [6, 4, 3, 3], options: { padding: 1 },
    axis: { padding: [1, 1] } },
  { what: "tiles filled in part", x: [3, 13, 10, 11], w: [19, 13, 3, 3], options: { padding: 2 },
    axis: { padding: [2, 2] } },
  { what: "several tiles high", x: [2, 6, 11, 13], w: [40, 6, 3, 4], options: { stride: 2 },
    axis: { stride: 2 } },
  { what: "groups, apart", x: [2, 22, 9, 17], w: [36, 11, 3, 3],
    options: { groups: 2, dilation: 2 }, axis: { dilation: 2 } },
];

/** More than 2^25 products. */
const heavy: Row = { what: "the largest tiles", x: [2, 26, 60, 63], w: [20, 26, 3, 3],
  options: { padding: 1 }, axis: { padding: [1, 1] } };

for (const family of ["software", "gpu"] as const) {
  for (const row of family === "software" ? [...rows, heavy] : rows) {
    test(`${row.what} (${family})`, ({ rng }) => check(family, row, rng));
  }
}

function check(family: Family, row: Row, rng: TestRng): Promise<void> {
  const { options = {}, axis = {} } = row;
  const [x, w, bias] = [whole(rng, row.x), whole(rng, row.w), whole(rng, [row.w[0]])];
  return withKernels(family, async (device) => {
    const leaves = { x: tensor(x, { device }), w: tensor(w, { device }) };
    const { value, pullback } = vjp((t: typeof leaves) => {
      return conv2d(t.x, t.w, { ...options, bias: tensor(bias, { device }) });
    }, leaves);
    const dy = whole(rng, value.shape);
    const grads = pullback(tensor(dy, { device }));

    const axes = [axis, axis] as const;
    const { groups } = options;
    const y = conv64(x, w, axes, groups);
    const area = y.shape.slice(2).reduce((n, size) => n * size, 1);
    const added = build64(y.shape, (i) => {
      return (y.data[i] ?? NaN) + (bias.data[Math.floor(i / area) % row.w[0]] ?? NaN);
    });
    await same(value, added);
    await same(grads.w, convWeight64(x, dy, [row.w[2], row.w[3]], axes, groups));
    await same(grads.x, convTranspose64(dy, w, restOf(row, dy), groups));
  });
}

/** The axes of the gradient by x, at whose end elements that no window reaches are left. */
function restOf({ x, w, axis = {} }: Row, dy: Array64): readonly [Axis64, Axis64] {
  const { stride = 1, dilation = 1, padding: [before, after] = [0, 0] } = axis;
  const along = (i: number): Axis64 => {
    const span = ((w[i] ?? 1) - 1) * dilation + 1;
    const reached = ((dy.shape[i] ?? 1) - 1) * stride - before - after + span;
    return { ...axis, outputPadding: (x[i] ?? 0) - reached };
  };
  return [along(2), along(3)];
}

function whole(rng: TestRng, shape: readonly number[]): Array64 {
  return build64(shape, () => Math.floor(9 * rng.uniform()) - 4);
}

async function same(got: Tensor, expected: Array64): Promise<void> {
  assertClose({ shape: got.shape, data: await got.read() }, expected, { rtol: 0, atol: 0 });
}

test.run();
