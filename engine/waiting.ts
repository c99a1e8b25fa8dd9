// Results of kernels that wait, so that what is done to their elements is done by them.

import type { Device } from "./device.ts";
import type { DType } from "./dtype.ts";
import type { Head } from "./fusion/head.ts";
import { ITSELF, type Source } from "./fusion/pending.ts";
import { type Shape, rowMajor } from "./shape.ts";
import { Tensor } from "./tensor.ts";

/** What an operation reads of its operands. */
export function sourcesOf(op: string, operands: readonly Tensor[]): Source[] {
  return operands.map((t) => {
    return { storage: t.storage(op), dtype: t.dtype, layout: t.layout, convert: false };
  });
}

/** Checks that operands are on one device. */
export function checkOneDevice(op: string, [first, ...rest]: readonly Tensor[]): void {
  if (rest.every(({ device }) => device === first?.device)) return;
  throw new Error(`${op}: the tensors are on different devices. Make all of them on one.`);
}

/**
 * The result of a head, which waits until it is needed.
 *
 * @param waits whether it does; else it is computed now, by itself
 * @returns a new contiguous tensor
 */
export function waitFor(
  device: Device, head: Head, sources: readonly Source[], shape: Shape, out: DType, waits: boolean,
): Tensor {
  if (!waits) for (const { storage } of sources) storage.pending?.compute();
  const layout = { shape, strides: rowMajor(shape), offset: 0 };
  const work = { body: ITSELF, type: out, out, head };
  const result = device.fusion.wait(work, sources, layout, false);
  if (!waits) result.pending?.compute();
  return new Tensor(device, out, layout, result);
}

/**
 * Elements from which a kernel waits on a processor for what comes before or after it. There to
 * compile one more kernel takes tens of milliseconds, as long as many passes over fewer elements.
 */
const LARGE = 2 ** 20;

/** Whether it may pay to join so many elements to a kernel. */
export function isWorthJoining({ info }: Device, elements: number): boolean {
  return !info.software || elements >= LARGE;
}
