import { type Layout, type Shape, type Tensor, contiguousCopy, copyInto, full } from
  "../../engine/index.ts";
import { apply, applyView, checkTensor } from "../define.ts";

/** Where some elements of a layout lie, each of them once. */
export type Part = (whole: Layout) => Layout;

/** Some elements of a tensor; a view. */
export function viewPart(op: string, x: Tensor, part: Part): Tensor {
  const { layout } = checkTensor(op, x);
  const { shape } = layout;
  return applyView(op, x, part(layout), (dy) => fillPart(`${op}Grad`, dy, shape, part));
}

/** A constant tensor with elements put into a part of it; with zeros the adjoint of `viewPart`. */
export function fillPart(op: string, x: Tensor, shape: Shape, part: Part, fill = 0): Tensor {
  return apply({
    name: op,
    forward: (t) => {
      const { dtype, device } = checkTensor(op, t);
      return written(op, full(shape, fill, { dtype, device }), t as Tensor, part);
    },
    vjp: (dy) => [() => viewPart(op, dy, part)],
    saves: "nothing",
    halves: true,
  }, [x]);
}

/** A tensor with a part of it replaced by another of the part's shape and of its dtype. */
export function replacePart(op: string, x: Tensor, by: Tensor, part: Part): Tensor {
  return apply({
    name: op,
    forward: (a, b) => written(op, contiguousCopy(a as Tensor), b as Tensor, part),
    vjp: (dy, [, b]) => [
      () => {
        const { shape, dtype, device } = b as Tensor; // the caller has checked it
        return replacePart(op, dy, full(shape, 0, { dtype, device }), part);
      },
      () => viewPart(op, dy, part),
    ],
    saves: "nothing",
    halves: true,
  }, [x, by]);
}

function written(op: string, whole: Tensor, x: Tensor, part: Part): Tensor {
  const target = whole.view(op, part(whole.layout));
  copyInto(target, x);
  target.dispose();
  return whole;
}
