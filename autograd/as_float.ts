import { type Tensor, isFloat } from "../engine/index.ts";
import { cast } from "./cast.ts";
import { checkTensor } from "./define.ts";

/** A float tensor as it is, one of another dtype as f32. */
export function asFloat(op: string, x: Tensor): Tensor {
  return isFloat(checkTensor(op, x).dtype) ? x : cast(x, "f32");
}
