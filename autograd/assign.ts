import { ShapeError, type Tensor, broadcastShapes, checkDtype, copyInto, isFloat, show } from
  "../engine/index.ts";
import { checkTensor } from "./define.ts";
import { checkUntracked } from "./tape.ts";

/**
 * Writes new elements over a tensor, in place: every view of it changes.
 *
 * @param target any tensor that no open transform differentiates by
 * @param source same dtype, or both floats, which are rounded to the target's dtype; a shape that
 *   broadcasts to the target's
 * @throws ShapeError, DtypeError; Error if a gradient is being computed with the target
 */
export function assign(target: Tensor, source: Tensor): void {
  checkUntracked("assign", checkTensor("assign", target));
  const { dtype } = checkTensor("assign", source);
  if (!isFloat(dtype) || !isFloat(target.dtype)) checkDtype("assign", dtype, [target.dtype]);
  if (show(broadcastShapes("assign", source.shape, target.shape)) !== show(target.shape)) {
    throw new ShapeError(
      `assign: the source does not fit: ${show(source.shape)} into ${show(target.shape)}. `
        + `Make the shapes equal.`,
    );
  }
  copyInto(target, source);
}
