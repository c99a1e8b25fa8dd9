import process from "node:process";
import { chooseAdapter, NATIVE_REMEDY, noAdapterError } from "./choose_adapter.ts";
import { GpuError } from "./errors.ts";
import type { Host } from "./host.ts";
import { unpackSoftwareAdapter, withVariables } from "./software_adapter.ts";

/** The part of Deno's global that is used here; its types are not installed. */
declare const Deno: { dlopen(path: string, symbols: Record<string, never>): unknown };

interface Drivers {
  readonly variables: Readonly<Record<string, string>>;
  readonly refused: string | undefined;
}

let drivers: Drivers | undefined;

/**
 * Deno as host: wgpu. Deno looks for drivers once per process, at its first `requestAdapter`, so
 * the embedded adapter is put beside the host's before that, whatever the choice; wgpu lists it
 * after every GPU.
 */
export const host: Host = {
  name: "deno",

  async requestAdapter(software, options = {}, toggles = []) {
    if (toggles.length > 0) {
      throw new GpuError(`openDevice: Deno has no Dawn toggles: ${toggles.join(", ")}. `
        + "Leave them out, or run in Node.");
    }
    drivers ??= findDrivers();
    const { variables, refused } = drivers;
    const { powerPreference = "high-performance" } = options;
    const request = { ...options, powerPreference };
    const choice = await withVariables(variables, () =>
      chooseAdapter(navigator.gpu, software, request));
    if (!("refused" in choice)) return choice;
    const tried = software === "never" || !refused ? [choice.refused] : [choice.refused, refused];
    throw noAdapterError(tried, NATIVE_REMEDY);
  },

  waitFor: (work) => work, // Deno sleeps between its looks

  announce(line) {
    process.stderr.write(`${line}\n`);
  },
};

function findDrivers(): Drivers {
  if (process.platform !== "linux") return { variables: {}, refused: undefined };
  try {
    const { DENO_WEBGPU_BACKEND, VK_ADD_DRIVER_FILES } = process.env;
    // wgpu would take OpenGL too, whose compute limits are below what the kernels need.
    const backend = { DENO_WEBGPU_BACKEND: DENO_WEBGPU_BACKEND ?? "vulkan" };
    const files = unpackSoftwareAdapter();
    if ("refused" in files) return { variables: backend, refused: files.refused };
    if (!loadLibrary("libvulkan.so.1")) Deno.dlopen(files.loader, {});
    const added = VK_ADD_DRIVER_FILES ? `${VK_ADD_DRIVER_FILES}:` : "";
    const variables = { ...backend, VK_ADD_DRIVER_FILES: added + files.manifest };
    return { variables, refused: undefined };
  } catch (error) {
    const reason = `the embedded software adapter cannot be set up (${String(error)})`;
    return { variables: {}, refused: reason };
  }
}

/** Loads a shared library by the name wgpu opens it by. @returns whether it is there */
function loadLibrary(name: string): boolean {
  try {
    Deno.dlopen(name, {});
    return true;
  } catch (error) {
    // Without the permission nothing can be loaded; only a missing file is an answer.
    if (error instanceof Error && error.name === "NotCapable") throw error;
    return false;
  }
}
