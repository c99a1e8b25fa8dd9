// Trees of named arrays in float64, and trajectories of weights under given gradients.

import { scope, tensor } from "../../autograd/index.ts";
import type { Tensor } from "../../autograd/index.ts";
import { assertClose } from "../close.ts";
import type { Tolerance } from "../close.ts";
import { array64, map64, random64, zip64 } from "../reference.ts";
import type { Array64 } from "../reference.ts";
import type { TestRng } from "../rng.ts";

/** Arrays by path, names joined by dots. */
export type Tree64 = Readonly<Record<string, Array64>>;

/** Shapes by path. */
export type Shapes = Readonly<Record<string, readonly number[]>>;

/** Tensors by path: a tree without levels. */
export type FlatTree = Readonly<Record<string, Tensor>>;

/** What of an optimizer a trajectory uses. */
export interface Stepper {
  step(params: FlatTree, grads: FlatTree): void;
}

/** One step of a reference; t counts from 1. */
export type Reference = (weight: Array64, grad: Array64, t: number, path: string) => Array64;

/** A few shapes: matrices both ways, a vector longer than a vector of four, a scalar, nothing. */
export const SHAPES: Shapes = { a: [4, 3], b: [3, 5, 2], c: [9], d: [], e: [0, 2] };

/** An array of random numbers for every shape, in float32's grid. */
export function randomTree(rng: TestRng, shapes: Shapes, scale = 1): Tree64 {
  return mapTree(shapes, (shape) => map64(random64(rng, shape), (x) => Math.fround(x * scale)));
}

/** A function applied to every value of a tree without levels. */
export function mapTree<In, Out>(
  tree: Readonly<Record<string, In>>, map: (value: In, path: string) => Out,
): Record<string, Out> {
  return Object.fromEntries(Object.entries(tree).map(([path, x]) => [path, map(x, path)]));
}

/** The tensors of a tree of arrays. */
export function onDevice(tree: Tree64): Record<string, Tensor> {
  return mapTree(tree, (x) => tensor(x));
}

/** The numbers of a tree of tensors. */
export async function read64(tree: FlatTree): Promise<Tree64> {
  const list = Object.entries(tree).map(async ([path, t]) => {
    return [path, array64(t.shape, await t.read())] as const;
  });
  return Object.fromEntries(await Promise.all(list));
}

/** Fails unless every tensor is close to its array. */
export async function assertTree(
  got: FlatTree, expected: Tree64, tolerance: Tolerance,
): Promise<void> {
  const numbers = await read64(got);
  for (const [path, want] of Object.entries(expected)) {
    try {
      assertClose(numbers[path] ?? [], want, tolerance);
    } catch (error) {
      throw new Error(`${path}: ${(error as Error).message}`);
    }
  }
}

/** What a trajectory is made of. */
export interface Trajectory {
  readonly optimizer: Stepper;
  /** The same step in float64, for each weight. */
  readonly reference: Reference;
  readonly shapes?: Shapes;
  /** Default 5. */
  readonly steps?: number;
  /** Size of the gradients. Default 1. */
  readonly scale?: number;
  readonly tolerance?: Tolerance;
}

/** Some roundings of float32 a step, on weights of size 1. */
const STEPS_OF_FLOAT32 = { rtol: 1e-5, atol: 1e-5 };

/** Steps random weights by random gradients, and fails unless they follow the reference. */
export async function assertFollows(rng: TestRng, trajectory: Trajectory): Promise<void> {
  const { optimizer, reference, shapes = SHAPES, steps = 5, scale = 1 } = trajectory;
  const { tolerance = STEPS_OF_FLOAT32 } = trajectory;
  let expected = randomTree(rng, shapes);
  const weights = onDevice(expected);
  for (let t = 1; t <= steps; t++) {
    const grads = randomTree(rng, shapes, scale);
    expected = mapTree(expected, (w, path) => reference(w, grads[path] ?? w, t, path));
    scope(() => optimizer.step(weights, onDevice(grads)));
    await assertTree(weights, expected, tolerance);
  }
}

/** An array kept for every path, zeros at first. */
export class Memory64 {
  readonly #kept = new Map<string, Array64>();

  /** Replaces what is kept by `f(kept, x)`, element by element. */
  update(path: string, x: Array64, f: (kept: number, x: number) => number): Array64 {
    const before = this.#kept.get(path) ?? map64(x, () => 0);
    const after = zip64(before, x, f);
    this.#kept.set(path, after);
    return after;
  }
}
