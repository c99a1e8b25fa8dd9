import { constants } from "node:os";
import process from "node:process";
import { isMainThread } from "node:worker_threads";
import { chooseAdapter, NATIVE_REMEDY, noAdapterError } from "./choose_adapter.ts";
import { GpuError } from "./errors.ts";
import type { AdapterChoice, Host, SoftwareChoice } from "./host.ts";
import { CLOCK, PausedWaits } from "./pause_node.ts";
import { unpackSoftwareAdapter, withVariables } from "./software_adapter.ts";

type Dawn = Pick<typeof import("webgpu"), "create">;
type Choice = AdapterChoice | { readonly refused: string };

// Dawn instances live as long as the process: dropping one while another is made aborts it.
const instances = /* @__PURE__ */ new Map<string, GPU>();

const waits = /* @__PURE__ */ new PausedWaits(CLOCK);

// Asked once, before the embedded loader could be taken for the host's.
let hostHasVulkan: boolean | undefined;

/** Node as host: Dawn, through the optional peer `webgpu`. */
export const host: Host = {
  name: "node",

  async requestAdapter(software, options = {}, toggles = []) {
    const dawn = await importDawn();
    const { powerPreference = "high-performance" } = options;
    const request = { ...options, powerPreference };
    const own = await ownAdapter(dawn, software, request, toggles);
    if (!("refused" in own)) return own;
    if (software === "never") throw noAdapterError([own.refused], NATIVE_REMEDY);
    const embedded = await embeddedAdapter(dawn, request, toggles);
    if (!("refused" in embedded)) return embedded;
    throw noAdapterError([own.refused, embedded.refused], NATIVE_REMEDY);
  },

  waitFor(work, software) {
    return software ? waits.of(work) : work;
  },

  announce(line) {
    process.stderr.write(`${line}\n`);
  },
};

async function importDawn(): Promise<Dawn> {
  try {
    return await import("webgpu");
  } catch (error) {
    const missing = error instanceof Error && "code" in error
      && error.code === "ERR_MODULE_NOT_FOUND";
    throw new GpuError(missing
      ? 'openDevice: Node has no WebGPU of its own: package "webgpu" is not installed. '
        + 'Run "npm install webgpu", or pass your own device or adapter to openDevice.'
      : `openDevice: package "webgpu" cannot be loaded: ${String(error)}. `
        + "Check that it has a build for this system, or pass your own device to openDevice.",
    { cause: error });
  }
}

async function ownAdapter(
  dawn: Dawn,
  software: SoftwareChoice,
  options: GPURequestAdapterOptions,
  toggles: readonly string[],
): Promise<Choice> {
  // Dawn writes a warning to stderr where there is no loader; asking first keeps it silent.
  hostHasVulkan ??= process.platform !== "linux" || loadLibrary("libvulkan.so.1");
  if (!hostHasVulkan) {
    return { refused: "the host has no Vulkan (libvulkan.so.1)" };
  }
  return chooseAdapter(instance(dawn, "own", toggles), software, options);
}

/**
 * An instance of its own for the embedded adapter, as Dawn looks for drivers once per instance.
 * The drivers named by the variables replace the host's.
 */
async function embeddedAdapter(
  dawn: Dawn,
  options: GPURequestAdapterOptions,
  toggles: readonly string[],
): Promise<Choice> {
  const files = unpackSoftwareAdapter();
  if ("refused" in files) return files;
  // Dawn opens the loader by its bare name, and then gets the one that is already there.
  if (!hostHasVulkan && !loadLibrary(files.loader)) {
    return { refused: `the embedded Vulkan loader cannot be loaded (${files.loader})` };
  }
  const variables = { VK_ICD_FILENAMES: files.manifest, VK_DRIVER_FILES: files.manifest };
  const choice = await withVariables(variables, () =>
    chooseAdapter(instance(dawn, "embedded", toggles), "only", options));
  if (!("refused" in choice)) return choice;
  // The environment of a worker thread is a copy that the Vulkan loader does not see.
  return { refused: "Vulkan gives no embedded software adapter"
    + (isMainThread ? "" : " in a worker thread started without { env: SHARE_ENV }") };
}

function instance(dawn: Dawn, drivers: "own" | "embedded", toggles: readonly string[]): GPU {
  const key = [drivers, ...toggles].join(",");
  const known = instances.get(key);
  if (known) return known;
  const made = dawn.create(toggles.length > 0 ? [`enable-dawn-features=${toggles.join(",")}`] : []);
  instances.set(key, made);
  return made;
}

/** Loads a shared library into the process for good. @returns whether it is there now */
function loadLibrary(path: string): boolean {
  const NODELETE = 0x1000; // RTLD_NODELETE of glibc, which os.constants lacks
  try {
    const { RTLD_NOW, RTLD_GLOBAL } = constants.dlopen;
    process.dlopen({ exports: {} }, path, RTLD_NOW | RTLD_GLOBAL | NODELETE);
  } catch (error) {
    // Node refuses it as an addon, after it was loaded.
    return error instanceof Error && error.message.includes("did not self-register");
  }
  return true;
}
