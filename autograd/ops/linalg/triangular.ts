import triangularText from "../../../kernels/linalg/triangular.wgsl" with { type: "text" };
import { ShapeError, type Tensor, broadcastShapes, matmulFused, runThreads, scope, show } from
  "../../../engine/index.ts";
import { apply, checkTensor, composed } from "../../define.ts";
import { neg } from "../arithmetic.ts";
import { tril, triu } from "../diagonal.ts";
import { matmul } from "../matmul.ts";
import { expand, reshape, transpose, unsqueeze } from "../views.ts";
import { asBatch, batchOf, block, flipped, likeBatch, matrixSize, panels, reversed, walkOf }
  from "./matrices.ts";

/** What a triangular matrix is read as. */
export interface TriangularOptions {
  /** Which triangle of `a` is read; the other one may hold anything. Default true. */
  readonly lower?: boolean;
  /** Solve with the transpose of that triangle. Default false. */
  readonly transpose?: boolean;
  /** Take the diagonal for ones, without reading it. Default false. */
  readonly unitDiagonal?: boolean;
}

/** Writes T^-1 b to x; T `[batch, n, n]` lower triangular, b and x `[batch, n, columns]`. */
export function solveLower(t: Tensor, b: Tensor, x: Tensor, unit: boolean): void {
  const [batch = 0, n = 0, columns = 0] = x.shape;
  const all = [0, columns] as const;
  for (const span of panels(n)) {
    const [first, end] = span;
    const own = block(b, span, all);
    const rest = first === 0 ? own
      : matmulFused(block(t, span, [0, first]), block(x, [0, first], all), { alpha: -1, d: own });
    const corner = block(t, span, span);
    const target = block(x, span, all);
    const walks = [corner, rest, target].flatMap(walkOf);
    runThreads({ name: "triangularSolve", wgsl: triangularText }, [corner, rest], target,
      batch * columns, [end - first, columns, Number(unit), ...walks]);
  }
}

function solveTriangle(a: Tensor, b: Tensor, options: Required<TriangularOptions>): Tensor {
  const { lower, transpose: turned, unitDiagonal } = options;
  const [matrices, sides] = [asBatch("triangularSolve", a), asBatch("triangularSolve", b)];
  const x = a.device.empty("triangularSolve", sides.shape, "f32");
  const t = turned ? flipped(matrices) : matrices;
  if (lower !== turned) solveLower(t, sides, x, unitDiagonal);
  else { // an upper triangle is a lower one read backwards
    solveLower(reversed(t, true), reversed(sides, false), reversed(x, false), unitDiagonal);
  }
  return likeBatch(x, batchOf(b));
}

/**
 * Solves `a x = b` for triangular `a` by blocked substitution.
 *
 * Backward stable for each column: `|b - a x| <= 4 n 2^-24 |a| |x|` element by element. A zero on
 * the diagonal gives infinities and NaN.
 *
 * @param a `[..., n, n]` f32; one triangle is read. Leading axes broadcast
 * @param b `[..., n, columns]` or `[n]` f32
 * @returns x, the shape of `b` broadcast
 * @throws ShapeError if `a` is not square or does not fit `b`; DtypeError
 */
export function triangularSolve(a: Tensor, b: Tensor, options: TriangularOptions = {}): Tensor {
  const { lower = true, transpose: turned = false, unitDiagonal = false } = options;
  const full = { lower, transpose: turned, unitDiagonal };
  return composed("triangularSolve", () => {
    return withSides("triangularSolve", a, b, (t, sides) => apply({
      name: "triangularSolve",
      forward: (m, s) => scope(() => solveTriangle(m as Tensor, s as Tensor, full)),
      saves: "both",
      vjp: (dy, inputs, x) => {
        const [m] = inputs as readonly [Tensor];
        const back = () => triangularSolve(m, dy, { lower, transpose: !turned, unitDiagonal });
        return [() => {
          const db = back();
          const product = turned ? matmul(x, transpose(db)) : matmul(db, transpose(x));
          const k = unitDiagonal ? 1 : 0; // what is not read has no gradient
          return neg(lower ? tril(product, { k: -k }) : triu(product, { k }));
        }, back];
      },
    }, [t, sides]));
  });
}

/**
 * Broadcasts square matrices and right-hand sides to each other; a vector is one column.
 *
 * @throws ShapeError if they do not fit
 */
export function withSides(
  op: string, a: Tensor, b: Tensor, solveWith: (a: Tensor, b: Tensor) => Tensor,
): Tensor {
  const [n] = matrixSize(op, a, true);
  const vector = checkTensor(op, b).shape.length === 1;
  const sides = vector ? unsqueeze(b, 1) : b;
  if (matrixSize(op, sides)[0] !== n) {
    throw new ShapeError(
      `${op}: the right-hand side does not fit: a ${show(a.shape)} and b ${show(b.shape)}. `
        + `Give b [..., ${n}, columns].`,
    );
  }
  const batch = broadcastShapes(op, batchOf(a), batchOf(sides));
  const wide = (t: Tensor) => {
    const shape = [...batch, ...t.shape.slice(-2)];
    return show(shape) === show(t.shape) ? t : expand(t, shape);
  };
  const x = solveWith(wide(a), wide(sides));
  return vector ? reshape(x, x.shape.slice(0, -1)) : x;
}
