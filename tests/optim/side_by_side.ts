// Two optimizers on the same weights and gradients.

import { scope } from "../../autograd/index.ts";
import { CONVERGED } from "../../nn/index.ts";
import type { Norm } from "../../nn/index.ts";
import { Optimizer, dualizeBy, ruleOf } from "../../optim/index.ts";
import type { Geometry, Stage, Stages } from "../../optim/index.ts";
import type { Tolerance } from "../close.ts";
import { random64, scale64, sub64 } from "../reference.ts";
import type { Array64 } from "../reference.ts";
import type { TestRng } from "../rng.ts";
import { assertTree, mapTree, onDevice, randomTree, read64 } from "./trees.ts";
import type { Shapes, Stepper, Tree64 } from "./trees.ts";

/** Matrices both ways. */
export const MATRICES: Shapes = { tall: [5, 3], wide: [2, 4] };

/** These shapes in one norm. */
export function inNorm(norm: Norm, shapes: Shapes = MATRICES): Geometry {
  return { entries: Object.keys(shapes).map((path) => ({ path, norm, share: 1 })) };
}

/** The duality map of one norm, converged. */
export function dual(norm: Norm, radius = 1): Stage {
  return dualizeBy(() => ({ norm, radius }), CONVERGED);
}

/** An optimizer put together from stages, as a user would. */
export function composed(lr: number, stages: Stages): Optimizer {
  return new Optimizer({ name: "composed", rules: [ruleOf("composed", lr, stages)] });
}

/** What two optimizers go through. */
export interface Race {
  readonly shapes?: Shapes;
  /** Default 4. */
  readonly steps?: number;
  /** Of weights at the start. Default: random. */
  readonly start?: Tree64;
  /** Of step t, from 1. Default: random. */
  readonly grads?: (t: number) => Tree64;
  readonly tolerance: Tolerance;
}

/** Fails unless both go the same way. */
export async function assertSame(rng: TestRng, a: Stepper, b: Stepper, race: Race): Promise<void> {
  const { shapes = MATRICES, steps = 4, start = randomTree(rng, shapes), tolerance } = race;
  const { grads = () => randomTree(rng, shapes) } = race;
  const [first, second] = [onDevice(start), onDevice(start)];
  for (let t = 1; t <= steps; t++) {
    const g = grads(t);
    scope(() => a.step(first, onDevice(g)));
    scope(() => b.step(second, onDevice(g)));
    await assertTree(second, await read64(first), tolerance);
  }
}

/** The update of one step, over the rate: what is taken off. */
export async function updateOf(
  optimizer: Stepper, start: Tree64, grads: Tree64, lr: number,
): Promise<Record<string, Array64>> {
  const weights = onDevice(start);
  scope(() => optimizer.step(weights, onDevice(grads)));
  const after = await read64(weights);
  return mapTree(start, (w, path) => scale64(sub64(w, after[path] as Array64), 1 / lr));
}

/** Random numbers of one shape. */
export function matrix(rng: TestRng, rows: number, columns: number): Array64 {
  return random64(rng, [rows, columns]);
}
