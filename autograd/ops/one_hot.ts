import oneHotText from "../../kernels/index/one_hot.wgsl" with { type: "text" };
import { type Tensor, checkDtype, runThreads, withContiguous } from "../../engine/index.ts";
import { checkTensor } from "../define.ts";

/** No label an i32 tensor can be expected to hold stands for "ignore nothing". */
export const NO_LABEL = -(2 ** 31);

/**
 * 1 at the place of each label, else 0.
 *
 * @param labels `[...]` i32, in [0, classes); another gives a row of zeros, and is an IndexError at
 *   the next read, except `ignoreIndex`, which gives a row of zeros
 * @returns `[..., classes]` f32
 * @throws ShapeError if `classes` is not a size; DtypeError
 */
export function oneHot(
  labels: Tensor, classes: number,
  { ignoreIndex = NO_LABEL }: { readonly ignoreIndex?: number } = {},
): Tensor {
  checkDtype("oneHot", checkTensor("oneHot", labels).dtype, ["i32"]);
  const kernel = { name: "oneHot", wgsl: oneHotText, faults: true };
  return withContiguous([labels], (list) => {
    const { device, layout } = list[0] as Tensor; // one went in
    const out = device.empty("oneHot", [...labels.shape, classes], "f32");
    const code = device.faults.code("oneHot", "label");
    runThreads(kernel, list, out, out.size, [classes, layout.offset, ignoreIndex, code]);
    return out;
  });
}
