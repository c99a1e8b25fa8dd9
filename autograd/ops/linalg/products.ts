import { type Shape, ShapeError, type Tensor, matmulFused, resolveAxis, show } from
  "../../../engine/index.ts";
import { apply, checkTensor, composed, inFloat32 } from "../../define.ts";
import type { Operand } from "../../tape.ts";
import { add, mul, sub } from "../arithmetic.ts";
import { matmul } from "../matmul.ts";
import { concat, slice } from "../parts.ts";
import { reshape, transpose } from "../views.ts";
import { tensordot } from "./einsum.ts";

/**
 * Dot product by NumPy's rule: the sum over the last axis of `a` and the last but one of `b` (the
 * last if `b` is a vector); with a scalar, the product.
 *
 * @param a any shape, f32
 * @param b any shape, f32
 * @throws ShapeError if the sizes differ; DtypeError
 */
export function dot(a: Tensor, b: Tensor): Tensor {
  return composed("dot", () => {
    const [left, right] = [checkTensor("dot", a).shape.length, checkTensor("dot", b).shape.length];
    if (left === 0 || right === 0) return mul(a, b);
    return tensordot(a, b, { axes: [[-1], [right === 1 ? -1 : -2]] });
  });
}

/** Sum over the last axes of both; with a scalar, the product. f32; throws as `dot`. */
export function inner(a: Tensor, b: Tensor): Tensor {
  return composed("inner", () => {
    const [left, right] = [a, b].map((t) => checkTensor("inner", t).shape.length);
    const scalar = left === 0 || right === 0;
    return scalar ? mul(a, b) : tensordot(a, b, { axes: [[-1], [-1]] });
  });
}

/** Sum of the products of all elements; any two shapes of one size. Throws as `dot`. */
export function vdot(a: Tensor, b: Tensor): Tensor {
  return composed("vdot", () => matmul(reshape(a, [-1]), reshape(b, [-1])));
}

/** Every element of `a` times every one of `b`: `[a.size, b.size]`. Throws DtypeError. */
export function outer(a: Tensor, b: Tensor): Tensor {
  return composed("outer", () => {
    return mul(reshape(a, [checkTensor("outer", a).size, 1]),
      reshape(b, [1, checkTensor("outer", b).size]));
  });
}

/**
 * Kronecker product: every element of `a` times the whole of `b`, side by side.
 *
 * @param a any shape; the shorter one gets leading axes of size 1
 * @returns along every axis the product of the sizes
 * @throws DtypeError
 */
export function kron(a: Tensor, b: Tensor): Tensor {
  return composed("kron", () => {
    const rank = Math.max(checkTensor("kron", a).shape.length, checkTensor("kron", b).shape.length);
    const whole = ({ shape }: Tensor) => [...Array<number>(rank - shape.length).fill(1), ...shape];
    const [left, right] = [whole(a), whole(b)];
    const product = mul(reshape(a, left.flatMap((d) => [d, 1])),
      reshape(b, right.flatMap((d) => [1, d])));
    return reshape(product, left.map((d, i) => d * (right[i] ?? 1)));
  });
}

/**
 * Cross product of vectors of three along an axis.
 *
 * @param axis of size 3 in both; the other axes broadcast. Default: the last
 * @throws ShapeError if it has another size; DtypeError
 */
export function cross(
  a: Tensor, b: Tensor, { axis = -1 }: { readonly axis?: number } = {},
): Tensor {
  return composed("cross", () => inFloat32([a, b], (...list) => {
    const [left = [], right = []] = list.map((x) => components(x, axis));
    const turn = (i: number, j: number): Tensor => {
      const pick = (of: readonly Tensor[], k: number) => of[k] as Tensor; // three of each
      return sub(mul(pick(left, i), pick(right, j)), mul(pick(left, j), pick(right, i)));
    };
    return concat([turn(1, 2), turn(2, 0), turn(0, 1)], { axis });
  }));
}

function components(x: Tensor, axis: number): Tensor[] {
  const at = resolveAxis("cross", axis, checkTensor("cross", x).shape);
  if (x.shape[at] === 3) {
    return [0, 1, 2].map((i) => slice(x, [...Array<null>(at).fill(null), [i, i + 1]]));
  }
  throw new ShapeError(
    `cross: axis ${axis} is not of size 3: ${show(x.shape)}. Name the axis of the vectors.`,
  );
}

/**
 * A linear layer: `x w^T + bias`.
 *
 * @param x `[..., fanIn]` f32
 * @param w `[fanOut, fanIn]` f32
 * @param bias `[fanOut]` f32, or none
 * @returns `[..., fanOut]`
 * @throws ShapeError if the sizes differ; DtypeError
 */
export function linear(x: Tensor, w: Tensor, bias?: Tensor): Tensor {
  const inputs = bias ? [x, w, bias] : [x, w];
  return composed("linear", () => inFloat32(inputs, (input, weight, offset) => {
    const y = matmul(input as Tensor, transpose(weight as Tensor)); // as given
    return offset ? add(y, offset) : y;
  }));
}

const GRAM = {
  name: "gram",
  forward: (x: Operand): Tensor => {
    const { layout } = checkTensor("gram", x);
    const t = (x as Tensor).view("gram", {
      shape: swapped(layout.shape), strides: swapped(layout.strides), offset: layout.offset,
    });
    const y = matmulFused(x as Tensor, t, { symmetric: true });
    t.dispose();
    return y;
  },
  vjp: (dy: Tensor, [x]: readonly Operand[]) => {
    return [() => matmul(add(dy, transpose(dy)), x as Tensor)]; // forward has checked it
  },
};

function swapped(list: Shape): Shape {
  return [...list.slice(0, -2), ...list.slice(-2).reverse()];
}

/**
 * Inner products of the rows, `x x^T`, at half the cost of `matmul`. For those of the columns give
 * `transpose(x)`.
 *
 * @param x `[..., m, n]` f32
 * @returns `[..., m, m]`, symmetric to the bit
 * @throws ShapeError if `x` is no matrix; DtypeError
 */
export function gram(x: Tensor): Tensor {
  return composed("gram", () => apply(GRAM, [x]));
}
