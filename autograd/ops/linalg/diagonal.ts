import { type Layout, type Shape, type Tensor, arange, copyInto, rowMajor, zeros } from
  "../../../engine/index.ts";
import { apply, applyView, checkTensor } from "../../define.ts";
import { ge, gt, where } from "../arithmetic.ts";
import { reshape } from "../views.ts";

function diagonalLayout({ shape, strides, offset }: Layout, first: number, second: number): Layout {
  const others = <T>(list: readonly T[]) => list.filter((_, i) => i !== first && i !== second);
  const size = Math.min(shape[first] ?? 0, shape[second] ?? 0);
  const step = (strides[first] ?? 0) + (strides[second] ?? 0);
  return { shape: [...others(shape), size], strides: [...others(strides), step], offset };
}

/** The diagonal over two axes, as a last axis; a view. */
export function diagonalView(x: Tensor, first: number, second: number): Tensor {
  const { layout } = checkTensor("diagonal", x);
  return applyView("diagonal", x, diagonalLayout(layout, first, second),
    (dy) => placed(dy, layout.shape, first, second));
}

/** Zeros with a tensor's last axis put on the diagonal over two axes: the adjoint. */
function placed(x: Tensor, shape: Shape, first: number, second: number): Tensor {
  return apply({
    name: "diagonalGrad",
    forward: (t) => {
      const source = checkTensor("diagonalGrad", t);
      const whole = zeros(shape, { dtype: source.dtype, device: source.device });
      const layout = { shape, strides: rowMajor(shape), offset: 0 };
      const target = whole.view("diagonalGrad", diagonalLayout(layout, first, second));
      if (source.size > 0) copyInto(target, source);
      target.dispose();
      return whole;
    },
    vjp: (dy) => [() => diagonalView(dy, first, second)],
    saves: "nothing",
  }, [x]);
}

/** The diagonal of matrices `[..., m, n]` as `[..., min(m, n)]`; a view. */
export function diagonalOf(x: Tensor): Tensor {
  const rank = x.shape.length;
  return diagonalView(x, rank - 2, rank - 1);
}

/** Diagonal matrices `[..., n, n]` from `[..., n]`. */
export function diagonalMatrix(x: Tensor): Tensor {
  const rank = x.shape.length;
  return placed(x, [...x.shape, x.shape[rank - 1] ?? 0], rank - 1, rank);
}

/** Zeroes what lies above the diagonal of matrices, or, if strict, on it too. */
export function lowerPart(x: Tensor, strict = false): Tensor {
  const [rows = 0, columns = 0] = x.shape.slice(-2);
  const i = arange(rows, { device: x.device });
  const j = arange(columns, { device: x.device });
  return where((strict ? gt : ge)(reshape(i, [rows, 1]), j), x, 0);
}

/** Zeroes what lies below the diagonal of matrices, or, if strict, on it too. */
export function upperPart(x: Tensor, strict = false): Tensor {
  const [rows = 0, columns = 0] = x.shape.slice(-2);
  const i = arange(rows, { device: x.device });
  const j = arange(columns, { device: x.device });
  return where((strict ? gt : ge)(j, reshape(i, [rows, 1])), x, 0);
}
