import { type Tensor, checkDtype, copyInto } from "../engine/index.ts";
import { checkTensor } from "./define.ts";
import { checkUntracked } from "./tape.ts";

/**
 * Writes new elements over a tensor, in place: every view of it changes.
 *
 * @param target any tensor that no open transform differentiates by
 * @param source same dtype, a shape that broadcasts to the target's
 * @throws ShapeError, DtypeError; Error if a gradient is being computed with the target
 */
export function assign(target: Tensor, source: Tensor): void {
  checkUntracked("assign", checkTensor("assign", target));
  checkDtype("assign", checkTensor("assign", source).dtype, [target.dtype]);
  copyInto(target, source);
}
