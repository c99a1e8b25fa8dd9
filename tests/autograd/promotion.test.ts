// Which dtype comes of which, over all pairs, and what happens to values and gradients on the way.

import * as assert from "uvu/assert";
import { type DType, DtypeError, type Tensor, add, argmax, assign, cast, concat, div, eq, exp,
  floorDivide, full, grad, logicalAnd, lt, matmul, max, maximum, mean, minimum, mul, ones, pow,
  promoteTypes, remainder, shiftLeft, shiftRight, sin, softmax, sqrt, square, stack, sub, sum,
  tensor, valueAndGrad, where } from "../../autograd/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { assertThrows } from "../throws.ts";

const test = suite("promotion");

const DTYPES: readonly DType[] = ["bool", "u32", "i32", "bf16", "f16", "f32"];

/** Row and column in the order of DTYPES, written out. */
const TABLE: readonly (readonly DType[])[] = [
  ["bool", "u32", "i32", "bf16", "f16", "f32"],
  ["u32", "u32", "i32", "bf16", "f16", "f32"],
  ["i32", "i32", "i32", "bf16", "f16", "f32"],
  ["bf16", "bf16", "bf16", "bf16", "f32", "f32"],
  ["f16", "f16", "f16", "f32", "f16", "f32"],
  ["f32", "f32", "f32", "f32", "f32", "f32"],
];

const pairs = DTYPES.flatMap((a, i) => {
  return DTYPES.map((b, j) => [a, b, TABLE[i]?.[j] ?? "f32"] as const);
});
const isFloat = (dtype: DType): boolean => dtype.includes("f");

async function numbers(x: Tensor): Promise<number[]> {
  return [...await x.read()];
}

test("every pair of dtypes gives the one of the table", () => {
  for (const [a, b, out] of pairs) assert.is(promoteTypes(a, b), out, `${a} ${b}`);
});

const ARITHMETIC = { add, sub, mul, maximum, minimum, remainder, floorDivide } as const;

test("a sum of every pair has its dtype and its values", async () => {
  await Promise.all(pairs.filter(([, , to]) => to !== "bool").map(async ([a, b, out]) => {
    const [x, y] = [full([5], a === "bool" ? 1 : 3, { dtype: a }), ones([5], { dtype: b })];
    const z = add(x, y);

    assert.is(z.dtype, out, `${a} ${b}`);
    assert.equal(await numbers(z), Array(5).fill(a === "bool" ? 2 : 4), `${a} ${b}`);
  }));
});

test("all arithmetic promotes, by the value of each side", async () => {
  const [x, y, z] = [tensor(Int32Array.of(-7)), tensor([2.5], { dtype: "f16" }), tensor([2])];
  const refs = {
    add: -4.5, sub: -9.5, mul: -17.5, maximum: 2.5, minimum: -7, remainder: 0.5, floorDivide: -3,
  };
  for (const [name, op] of Object.entries(ARITHMETIC)) {
    const got = op(x, y);
    assert.equal([got.dtype, await got.item()], ["f16", refs[name as keyof typeof refs]], name);
    assert.is(op(cast(y, "bf16"), z).dtype, "f32", name);
  }
});

test("quotients and powers of integers and bool are f32", async () => {
  await Promise.all(pairs.map(async ([a, b, out]) => {
    const [x, y] = [ones([3], { dtype: a }), full([3], b === "bool" ? 1 : 4, { dtype: b })];
    const z = div(x, y);

    assert.is(z.dtype, isFloat(out) ? out : "f32", `${a} ${b}`);
    assert.is((await numbers(z))[2], b === "bool" ? 1 : 0.25, `${a} ${b}`);
  }));
  const power = pow(tensor(Int32Array.of(3)), tensor(Uint32Array.of(2)));
  assert.is(power.dtype, "f32");
  assertClose(await power.read(), [9], { rtol: 4e-6, atol: 0 });
});

test("choices, comparisons and joins promote, also bool with bool", async () => {
  const choice = tensor([1, 0, 1], { dtype: "bool" });
  await Promise.all(pairs.map(async ([a, b, out]) => {
    const [x, y] = [ones([3], { dtype: a }), full([3], 0, { dtype: b })];
    const [chosen, equal, joined] = [where(choice, x, y), eq(x, y), concat([x, y])];

    assert.equal([chosen.dtype, equal.dtype, joined.dtype], [out, "bool", out], `${a} ${b}`);
    assert.equal(await numbers(chosen), [1, 0, 1], `${a} ${b}`);
    assert.equal(await numbers(equal), [0, 0, 0], `${a} ${b}`);
    assert.equal(await numbers(joined), [1, 1, 1, 0, 0, 0], `${a} ${b}`);
  }));
  assert.is(stack([ones([3]), ones([3], { dtype: "i32" })]).dtype, "f32");
});

test("a number takes the tensor's dtype, or f32 as a fraction, or i32 with bool", () => {
  for (const dtype of DTYPES) {
    const x = ones([2], { dtype });
    assert.is(add(x, 3).dtype, dtype === "bool" ? "i32" : dtype);
    assert.is(mul(0.5, x).dtype, isFloat(dtype) ? dtype : "f32");
    assert.is(maximum(x, Infinity).dtype, isFloat(dtype) ? dtype : "f32");
  }
});

test("a whole number that does not fit the integers is refused", () => {
  const message = (op: string, v: number) => {
    return new RegExp(`^${op}: a number does not fit .32: ${v}\\.`);
  };
  assertThrows(() => add(ones([1], { dtype: "u32" }), -1), DtypeError, message("add", -1));
  assertThrows(() => lt(ones([1], { dtype: "i32" }), 2 ** 31), DtypeError, message("lt", 2 ** 31));
  assertThrows(() => add(ones([1], { dtype: "bool" }), 2 ** 32), DtypeError,
    message("add", 2 ** 32));
});

test("u32 with i32 wraps from 2^31 on, and sums wrap", async () => {
  const large = tensor(Uint32Array.of(2 ** 31 + 5, 2 ** 32 - 1));

  assert.equal(await numbers(add(large, ones([2], { dtype: "i32" }))), [-(2 ** 31) + 6, 0]);
  assert.equal(await numbers(cast(large, "i32")), [-(2 ** 31) + 5, -1]);
  assert.equal(await numbers(cast(cast(large, "i32"), "u32")), [2 ** 31 + 5, 2 ** 32 - 1]);
});

test("a comparison rounds its number to the tensor's dtype", async () => {
  for (const dtype of ["f16", "bf16"] as const) {
    assert.equal(await numbers(eq(tensor([0.1], { dtype }), 0.1)), [1]);
  }
});

test("functions of floats take integers and bool as f32", async () => {
  for (const dtype of ["i32", "u32", "bool"] as const) {
    const x = tensor([0, 1], { dtype });
    for (const [op, ref] of [[exp, Math.exp], [sin, Math.sin], [sqrt, Math.sqrt]] as const) {
      assert.is(op(x).dtype, "f32");
      assertClose(await op(x).read(), [ref(0), ref(1)], { rtol: 1e-6, atol: 2e-7 });
    }
    assert.equal([mean(x).dtype, await mean(x).item()], ["f32", 0.5]);
  }
});

test("bool is counted as i32 by sums, and refused where it has no meaning", async () => {
  const x = tensor([[1, 0], [1, 1]], { dtype: "bool" });

  assert.equal([sum(x).dtype, await sum(x).item()], ["i32", 3]);
  assert.equal(await sum(x, { axis: 0 }).toArray(), [2, 1]);
  assertThrows(() => add(x, x), DtypeError,
    "add: dtype not supported: bool. Use f32 or i32 or u32, or cast first.");
  assertThrows(() => square(x), DtypeError, /^square: dtype not supported: bool\./);
  assertThrows(() => logicalAnd(x, ones([2])), DtypeError,
    "logicalAnd: dtype not supported: f32. Use bool, or cast first.");
  assertThrows(() => softmax(cast(x, "i32")), DtypeError, /^softmax: dtype not supported: i32\./);
});

test("division of integers rounds down, and by 0 gives 0", async () => {
  const [a, b] = [Int32Array.of(7, -7, 7, -7, 5, -(2 ** 31)), Int32Array.of(2, 2, -2, -2, 0, -1)];

  assert.equal(await numbers(floorDivide(tensor(a), tensor(b))), [3, -4, -4, 3, 0, -(2 ** 31)]);
  assert.equal(await numbers(remainder(tensor(a), tensor(b))), [1, 1, -1, -1, 0, 0]);
});

test("what is left of a float division is exact however large the quotient", async () => {
  const a = [1e30, 16777217, -5, 5, 2 ** 127, 3e-39, 0.7];
  const b = [7, 3, 3, -3, 3 * 2 ** -60, 2 ** -126, 0.1].map(Math.fround);
  const expected = a.map((v, i) => {
    const rest = Math.fround(v) % (b[i] ?? 1);
    return rest !== 0 && rest < 0 !== (b[i] ?? 1) < 0 ? rest + (b[i] ?? 1) : rest;
  });

  // Adapters may take numbers below 2^-126 for 0.
  const tolerance = { rtol: 6e-8, atol: 1.2e-38 };
  assertClose(await remainder(tensor(a), tensor(b)).read(), expected, tolerance);
});

test("shifts outside 0 to 31 move every bit out", async () => {
  const n = Int32Array.of(0, 31, 32, 40, -1);
  const of = (v: number) => tensor(new Int32Array(5).fill(v));

  assert.equal(await numbers(shiftLeft(of(3), tensor(n))), [3, -(2 ** 31), 0, 0, 0]);
  assert.equal(await numbers(shiftRight(of(-8), tensor(n))), [-8, -1, -1, -1, -1]);
  assert.equal(await numbers(shiftRight(of(8), tensor(n))), [8, 0, 0, 0, 0]);
  assert.equal(await numbers(shiftRight(tensor(Uint32Array.of(2 ** 32 - 8)), 1)), [2 ** 31 - 4]);
});

test("products of halves are formed in float32", async () => {
  for (const dtype of ["f16", "bf16"] as const) {
    const y = matmul(ones([3, 600], { dtype }), full([600, 5], 0.5, { dtype }));

    assert.equal([y.dtype, (await numbers(y))[14]], [dtype, 300]);
    assert.is(matmul(ones([2, 2], { dtype }), ones([2, 2])).dtype, "f32");
    assert.equal(await argmax(tensor([1, 3, 2], { dtype })).item(), 1);
    assert.equal(await max(tensor([1, 3, 2], { dtype })).item(), 3);
  }
});

test("gradients have the dtype of what they are by, and pass to floats only", async () => {
  const leaves = { w: tensor([1, 2], { dtype: "f16" }), b: tensor([3, 4], { dtype: "bf16" }),
    x: tensor([5, 6]), n: tensor(Int32Array.of(7, 8)) };
  const { value, grads } = valueAndGrad(({ w, b, x, n }: typeof leaves) => {
    return sum(mul(mul(add(w, b), x), n));
  })(leaves);

  assert.equal([value.dtype, await value.item()], ["f32", 428]);
  assert.equal(Object.values(grads).map((g) => g.dtype), ["f16", "bf16", "f32", "i32"]);
  assert.equal(await grads.w.toArray(), [35, 48]);
  assert.equal(await grads.b.toArray(), [35, 48]);
  assert.equal(await grads.x.toArray(), [28, 48]);
  assert.equal(await grads.n.toArray(), [0, 0]);
});

test("gradients of a value used often add up in float32", async () => {
  const w = tensor([1], { dtype: "bf16" });
  const g = grad((x: Tensor) => {
    return sum(concat(Array.from({ length: 300 }, () => mul(x, 1))));
  })(w);

  assert.equal([g.dtype, await g.item()], ["bf16", 300]); // ones added up in bf16 stop at 256
});

test("gradients of halves are those of float32 of what they are used in", async () => {
  const x = [0.5, 1, 300];
  const g = grad((t: Tensor) => sum(div(1, t)))(tensor(x, { dtype: "f16" }));

  assertClose(await g.read(), x.map((v) => -1 / v ** 2), { rtol: 2 ** -10, atol: 2 ** -25 });
  const second = grad((t: Tensor) => sum(grad((u: Tensor) => sum(pow(u, 3)))(t)))(
    tensor([2, 3], { dtype: "f16" }));
  assert.equal([second.dtype, await second.toArray()], ["f16", [12, 18]]);
});

test("assign rounds floats to the target's dtype, and takes no other dtypes", async () => {
  const target = tensor([1, 2, 3], { dtype: "bf16" });
  assign(target, tensor([1.0001, 2.5, -7]));

  assert.equal(await target.toArray(), [1, 2.5, -7]);
  assertThrows(() => assign(target, tensor(Int32Array.of(1))), DtypeError,
    "assign: dtype not supported: i32. Use bf16, or cast first.");
  assertThrows(() => assign(tensor(Int32Array.of(1)), target), DtypeError,
    "assign: dtype not supported: bf16. Use i32, or cast first.");
});

test.run();
