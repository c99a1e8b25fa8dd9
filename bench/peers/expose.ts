// Gives the libraries the GPU that this program has opened, where they look for one.

import { globals } from "webgpu";

/**
 * Sets the globals of a browser that has one device: every library that asks for an adapter and a
 * device is given this one, so that all compute on the same adapter with the same limits.
 *
 * The `webgpu` package refuses shared memory in `writeBuffer`, which onnxruntime-web's WebAssembly
 * has; it is copied first, as browsers do.
 */
export function exposeDevice(gpu: GPUDevice): void {
  Object.assign(globalThis, globals);
  const adapter = {
    info: gpu.adapterInfo, features: gpu.features, limits: gpu.limits, isFallbackAdapter: false,
    requestDevice: () => Promise.resolve(gpu),
  };
  const value = {
    userAgent: "dualgrad bench",
    gpu: {
      requestAdapter: () => Promise.resolve(adapter),
      getPreferredCanvasFormat: () => "bgra8unorm",
      wgslLanguageFeatures: new Set(),
    },
  };
  Object.defineProperty(globalThis, "navigator", { value, configurable: true });
  copySharedMemory(Object.getPrototypeOf(gpu.queue) as GPUQueue);
}

/** @param queues what all queues inherit their methods from */
function copySharedMemory(queues: GPUQueue): void {
  const { writeBuffer } = queues;
  queues.writeBuffer = function unshared(this: GPUQueue, buffer, offset, data, ...part: number[]) {
    const isShared = data instanceof Uint8Array && data.buffer instanceof SharedArrayBuffer;
    const own = (isShared ? data.slice() : data) as Uint8Array<ArrayBuffer>; // or as it was
    return writeBuffer.call(this, buffer, offset, own, ...part);
  };
}
