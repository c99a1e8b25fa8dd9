// Every exported op against its row in tests/fixtures/*.ts.

import * as assert from "uvu/assert";
import * as autograd from "../../autograd/index.ts";
import { binaryRows } from "../fixtures/binary.ts";
import { compareRows } from "../fixtures/compare.ts";
import { creationRows } from "../fixtures/creation.ts";
import { indexingRows } from "../fixtures/indexing.ts";
import { lossRows } from "../fixtures/loss.ts";
import { matmulRows } from "../fixtures/matmul.ts";
import { normRows } from "../fixtures/norm.ts";
import { partRows } from "../fixtures/parts.ts";
import { reduceRows } from "../fixtures/reduce.ts";
import { ropeRows } from "../fixtures/rope.ts";
import { softmaxRows } from "../fixtures/softmax.ts";
import { unaryRows } from "../fixtures/unary.ts";
import { viewRows } from "../fixtures/views.ts";
import { suite } from "../harness.ts";
import { checkDtypes, checkExamples, checkLayouts, checkValues, nameOf, titleOf } from
  "../op_checks.ts";
import { checkGradient, checkSecond } from "../op_gradients.ts";
import type { OpRow } from "../op_rows.ts";

const families: Readonly<Record<string, readonly OpRow[]>> = {
  binary: binaryRows, compare: compareRows, creation: creationRows, indexing: indexingRows,
  loss: lossRows, matmul: matmulRows, norm: normRows, parts: partRows, reduce: reduceRows,
  rope: ropeRows, softmax: softmaxRows, unary: unaryRows, views: viewRows,
};

/** Exports that are no ops from tensors to a tensor, and the tests they have instead. */
const elsewhere: Readonly<Record<string, readonly string[]>> = {
  "engine/device.test.ts": ["Device", "currentDevice", "openDevice"],
  "engine/profile.test.ts": ["profile"],
  "engine/memory.test.ts": ["DisposedError", "Tensor", "dispose", "keep", "openScope", "scope"],
  "engine/hazards.test.ts": ["DeviceLostError", "GpuError"],
  "engine/random.test.ts": ["Rng", "normal", "randomBits", "rng", "uniform"],
  "engine/shape.test.ts": ["DtypeError", "ShapeError", "tensor"],
  "autograd/transforms.test.ts": ["grad", "valueAndGrad"],
  "autograd/pullback.test.ts": ["assign", "checkUntracked", "vjp"],
  "autograd/tree.test.ts": [
    "treeFromPaths", "treeLeaves", "treeMap", "treeMapWithPath", "treePaths",
  ],
};

const coverage = suite("rows of the ops", { device: false });

coverage("every export of autograd has a row, or its own test", () => {
  const known = [...Object.values(families).flat().map(nameOf), ...Object.values(elsewhere).flat()];

  assert.equal(Object.keys(autograd).filter((name) => !known.includes(name)), []);
});

coverage("what has its own test is exported", () => {
  assert.equal(Object.values(elsewhere).flat().filter((name) => !(name in autograd)), []);
});

coverage.run();

for (const [family, rows] of Object.entries(families)) {
  const test = suite(`${family} ops`);
  for (const row of rows) {
    const title = titleOf(row);
    const values = row.inputs.filter(({ dtype }) => dtype === undefined).length;
    test(`${title}: values over shapes and dtypes`, ({ rng }) => checkValues(row, rng));
    if (row.examples?.length) test(`${title}: NaN, infinity and edges`, () => checkExamples(row));
    if (row.inputs.length === 0) continue;
    test(`${title}: strided inputs`, ({ rng }) => checkLayouts(row, rng));
    test(`${title}: a wrong dtype is refused`, () => checkDtypes(row));
    if (values === 0) continue;
    test(`${title}: gradient`, ({ rng }) => checkGradient(row, rng));
    test(`${title}: gradient of the gradient`, ({ rng }) => checkSecond(row, rng));
  }
  test.run();
}
