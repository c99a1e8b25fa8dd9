// Matrices with known singular values, and the spots that results are checked at.

import * as assert from "uvu/assert";
import { checkSpots, spots } from "../../bench/check.ts";
import { BenchError } from "../../bench/harness.ts";
import { rotated } from "../../bench/rotated.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { array64, singularValues64 } from "../reference.ts";

const test = suite("bench check", { device: false });
const rounding = { rtol: 1e-12, atol: 1e-12 };

test("a rotated matrix has the singular values it was given, whatever its sides", () => {
  for (const [rows, columns] of [[1, 1], [8, 8], [7, 12], [13, 6]] as const) {
    const count = Math.min(rows, columns);
    const value = (_: number, i: number) => 1 / (1 + i);
    const x = array64([rows, columns], rotated({ batch: 1, rows, columns, value }));

    const expected = Array.from({ length: count }, (_, i) => 1 / (1 + i));
    assertClose(singularValues64(x), expected, rounding);
  }
});

test("the matrices of a stack have their own values, rotated alike", () => {
  const spectrum = { rows: 5, columns: 9, value: (matrix: number) => 1 + matrix };
  const two = rotated({ ...spectrum, batch: 2 });

  assertClose(two.subarray(0, 45), rotated({ ...spectrum, batch: 1 }), { rtol: 0, atol: 0 });
  assertClose(two.subarray(45), two.subarray(0, 45).map((x) => 2 * x), rounding);
});

test("a rotated matrix is dense and not symmetric", () => {
  const n = 32;
  const x = rotated({ batch: 1, rows: n, columns: n, value: (_, i) => 1 - i / n });
  const small = x.filter((v) => Math.abs(v) < 1e-4).length;
  const gaps = x.map((v, i) => Math.abs(v - (x[i % n * n + Math.floor(i / n)] ?? NaN)));

  assert.ok(small < 0.05 * n * n, `${small} of ${n * n} elements are nearly zero`);
  assert.ok(Math.max(...gaps) > 0.05);
});

test("spots are all of a short range, else its ends and places all over it", () => {
  assert.equal(spots(4), [0, 1, 2, 3]);
  const places = spots(100000);
  const tenths = new Set(places.map((place) => Math.floor(place / 10000)));

  assert.equal([places.at(0), places.at(-1), tenths.size], [0, 99999, 10]);
  assert.ok(new Set(places).size > 250);
});

test("a result passes within its tolerance and fails outside, at a NaN, or when empty", () => {
  const expected = (i: number) => (i % 2 === 0 ? 1 : -1);
  const right = [1, -1, 1, -1];
  checkSpots("case", right, expected, 0);
  checkSpots("case", [1.001, -1, 1, -1], expected, 0.002);

  for (const wrong of [[1.001, -1, 1, -1], [1, -1, 1, NaN], []]) {
    assert.throws(() => checkSpots("case", wrong, expected), (error: unknown) =>
      error instanceof BenchError && error.message.startsWith("case: "));
  }
});

test.run();
