// What the tests of nn share.

import { type Tensor, tensor } from "../../autograd/index.ts";
import type { Module, Weights } from "../../nn/index.ts";
import { array64, matmul64, polar64, random64 } from "../reference.ts";
import type { Array64 } from "../reference.ts";
import type { TestRng } from "../harness.ts";

/** What a tensor holds, in float64. */
export async function host(x: Tensor): Promise<Array64> {
  return array64(x.shape, Array.from(await x.read()));
}

/** Numbers of a shape on the device. */
export function device(x: Array64): Tensor {
  return tensor(x.data, { shape: x.shape });
}

/** A random tensor, standard normal. */
export function draw(rng: TestRng, shape: readonly number[]): Tensor {
  return device(random64(rng, shape));
}

/** A matrix with those singular values and random singular vectors. */
export function withSpectrum(rng: TestRng, m: number, n: number, s: readonly number[]): Array64 {
  const [u, v] = [polar64(random64(rng, [m, s.length])), polar64(random64(rng, [s.length, n]))];
  const scaled = array64(v.shape, v.data.map((x, i) => x * (s[Math.floor(i / n)] ?? 0)));
  return matmul64(u, scaled);
}

/** Random weights or gradients for a module, standard normal. */
export function drawTree(rng: TestRng, module: Module): Weights {
  return module.toTree(module.entries.map(({ shape }) => draw(rng, shape)));
}

/** The inner product of two trees of weights. */
export async function innerProduct(module: Module, a: Weights, b: Weights): Promise<number> {
  const [left, right] = [module.toList(a), module.toList(b)];
  let total = 0;
  for (const [i, x] of left.entries()) {
    const y = await right[i]?.read();
    (await x.read()).forEach((value, k) => (total += value * (y?.[k] ?? NaN)));
  }
  return total;
}

/**
 * The error a function throws.
 *
 * @throws Error if it throws none
 */
export function errorOf(body: () => unknown): Error {
  try {
    body();
  } catch (error) {
    return error as Error;
  }
  throw new Error("expected an error, there was none.");
}

/** Fails unless a function throws an error of that name with that text in its message. */
export function assertThrows(body: () => unknown, name: string, text: string): void {
  const { name: got, message } = errorOf(body);
  if (got === name && message.includes(text)) return;
  throw new Error(`expected ${name} with "${text}", got ${got}: ${message}`);
}

/** Fails unless two values have the same text as JSON. */
export function assertSame(got: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(got), JSON.stringify(expected)];
  if (a !== b) throw new Error(`expected ${b}, got ${a}`);
}
