// The float64 references against closed forms and against the fixtures' float64 tolerances.

import * as assert from "uvu/assert";
import { assertClose } from "../close.ts";
import { decode64, tensorValue } from "../fixture_runner/decode.ts";
import { toleranceOf } from "../fixture_runner/check.ts";
import type { FixtureCase, FixtureValues } from "../fixture_runner/types.ts";
import { suite } from "../harness.ts";
import {
  add64, argmax64, argmin64, array64, build64, crossEntropy64, dot64, erfScalar, erfcScalar,
  full64, geluScalar, geluTanhScalar, layerNorm64, logSoftmax64, logsumexp64, map64, matmul64,
  max64, mean64, min64, mul64, numericGrad, permute64, polar64, random64, rmsNorm64, rope64,
  roundScalar, scale64, sigmoidScalar, singularValues64, softmax64, softplusScalar, spectral64,
  strided64, sub64, sum64, sumSquares64, svd64, transpose64, var64, zip64,
} from "../reference.ts";
import type { Array64, Reduction } from "../reference.ts";

const test = suite("float64 references", { device: false });

test("erf is within 1e-15 of tabulated values, and odd", () => {
  // Source: NIST Digital Library of Mathematical Functions, table 7.24(i), and 30-digit sums.
  const table = [
    [0, 0], [0.5, 0.5204998778130465], [1, 0.8427007929497149], [1.5, 0.9661051464753108],
    [2, 0.9953222650189527], [3, 0.9999779095030014], [6, 1], [1e-10, 1.1283791670955126e-10],
  ] as const;
  for (const [x, value] of table) {
    assertClose(erfScalar(x), value, { rtol: 1e-15, atol: 0 });
    assertClose(erfScalar(-x), -value, { rtol: 1e-15, atol: 0 });
  }
  assertClose(erfcScalar(3), 2.209049699858544e-5, { rtol: 1e-14, atol: 0 });
  assert.ok(Number.isNaN(erfScalar(NaN)));
});

test("round takes halves to even", () => {
  const halves = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.49, 1.51];
  assertClose(halves.map(roundScalar), [-2, -2, 0, 0, 2, 2, 0, 2], { rtol: 0, atol: 0 });
});

test("the SVD rebuilds its matrix from orthonormal factors in every shape", ({ rng }) => {
  const near = { rtol: 0, atol: 1e-13 }; // a few rounding errors of values of size one
  for (const [m, n] of [[5, 5], [7, 3], [3, 7], [1, 4], [4, 1]] as const) {
    const x = random64(rng, [m, n]);
    const { u, s, v } = svd64(x);
    const r = Math.min(m, n);
    const identity = build64([r, r], (i) => (i % (r + 1) === 0 ? 1 : 0));
    assertClose(matmul64(transpose64(u), u), identity, near);
    assertClose(matmul64(transpose64(v), v), identity, near);
    assertClose(matmul64(mul64(u, array64([r], s)), transpose64(v)), x, near);
    assert.ok(s.every((value, i) => i === 0 || value <= (s[i - 1] ?? 0)));
  }
  const rankOne = matmul64(random64(rng, [5, 1]), random64(rng, [1, 4]));
  assertClose(Array.from(singularValues64(rankOne)).slice(1), [0, 0, 0], near);
});

test("the polar factor is nearest: its product with the matrix is the nuclear norm", ({ rng }) => {
  const x = random64(rng, [4, 6]);
  const nuclear = singularValues64(x).reduce((sum, s) => sum + s, 0);

  assertClose(dot64(polar64(x), x), nuclear, { rtol: 1e-13, atol: 0 });
  assertClose(singularValues64(polar64(x)), [1, 1, 1, 1], { rtol: 1e-13, atol: 0 });
  assertClose(spectral64(x, (s) => s), x, { rtol: 0, atol: 1e-13 });
  assertClose(polar64(full64([2, 3], 0)), full64([2, 3], 0), { rtol: 0, atol: 0 });
});

test("batches of matmul broadcast, and an empty inner axis gives zeros", ({ rng }) => {
  const [a, b] = [random64(rng, [2, 1, 3, 4]), random64(rng, [5, 4, 2])];
  const product = matmul64(a, b);
  const block = (x: Array64, offset: number, shape: readonly number[]): Array64 =>
    array64(shape, x.data.slice(offset, offset + shape.reduce((n, size) => n * size, 1)));

  assert.equal(product.shape, [2, 5, 3, 2]);
  assertClose(
    block(product, (5 + 3) * 6, [3, 2]),
    matmul64(block(a, 12, [3, 4]), block(b, 3 * 8, [4, 2])),
    { rtol: 1e-15, atol: 0 },
  );
  const empty = matmul64(full64([2, 0], 1), full64([0, 3], 1));
  assertClose(empty, full64([2, 3], 0), { rtol: 0, atol: 0 });
});

test("permuting and picking by stride agree on a transpose", ({ rng }) => {
  const x = random64(rng, [3, 4]);
  assertClose(permute64(x, [1, 0]), strided64(x, [4, 3], [1, 4]), { rtol: 0, atol: 0 });
});

test("a rotary embedding keeps lengths of pairs; Modula's is a reflection", ({ rng }) => {
  const x = random64(rng, [5, 6]);
  const lengths = (y: Array64): Array64 => {
    const half = strided64(y, [2, 5, 3], [3, 6, 1]);
    return sumSquares64(half, { axis: 0 });
  };

  for (const modula of [false, true]) {
    assertClose(lengths(rope64(x, 10000, modula)), lengths(x), { rtol: 1e-14, atol: 1e-14 });
  }
  const twice = rope64(rope64(x, 10000, true), 10000, true);
  assertClose(twice, x, { rtol: 0, atol: 1e-14 });
});

test("central differences give the gradient of a smooth function", ({ rng }) => {
  const [a, x] = [random64(rng, [3, 4]), random64(rng, [4, 2])];
  const grads = numericGrad(([p, q]) => {
    if (p === undefined || q === undefined) throw new Error("two inputs are given");
    return sum64(map64(matmul64(p, q), (value) => value * value)).data[0] ?? NaN;
  }, [a, x]);

  const residual = scale64(matmul64(a, x), 2);
  const tolerance = { rtol: 1e-7, atol: 1e-7 }; // rounding of f over the step of 1e-6
  assertClose(grads[0] ?? [], matmul64(residual, transpose64(x)), tolerance);
  assertClose(grads[1] ?? [], matmul64(transpose64(a), residual), tolerance);
});

type Reference = (inputs: (name: string) => Array64, attrs: FixtureValues) => Array64;

const unary = (f: (x: number) => number): Reference => (inputs) => map64(inputs("x"), f);
type Reduce = (x: Array64, reduction: Reduction) => Array64;
const reduced = (f: Reduce): Reference => (inputs, attrs) => {
  const axis = (attrs["axis"] ?? undefined) as Reduction["axis"];
  return f(inputs("x"), { axis, keepDims: attrs["keepdims"] === true });
};

const references: Readonly<Record<string, Reference>> = {
  erf: unary(erfScalar),
  gelu_erf: unary(geluScalar),
  gelu_tanh: unary(geluTanhScalar),
  sigmoid: unary(sigmoidScalar),
  softplus: unary(softplusScalar),
  round: unary(roundScalar),
  add: (inputs) => add64(inputs("x"), inputs("y")),
  sub: (inputs) => sub64(inputs("x"), inputs("y")),
  mul: (inputs) => mul64(inputs("x"), inputs("y")),
  div: (inputs) => zip64(inputs("x"), inputs("y"), (x, y) => x / y),
  sum: reduced(sum64),
  mean: reduced(mean64),
  var: reduced(var64),
  max: reduced(max64),
  min: reduced(min64),
  argmax: reduced(argmax64),
  argmin: reduced(argmin64),
  logsumexp: reduced(logsumexp64),
  permute: (inputs, attrs) => permute64(inputs("x"), attrs["perm"] as readonly number[]),
  transpose: (inputs) => transpose64(inputs("x")),
  softmax: (inputs, attrs) => softmax64(inputs("x"), Number(attrs["axis"])),
  log_softmax: (inputs, attrs) => logSoftmax64(inputs("x"), Number(attrs["axis"])),
  rms_divide: (inputs) => rmsNorm64(inputs("x"), 0),
  layernorm: (inputs) =>
    add64(mul64(layerNorm64(inputs("x"), 1e-5), inputs("g")), inputs("c")),
};

function compareCase(fixture: FixtureCase, reference: Reference): void {
  const attrs = fixture.attrs ?? {};
  const got = reference((name) => decode64(tensorValue(fixture.in, name)), attrs);
  const expected = tensorValue(fixture.out, "y");
  if (expected.dtype === "i32") return assertClose(got, decode64(expected), { rtol: 0, atol: 0 });
  assertClose(got, decode64(expected), toleranceOf(fixture.tol, "f64", ["y"]));
}

async function opsCases(): Promise<readonly FixtureCase[]> {
  const { default: file } = await import("../fixtures/ops.json", { with: { type: "json" } });
  return file.cases as unknown as readonly FixtureCase[]; // typed by its contents otherwise
}

// Probed outputs and the layer norm without gain are left to the fixture runner.
function isComparable(fixture: FixtureCase): boolean {
  if (tensorValue(fixture.out, "y").probe !== undefined) return false;
  return fixture.op !== "layernorm" || "g" in (fixture.in ?? {});
}

test("every reference meets the fixtures at their float64 tolerance", async () => {
  for (const fixture of await opsCases()) {
    const reference = references[fixture.op ?? ""];
    if (reference !== undefined && isComparable(fixture)) compareCase(fixture, reference);
  }
});

test("cross-entropy of a row is its label's negative log-probability", () => {
  const logits = array64([2, 3], [0, 0, 0, 1, 2, 4]);
  const all = Math.log(Math.exp(1) + Math.exp(2) + Math.exp(4));
  assertClose(crossEntropy64(logits, [1, 2]), [Math.log(3), all - 4], { rtol: 1e-14, atol: 0 });
});

test.run();
