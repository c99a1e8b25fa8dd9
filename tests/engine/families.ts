// Devices on which the engine takes one family of kernels or the other, whatever the adapter is.

import { type Device, openDevice } from "../../autograd/index.ts";
import { openScope } from "../../engine/index.ts";

/** Kernels for adapters that compute on a processor, or those for GPUs. */
export type Family = "software" | "gpu";

/**
 * Runs `work` on a device of its own that takes the kernels of a family.
 *
 * @throws Error if tensors on it are left over
 */
export async function withKernels(
  family: Family, work: (device: Device) => Promise<void>,
): Promise<void> {
  const device = await openDevice();
  (device.info as { software: boolean }).software = family === "software";
  try {
    const inner = openScope();
    try {
      await work(device);
      await device.idle();
    } finally {
      inner.close();
    }
    const { tensors, live } = device.memory();
    if (tensors !== 0 || live !== 0) {
      throw new Error(`the test leaks: ${tensors} tensors, ${live} bytes on its own device.`);
    }
  } finally {
    device.close();
  }
}
