import { chooseAdapter, noAdapterError } from "./choose_adapter.ts";
import { GpuError } from "./errors.ts";
import type { Host } from "./host.ts";

const REMEDY = "Use a browser with WebGPU and a GPU driver it accepts, on an https or localhost "
  + "page, or start Chromium with --enable-unsafe-webgpu --use-webgpu-adapter=swiftshader for "
  + "its software adapter, or pass your own device or adapter to openDevice";

/** The browser as host, page or worker. */
export const host: Host = {
  name: "browser",

  async requestAdapter(software, options = {}, toggles = []) {
    if (toggles.length > 0) {
      throw new GpuError(`openDevice: a page cannot set Dawn toggles: ${toggles.join(", ")}. `
        + "Leave them out, or start the browser with --enable-dawn-features.");
    }
    // In an insecure context and in older browsers navigator has no gpu.
    const gpu: GPU | undefined = navigator.gpu;
    if (!gpu) throw noAdapterError(["navigator.gpu is missing"], REMEDY);
    const choice = await chooseAdapter(gpu, software, options);
    if ("refused" in choice) throw noAdapterError([choice.refused], REMEDY);
    return choice;
  },

  waitFor: (work) => work,

  announce(line) {
    console.warn(line);
  },
};
