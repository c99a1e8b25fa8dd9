// The frames of the elementwise kernels: layouts, tails, grids, in-place results, and their errors.

import * as assert from "uvu/assert";
import { add, cast, evaluate, expand, floorDivide, mul, neg, permute, reshape, slice, sub, tensor,
  transpose, where, zeros } from "../../autograd/index.ts";
import { DisposedError, DtypeError, ShapeError, type Tensor, contiguousCopy, copyInto, elementwise,
  elementwiseInto } from "../../engine/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { assertThrows } from "../throws.ts";

const test = suite("elementwise kernels");

const DOUBLE = { name: "test_double", wgsl: "fn op(x: T) -> T { return x + x; }" };
const PLUS = { name: "test_plus", wgsl: "fn op(a: T, b: T) -> T { return a + b; }" };

function doubled(x: Tensor): Tensor {
  return elementwise(x.device, { body: DOUBLE, operands: [x], type: x.dtype, out: x.dtype });
}

function doubleInto(target: Tensor, x: Tensor): void {
  elementwiseInto(target, { body: DOUBLE, operands: [x], type: x.dtype, out: x.dtype });
}

async function numbers(x: Tensor): Promise<number[]> {
  return [...await x.read()];
}

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

test("an operation is one dispatch; on an empty tensor it is none", ({ device }) => {
  const [x, t, nothing] = [tensor(upTo(12), { shape: [3, 4] }), zeros([4, 3]), zeros([0, 3])];
  evaluate([x, t]);
  const made = device.counts.dispatches;
  evaluate(add(x, transpose(t)));
  assert.is(device.counts.dispatches, made + 1);
  evaluate(neg(nothing));
  assert.is(device.counts.dispatches, made + 1);
});

test("views of every length at every offset give their own elements", async () => {
  const x = tensor(upTo(32));
  for (let offset = 0; offset <= 5; offset++) {
    for (let length = 1; length <= 9; length++) {
      const y = neg(slice(x, [[offset, offset + length]]));
      assert.equal(await numbers(y), upTo(length).map((i) => -(i + offset)), `${offset} ${length}`);
    }
  }
});

test("views whose vectors lie apart, and views without, give their own elements", async () => {
  const own = tensor(upTo(480)); // exact in f16
  const views: ((x: Tensor) => Tensor)[] = [
    (x) => permute(x, [0, 2, 1, 3]), (x) => permute(x, [2, 1, 0, 3]), (x) => permute(x, [1, 0, 2, 3]),
    (x) => permute(x, [0, 1, 3, 2]),
    (x) => permute(slice(x, [[1, 3], null, [2, 4]]), [2, 1, 0, 3]),
    (x) => slice(x, [null, null, null, [4, 8]]), (x) => slice(x, [null, [1, 3], null, [0, 4]]),
    (x) => slice(x, [null, null, null, [2, 6]]), (x) => slice(x, [null, null, null, [0, 8, 2]]),
    (x) => expand(permute(x, [0, 2, 1, 3]), [2, 3, 5, 4, 8]),
    (x) => expand(slice(x, [null, null, [1, 2]]), [3, 4, 3, 8]),
  ];
  for (const dtype of ["f32", "i32", "f16"] as const) {
    const x = reshape(cast(own, dtype), [3, 4, 5, 8]);
    for (const [k, view] of views.entries()) {
      const y = view(x);
      const { shape, layout: { strides, offset } } = y;
      const expected = upTo(y.size).map((i) => shape.reduceRight(([place, rest], d, axis) => {
        return [place + rest % d * (strides[axis] ?? 0), Math.floor(rest / d)] as const;
      }, [offset, i] as const)[0]);
      const rest = cast(tensor(expected.map((_, i) => i % 7)), dtype);
      const sum = add(y, reshape(rest, shape));

      assert.equal(await numbers(reshape(y, [y.size])), expected, `${dtype}: ${k}`);
      assert.equal(await numbers(sum), expected.map((v, i) => v + i % 7), `${dtype}: ${k}`);
    }
  }
});

test("writing into a view leaves what lies around it", async () => {
  for (let offset = 0; offset <= 5; offset++) {
    for (let length = 1; length <= 9; length++) {
      const x = tensor(upTo(20));
      const source = tensor(upTo(length).map((i) => 100 + i));
      copyInto(slice(x, [[offset, offset + length]]), source);

      const expected = upTo(20);
      expected.splice(offset, length, ...await numbers(source));
      assert.equal(await numbers(x), expected, `${offset} ${length}`);
    }
  }
});

test("writing into a large view leaves what lies around it", async () => {
  const [most, long] = [60000, 50000]; // a multiple of 16
  for (const offset of [0, 4, 16]) {
    for (const length of [long - 16, long - 12, long - 8, long - 4, long - 1]) {
      const x = zeros([most]);
      const part = slice(x, [[offset, offset + length]]);
      copyInto(part, add(part, 1));

      const wrong = (await numbers(x)).filter((v, i) => {
        return v !== (i >= offset && i < offset + length ? 1 : 0);
      });
      assert.is(wrong.length, 0, `${offset} ${length}`);
    }
  }
});

test("views of a large tensor give their own elements", async () => {
  const x = tensor(upTo(40000));
  for (const [from, to] of [[0, 39985], [1, 40000], [4, 39990], [16, 39999]] as const) {
    const y = add(neg(slice(x, [[from, to]])), 0.5);
    const wrong = (await numbers(y)).filter((v, i) => v !== 0.5 - (from + i));
    assert.is(wrong.length, 0, `${from} ${to}`);
  }
});

test("an operand that is there twice is read twice, also through strides", async () => {
  const x = tensor([[1, 2, 3], [4, 5, 6]]);
  const t = transpose(x);

  assert.equal(await mul(x, x).toArray(), [[1, 4, 9], [16, 25, 36]]);
  assert.equal(await mul(t, t).toArray(), [[1, 16], [4, 25], [9, 36]]);
});

test("a result in place and one elsewhere do not share a pipeline", async () => {
  const x = tensor([1, 2, 3]);
  const y = doubled(x);
  doubleInto(x, x);
  const sum = elementwise(x.device, { body: PLUS, operands: [x, x], type: "f32", out: "f32" });
  elementwiseInto(x, { body: PLUS, operands: [x, x], type: "f32", out: "f32" });

  assert.equal(await numbers(y), [2, 4, 6]);
  assert.equal(await numbers(sum), [4, 8, 12]);
  assert.equal(await numbers(x), [4, 8, 12]);
});

test("in place, an operand in the target's layout is read where it lies", async ({ device }) => {
  const x = transpose(tensor([[1, 2], [3, 4]]));
  const before = device.counts.dispatches;
  doubleInto(x, x);

  assert.is(device.counts.dispatches, before + 1);
  assert.equal(await x.toArray(), [[2, 6], [4, 8]]);
});

test("in place, an operand that overlaps the target is read before it is written", async () => {
  const x = tensor(upTo(1000));
  doubleInto(slice(x, [[1, 1000]]), slice(x, [[0, 999]]));

  assert.equal(await numbers(x), upTo(1000).map((i) => (i === 0 ? 0 : 2 * (i - 1))));
});

test("a broadcast operand is written over the whole target", async () => {
  const x = zeros([2, 3]);
  copyInto(x, tensor([1, 2, 3]));
  assert.equal(await x.toArray(), [[1, 2, 3], [1, 2, 3]]);

  copyInto(slice(x, [null, [1, 3]]), tensor(7));
  assert.equal(await x.toArray(), [[1, 7, 7], [1, 7, 7]]);
});

test("a result that does not fit its target is refused", () => {
  assertThrows(() => copyInto(zeros([3]), zeros([2, 3])), ShapeError,
    "copy: the result does not fit the target: [2, 3] into [3]. Make the shapes equal.");
});

test("operands that do not broadcast are refused", () => {
  assertThrows(() => add(zeros([2, 3]), zeros([2])), ShapeError,
    "add: shapes do not broadcast: [2, 3] and [2]. "
      + "Sizes must be equal or 1, counted from the last axis.");
});

/** A tensor of that many axes of size 2, none of which can be merged with its neighbour. */
function tangled(rank: number): Tensor {
  const large = zeros(Array<number>(rank).fill(3));
  return slice(large, Array<[number, number]>(rank).fill([0, 2]));
}

test("eight axes that cannot be merged are walked over, nine are refused", async () => {
  assert.equal(await numbers(add(tangled(8), 1)), Array<number>(256).fill(1));

  assertThrows(() => neg(tangled(9)), ShapeError,
    "neg: too many axes that cannot be merged: [2, 2, 2, 2, 2, 2, 2, 2, 2] (limit 8). "
      + "Make the operands contiguous or merge axes with reshape.");
});

test("axes that can be merged do not count", async () => {
  const x = tensor(upTo(1024), { shape: Array<number>(10).fill(2) });
  const y = add(x, expand(reshape(tensor(1), Array<number>(10).fill(1)), x.shape));

  assert.equal(await numbers(y), upTo(1024).map((i) => i + 1));
});

test("more than 65535 workgroups reach the last element, in rows of four", async () => {
  const n = 65535 * 256 + 5;
  const y = add(zeros([n]), 3);

  assert.equal(await numbers(slice(y, [[-7, n]])), Array<number>(7).fill(3));
  assert.equal(await numbers(slice(y, [[0, 2]])), [3, 3]);
}, { seconds: 60 });

test("more than 65535 workgroups reach the last element, through strides", async () => {
  const n = 65535 * 32 + 3; // two columns of single elements, 64 to a workgroup
  const y = neg(expand(tensor([[1], [2]]), [2, n]));

  assert.equal(await slice(y, [null, [-2, n]]).toArray(), [[-1, -1], [-2, -2]]);
}, { seconds: 60 });

test("integers wrap around, and numbers take on the tensor's dtype", async () => {
  const signed = tensor(Int32Array.of(2 ** 31 - 1, -7));
  const unsigned = tensor(Uint32Array.of(0, 7));

  assert.equal(await numbers(add(signed, 1)), [-(2 ** 31), -6]);
  assert.equal(await numbers(floorDivide(signed, -2)), [-(2 ** 30), 3]);
  assert.equal(await numbers(sub(unsigned, 1)), [2 ** 32 - 1, 6]);
  assert.equal(await numbers(mul(unsigned, 2 ** 31)), [0, 2 ** 31]);
});

test("a float converts to integers towards zero, at most to the ends of their range", async () => {
  const x = tensor([2.9, -2.9, 3e9, -3e9, 1e30, NaN, -Infinity, Infinity, 2 ** 31 - 128]);
  const [low, high] = [-(2 ** 31), 2 ** 31 - 1];

  assert.equal(await numbers(cast(x, "i32")), [2, -2, high, low, high, 0, low, high, high - 127]);
  assert.equal(await numbers(cast(x, "u32")),
    [2, 0, 3e9, 0, 2 ** 32 - 1, 0, 0, 2 ** 32 - 1, high - 127]);
});

test("large integers convert to the nearest float, and NaN counts as true", async () => {
  const x = tensor(Int32Array.of(2 ** 24 + 1, -(2 ** 31)));

  assert.equal(await numbers(cast(x, "f32")), [2 ** 24, -(2 ** 31)]);
  assert.equal(await numbers(cast(tensor([NaN, 0, -0, 1e-30]), "bool")), [1, 0, 0, 1]);
});

test("a whole number that an integer dtype does not have is refused", () => {
  const x = tensor(Int32Array.of(1));

  assertThrows(() => add(x, 2 ** 31), DtypeError, /^add: a number does not fit i32: 2147483648\. /);
  const chosen = tensor([1], { dtype: "bool" });
  assertThrows(() => where(chosen, tensor(Uint32Array.of(1)), -1), DtypeError,
    "where: a number does not fit u32: -1. Use whole numbers from 0 to 4294967295.");
});

test("operands that are no tensors are refused", () => {
  const f = tensor([1]);

  assertThrows(() => mul(2, 3), TypeError,
    "mul: no tensor among the operands: 2, 3. Use tensor().");
  assertThrows(() => neg(null as unknown as Tensor), TypeError,
    "neg: not a tensor: null. Make one with tensor().");
  assertThrows(() => add(f, "1" as unknown as number), TypeError,
    "add: not a tensor: string. Make one with tensor().");
});

test("a disposed operand is refused before anything is recorded", ({ device }) => {
  const x = zeros([2]);
  const gone = zeros([2]);
  gone.dispose();
  const before = { ...device.counts, ...device.memory() };

  assertThrows(() => add(x, gone), DisposedError, /^add: the tensor \[2\] f32 was disposed\. /);
  assertThrows(() => copyInto(x, gone), DisposedError, /^copy: /);
  assertThrows(() => contiguousCopy(gone), DisposedError, /^copy: /);
  assert.equal({ ...device.counts, ...device.memory() }, before);
});

test("a float keeps its bits when it is moved", async () => {
  const bits = Uint32Array.of(0x00000001, 0x807fffff, 0x7f7fffff, 0x3f800001);
  const x = tensor(new Float32Array(bits.buffer));
  const moved = await contiguousCopy(slice(x, [[-1, -5, -1]])).read();

  // Adapters may take subnormal numbers for 0, but not change the others.
  assertClose(moved, [...new Float32Array(bits.buffer)].reverse(), { rtol: 0, atol: 1.2e-38 });
});

test.run();
