// The small programs of the `view_steps` cases, which exercise strided views.

import type { Tensor } from "../../autograd/index.ts";
import { Missing } from "./missing.ts";
import { exportedOp } from "./op_rows.ts";
import type { FixtureValue } from "./types.ts";

type Step = (x: Tensor, args: readonly FixtureValue[]) => Tensor;

// One step, one row: how the package spells it. Source: fixtures/README.md, `ops.json`.
const steps: Readonly<Record<string, Step>> = {
  transpose: (x, [i, j]) => exportedOp("transpose")(x, { axes: [i, j] }),
  permute: (x, [order]) => exportedOp("permute")(x, order),
  slice: (x, [ranges]) => exportedOp("slice")(x, ranges),
  reshape: (x, [shape]) => exportedOp("reshape")(x, shape),
  expand: (x, [shape]) => exportedOp("expand")(x, shape),
  scale: (x, [factor]) => exportedOp("scale")(x, factor),
  softmax: (x, [axis]) => exportedOp("softmax")(x, { axis }),
  sum: (x, [axis, keepDims = false]) =>
    exportedOp("sum")(x, { axis: axis ?? undefined, keepDims }),
  cumsum: (x, [axis]) => exportedOp("cumsum")(x, { axis }),
  gram: (x) => exportedOp("matmul")(x, exportedOp("transpose")(x)),
  flip: (x, [axes]) => exportedOp("flip")(x, { axes }),
  square: (x) => exportedOp("square")(x),
};

/**
 * Applies the steps of a `view_steps` case in order.
 *
 * @param x input of the case
 * @param program `[[name, ...arguments], ...]`
 * @throws Missing if a step has no row
 * @throws Error if the program is not a list of steps
 */
export function viewSteps(x: Tensor | undefined, program: FixtureValue | undefined): Tensor {
  if (x === undefined || !Array.isArray(program)) throw new Error("fixture: no steps to apply.");
  return program.reduce((value: Tensor, step: FixtureValue) => {
    if (!Array.isArray(step)) throw new Error("fixture: a step is not a list.");
    const [name, ...args] = step as readonly FixtureValue[];
    const row = steps[String(name)];
    if (row === undefined) throw new Missing(`view step ${String(name)}`);
    return row(value, args);
  }, x);
}

/**
 * The `view_chain` case: transpose, rows from 1 on and every second column, times 2, transpose,
 * flatten.
 */
export function viewChain(x: Tensor | undefined): Tensor {
  const [rows = 0, columns = 0] = x?.shape ?? [];
  return viewSteps(x, [
    ["transpose", 0, 1],
    ["slice", [[1, columns, 1], [0, rows, 2]]],
    ["scale", 2],
    ["transpose", 0, 1],
    ["reshape", [-1]],
  ]);
}
