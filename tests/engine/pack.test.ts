// Tensors side by side in one, and back.

import * as assert from "uvu/assert";
import { currentDevice, full, slice, tensor, transpose } from "../../autograd/index.ts";
import type { Tensor } from "../../autograd/index.ts";
import { gather, isPackable, packingOf, partsOf, spread, wholeOf } from "../../engine/index.ts";
import { suite } from "../harness.ts";

const test = suite("pack");

const count = (n: number, from = 0): number[] => Array.from({ length: n }, (_, i) => from + i);

// More tensors than a dispatch can bind, of every layout there is.
function various(): Tensor[] {
  const matrix = tensor(count(15), { shape: [3, 5] });
  const list = [
    tensor(count(1, 100)), matrix, transpose(matrix), slice(matrix, [[1, 3], [2, 4]]),
    tensor(7), tensor(count(24, 50), { shape: [2, 3, 4] }), slice(tensor(count(9)), [[3, 8]]),
  ];
  return [...list, ...count(20).map((i) => tensor(count(i + 1, 1000 * i)))];
}

async function readAll(list: readonly Tensor[]): Promise<number[][]> {
  return Promise.all(list.map(async (t) => [...await t.read()]));
}

test("parts lie at multiples of four, with zeros between", async () => {
  const parts = [tensor([1, 2, 3, 4, 5]), tensor([6]), tensor([7, 8])];
  const packing = packingOf(parts.map(({ shape }) => shape));

  assert.equal(packing, { starts: [0, 8, 12], size: 16 });
  const packed = await gather(parts, packing).read();
  assert.equal([...packed], [1, 2, 3, 4, 5, 0, 0, 0, 6, 0, 0, 0, 7, 8, 0, 0]);
});

test("tensors of any layout and number come back as they went in", async () => {
  const parts = various();
  const packing = packingOf(parts.map(({ shape }) => shape));
  const packed = gather(parts, packing);
  const expected = await readAll(parts);

  assert.equal(await readAll(partsOf(packed, parts.map(({ shape }) => shape), packing)), expected);
  const targets = parts.map(({ shape }, i) => {
    const flipped = [...shape].reverse();
    return shape.length === 2 && i % 2 === 0 ? transpose(full(flipped, NaN)) : full(shape, NaN);
  });
  spread(packed, targets, packing);
  assert.equal(await readAll(targets), expected);
});

test("what lies around a part that is a view stays", async () => {
  const whole = tensor(count(12), { shape: [3, 4] });
  const [inner, other] = [slice(whole, [[1, 2], [1, 3]]), tensor([0, 0, 0])];
  const packing = packingOf([inner.shape, other.shape]);
  spread(tensor([-1, -2, 9, 9, -3, -4, -5, 9]), [inner, other], packing);

  assert.equal([...await whole.read()], [0, 1, 2, 3, 4, -1, -2, 7, 8, 9, 10, 11]);
  assert.equal([...await other.read()], [-3, -4, -5]);
});

test("bits stay: NaN, infinities, zeros of both signs, the smallest numbers", async () => {
  const bits = Uint32Array.of(0x7fc00001, 0x7f800000, 0xff800000, 0x80000000, 1, 0x807fffff);
  const part = tensor(new Float32Array(bits.buffer));
  const packing = packingOf([part.shape]);
  const back = full(part.shape, 0);
  spread(gather([part], packing), [back], packing);

  assert.equal([...new Uint32Array((await back.read() as Float32Array).buffer)], [...bits]);
});

test("a few dispatches do for many tensors", () => {
  const parts = various();
  const packing = packingOf(parts.map(({ shape }) => shape));
  const { counts, limits } = currentDevice();
  const before = counts.dispatches;
  gather(parts, packing);

  const most = Math.min(limits.maxStorageBuffersPerShaderStage - 1, 15);
  assert.is(counts.dispatches - before, Math.ceil(parts.length / most));
});

test("views of one packed tensor are known as its parts, and no others", () => {
  const shapes = [[3], [2, 2]];
  const packing = packingOf(shapes);
  const packed = tensor(count(8));
  const [a, b] = partsOf(packed, shapes, packing) as [Tensor, Tensor];

  assert.equal(wholeOf([a, b], packing)?.shape, [8]);
  assert.is(wholeOf([b, a], packing), undefined);
  assert.is(wholeOf([a, tensor([1, 2, 3, 4])], packing), undefined);
  assert.is(wholeOf([a, transpose(b)], packing), undefined);
});

test("three uneven axes, no elements and other dtypes cannot be packed", () => {
  const cube = tensor(count(27), { shape: [3, 3, 3] });

  assert.ok(isPackable(cube));
  assert.not(isPackable(slice(cube, [[0, 2], [0, 2], [0, 2]])));
  assert.not(isPackable(tensor([], { shape: [0, 3] })));
  assert.not(isPackable(tensor([1], { dtype: "bf16" })));
});

test.run();
