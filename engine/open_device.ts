import { host } from "#gpu";
import { isSoftwareAdapter } from "./choose_adapter.ts";
import { Device } from "./device.ts";
import type { DeviceInfo } from "./device_info.ts";
import type { SoftwareChoice } from "./host.ts";
import { noteOpen } from "./open_devices.ts";
import type { TuneOptions, Tuner } from "./tune.ts";

/** How `openDevice` finds its GPU. */
export interface OpenOptions {
  /**
   * `auto`: the host's GPU, or else the embedded software adapter; `never`: no software adapter;
   * `only`: a software adapter even where there is a GPU. Default `auto`.
   */
  readonly software?: SoftwareChoice;
  /** A device of the caller's; it is used as it is and not destroyed by `close`. */
  readonly device?: GPUDevice;
  /** An adapter of the caller's, from which no device was requested yet. */
  readonly adapter?: GPUAdapter;
  /** Prefer a fast or a frugal GPU where there are two. */
  readonly powerPreference?: GPUPowerPreference;
  /** Remember where tensors were made, for error messages and leak reports. Slow. */
  readonly debug?: boolean;
  /**
   * Let elementwise results wait until they are needed, to compute chains of them at once. The
   * numbers are the same without it; to be switched off when looking for a fault. Default true.
   */
  readonly fusion?: boolean;
  /**
   * How kernels are chosen where there are several: `heuristic` by rules; `measure` by timing the
   * few that may be the fastest, in the background; the first answers come by rule and never wait.
   * Options of `measure` keep what was found for other runs. Results change by rounding only.
   * Default `heuristic`.
   */
  readonly tune?: "heuristic" | "measure" | TuneOptions;
}

const FEATURES: readonly GPUFeatureName[] = ["shader-f16", "subgroups", "timestamp-query"];

const LIMITS = [
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxStorageBuffersPerShaderStage",
  "maxStorageBufferBindingSize",
  "maxBufferSize",
] as const;

/**
 * Opens a device. The first one opened becomes the one new tensors go to.
 *
 * @throws GpuError if no adapter can be had; the message names the ways to get one
 * @example
 * using device = await openDevice();
 * console.log(device.name);
 */
export async function openDevice(options: OpenOptions = {}): Promise<Device> {
  const { software = "auto", debug = false, fusion = true, powerPreference } = options;
  if (!["auto", "never", "only"].includes(software)) {
    throw new RangeError(
      `openDevice: unknown choice of software adapter: ${String(software)}. `
        + `Use "auto", "never" or "only".`,
    );
  }
  if (options.device) {
    const info = describe(options.device.adapterInfo, false);
    const tuner = await tunerFor(options.tune, info);
    return noteOpen(new Device(options.device, info, { owned: false, debug, fusion, tuner }));
  }
  const found = options.adapter
    ? { adapter: options.adapter, software: isSoftwareAdapter(options.adapter) }
    : await host.requestAdapter(software, powerPreference ? { powerPreference } : {});
  const gpu = await requestDevice(found.adapter);
  const info = describe(found.adapter.info, found.software);
  const tuner = await tunerFor(options.tune, info);
  const device = new Device(gpu, info, { debug, fusion, tuner });
  if (found.software) announce(device.name);
  return noteOpen(device);
}

/** The tuner is loaded only where it is asked for. */
async function tunerFor(
  tune: OpenOptions["tune"] = "heuristic", info: DeviceInfo,
): Promise<Tuner | undefined> {
  if (tune === "heuristic") return undefined;
  if (tune !== "measure" && typeof tune !== "object") {
    throw new RangeError(
      `openDevice: unknown way to tune: ${String(tune)}. Use "heuristic", "measure" or options.`,
    );
  }
  const { openTuner } = await import("./tune.ts");
  return openTuner(tune === "measure" ? {} : tune, info);
}

const announced = /* @__PURE__ */ new Set<string>();

/** Says once that a processor does the work, so that nobody takes its figures for a GPU's. */
function announce(name: string): void {
  if (announced.has(name)) return;
  announced.add(name);
  host.announce(`dualgrad: no GPU in use: computing on the software adapter ${name}.`);
}

function describe(info: GPUAdapterInfo | undefined, software: boolean): DeviceInfo {
  const text = (x: unknown) => (typeof x === "string" ? x : ""); // some hosts give numbers
  return {
    host: host.name,
    vendor: text(info?.vendor),
    architecture: text(info?.architecture),
    device: text(info?.device),
    description: text(info?.description),
    software: software || info?.isFallbackAdapter === true,
  };
}

async function requestDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const requiredLimits: Record<string, number> = {};
  for (const name of LIMITS) {
    const limit = adapter.limits[name];
    if (limit !== undefined) requiredLimits[name] = limit;
  }
  const requiredFeatures = FEATURES.filter((name) => adapter.features.has(name));
  return adapter.requestDevice({ requiredFeatures, requiredLimits });
}
