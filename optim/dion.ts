import { type Shape, type Tensor, add, eq, eye, matmul, normal, qr, reshape, rng, transpose,
  where } from "../autograd/index.ts";
import { ShapeError, matmulFused, show } from "../engine/index.ts";
import { lineNorms, stackwise, unitLines } from "../nn/index.ts";
import { COUNT, FRACTION, NOT_NEGATIVE, checkOptions, oneOf } from "./check.ts";
import { ruleOf } from "./common.ts";
import { descend } from "./descend.ts";
import { replaceInto } from "./elementwise.ts";
import type { Geometry } from "./geometry.ts";
import { MATRIX_RANGES, type MatrixOptions, type NormOf, matrixOptimizer, matrixRank } from
  "./matrices.ts";
import type { Optimizer } from "./optimizer.ts";
import type { Leaf, Moment, Stage } from "./pipeline.ts";

/** Options of `dion`. */
export interface DionOptions extends MatrixOptions<"dion"> {
  /** Learning rate, >= 0: the RMS to RMS norm of an update. Default 0.01. */
  readonly lr?: number;
  /** What an update leaves of its part of the momentum, in [0, 1). Default 0.95. */
  readonly momentum?: number;
  /** Rank of the updates, >= 1, at most the shorter side. Default: that. */
  readonly rank?: number;
  /** Share of the weight taken off per unit of learning rate, >= 0; decoupled. Default 0.01. */
  readonly weightDecay?: number;
  /** First columns of the right factor: random, or of the identity. Default "normal". */
  readonly start?: "normal" | "identity";
}

/**
 * Orthonormal updates of low rank by one power iteration on the momentum, which keeps what the
 * update misses: `B = M + g`, `P = qr(B Q)`, `R = B^T P`, `M = B - (1 - momentum) P R^T`,
 * `Q = R / columns`, `W -= lr sqrt(m/n) P Q^T`. Other weights go to AdamW, as in `muon`.
 *
 * @throws as `muon`
 * Source: Ahn et al. 2025, "Dion: distributed orthonormalized updates"
 */
export function dion(module: Geometry, options: DionOptions = {}): Optimizer {
  checkOptions("dion", options, {
    ...MATRIX_RANGES, lr: NOT_NEGATIVE, momentum: FRACTION, rank: COUNT, weightDecay: NOT_NEGATIVE,
    start: oneOf(["normal", "identity"]),
  });
  const { lr = 0.01, weightDecay = 0.01 } = options;
  return matrixOptimizer("dion", module, options, (normOf) => ruleOf("dion", lr, {
    average: lowRank(options, normOf), step: descend("dion", { weightDecay }),
  }));
}

/** Kernels as matrices `[out, in taps]`, matrices as they are. */
function matrixShape(shape: Shape, rank: number): Shape {
  return [...shape.slice(0, 1 - rank), shape.slice(1 - rank).reduce((n, d) => n * d, 1)];
}

function lowRank(
  { momentum = 0.95, rank, start = "normal" }: DionOptions, normOf: NormOf,
): Stage {
  const seen = (shape: Shape, path: string) => matrixShape(shape, matrixRank(normOf(path)));
  return {
    check: (leaves) => leaves.forEach(({ path, weight: { shape } }) => {
      checkAxes(path, shape, matrixRank(normOf(path)));
    }),
    slots: (shape, path) => {
      const whole = seen(shape, path);
      const [m = 1, n = 1] = whole.slice(-2);
      const columns = Math.min(rank ?? m, m, n);
      return { momentum: whole, right: [...whole.slice(0, -2), n, columns] };
    },
    run: (leaves, moment) => {
      const isFirst = moment.decide(({ step }) => step === 1);
      const full = leaves.filter(({ value }) => value.size > 0);
      const sums = full.map(({ value, path, state }) => {
        if (isFirst) begin(state["right"] as Tensor, path, start);
        const whole = reshape(value, seen(value.shape, path));
        return add((state as unknown as Factors).momentum, whole);
      });
      const found = fitted(sums, full.map(({ state }) => state["right"] as Tensor));
      const moved = new Map(full.map((leaf, i) => {
        return [leaf, follow(leaf, found[i] as Fit, momentum, moment)];
      }));
      return leaves.map((leaf) => moved.get(leaf) ?? leaf);
    },
  };
}

function checkAxes(path: string, shape: Shape, rank: number): void {
  if (shape.length >= rank) return;
  throw new ShapeError(
    `dion: a parameter has too few axes: ${path || "the root"} is ${show(shape)}, needs ${rank}. `
      + `Give it another rule or norm.`,
  );
}

function begin(right: Tensor, path: string, start: DionOptions["start"]): void {
  const [n = 1, columns = 1] = right.shape.slice(-2);
  const { device } = right;
  replaceInto(right, start === "identity" ? eye(n, columns, { device })
    : normal(rng(0).split(path), right.shape, { device }));
}

interface Factors {
  readonly momentum: Tensor;
  readonly right: Tensor;
}

/** A matrix `b` next to one of low rank, `left r^T`. */
interface Fit {
  readonly b: Tensor;
  readonly left: Tensor;
  readonly r: Tensor;
  /** The columns of r, of length one. */
  readonly columns: Tensor;
  /** Where a column of r is zero. */
  readonly lost: Tensor;
}

/** A step of the power iteration of each matrix, from what it knew; those of one shape together. */
function fitted(list: readonly Tensor[], rights: readonly Tensor[]): Fit[] {
  const images = list.map((b, i) => matmul(b, rights[i] as Tensor)); // one for each
  const lefts = stackwise(images, (x) => qr(x).q);
  const rs = list.map((b, i) => matmul(transpose(b), lefts[i] as Tensor));
  const columns = stackwise(rs, (r) => unitLines(r, [-2]));
  const lost = stackwise(rs, (r) => eq(lineNorms(r, [-2]), 0));
  return list.map((b, i) => {
    return { b, left: lefts[i], r: rs[i], columns: columns[i], lost: lost[i] } as Fit;
  });
}

/** What becomes of a weight. */
function follow(
  leaf: Leaf, { b, left, r, columns, lost }: Fit, decay: number, { refused }: Moment,
): Leaf {
  const { momentum, right } = leaf.state as unknown as Factors;
  const [m = 1, n = 1] = b.shape.slice(-2);
  replaceInto(momentum, matmulFused(left, transpose(r), { alpha: decay - 1, d: b }), refused);
  // a column that found nothing looks further from where it was
  replaceInto(right, where(lost, right, columns), refused);
  const update = reshape(matmul(left, transpose(columns)), leaf.value.shape);
  return { ...leaf, value: update, gain: leaf.gain * Math.sqrt(m / n) };
}
