import type { Device } from "./device.ts";

/**
 * What computes: a GPU, or a processor in its place, by its vectors: `narrow` for four lanes
 * without registers to spare (SwiftShader), `wide` for eight or more (llvmpipe).
 */
export type DeviceKind = "gpu" | "narrow" | "wide";

/** Vectors of at most four lanes, by name where the host does not say. */
const NARROW = /swiftshader/i;

/** Which kind of kernels suits a device. */
export function kindOf({ info, name }: Pick<Device, "info" | "name">): DeviceKind {
  if (!info.software) return "gpu";
  return NARROW.test(name) ? "narrow" : "wide";
}
