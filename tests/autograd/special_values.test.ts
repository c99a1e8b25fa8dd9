// NaN, infinities, zeros of both signs and numbers below 2^-126, through every kind of op. What the
// README says of them stands here, line by line.

import * as assert from "uvu/assert";
import { abs, add, argmax, argmin, asin, asinh, atan, atan2, atanh, cbrt, ceil, concat, copysign,
  cos, div, erf, eq, expm1, floor, frac, gather, hypot, isNaN, log1p, logsumexp, matmul, max,
  maximum, mean, min, minimum, mul, neg, norm, pow, prod, reciprocal, round, sin, sinh, softmax,
  sqrt, sub, sum, sumSquares, tan, tanh, tensor, trunc, variance, where } from
  "../../autograd/index.ts";
import type { Tensor } from "../../autograd/index.ts";
import { assertClose } from "../close.ts";
import { withKernels } from "../engine/families.ts";
import { activationRows } from "../fixtures/activation.ts";
import { binaryRows } from "../fixtures/binary.ts";
import { inverseRows } from "../fixtures/inverse.ts";
import { pairRows } from "../fixtures/pairs.ts";
import { unaryRows } from "../fixtures/unary.ts";
import { suite } from "../harness.ts";
import { callOf, titleOf } from "../op_checks.ts";
import type { OpRow } from "../op_rows.ts";
import { array64, random64 } from "../reference.ts";

const test = suite("special values");

type Table = readonly (readonly [string, Tensor, number])[];

async function assertSame(table: Table): Promise<void> {
  const got = await Promise.all(table.map(async ([, y]) => (await y.read())[0]));
  assert.equal(table.map(([name], i) => [name, String(Object.is(got[i], -0) ? "-0" : got[i])]),
    table.map(([name, , y]) => [name, String(Object.is(y, -0) ? "-0" : y)]));
}

test("functions that pass through 0 keep its sign", async () => {
  const zero = tensor([-0]);
  const odd = { asin, asinh, atan, atanh, cbrt, ceil, erf, expm1, floor, frac, log1p, round, sin,
    sinh, sqrt, tan, tanh, trunc };

  await assertSame(Object.entries(odd).map(([name, f]) => [name, f(zero), -0]));
  await assertSame([
    ["neg", neg(tensor([0])), -0], ["abs", abs(zero), 0], ["1 / -0", reciprocal(zero), -Infinity],
    ["ceil of -0.5", ceil(tensor([-0.5])), -0], ["round of -0.5", round(tensor([-0.5])), -0],
    ["trunc of -0.5", trunc(tensor([-0.5])), -0],
  ]);
});

test("signs of zeros in arithmetic, and the order of the two zeros, are those of IEEE 754",
  async () => {
    const [plus, minus, one] = [tensor([0]), tensor([-0]), tensor([1])];

    await assertSame([
      ["0 + -0", add(plus, minus), 0], ["-0 + -0", add(minus, minus), -0],
      ["0 - 0", sub(plus, plus), 0], ["-0 - 0", sub(minus, plus), -0],
      ["0 * -1", mul(plus, -1), -0], ["-0 * -0", mul(minus, minus), 0],
      ["0 / -1", div(plus, -1), -0], ["1 / -0", div(one, minus), -Infinity],
      ["0 / 0", div(plus, minus), NaN], ["-0 = 0", eq(plus, minus), 1],
      ["max 0 -0", maximum(plus, minus), 0], ["max -0 0", maximum(minus, plus), 0],
      ["min 0 -0", minimum(plus, minus), -0], ["min -0 0", minimum(minus, plus), -0],
      ["copysign 2 -0", copysign(tensor([2]), minus), -2],
      ["atan2 0 -0", atan2(plus, minus), Math.fround(Math.PI)],
      ["atan2 -0 0", atan2(minus, plus), -0],
    ]);
  });

test("powers of zeros, ones and infinities are those of IEEE 754", async () => {
  const list = [
    [-0, 3, -0], [-0, 2, 0], [-0, -3, -Infinity], [-0, -2, Infinity], [0, -3, Infinity],
    [-Infinity, 3, -Infinity], [-Infinity, 0.5, Infinity], [-Infinity, -3, -0],
    [-Infinity, -0.5, 0], [-1, Infinity, 1], [-1, -Infinity, 1], [0.5, Infinity, 0],
    [-2, -Infinity, 0], [2, -Infinity, 0], [1, NaN, 1], [NaN, 0, 1], [-2, 0.5, NaN], [-2, 3, -8],
  ] as const;

  const y = await pow(tensor(list.map(([a]) => a)), tensor(list.map(([, b]) => b))).read();

  const said = (v: number | undefined) => (Object.is(v, -0) ? "-0" : String(v));
  assert.equal(list.map(([a, b], i) => `${said(a)}^${b} = ${said(y[i])}`),
    list.map(([a, b, c]) => `${said(a)}^${b} = ${said(c)}`));
});

test("an angle of any size has a sine, and infinity none", async () => {
  const x = [1e4, -1e5, 1e8, 3e15, -1e22, 2 ** 127, 3.4e38].map(Math.fround);

  assertClose(await sin(tensor(x)).read(), x.map(Math.sin), { rtol: 0, atol: 3e-7 });
  assertClose(await cos(tensor(x)).read(), x.map(Math.cos), { rtol: 0, atol: 3e-7 });
  for (const f of [sin, cos, tan]) {
    assertClose(await f(tensor([Infinity, -Infinity, NaN])).read(), [NaN, NaN, NaN],
      { rtol: 0, atol: 0 });
  }
});

const REDUCTIONS: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  sum, mean, sumSquares, max, min, prod, norm, logsumexp, variance,
  "norm 3": (x) => norm(x, { p: 3 }),
};

/** Sizes of one pass and of two, in rows and in a column. */
const SIZES = [[5], [300], [70000], [20000, 2]] as const;

for (const family of ["software", "gpu"] as const) {
  test(`${family} kernels: one NaN anywhere makes every reduction over it NaN`, async ({ rng }) => {
    await withKernels(family, async (device) => {
      for (const shape of SIZES) {
        const x = random64(rng, shape, [0.5, 0.75]);
        const place = rng.int(x.data.length);
        x.data[place] = NaN;
        const t = tensor(x, { device });

        const results = Object.entries(REDUCTIONS).map(([name, f]) => [name, f(t).item()] as const);
        for (const [name, y] of results) {
          assert.ok(Number.isNaN(await y), `${name} of [${shape}]`);
        }
        assert.is(await argmax(t).item(), place);
        assert.is(await argmin(t).item(), place);
      }
    });
  });

  test(`${family} kernels: an infinity goes through every reduction as by IEEE 754`,
    async ({ rng }) => {
      await withKernels(family, async (device) => {
        for (const shape of SIZES) {
          const x = random64(rng, shape, [0.5, 0.75]);
          x.data[rng.int(x.data.length)] = -Infinity;
          const t = tensor(x, { device });
          const expected: Readonly<Record<string, number>> = {
            sum: -Infinity, mean: -Infinity, min: -Infinity, sumSquares: Infinity, norm: Infinity,
            "norm 3": Infinity,
          };

          for (const [name, y] of Object.entries(expected)) {
            assert.is(await REDUCTIONS[name]?.(t).item(), y, `${name} of [${shape}]`);
          }
          assert.ok(Number.isNaN(await variance(t).item()), `variance of [${shape}]`);
          for (const f of [max, logsumexp]) assert.ok(Number.isFinite(await f(t).item()));
        }
      });
    });

  test(`${family} kernels: NaN and infinity in a product of matrices stay in their rows`,
    async ({ rng }) => {
      await withKernels(family, async (device) => {
        for (const n of [3, 33, 130]) {
          const [a, b] = [random64(rng, [n, n], [1, 2]), random64(rng, [n, n], [1, 2])];
          a.data[n + 1] = NaN; // row 1
          a.data[2] = Infinity; // row 0
          b.data[2 * n] = 0; // meets the infinity in column 0
          const y = await matmul(tensor(a, { device }), tensor(b, { device })).read();

          const wrong = Array.from(y).findIndex((v, i) => {
            const [row, column] = [Math.floor(i / n), i % n];
            if (row === 1 || (row === 0 && column === 0)) return !Number.isNaN(v);
            return row === 0 ? v !== Infinity : !Number.isFinite(v);
          });
          assert.is(wrong, -1, `element ${wrong} of ${n} x ${n}: ${y[wrong]}`);
        }
      });
    });
}

test("a softmax has NaN only in the lines that have one", async () => {
  const y = await softmax(tensor([[1, NaN], [-Infinity, 0], [1, 1]])).read();

  assertClose(y, [NaN, NaN, 0, 1, 0.5, 0.5], { rtol: 1e-6, atol: 0 });
});

const TINY = 2 ** -133; // below 2^-126, the smallest normal number

test("moving data keeps every bit of zeros and subnormal numbers, and NaN a NaN", async () => {
  const values = [TINY, -TINY, -0, NaN, Infinity, 1];
  const x = tensor([values, values]);
  const moved = {
    concat: concat([x, x]),
    where: where(isNaN(x), x, x),
    gather: gather(x, tensor([[0, 1, 2, 3, 4, 5], [0, 0, 0, 0, 0, 0]], { dtype: "i32" }), 1),
  };

  for (const [name, y] of Object.entries(moved)) {
    const got = Array.from(await y.read()).slice(0, 6);
    assert.ok(got.every((v, i) => Object.is(v, values[i])), `${name}: ${got}`);
  }
});

function near(got: number, expected: number): boolean {
  if (Number.isNaN(expected)) return Number.isNaN(got);
  const e = Math.fround(expected);
  return got === e || Math.abs(got - e) <= 1e-4 * Math.abs(e) + 2 ** -126;
}

/** What an op may give where an adapter takes some subnormal numbers as 0; itself near others. */
function allowed(row: OpRow, inputs: readonly number[]): number[] {
  const options = inputs.map((v) => (Math.abs(v) < 2 ** -126 ? [v, v < 0 ? -0 : 0] : [v]));
  const calls = options.reduce<number[][]>((all, list) =>
    all.flatMap((head) => list.map((v) => [...head, v])), [[]]);
  return calls.map((call) => row.ref(...call.map((v) => array64([1], [v]))).data[0] ?? NaN);
}

const onOne = [...unaryRows, ...inverseRows, ...activationRows].filter(({ inputs, label = "" }) => {
  return inputs.length === 1 && !/to i32|to u32|f16|near 1\/2|first axis/.test(label);
});
const onTwo = [...binaryRows, ...pairRows].filter((row) => {
  return row.inputs.length === 2 && row.inputs.every(({ dtype }) => !dtype)
    && !/^(floorDivide|lerp)/.test(titleOf(row)); // those divide by it, and multiply with infinity
});

test("a number below 2^-126 counts as itself or as 0, in every function of one element",
  async () => {
    const x = [TINY, -TINY, 2 ** -149];
    const wrong = await Promise.all(onOne.map(async (row) => {
      if (row.shapes !== onOne[0]?.shapes) return [];
      const y = await callOf(row, [tensor(x)]).read();
      return x.flatMap((v, i) => (allowed(row, [v]).some((e) => near(y[i] ?? NaN, e)) ? []
        : [`${titleOf(row)} of ${v}: ${y[i]}`]));
    }));

    assert.equal(wrong.flat(), []);
  });

test("a number below 2^-126 counts as itself or as 0, in every function of two elements",
  async () => {
    const list = [TINY, -TINY, 0, 1, -2, Infinity];
    const pairs = list.flatMap((a) => list.map((b) => [a, b] as const));
    const wrong = await Promise.all(onTwo.map(async (row) => {
      const [a, b] = [pairs.map(([v]) => v), pairs.map(([, v]) => v)];
      const y = await callOf(row, [tensor(a), tensor(b)]).read();
      return pairs.flatMap((pair, i) => (allowed(row, pair).some((e) => near(y[i] ?? NaN, e)) ? []
        : [`${titleOf(row)} of ${pair}: ${y[i]}`]));
    }));

    assert.equal(wrong.flat(), []);
  });

test("a norm and a hypotenuse neither overflow nor underflow on the way", async () => {
  for (const scale of [1e38, 1e20, 1, 1e-20, 1e-37]) {
    const [a, b] = [2 * scale, 1.5 * scale].map(Math.fround);
    assertClose(await norm(tensor([a ?? 0, b ?? 0])).item(), 2.5 * scale, { rtol: 1e-6, atol: 0 });
    const far = await hypot(tensor([a ?? 0]), b ?? 0).read();
    assertClose(far, [2.5 * scale], { rtol: 1e-6, atol: 0 });
  }
});

test.run();
