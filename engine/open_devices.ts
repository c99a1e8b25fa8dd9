import type { Device } from "./device.ts";
import { GpuError } from "./errors.ts";

/** Open devices, in the order they were opened. */
const openDevices: Device[] = [];

/**
 * The device that new tensors go to: the first one opened that is neither closed nor lost.
 *
 * @throws GpuError if none is open
 */
export function currentDevice(): Device {
  const [first] = openDevices;
  if (first) return first;
  throw new GpuError("currentDevice: no device is open. Call `await openDevice()` first.");
}

/** Takes a device that is closed or lost off the open ones, if it is there. */
export function noteGone(device: Device): void {
  const place = openDevices.indexOf(device);
  if (place >= 0) openDevices.splice(place, 1);
}

/** Adds a device to the open ones. */
export function noteOpen(device: Device): Device {
  openDevices.push(device);
  return device;
}
