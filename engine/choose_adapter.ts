import { GpuError } from "./errors.ts";
import type { AdapterChoice, SoftwareChoice } from "./host.ts";

// Hosts that do not fill in isFallbackAdapter still name the renderer.
const SOFTWARE_NAMES = /llvmpipe|lavapipe|swiftshader|softpipe|microsoft basic render|\bwarp\b/i;

/** Whether an adapter computes on the CPU, by its flag or by its name. */
export function isSoftwareAdapter({ info }: GPUAdapter): boolean {
  if (info.isFallbackAdapter) return true;
  return SOFTWARE_NAMES.test(`${info.architecture} ${info.device} ${info.description}`);
}

/**
 * Asks `gpu` for an adapter that fits the choice.
 *
 * @returns the adapter, or in `refused` why there is none, as part of a sentence
 */
export async function chooseAdapter(
  gpu: Pick<GPU, "requestAdapter">,
  software: SoftwareChoice,
  options: GPURequestAdapterOptions,
): Promise<AdapterChoice | { readonly refused: string }> {
  const fallback = software === "only" ? { forceFallbackAdapter: true } : {};
  const adapter = await gpu.requestAdapter({ ...options, ...fallback });
  if (!adapter) {
    return { refused: software === "only" ? "the host has no software adapter"
      : "the host gives no adapter" };
  }
  const isSoftware = isSoftwareAdapter(adapter);
  if (software === "auto" || isSoftware === (software === "only")) {
    return { adapter, software: isSoftware };
  }
  const { description, device, architecture } = adapter.info;
  const name = description || device || architecture;
  return { refused: isSoftware ? `the only adapter is a software adapter (${name})`
    : `the host gave a GPU (${name}) where a software adapter was asked for` };
}

/**
 * The error for a host without an adapter.
 *
 * @param tried what was tried, each as part of a sentence
 * @param remedy what to do, without the full stop
 */
export function noAdapterError(tried: readonly string[], remedy: string): GpuError {
  return new GpuError(`openDevice: no WebGPU adapter: ${tried.join("; ")}. ${remedy}.`);
}

/** The ways to get an adapter outside a browser; the end of the error's line. */
export const NATIVE_REMEDY = "Install a GPU driver with Vulkan, Metal or D3D12, or run "
  + '"npm install --save-dev @sparticuz/chromium" for the embedded software adapter (Linux x64), '
  + "or pass your own device or adapter to openDevice";
