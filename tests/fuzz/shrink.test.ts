// The fuzzer itself: it finds what is broken, and makes it small.

import * as assert from "uvu/assert";
import { suite } from "../harness.ts";
import { type Ball, mapBall, withError } from "./ball.ts";
import { drawCase } from "./run.ts";
import { evaluate, failureOf } from "./evaluate.ts";
import { codeOf, showFailure } from "./show.ts";
import { shrink } from "./shrink.ts";
import { table } from "./table.ts";
import { type Var, move, unary } from "./tape64.ts";
import type { FuzzOp, OpTable, Program } from "./types.ts";

const test = suite("fuzzer");

/** The table with one reference replaced, as if the package were wrong there. */
function broken(name: string, ref: FuzzOp["ref"]): OpTable {
  return { ...table, [name]: { ...table[name] as FuzzOp, ref } };
}

/** The first program with that op that fails, of some hundred. */
async function failing(wrong: OpTable, name: string): Promise<Program> {
  for (let number = 0; number < 400; number++) {
    const { program, expected } = drawCase(wrong, "program", 11, number);
    if (!program.steps.some(({ op }) => op === name)) continue;
    if (await failureOf(program, expected, wrong)) return program;
  }
  throw new Error(`no program fails with ${name}`);
}

const sizeOfCode = ({ leaves, steps }: Program) =>
  leaves.reduce((sum, { values }) => sum + values.length, 0) + steps.length;

test("a wrong value is found and shrinks to one call of one number", async () => {
  const wrong = broken("tanh", ([x]) => unary(x as Var, {
    f: (v) => Math.tanh(v) * 1.0001, slope: (v) => 1 - Math.tanh(v) ** 2,
  }));
  const found = await shrink(await failing(wrong, "tanh"), wrong);

  assert.equal(found?.program.steps.map(({ op }) => op), ["tanh"]);
  assert.ok(sizeOfCode(found?.program as Program) <= 2, codeOf(found?.program as Program, wrong));
  assert.is(found?.failure.what, "value");
}, { seconds: 60 });

test("a wrong gradient is found and shrinks to the call", async () => {
  // The gradient of a permutation with the wrong sign.
  const right = table["permute"] as FuzzOp;
  const wrong = broken("permute", (inputs, ...args) => {
    const y = right.ref(inputs, ...args);
    const turned = (v: Ball) => ({ ...v, value: v.value.map((x) => -x) });
    const parents = y.parents.map(({ from, back }) => ({
      from, back: (dy: Ball) => back(turned(dy)),
    }));
    return { ...y, parents };
  });
  const found = await shrink(await failing(wrong, "permute"), wrong);

  assert.equal(found?.program.steps.map(({ op }) => op), ["permute"]);
  assert.ok(sizeOfCode(found?.program as Program) <= 2, codeOf(found?.program as Program, wrong));
  assert.match(found?.failure.what ?? "", /^gradient of x0$/);
}, { seconds: 60 });

test("what fails from some size on shrinks to about that size", async () => {
  const wrong = broken("exp", ([x]) => {
    const many = (x as Var).ball.value.length >= 32;
    return unary(x as Var, { f: (v) => Math.exp(v) + (many ? 0.01 : 0), slope: Math.exp });
  });
  const found = await shrink(await failing(wrong, "exp"), wrong);

  assert.equal(found?.program.steps.map(({ op }) => op), ["exp"]);
  const size = found?.program.leaves[0]?.values.length ?? 0;
  assert.ok(size >= 32 && size < 64, `${size} elements`);
}, { seconds: 60 });

test("a pair of calls that fails only together stays a pair", async () => {
  const mark = new WeakSet<object>();
  const first = table["square"] as FuzzOp;
  const second = table["sum"] as FuzzOp;
  const wrong: OpTable = {
    ...broken("square", (inputs, ...args) => {
      const y = first.ref(inputs, ...args);
      mark.add(y);
      return y;
    }),
    sum: {
      ...second,
      ref: (inputs, ...args) => {
        const y = second.ref(inputs, ...args);
        if (!mark.has(inputs[0] as Var)) return y;
        return { ...y, ball: { ...y.ball, value: y.ball.value.map((v) => v + 1) } };
      },
    },
  };
  const program: Program = {
    leaves: [{ shape: [2, 3], values: [1, 2, 3, 4, 5, 6] }],
    steps: [
      { op: "neg", inputs: [0], args: [] }, { op: "square", inputs: [1], args: [] },
      { op: "sum", inputs: [2], args: [{ axis: 1 }] }, { op: "sqrt", inputs: [2], args: [] },
      { op: "neg", inputs: [3], args: [] },
    ],
  };
  const found = await shrink(program, wrong);

  assert.equal(found?.program.steps.map(({ op }) => op), ["square", "sum"]);
});

test("what does not fail is not shrunk", async () => {
  const program: Program = {
    leaves: [{ shape: [2], values: [1, 2] }], steps: [{ op: "exp", inputs: [0], args: [] }],
  };

  assert.is(await shrink(program, table), undefined);
});

test("an op that throws is a failure with its message", async () => {
  const loose = broken("permute", ([x]) => move(x as Var, (t) => t));
  const program: Program = {
    leaves: [{ shape: [2], values: [1, 2] }], steps: [{ op: "permute", inputs: [0], args: [[3]] }],
  };
  const failure = await failureOf(program, evaluate(program, loose), loose);

  assert.match(showFailure(failure ?? { what: "" }), /^permute: no such axis: 3 of \[2\]/);
});

test("a program reads as code", () => {
  const program: Program = {
    leaves: [{ shape: [2], values: [1, 2] }, { shape: [1], values: [0.5] }],
    steps: [
      { op: "mul", inputs: [0, 1], args: [] },
      { op: "gather", inputs: [2], args: [{ shape: [1], ints: [-1] }, 0] },
      { op: "concat", inputs: [3, 0], args: [{ axis: 0 }] },
    ],
  };

  assert.is(codeOf(program, table), [
    "const x0 = tensor({ shape: [2], data: [1, 2] });",
    "const x1 = tensor({ shape: [1], data: [0.5] });",
    "const y0 = mul(x0, x1);",
    `const y1 = gather(y0, tensor({ shape: [1], data: [-1] }, { dtype: "i32" }), 0);`,
    "const y2 = concat([y1, x0], { axis: 0 });",
  ].join("\n"));
});

test("bounds hold what rounding can do, and widen at a jump", () => {
  const x = withError({
    shape: [3], value: Float64Array.of(1, 1e-9, -1), error: new Float64Array(3),
  }, () => 1e-6);
  const stepped = mapBall(x, (v) => Number(v > 0));

  assert.equal(Array.from(stepped.error, (e) => e > 0.5), [false, true, false]);
  const rounded = mapBall(x, (v) => 3 * v);
  assert.ok((rounded.error[0] ?? 0) >= 3e-6 && (rounded.error[0] ?? 0) < 5e-6);
});

test.run();
