import luText from "../../../kernels/linalg/lu.wgsl" with { type: "text" };
import { type GroupKernel, type Shape, type Tensor, arange, copyInto, isHalf, matmulFused,
  runGroups, scope, zeros } from "../../../engine/index.ts";
import { type OpSpec, apply, composed } from "../../define.ts";
import { cast } from "../../cast.ts";
import { add } from "../arithmetic.ts";
import { eye, tril, triu } from "../diagonal.ts";
import { matmul } from "../matmul.ts";
import { gather } from "../indexing.ts";
import { expand, reshape, transpose, unsqueeze } from "../views.ts";
import { asBatch, batchOf, block, likeBatch, matrixSize, panels } from "./matrices.ts";
import { part } from "./qr.ts";
import { orderOf } from "./scaling.ts";
import { solveLower, triangularSolve } from "./triangular.ts";

const KERNEL: GroupKernel = { name: "lu", wgsl: luText, lanes: 64 };

/**
 * Factors in one tensor `[..., n, n + 2]`: L below the diagonal and U above it, then which row of x
 * each row is, and which row it was exchanged with. Not on a tape.
 */
export function factorLu(op: string, x: Tensor): Tensor {
  const a = asBatch(op, x);
  const [batch = 0, n = 0] = a.shape;
  const w = zeros([batch, n, n + 2], { device: a.device });
  if (a.size === 0) return likeBatch(w, batchOf(x));
  copyInto(block(w, [0, n], [0, n]), a);
  copyInto(block(w, [0, n], [n, n + 1]), reshape(arange(n, { device: a.device }), [n, 1]));
  for (const span of panels(n)) {
    const [first, end] = span;
    runGroups(KERNEL, [], [w], batch, [n, first, end - first]);
    if (end === n) break;
    const [across, below] = [block(w, span, [end, n]), block(w, [end, n], [end, n])];
    const top = a.device.empty(op, across.shape, "f32");
    solveLower(block(w, span, span), across, top, true);
    copyInto(across, top);
    copyInto(below, matmulFused(block(w, [end, n], span), top, { alpha: -1, d: below }));
  }
  return likeBatch(w, batchOf(x));
}

/** The identity `[n, n]`, as wide as a batch. */
export function identity(x: Tensor, batch: Shape = []): Tensor {
  const n = x.shape.at(-1) ?? 0;
  return expand(eye(n, n, { device: x.device }), [...batch, n, n]);
}

/** Which row of x each row of the factors is: i32 `[..., n]`. */
export function rowsOf(packed: Tensor): Tensor {
  const [n, wide] = packed.shape.slice(-2) as [number, number]; // made above
  return cast(reshape(part(packed, null, [n, wide - 1]), packed.shape.slice(0, -1)), "i32");
}

/** Rows of matrices in another order. */
export function permuted(x: Tensor, rows: Tensor): Tensor {
  return gather(x, expand(unsqueeze(rows, rows.shape.length), x.shape), x.shape.length - 2);
}

/** The inverse of permutations: where each row went. */
export function inverseOf(rows: Tensor): Tensor {
  // Places that put a permutation in order; numbers >= 0 have the order of their bits.
  const n = rows.shape.at(-1) ?? 0;
  return reshape(orderOf(reshape(rows, [n === 0 ? 0 : rows.size / n, n]), false), rows.shape);
}

const LU: OpSpec = {
  name: "lu",
  forward: (x) => scope(() => factorLu("lu", x as Tensor)), // checked on entry
  saves: "output",
  vjp: (dy, _, y) => [() => {
    const n = y.shape.at(-2) ?? 0;
    const [l, u] = factorsOf(y);
    const dw = part(dy, null, [0, n]);
    const below = tril(matmul(transpose(l), tril(dw, { k: -1 })), { k: -1 });
    const above = triu(matmul(triu(dw), transpose(u)));
    const left = triangularSolve(l, add(below, above), { transpose: true, unitDiagonal: true });
    const turned = triangularSolve(u, transpose(left), { lower: false });
    return permuted(transpose(turned), inverseOf(rowsOf(y)));
  }],
};

function factorsOf(packed: Tensor): readonly [Tensor, Tensor] {
  const n = packed.shape.at(-2) ?? 0;
  const w = part(packed, null, [0, n]);
  return [add(tril(w, { k: -1 }), identity(w)), triu(w)];
}

/** Triangular factors and the order of rows. */
export interface Lu {
  /** `[..., n]` i32: row i of `l u` is row `rows[i]` of x. */
  readonly rows: Tensor;
  /** `[..., n, n]`, ones on the diagonal and zeros above; no element is larger than 1. */
  readonly l: Tensor;
  /** `[..., n, n]`, zeros below the diagonal. */
  readonly u: Tensor;
}

/**
 * LU factors of square matrices with partial pivoting: `l u` is x with its rows in another order.
 *
 * Backward stable: `|l u - x'| <= 4 n 2^-24 |l| |u|`, element by element. A singular matrix has
 * zeros on u's diagonal, and then no finite gradient.
 *
 * @param x `[..., n, n]` f32
 * @throws ShapeError if the matrices are not square; DtypeError
 */
export function lu(x: Tensor): Lu {
  return composed("lu", () => {
    matrixSize("lu", x, true);
    const y = apply(LU, [isHalf(x.dtype) ? cast(x, "f32") : x]);
    const [l, u] = factorsOf(y).map((t) => (isHalf(x.dtype) ? cast(t, x.dtype) : t));
    return { rows: rowsOf(y), l: l as Tensor, u: u as Tensor }; // both factors
  });
}
