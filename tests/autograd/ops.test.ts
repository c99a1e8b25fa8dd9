// Every exported op against its row in tests/fixtures/*.ts.

import * as assert from "uvu/assert";
import * as autograd from "../../autograd/index.ts";
import { families } from "../fixtures/families.ts";
import { suite } from "../harness.ts";
import { checkDtypes, checkExamples, checkLayouts, checkValues, nameOf, titleOf } from
  "../op_checks.ts";
import { checkGradient, checkSecond } from "../op_gradients.ts";

/** Exports that are no ops from tensors to a tensor, and the tests they have instead. */
const elsewhere: Readonly<Record<string, readonly string[]>> = {
  "engine/device.test.ts": ["Device", "currentDevice", "openDevice"],
  "engine/profile.test.ts": ["profile"],
  "engine/memory.test.ts": ["DisposedError", "Tensor", "dispose", "keep", "openScope", "scope"],
  "autograd/promotion.test.ts": ["promoteTypes"],
  "engine/faults.test.ts": ["IndexError"],
  "optim/family.test.ts": ["NonFiniteError"],
  "engine/hazards.test.ts": ["DeviceLostError", "GpuError"],
  "autograd/compile.test.ts": ["compile"],
  "engine/fusion.test.ts": ["evaluate"],
  "engine/random.test.ts": ["Rng", "normal", "randomBits", "rng", "uniform"],
  "engine/shape.test.ts": ["DtypeError", "ShapeError", "tensor"],
  "autograd/transforms.test.ts": ["grad", "valueAndGrad"],
  "autograd/pullback.test.ts": ["assign", "checkUntracked", "vjp"],
  "autograd/products.test.ts": ["hessian", "hvp", "jacobian", "jvp"],
  "autograd/checkpoint.test.ts": ["checkpoint"],
  "autograd/custom_vjp.test.ts": ["customVjp", "stopGradient"],
  "autograd/accumulate.test.ts": ["accumulate"],
  "autograd/gradcheck.test.ts": ["gradcheck"],
  "autograd/random.test.ts": [
    "bernoulli", "categorical", "dropout", "exponential", "gumbel", "permutation",
    "randomIntegers", "truncatedNormal",
  ],
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
    const { dtypes = ["f32"] } = row;
    const floats = dtypes.includes("f32") && row.inputs.some(({ dtype }) => dtype === undefined);
    test(`${title}: values over shapes and dtypes`, ({ rng }) => checkValues(row, rng));
    if (row.examples?.length) test(`${title}: NaN, infinity and edges`, () => checkExamples(row));
    if (row.inputs.length === 0) continue;
    test(`${title}: strided inputs`, ({ rng }) => checkLayouts(row, rng));
    test(`${title}: another dtype is promoted or refused`, ({ rng }) => checkDtypes(row, rng));
    if (!floats) continue;
    test(`${title}: gradient`, ({ rng }) => checkGradient(row, rng));
    test(`${title}: gradient of the gradient`, ({ rng }) => checkSecond(row, rng));
  }
  test.run();
}
