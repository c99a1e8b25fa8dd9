// What decompositions promise of any matrix: error bounds, NaN, and what they refuse. The bounds
// are those of the doc comments, 4 k 2^-24, against float64.

import { ShapeError, cholesky, det, eigh, grad, inverse, lstsq, lu, matmul, matrixNorm, matrixPower,
  matrixRank, mul, ones, pinv, qr, slice, slogdet, solve, sum, svd, tensor, transpose,
  triangularSolve, zeros } from "../../autograd/index.ts";
import type { Shape, Tensor } from "../../autograd/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { array64, build64, map64, matmul64, random64, singularValues64, transpose64, zip64 } from
  "../reference.ts";
import type { Array64 } from "../reference.ts";
import { eigh64, eye64, matrices64, qr64, solve64 } from "../reference/linalg.ts";
import type { TestRng } from "../rng.ts";
import { assertThrows } from "../throws.ts";

const test = suite("linear algebra");
const EPS = 2 ** -24;

const read = async (t: Tensor): Promise<Array64> => array64(t.shape, await t.read());
const frobenius = (x: Array64) => Math.hypot(...x.data);
const minus = (a: Array64, b: Array64) => zip64(a, b, (x, y) => x - y);

/** Fails unless a number is at most a bound. NaN fails. */
function within(what: string, got: number, bound: number): void {
  if (got <= bound) return;
  throw new Error(`${what}: ${got.toExponential(2)} > ${bound.toExponential(2)}`);
}

/** Columns that are orthonormal up to the bound. */
function checkOrthonormal(what: string, q: Array64, size: number): void {
  const [, n = 0] = q.shape;
  const square = minus(matmul64(transpose64(q), q), eye64(n));
  within(`${what} orthonormal`, singularValues64(square)[0] ?? 0, 4 * size * EPS);
}

/** A matrix with given singular values. */
function withValues(rng: TestRng, m: number, n: number, value: (i: number) => number): Array64 {
  const k = Math.min(m, n);
  const { q: u } = qr64(random64(rng, [m, k]));
  const { q: v } = qr64(random64(rng, [n, k]));
  const scaled = array64(u.shape, u.data.map((w, i) => w * value(i % k)));
  return map64(matmul64(scaled, transpose64(v)), Math.fround);
}

type Maker = (rng: TestRng, m: number, n: number) => Array64;

const kinds: Readonly<Record<string, Maker>> = {
  random: (rng, m, n) => random64(rng, [m, n]),
  "ill-conditioned": (rng, m, n) => withValues(rng, m, n, (i) => 10 ** (-6 * i / Math.min(m, n))),
  "of half rank": (rng, m, n) => withValues(rng, m, n, (i) => (2 * i < Math.min(m, n) ? 1 : 0)),
  clustered: (rng, m, n) => withValues(rng, m, n, (i) => 1 + 1e-6 * (i % 3)),
  "scaled by 1e-20": (rng, m, n) => map64(random64(rng, [m, n]), (x) => Math.fround(1e-20 * x)),
  "scaled by 1e20": (rng, m, n) => map64(random64(rng, [m, n]), (x) => Math.fround(1e20 * x)),
  diagonal: (_, m, n) => build64([m, n], (i) => (Math.floor(i / n) === i % n ? 3 - i % n : 0)),
  zero: (_, m, n) => build64([m, n], () => 0),
  "of ones": (_, m, n) => build64([m, n], () => 1),
  "with one large column": (rng, m, n) => {
    return build64([m, n], (i) => Math.fround((i % n === 0 ? 1e6 : 1) * rng.normal()));
  },
};

const shapes: readonly (readonly [number, number])[] = [
  [1, 1], [2, 2], [3, 3], [1, 5], [5, 2], [2, 7], [33, 33], [67, 20],
];

async function checkQr(a: Array64): Promise<void> {
  const [m = 0, n = 0] = a.shape;
  const { q, r } = qr(tensor(a));
  const [q64, r64] = [await read(q), await read(r)];
  checkOrthonormal("q", q64, Math.max(m, n));
  const rest = minus(matmul64(q64, r64), a);
  within("x - q r", frobenius(rest), 4 * Math.max(m, n) * EPS * frobenius(a));
  const wrong = r64.data.findIndex((v, i) => (i % n < Math.floor(i / n) ? v !== 0 : false));
  within("below the diagonal", wrong + 1, 0);
  within("negative diagonal", Math.max(...r64.data.map((v, i) => {
    return Math.floor(i / n) === i % n ? -v : 0;
  })), 0);
}

async function checkSvd(a: Array64): Promise<void> {
  const [m = 0, n = 0] = a.shape;
  const k = Math.max(m, n);
  const parts = svd(tensor(a));
  const [u, s, vt] = [await read(parts.u), await read(parts.s), await read(parts.vt)];
  checkOrthonormal("u", u, k);
  checkOrthonormal("v", transpose64(vt), k);
  const us = array64(u.shape, u.data.map((v, i) => v * (s.data[i % s.data.length] ?? NaN)));
  within("x - u s v", frobenius(minus(matmul64(us, vt), a)), 4 * k * EPS * frobenius(a));
  const exact = singularValues64(a);
  s.data.forEach((v, i) => {
    within(`value ${i}`, Math.abs(v - (exact[i] ?? NaN)), 4 * k * EPS * frobenius(a));
    within(`order at ${i}`, v - (s.data[i - 1] ?? Infinity), 0);
  });
}

async function checkEigh(x: Array64): Promise<void> {
  const n = x.shape[0] ?? 0;
  const a = map64(zip64(x, transpose64(x), (p, q) => (p + q) / 2), Math.fround);
  const { values, vectors } = eigh(tensor(a));
  const [w, v] = [await read(values), await read(vectors)];
  checkOrthonormal("v", v, n);
  const vw = array64(v.shape, v.data.map((p, i) => p * (w.data[i % n] ?? NaN)));
  within("a v - v w", frobenius(minus(matmul64(a, v), vw)), 4 * n * EPS * frobenius(a));
  const exact = eigh64(a).values;
  w.data.forEach((value, i) => {
    within(`value ${i}`, Math.abs(value - (exact[i] ?? NaN)), 4 * n * EPS * frobenius(a));
  });
}

for (const [kind, make] of Object.entries(kinds)) {
  for (const [name, check, sizes] of [
    ["qr", checkQr, shapes], ["svd", checkSvd, shapes],
    ["eigh", checkEigh, shapes.filter(([m, n]) => m === n)],
  ] as const) {
    test(`${name} of a matrix ${kind}: its error bounds`, async ({ rng }) => {
      for (const [m, n] of sizes) await check(make(rng, m, n));
    });
  }
}

test("svd and eigh of more rows than a workgroup takes: their error bounds", async ({ rng }) => {
  await checkSvd(random64(rng, [90, 75]));
  await checkEigh(random64(rng, [71, 71]));
}, { seconds: 60 });

test("cholesky and lu of larger matrices: their error bounds", async ({ rng }) => {
  const n = 100;
  const x = random64(rng, [n, n]);
  const a = map64(matmul64(x, transpose64(x)), Math.fround);
  const l = await read(cholesky(tensor(a)));
  const size = (p: Array64) => map64(p, Math.abs);
  const bound = matmul64(size(l), size(transpose64(l)));
  minus(matmul64(l, transpose64(l)), a).data.forEach((v, i) => {
    within(`cholesky ${i}`, Math.abs(v), 4 * n * EPS * (bound.data[i] ?? 0));
  });
  const factors = lu(tensor(x));
  const [p, q, rows] = [await read(factors.l), await read(factors.u), await factors.rows.read()];
  const source = matrices64(x)[0] ?? [];
  const moved = array64([n, n], [...rows].flatMap((row) => source[row] ?? []));
  const growth = matmul64(size(p), size(q));
  minus(matmul64(p, q), moved).data.forEach((v, i) => {
    within(`lu ${i}`, Math.abs(v), 4 * n * EPS * (growth.data[i] ?? 0));
  });
  within("elements of l", Math.max(...size(p).data), 1);
});

test("solve of an ill-conditioned system has a small residual", async ({ rng }) => {
  const a = withValues(rng, 50, 50, (i) => 10 ** (-6 * i / 50));
  const b = random64(rng, [50, 2]);
  const x = await read(solve(tensor(a), tensor(b)));
  const size = (p: Array64) => map64(p, Math.abs);

  const residual = minus(b, matmul64(a, x));

  const bound = matmul64(size(a), size(x)).data; // times growth, below 10
  residual.data.forEach((v, i) => within(`${i}`, Math.abs(v), 40 * 50 * EPS * (bound[i] ?? 0)));
});

test("cholesky of a matrix that is not positive definite is NaN from there on", async () => {
  const x = [[4, 2, 0], [2, 1, 1], [0, 1, 5]];
  const batch = tensor([x, [[1, 0, 0], [0, 1, 0], [0, 0, 1]]]);

  const l = await read(cholesky(batch));

  const expected = [2, 0, 0, 1, NaN, 0, 0, NaN, NaN, 1, 0, 0, 0, 1, 0, 0, 0, 1];
  assertClose(l, array64([2, 3, 3], expected), { rtol: 0, atol: 0 });
});

test("NaN and infinity make their own matrix NaN, and no other", async () => {
  const eye = [[1, 0], [0, 1]];
  const x = tensor([[[NaN, 1], [1, 2]], eye, [[1, 2], [Infinity, 3]], eye]);
  const parts = [svd(x).s, svd(x).u, svd(x).vt, qr(x).q, eigh(x).values, eigh(x).vectors];

  for (const t of parts) {
    const data = [...await t.read()];
    const each = data.length / 4;
    const ok = data.every((v, i) => Number.isNaN(v) === (Math.floor(i / each) % 2 === 0));
    if (!ok) throw new Error(data.join());
  }
});

test("a singular matrix: determinant 0, rank, pseudo-inverse", async () => {
  const x = tensor([[1, 2, 3], [2, 4, 6], [1, 0, 1]]);

  const { sign, logabsdet } = slogdet(x);

  assertClose(await det(x).read(), [0], { rtol: 0, atol: 0 });
  assertClose(await sign.read(), [0], { rtol: 0, atol: 0 });
  assertClose(await logabsdet.read(), [-Infinity], { rtol: 0, atol: 0 });
  assertClose(await matrixRank(x).read(), [2], { rtol: 0, atol: 0 });
  const back = await read(matmul(matmul(x, pinv(x)), x));
  assertClose(back, await read(x), { rtol: 0, atol: 1e-5 }); // size 7, condition 10
});

test("gradients pass equal values, where they do not depend on which vector is which", async () => {
  const x = tensor([[2, 0, 0], [0, 2, 0], [0, 0, 1]]);
  const weights = tensor([[1, 2, 3], [4, 5, 6], [7, 8, 9]]);

  const nuclear = grad((t: Tensor) => matrixNorm(t, { ord: "nuc" }))(x);
  const projected = grad((t: Tensor) => {
    const span = slice(eigh(t).vectors, [null, [1, 3]]); // of the value 2
    return sum(mul(matmul(span, transpose(span)), weights));
  })(x);
  const inverted = grad((t: Tensor) => sum(mul(pinv(t), weights)))(tensor(eye64(3)));

  assertClose(await read(nuclear), eye64(3), { rtol: 0, atol: 1e-6 }); // u v^T
  // Between span and rest: the symmetric part of the weights over 2 - 1.
  const expected = array64([3, 3], [0, 0, 5, 0, 0, 7, 5, 7, 0]);
  assertClose(await read(projected), expected, { rtol: 1e-6, atol: 1e-5 });
  const negative = map64(await read(weights), (v) => -v);
  assertClose(await read(inverted), negative, { rtol: 1e-6, atol: 1e-5 });
});

test("solvers agree with elimination in float64", async ({ rng }) => {
  const [a, b] = [random64(rng, [6, 6]), random64(rng, [6, 2])];
  const exact = solve64(a, b);

  const found = [solve(tensor(a), tensor(b)), matmul(inverse(tensor(a)), tensor(b)),
    lstsq(tensor(a), tensor(b))];

  for (const x of found) assertClose(await read(x), exact, { rtol: 1e-3, atol: 1e-3 }); // condition
});

test("matrices without elements", async () => {
  const none: Shape = [0, 0];
  assertClose(await det(zeros(none)).read(), [1], { rtol: 0, atol: 0 });
  for (const shape of [none, [0, 3], [3, 0], [2, 0, 3], [0, 2, 2]]) {
    const { u, s, vt } = svd(zeros(shape));
    const { q, r } = qr(zeros(shape));
    const sizes = [u, s, vt, q, r].map((t) => t.shape.join());
    const [m = 0, n = 0] = shape.slice(-2);
    const [k, batch] = [Math.min(m, n), shape.slice(0, -2)];
    const expected = [[m, k], [k], [k, n], [m, k], [k, n]].map((t) => [...batch, ...t].join());
    if (sizes.join(" ") !== expected.join(" ")) throw new Error(sizes.join(" "));
  }
});

const square = (op: string) => [`${op}: the matrices are not square: [2, 3]. Check the operand.`,
  ones([2, 3])] as const;

test("matrices that are not square are refused", () => {
  for (const op of [cholesky, lu, inverse, det, slogdet, eigh]) {
    const [message, x] = square(op.name);
    assertThrows(() => op(x), ShapeError, message);
  }
  const [message, x] = square("matrixPower");
  assertThrows(() => matrixPower(x, 2), ShapeError, message);
});

test("what is no matrix, or does not fit, is refused", () => {
  assertThrows(() => svd(ones([3])), ShapeError,
    "svd: not a matrix: [3]. Give [..., rows, columns].");
  assertThrows(() => solve(ones([2, 2]), ones([3, 1])), ShapeError,
    "solve: the right-hand side does not fit: a [2, 2] and b [3, 1]. Give b [..., 2, columns].");
  assertThrows(() => triangularSolve(ones([2, 2]), ones([3])), ShapeError,
    "triangularSolve: the right-hand side does not fit: a [2, 2] and b [3]. "
      + "Give b [..., 2, columns].");
  assertThrows(() => lstsq(ones([4, 2]), ones([3, 1])), ShapeError,
    "lstsq: the right-hand side does not fit: a [4, 2] and b [3, 1]. Give b [..., 4, columns].");
  assertThrows(() => matrixPower(ones([2, 2]), 0.5), RangeError,
    "matrixPower: the power is not whole: 0.5. Use eigh() for roots.");
  assertThrows(() => pinv(ones([2, 2]), { rtol: -1 }), RangeError,
    "pinv: rtol is not >= 0: -1. Leave it out for the default.");
  assertThrows(() => matrixNorm(ones([2, 2]), { ord: 3 as 2 }), RangeError,
    "matrixNorm: no such norm: 3. Use fro, nuc, 2, -2, 1, -1, inf or -inf.");
});

test.run();
