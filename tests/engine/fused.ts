// What tests of fusion count and compare.

import * as assert from "uvu/assert";
import { type Device, type Tensor, evaluate, normal, openDevice, rng } from
  "../../autograd/index.ts";
import { scope } from "../../engine/index.ts";

/** Dispatches that a function records, its results and all they wait for included. */
export function dispatches(device: Device, work: () => unknown): number {
  device.flush();
  const before = device.counts.dispatches;
  evaluate(scope(work));
  return device.counts.dispatches - before;
}

/** Random tensors on a device. */
export function randoms(device: Device, shapes: readonly (readonly number[])[]): Tensor[] {
  return evaluate(shapes.map((shape, i) => normal(rng(i + 1), shape, { device })));
}

/** The bits of the elements. */
export async function bits(y: Tensor): Promise<number[]> {
  const data = await y.read();
  return [...new Uint32Array(data.buffer)];
}

/** A function of tensors. */
export type Program = (...inputs: Tensor[]) => Tensor;
type Case = readonly [Program, ...(readonly [shape: readonly number[], seed: number])[]];

/** Runs functions of random tensors fused and not, by the same kernels, and compares the bits. */
export async function assertSame(device: Device, ...cases: readonly Case[]): Promise<void> {
  const plain = await openDevice({ fusion: false });
  (plain.info as { software: boolean }).software = device.info.software;
  for (const [f, ...inputs] of cases) {
    const results = [device, plain].map((on) => scope(() => {
      return f(...evaluate(inputs.map(([shape, seed]) => {
        return normal(rng(seed), shape, { device: on });
      })));
    }));
    const [fused, single] = await Promise.all(results.map(bits));
    for (const t of results) t.dispose();
    assert.equal(fused, single, String(f));
  }
  plain.close();
}

/** Checks that a program of random tensors has its bits, and takes so many dispatches. */
export async function assertJoined(
  device: Device, count: number, f: Program, ...shapes: readonly (readonly number[])[]
): Promise<void> {
  const inputs = randoms(device, shapes);
  assert.is(dispatches(device, () => f(...inputs)), count, `${String(f)} of ${shapes.join(" ")}`);
  await assertSame(device, [f, ...shapes.map((shape, i) => [shape, i + 1] as const)]);
}
