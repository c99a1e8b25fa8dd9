// Random calls and programs, with their gradients, against float64. More: npm run fuzz.

import * as assert from "uvu/assert";
import { suite } from "../harness.ts";
import { drawCase, runCase } from "./run.ts";
import { table, written } from "./table.ts";

const test = suite("fuzz");

/** Cases of one test, and tests of each kind: 300 cases. */
const CASES = 10;
const TESTS = 15;
/** As long as nothing fails, a tenth of it; a failure is made smaller by some hundred runs. */
const SECONDS = 60;

for (const kind of ["call", "program"] as const) {
  for (let k = 0; k < TESTS; k++) {
    const [first, last] = [k * CASES, k * CASES + CASES - 1];
    test(`${kind}s ${first} to ${last} agree with float64`, async () => {
      for (let number = first; number <= last; number++) {
        const problem = await runCase(table, kind, 1, number);
        if (problem !== undefined) throw new Error(problem);
      }
    }, { seconds: SECONDS });
  }
}

test.run();

const drawing = suite("drawing of fuzz cases", { device: false });

drawing("every op that is written down is exported, under one name", () => {
  assert.equal(written.map(({ name }) => name).sort(), Object.keys(table).sort());
});

drawing("the same seed and number give the same program, others another", () => {
  const text = (seed: number, number: number) =>
    JSON.stringify(drawCase(table, "program", seed, number).program);

  assert.is(text(1, 5), text(1, 5));
  assert.is.not(text(1, 5), text(2, 5));
  assert.is.not(text(1, 5), text(1, 6));
});

drawing("programs have 3 to 12 calls, and all kinds of ops and ranks occur", () => {
  const ops = new Set<string>();
  const ranks = new Set<number>();
  for (let number = 0; number < 60; number++) {
    const { program: { steps }, expected } = drawCase(table, "program", 3, number);
    assert.ok(steps.length >= 3 && steps.length <= 12, `${steps.length} calls`);
    for (const { op } of steps) ops.add(op);
    for (const { shape } of expected.values) ranks.add(shape.length);
  }

  assert.ok(ops.size > Object.keys(table).length / 2, `${ops.size} ops`);
  assert.equal([0, 1, 2, 3, 4, 5].filter((rank) => !ranks.has(rank)), []);
});

drawing("bounds are tight enough to tell a wrong gradient", () => {
  let [vague, total] = [0, 0];
  for (let number = 0; number < 60; number++) {
    for (const { value, error } of drawCase(table, "program", 3, number).expected.grads) {
      total += value.length;
      vague += value.filter((v, i) => !((error[i] ?? NaN) <= 1e-3 * Math.max(1, Math.abs(v))))
        .length;
    }
  }

  assert.ok(vague < 0.02 * total, `${vague} of ${total}`);
});

drawing.run();
