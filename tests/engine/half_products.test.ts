// Products of f16 and bf16 by the kernels of processors and of GPUs. Node only: SwiftShader takes
// minutes to compile those of GPUs from what Deno makes of them.

import * as assert from "uvu/assert";
import { cast, matmul, tensor, transpose } from "../../autograd/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { matmul64, random64, transpose64 } from "../reference.ts";
import { round64 } from "../reference/half.ts";
import { withKernels } from "./families.ts";

const test = suite("products of halves");

// Read as they are where the adapter has shader-f16, and widened first elsewhere.
for (const family of ["software", "gpu"] as const) {
  test(`${family} kernels: products of halves, of views and with f32`, async ({ rng: draw }) => {
    await withKernels(family, async (device) => {
      for (const dtype of ["f16", "bf16"] as const) {
        const a = round64(dtype, random64(draw, [33, 65]));
        const b = round64(dtype, random64(draw, [40, 65]));
        const [x, y] = [tensor(a, { dtype, device }), transpose(tensor(b, { dtype, device }))];
        const expected = matmul64(a, transpose64(b));
        const size = Math.max(...expected.data.map(Math.abs));
        const atol = 65 * 2 ** -24 * size; // of 65 float32 additions

        const half = { rtol: dtype === "f16" ? 2 ** -11 : 2 ** -8, atol };
        assertClose(await matmul(x, y).read(), expected, half);
        const mixed = matmul(cast(x, "f32"), y);
        assert.is(mixed.dtype, "f32");
        assertClose(await mixed.read(), expected, { rtol: 0, atol });
      }
    });
  });
}

test.run();
